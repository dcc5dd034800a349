"""Answers that are bounded while they are read, and not when they lie in the memory already."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.log.reading import Reading
from lakehouse.problem import TooMuch
from lakehouse.store import Lake


def read(
    lake: Lake, table: str, columns: Sequence[str], where: pc.Expression, *, version: int, most: int
) -> pa.Table:
    """At most `most` rows of a version of a table; reading ends with the first row too many.

    Raises:
        TooMuch: there are more.
        UnknownVersion: the version was vacuumed.
    """
    reading = Reading(lake.table(table, version))
    kept, count = [], 0
    try:
        for batch in reading.batches(columns, where):
            count += batch.num_rows
            if count > most:
                rule = f"an answer holds {most:,} rows"
                raise TooMuch(f"more than {most:,} rows", rule, "narrow time, area or kind")
            kept.append(batch)
    except FileNotFoundError:
        return lake.read(table, columns=columns, where=where, version=version)
    schema = reading.stored().schema
    return pa.Table.from_batches(kept, pa.schema([schema.field(name) for name in columns]))
