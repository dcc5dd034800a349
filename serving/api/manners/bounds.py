"""Answers that are bounded while they are read, and not when they lie in the memory already."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.log.reading import Reading
from lakehouse.problem import TooMuch
from lakehouse.store import Lake

BATCH = 16_384
"""Rows that are looked at together."""


def read(
    lake: Lake, table: str, columns: Sequence[str], where: pc.Expression, *, version: int, most: int
) -> pa.Table:
    """At most `most` rows of a version of a table; reading ends with the first row too many.

    Raises:
        TooMuch: there are more.
        UnknownVersion: the version was vacuumed.
    """
    stored = Reading(lake.table(table, version)).stored()
    # Read ahead as usual, whole files would lie in the memory before the first row was counted.
    scanner = stored.scanner(list(columns), where, BATCH, batch_readahead=2, fragment_readahead=1)
    kept, count = [], 0
    try:
        for batch in scanner.to_batches():
            count += batch.num_rows
            if count > most:
                rule = f"an answer holds {most:,} rows"
                raise TooMuch(f"more than {most:,} rows", rule, "narrow time, area or kind")
            kept.append(batch)
    except FileNotFoundError:
        return lake.read(table, columns=columns, where=where, version=version)
    return pa.Table.from_batches(kept, scanner.projected_schema)
