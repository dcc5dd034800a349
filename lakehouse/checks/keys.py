"""Keys: no row of any table is there twice."""

from functools import partial, reduce
from operator import and_

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
        twice = repeated(table, rows)
        if twice.num_rows:
            raise BrokenLake(
                table.name, _told(table, snapshot, twice), "`python -m lakehouse repair` keeps one"
            )
        count += rows.num_rows
    return count


def repeated(table: Table, rows: pa.Table) -> pa.Table:
    """The keys that some rows of a table have more than once, each of them once."""
    counted = rows.group_by([*table.key]).aggregate([([], "count_all")])
    return counted.filter(pc.field("count_all") > 1).select(table.key)


def such_as(table: Table, twice: pa.Table) -> str:
    """How many keys are there more than once, and which the first of them is."""
    first = twice.slice(0, 1).to_pylist()[0]
    key = ", ".join(f"{column} {first[column]}" for column in table.key)
    return f"{twice.num_rows:,} keys are there more than once, such as {key}"


def _told(table: Table, snapshot: DeltaTable, twice: pa.Table) -> str:
    first = reduce(and_, (pc.field(name) == twice[name][0] for name in table.key))
    files = Reading(snapshot).stored().get_fragments(filter=first)
    held = [
        one.path for one in files if one.to_table(schema=table.schema, columns=[*table.key], filter=first)
    ]
    return f"{such_as(table, twice)}, in {' and '.join(held)}"
