"""Keys: no row of any table is there twice."""

from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from lakehouse.checks import portions
from lakehouse.checks.standing import Standing
from lakehouse.log.reading import Reading
from lakehouse.problem import BrokenLake
from lakehouse.tables import TABLES, Table


def unique(standing: Standing) -> str:
    """Within each table, every row has a key of its own."""
    rows = [standing.judged(name, partial(_unique, standing, table)) for name, table in TABLES.items()]
    return f"{sum(rows):,} rows of {len(TABLES)} tables"


def _unique(standing: Standing, table: Table, snapshot: DeltaTable) -> int:
    count = 0
    for window in standing.follow(portions.windows(snapshot, table), f"keys of {table.name}"):
        rows = Reading(snapshot).rows(table.key, window)
        twice = rows.group_by([*table.key]).aggregate([([], "count_all")]).filter(pc.field("count_all") > 1)
        if twice.num_rows:
            raise BrokenLake(table.name, _told(table, twice), "restore the table from a copy")
        count += rows.num_rows
    return count


def _told(table: Table, twice: pa.Table) -> str:
    first = twice.slice(0, 1).to_pylist()[0]
    key = ", ".join(f"{column} {first[column]}" for column in table.key)
    return f"the row of {key} is there {first['count_all']} times"
