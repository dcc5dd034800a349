"""A table in portions that fit the memory."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable

from lakehouse.log.listing import listed
from lakehouse.log.reading import Reading
from lakehouse.tables import Table

MOST_ROWS = 4_000_000
"""A portion holds so many rows and those of one file more, where files lie one after the other in time."""


def fragments(snapshot: DeltaTable) -> list[ds.ParquetFileFragment]:
    """The data files themselves."""
    return list(Reading(snapshot).stored().get_fragments())


def windows(snapshot: DeltaTable, table: Table) -> list[pc.Expression | None]:
    """Filters that cut a table into portions: rows of one key are in the same one."""
    column = _temporal(table)
    if column is None:
        return [None]
    files = listed(snapshot)
    days = column in table.partition
    starts = sorted((file.days[0] if days else file.least[column], file.rows) for file in files)
    cuts = [None, *_cuts(starts), None]
    return [_between(pc.field(column), first, last) for first, last in pairwise(cuts)]


def _temporal(table: Table) -> str | None:
    """The column of the key by which a table is cut; the day of one that has none."""
    types = {column.name: column.type for column in table.schema}
    columns = (*table.key, *table.partition)
    return next((column for column in columns if pa.types.is_temporal(types[column])), None)


def _cuts(starts: Sequence[tuple[Any, int]]) -> Iterator[Any]:
    """Where a portion would become too large if the next file's rows came into it too."""
    held, last = 0, None
    for start, rows in starts:
        if held >= MOST_ROWS and start != last:
            yield start
            held = 0
        held, last = held + rows, start


def _between(column: pc.Expression, first: Any, last: Any) -> pc.Expression | None:
    limits = [column >= first] if first is not None else []
    limits += [column < last] if last is not None else []
    return limits[0] & limits[-1] if limits else None
