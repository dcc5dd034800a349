"""Keys that are there twice: one of each is kept, by a rule, and the others are left out.

The first commit's row is kept, and of what is computed again as more is known the last one's. What is claimed
as a whole, such as a forecast, is kept as a whole: of the commit that has most areas of the same kind, hour
of issue and scenario, since the totals were made with it, and of two such the first.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from lakehouse.checks import portions
from lakehouse.checks.keys import repeated, such_as
from lakehouse.clock import CITY_ZONE
from lakehouse.log import keys
from lakehouse.log.commits import StaleSnapshotError
from lakehouse.log.reading import Reading
from lakehouse.repairs.mending import Mend, fragments, rewrite, rows_of, some
from lakehouse.store import Lake
from lakehouse.tables import TABLES, Table

LAST = frozenset({"camera_minutes", "area_hours", "unusual"})
"""The tables whose rows are computed again as more is known."""


@dataclass(frozen=True)
class Choice:
    """By data file that has some of the doubled claims, those that are kept from it; and why these."""

    kept: Mapping[str, pa.Table]
    told: str


def doubled(lake: Lake) -> Iterator[Mend]:
    """One mend for each table in which a key is there twice."""
    for name, table in TABLES.items():
        snapshot = lake.table(name)
        twice = _twice(snapshot, table)
        if twice.num_rows:
            what = f"{name}: {such_as(table, twice)}"
            yield Mend(what, _choice(snapshot, table, twice).told, partial(_leave_out, lake, table))


def _twice(snapshot: DeltaTable, table: Table) -> pa.Table:
    """The keys that are there more than once, found a portion of the table at a time."""
    found = [table.schema.empty_table().select(table.key)]
    for window in portions.windows(snapshot, table):
        rows = Reading(snapshot).rows(table.key, window)
        found.append(repeated(table, rows).cast(found[0].schema))
    return pa.concat_tables(found)


def _choice(snapshot: DeltaTable, table: Table, twice: pa.Table) -> Choice:
    claim, came = list(table.claim), _came(snapshot)
    claims = twice.select(claim).group_by(claim).aggregate([])
    parts = []
    for file in fragments(snapshot, keys.between(claims)):
        held = file.to_table(schema=table.schema, columns=claim).group_by(claim).aggregate([])
        mine = keys.those_in(claims, held)
        if mine.num_rows:
            order = -came[file.path] if table.name in LAST else came[file.path]
            for name, value in (("path", file.path), ("order", order)):
                mine = mine.append_column(name, pa.repeat(value, mine.num_rows))
            parts.append(_with_areas(table, mine, held))
    every = pa.concat_tables(parts)
    every = every.sort_by([("areas", "descending"), ("order", "ascending"), ("path", "ascending")])
    best = every.group_by(claim, use_threads=False).aggregate([("path", "first")])
    paths = pc.unique(every["path"]).to_pylist()
    kept = {path: best.filter(pc.field("path_first") == path).select(claim) for path in paths}
    return Choice(kept, _why(table, snapshot, {path: one.num_rows for path, one in kept.items()}))


def _with_areas(table: Table, mine: pa.Table, held: pa.Table) -> pa.Table:
    """With how many areas their file has of the same issue, kind and scenario."""
    if not table.whole:
        return mine.append_column("areas", pa.repeat(0, mine.num_rows))
    same = [column for column in table.whole if column != "area_id"]
    counts = held.group_by(same).aggregate([([], "count_all")]).rename_columns([*same, "areas"])
    return mine.join(counts, same)


def _why(table: Table, snapshot: DeltaTable, counts: Mapping[str, int]) -> str:
    why = "the run that has most areas, with which the totals were made, or else of the first one"
    if not table.whole:
        why = "the last commit, which knew most" if table.name in LAST else "the first commit"
    came = {path: datetime.fromtimestamp(ms / 1000, UTC) for path, ms in _came(snapshot).items()}
    told = [
        f"{count:,} from {came[path].astimezone(CITY_ZONE):%Y-%m-%d %H:%M:%S}"
        for path, count in counts.items()
    ]
    left = f"what is left out stays readable in version {snapshot.version()} until a vacuum"
    return f"keeps the rows of {why} ({some(told)}); {left}"


def _leave_out(lake: Lake, table: Table) -> None:
    """Write the files anew that hold what is left out."""
    claim = list(table.claim)
    while True:
        snapshot = lake.table(table.name)
        twice = _twice(snapshot, table)
        if not twice.num_rows:
            return
        kept = _choice(snapshot, table, twice).kept
        claims, new = pa.concat_tables(kept.values()), dict[str, pa.Table]()
        for file in fragments(snapshot):
            if file.path in kept:
                others = keys.without(claims, kept[file.path], claim)
                new[file.path] = _once(table, keys.without(rows_of(table.name, file), others, claim))
        try:
            rewrite(lake, snapshot, new)
        except StaleSnapshotError:
            continue


def _once(table: Table, rows: pa.Table) -> pa.Table:
    """Of rows with one key in one file, of which nobody knows which came first: the first in their order."""
    numbered = rows.select(table.key).append_column("_row", pa.array(np.arange(rows.num_rows)))
    first = numbered.group_by([*table.key]).aggregate([("_row", "min")])["_row_min"]
    return rows if len(first) == rows.num_rows else rows.take(pa.array(np.sort(first.to_numpy())))


def _came(snapshot: DeltaTable) -> dict[str, int]:
    """When each data file came in, in milliseconds since 1970."""
    actions = pa.table(snapshot.get_add_actions()).select(["path", "modification_time"]).to_pylist()
    return {action["path"]: _ms(action["modification_time"]) for action in actions}


def _ms(at: Any) -> int:
    return int(at.timestamp() * 1000) if isinstance(at, datetime) else int(at)
