"""What rows may say: unknown is not zero, shares lie in 0-1, quantiles never cross, events go on in order."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial, reduce
from itertools import pairwise
from operator import or_

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from numpy.typing import NDArray

from lakehouse.checks import portions
from lakehouse.checks.standing import Standing
from lakehouse.clock import CITY_ZONE
from lakehouse.log.reading import Reading
from lakehouse.problem import BrokenLake
from lakehouse.scenes import UNMEASURED, State
from lakehouse.tables import QUANTILES, TABLES, quantile_column

RESTORE = "make the row again, or restore the table from a copy"
_OFFSET = pa.scalar(CITY_ZONE.utcoffset(datetime(2026, 1, 1)))  # noqa: DTZ001 - the same all year
_QUANTILES = tuple(map(quantile_column, QUANTILES))


@dataclass(frozen=True)
class Rule:
    """What no row of a table may say: `broken` holds for those that do, and reads these columns."""

    table: str
    says: str
    columns: tuple[str, ...]
    broken: pc.Expression


def _in_its_day(table: str, column: str) -> Rule:
    local = pc.field(column) + _OFFSET
    broken = local.cast(pa.date32()) != pc.field("day")
    return Rule(table, f"day is not the city's date of {column}", ("day", column), broken)


def _share(table: str, column: str, *, nullable: bool = False) -> Rule:
    share = pc.field(column)
    broken = (share < 0) | (share > 1)
    return Rule(table, f"{column} is not in 0-1", (column,), broken if nullable else broken | share.is_null())


def _unseen(table: str, column: str) -> Rule:
    """Nothing was seen, so that nothing is known: a number would be taken for one."""
    broken = (pc.field(column) == 0) & pc.field("value").is_valid()
    return Rule(table, f"{column} is 0, and there is a value", (column, "value"), broken)


def _unsaid(table: str) -> Rule:
    broken = pc.field("value").is_null() & pc.field("reason").is_null()
    return Rule(table, "value is NULL, and no reason says why", ("value", "reason"), broken)


def _finite(column: str) -> Rule:
    broken = ~pc.is_finite(pc.field(column)) | pc.field(column).is_null()
    return Rule("forecasts", f"{column} is no number", (column,), broken)


def _crossing() -> Rule:
    crossed = [pc.field(low) > pc.field(high) for low, high in pairwise(_QUANTILES)]
    return Rule("forecasts", "its quantiles cross", _QUANTILES, reduce(or_, crossed))


def _reasonless(table: str, *, but: str = "") -> Rule:
    broken = pc.field("value").is_valid() & pc.field("reason").is_valid() & (pc.field("reason") != but)
    return Rule(table, "there is a value, and a reason why there is none", ("value", "reason"), broken)


def _half_measured() -> Rule:
    broken = pc.field("vx").is_valid() != pc.field("vy").is_valid()
    return Rule("observations", "one of vx and vy is NULL", ("vx", "vy"), broken)


def _not_null(column: str) -> Rule:
    says = f"{column} is {UNMEASURED}, and what is not measured is NULL"
    return Rule("observations", says, (column,), pc.field(column) == UNMEASURED)


RULES = (
    _in_its_day("observations", "at"),
    _half_measured(),
    _not_null("vx"),
    _not_null("vy"),
    _in_its_day("looks", "at"),
    _in_its_day("measures", "minute"),
    _in_its_day("events", "started_at"),
    _in_its_day("camera_minutes", "minute"),
    _in_its_day("area_hours", "hour"),
    _share("camera_minutes", "coverage"),
    _share("area_hours", "coverage"),
    _share("scores", "coverage80", nullable=True),
    _share("scores", "coverage95", nullable=True),
    _unseen("camera_minutes", "coverage"),
    _unseen("area_hours", "coverage"),
    _unseen("area_hours", "cameras_reporting"),
    _unsaid("camera_minutes"),
    _unsaid("area_hours"),
    _reasonless("camera_minutes"),
    _reasonless("area_hours", but="running"),
    *(_finite(column) for column in (*_QUANTILES, "mean")),
    _crossing(),
)


def rules(standing: Standing) -> str:
    """No row says what it may not."""
    tables = list(dict.fromkeys(rule.table for rule in RULES))
    rows = [standing.judged(name, partial(_kept, standing, name)) for name in tables]
    return f"{sum(rows):,} rows of {len(tables)} tables"


def _kept(standing: Standing, table: str, snapshot: DeltaTable) -> int:
    count, mine = 0, [rule for rule in RULES if rule.table == table]
    columns = list(dict.fromkeys(column for rule in mine for column in (*TABLES[table].key, *rule.columns)))
    for file in standing.follow(portions.fragments(snapshot), f"rows of {table}"):
        rows = file.to_table(schema=TABLES[table].schema, columns=columns)
        for rule in mine:
            _hold(rule, rows, f"{table}/{file.path}")
        count += rows.num_rows
    return count


def _hold(rule: Rule, rows: pa.Table, file: str) -> None:
    broken = rows.filter(rule.broken)
    if broken.num_rows:
        row = ", ".join(f"{column} {value}" for column, value in broken.slice(0, 1).to_pylist()[0].items())
        raise BrokenLake(file, f"{rule.says} in {broken.num_rows:,} rows, such as {row}", RESTORE)


def revisions(standing: Standing) -> str:
    """The revisions of an event count from 1 without a gap, and nothing comes after a closed one.

    Two lives that watched at once may both tell of one event: then every revision needs one before it.
    """
    return f"{standing.judged('events', partial(_told, standing)):,} revisions"


def _told(standing: Standing, snapshot: DeltaTable) -> int:
    count, columns = 0, ["run", "event_id", "revision", "state", "producer", "epoch"]
    for window in standing.follow(portions.windows(snapshot, TABLES["events"]), "events"):
        rows = Reading(snapshot).rows(columns, window)
        count += rows.num_rows
        order = [*((column, "ascending") for column in columns[:3]), ("state", "descending")]
        rows = _once(rows.sort_by(order))
        for place, rule in _misplaced(rows):
            event = rows.slice(place, 1).to_pylist()[0]
            if (event["producer"], event["epoch"]) not in _with_losses(standing):
                raise BrokenLake(f"events, event {event['event_id']} of run {event['run']}", rule, RESTORE)
    return count


def _once(rows: pa.Table) -> pa.Table:
    """Revisions in order, each once where several lives told it: as one that did not close, if any did so.

    Raises:
        BrokenLake: one life told a revision twice.
    """
    told = ["run", "event_id", "revision"]
    lives = rows.group_by([*told, "producer", "epoch"]).aggregate([([], "count_all")])
    for row in lives.filter(pc.field("count_all") > 1).slice(0, 1).to_pylist():
        rule = f"{row['producer']} told revision {row['revision']} {row['count_all']} times in one life"
        raise BrokenLake(f"events, event {row['event_id']} of run {row['run']}", rule, RESTORE)
    first = rows.append_column("row", pa.array(np.arange(rows.num_rows)))
    return rows.take(first.group_by(told).aggregate([("row", "min")])["row_min"].combine_chunks().sort())


def _misplaced(rows: pa.Table) -> Iterator[tuple[int, str]]:
    """Of revisions in order: the places of those that break the rule, and how."""
    if not rows.num_rows:
        return
    run, event = (_codes(rows[name]) for name in ("run", "event_id"))
    revision, closed = rows["revision"].to_numpy(), pc.equal(rows["state"], State.CLOSED.value).to_numpy()
    follows = np.append(False, (run[1:] == run[:-1]) & (event[1:] == event[:-1]))
    starts = np.maximum.accumulate(np.where(follows, 0, np.arange(len(rows))))
    due = np.arange(len(rows)) - starts + 1
    for place in np.flatnonzero(revision != due):
        yield int(place), f"revision {due[place]} is missing before revision {revision[place]}"
    for place in np.flatnonzero(follows & np.append(False, closed[:-1])):
        yield int(place), f"revision {revision[place]} comes after the event was closed"


def _codes(words: pa.ChunkedArray) -> NDArray[np.int32]:
    """Equal words have equal numbers."""
    return words.combine_chunks().dictionary_encode().indices.to_numpy()  # type: ignore[no-any-return]


def _with_losses(standing: Standing) -> set[tuple[str, int]]:
    """The epochs of which a batch was refused: what it said of an event is missing, and that is told."""
    refused = standing.lake.read("quarantine", columns=["producer", "epoch"])
    return set(zip(refused["producer"].to_pylist(), refused["epoch"].to_pylist(), strict=True))
