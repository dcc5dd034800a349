"""Rollup: camera minutes and area hours of every day of which something new is known."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from batch.executor import Executor
from batch.rolling.hours import Leaves, area_rows, leaf
from batch.rolling.minutes import Kind, Minutes, Pair
from batch.rolling.past import Past
from batch.rolling.sight import (
    DAY_MINUTES,
    FAILURE_COLUMNS,
    LOOK_COLUMNS,
    Rates,
    Sight,
    failures,
    midnight,
    rates,
)  # fmt: skip
from lakehouse.city import cameras
from lakehouse.city.areas import Areas
from lakehouse.clock import city_day
from lakehouse.log import commits
from lakehouse.log.commits import StaleSnapshotError
from lakehouse.log.reading import Reading, watermark
from lakehouse.milestones import reach
from lakehouse.places.places import folder_at
from lakehouse.problem import UnknownVersion
from lakehouse.runs import Runs
from lakehouse.scenes import LOOK_S
from lakehouse.settings import COVERAGE_FLOOR
from lakehouse.store import Lake
from lakehouse.tables import TABLES
from lakehouse.witness import RULE, SHARING_COLUMNS, Witnesses, shared

HOUR_S = 3600
LOOKS, MEASURES, RUNNING = "rollup-looks", "rollup-measures", "rollup-running"
ADOPTED, FLOOR, COUNTED = "rollup-adopted", "rollup-floor", "rollup-counted"
KINDS = "rollup-kinds"
"""The marks in area_hours: the versions that it was made from, its hour that was not over, when the last
run that it counts was adopted (µs since 1970), the coverage floor in millionths, by which rule a minute
that several watched is counted, and the version of kinds."""

_ASIDE = (
    "left aside, since the table kinds does not say how they are summed up; run"
    " `python -m serving kinds --lake DIR` where their analytic is installed, and roll up again"
)
_MEASURES = ("minute", "camera_id", "zone_id", "kind", "value", "sum", "n", "producer", "epoch")
_BEGINNING, _NEVER = datetime(1970, 1, 1, tzinfo=UTC), datetime.min.replace(tzinfo=UTC)
_WEEK = 7
"""Days that are computed at once: what is usual on one is made of the same weekday before it."""


@dataclass(frozen=True)
class RolledUp:
    """What a rollup did: the days that it computed, the rows that they have, and the seconds it took.

    `unknown` are the measures of these days that it left aside, by a kind that the table `kinds` lacks.
    """

    days: tuple[date, ...]
    minutes: int
    hours: int
    seconds: float
    unknown: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        aside = (f"\n{kind}: {count:,} measures {_ASIDE}" for kind, count in sorted(self.unknown.items()))
        return "".join([self._done(), *aside])

    def _done(self) -> str:
        if not self.days:
            return "rolled up nothing: no day has anything new"
        days = f"{self.days[0]} to {self.days[-1]}" if len(self.days) > 1 else f"{self.days[0]}"
        rows = f"{self.minutes:,} camera minutes, {self.hours:,} area hours"
        return f"rolled up {days} in {self.seconds:.1f} s: {rows}"


def rollup(
    lake: Lake,
    now: datetime | None = None,
    executor: Executor = Executor.LOCAL,
    *,
    floor: float = COVERAGE_FLOOR,
) -> RolledUp:
    """Compute again every whole local day that has new looks or measures, or another published run.

    So is a day with an hour that is over now, and every day where the floor is another one. The hour that
    is not over by `now` (by default the present) is an estimate over its minutes up to the newest look. Of
    what was seen less than `floor` (0-1) of the value is NULL. On unchanged input nothing is written.

    A camera that is taken down brings no day back: it hung then. Until the end of the day of its removal it
    is expected, and the days behind that one do without.

    Raises:
        UnknownKind: a measure is of a kind that the table `kinds` does not have.
    """
    began = time.monotonic()
    while True:
        plan = Plan.of(lake, now or lake.now(), floor)
        try:
            days, minutes, hours, unknown = plan.carry_out(lake, executor)
        except StaleSnapshotError:
            continue
        return RolledUp(days, minutes, hours, time.monotonic() - began, unknown)


@dataclass(frozen=True)
class Plan:
    """One attempt: the snapshots that it reads and writes, and the days to compute.

    Two rollups at once that planned from the same snapshots fence each other out in either table.
    """

    looks: DeltaTable
    measures: DeltaTable
    camera_minutes: DeltaTable
    area_hours: DeltaTable
    runs: Runs
    marks: dict[str, int]
    days: list[date]
    until: datetime
    now: datetime
    floor: float

    @classmethod
    def of(cls, lake: Lake, now: datetime, floor: float) -> "Plan":
        """Take the snapshots: adoptions, looks, measures.

        So the measures of an adopted run, and of what a look attests, have been compacted before.
        """
        camera_minutes, area_hours = lake.table("camera_minutes"), lake.table("area_hours")
        adopted, looks, measures = lake.read("runs"), lake.table("looks"), lake.table("measures")
        until = known_until(looks, measures, now)
        marks = {
            LOOKS: looks.version(),
            MEASURES: measures.version(),
            RUNNING: _running(until, now),
            ADOPTED: max(map(_microseconds, adopted["adopted_at"].to_pylist()), default=0),
            FLOOR: round(floor * 1_000_000),
            COUNTED: RULE,
            KINDS: lake.version("kinds"),
        }
        days = _changed(looks, measures, area_hours, marks[FLOOR])
        days |= _adopted_since(adopted, watermark(area_hours, ADOPTED)) | _over(area_hours, now)
        days |= _explained(lake, measures, watermark(area_hours, KINDS), marks[KINDS]) & _days(looks)
        snapshots = looks, measures, camera_minutes, area_hours
        return cls(*snapshots, Runs.of(adopted), marks, sorted(days), until, now, floor)

    def carry_out(self, lake: Lake, executor: Executor) -> tuple[tuple[date, ...], int, int, Counter[str]]:
        """Compute and commit, a week at a time.

        Returns:
            The days that have rows, camera minutes, area hours, and the measures of unknown kinds.

        The marks move with the last week, so that after a kill all is done again.

        Raises:
            StaleSnapshotError: another rollup came in between.
        """
        reach("rollup: planned")
        rolled: list[date] = []
        counts, weeks, unknown = [0, 0], _weeks(self.days), Counter[str]()
        camera_minutes, area_hours = self.camera_minutes, self.area_hours
        for number, days in enumerate(weeks, 1):
            job = Job.of(lake, self, area_hours, days)
            unknown.update(job.unknown)
            parts = dict(zip(days, executor.run(job.day, days), strict=True))
            found = [part for part in parts.values() if part]
            minutes, hours = _all("camera_minutes", found, 0), _all("area_hours", found, 1)
            camera_minutes = _replaced(lake, camera_minutes, minutes, days, {})
            reach("rollup: camera_minutes committed")
            area_hours = _replaced(lake, area_hours, hours, days, self.marks if number == len(weeks) else {})
            reach("rollup: area_hours committed")
            rolled += [day for day, part in parts.items() if part]
            counts = [counts[0] + minutes.num_rows, counts[1] + hours.num_rows]
        return tuple(rolled), counts[0], counts[1], unknown


@dataclass(frozen=True)
class Job:
    """What a worker needs to compute the days of one week."""

    root: str
    looks: int
    measures: int
    runs: Runs
    kinds: dict[str, Kind]
    areas: Areas
    rates: Rates
    past: Past
    removed: Mapping[str, datetime]
    measured: pa.Table
    unknown: Mapping[str, int]
    until: datetime
    now: datetime
    floor: float

    @classmethod
    def of(cls, lake: Lake, plan: Plan, area_hours: DeltaTable, days: Sequence[date]) -> "Job":
        """Read what some of a plan's days build on."""
        where = plan.runs.published & _on(*days)
        measured = Reading(plan.measures).rows(("day", "camera_id", "kind"), where)
        known = kinds(lake, plan.marks[KINDS])
        told = pc.is_in(measured["kind"], pa.array([*known], pa.string()))
        return cls(
            lake.root,
            plan.looks.version(),
            plan.measures.version(),
            plan.runs,
            known,
            Areas.read(lake),
            rates(lake),
            Past.of(Reading(area_hours), days),
            cameras.removed(lake),
            measured.filter(told).group_by(["day", "camera_id", "kind"]).aggregate([]),
            Counter(measured.filter(pc.invert(told))["kind"].to_pylist()),
            plan.until,
            plan.now,
            plan.floor,
        )

    def day(self, day: date) -> tuple[pa.Table, pa.Table] | None:
        """A day's rows of camera_minutes and area_hours; None where nothing is known of it by then."""
        pairs = self._pairs(day)
        if not pairs or self.until <= midnight(day):
            return None
        lake = Lake(self.root)
        where = self.runs.published & _on(day) & pc.field("kind").isin(pa.array([*self.kinds], pa.string()))
        looks = lake.read("looks", columns=LOOK_COLUMNS, where=_on(day), version=self.looks)
        witnesses = Witnesses.of(looks)
        looks = witnesses.heard(looks)
        measures = lake.read("measures", columns=_MEASURES, where=where, version=self.measures)
        measures = witnesses.believed(measures)
        looked_at = set(pc.unique(looks["camera_id"]).to_pylist())
        sight = Sight.of(looks, day, sorted(looked_at | {camera for camera, _ in pairs}), self.rates)
        length = min(DAY_MINUTES, int((self.until - midnight(day)).total_seconds()) // 60)
        minutes = Minutes.of(measures, sight, day, pairs, self.kinds, length)
        lost = minutes.unexplained(self.kinds)
        if lost:
            where = _on(day) & pc.field("camera_id").isin(lost)
            looks = lake.read("looks", columns=FAILURE_COLUMNS, where=where, version=self.looks)
            minutes = minutes.explained(failures(witnesses.heard(looks), day), self.kinds)
        leaves = Leaves.of(minutes, self.kinds, self.past.usual(day, pairs), self.now)
        leaves = self.past.keep_loaded(leaves, day, looked_at, self.kinds)
        paths = {camera: self._around(camera) for camera, _ in pairs}
        return minutes.table(), area_rows(leaves, self.kinds, paths, self.measures, self.floor)

    def _pairs(self, day: date) -> list[Pair]:
        """The cameras and kinds to expect: those measured on that day, or known before and expected still."""
        days = zip(*(self.measured[name].to_pylist() for name in ("day", "camera_id", "kind")), strict=True)
        measured = [(on, (camera, kind)) for on, camera, kind in days if on <= day]
        before = self.past.pairs(day).union(pair for on, pair in measured if on < day)
        expected = {(camera, kind) for camera, kind in before if self._expected(camera, kind, day)}
        return sorted(expected.union(pair for on, pair in measured if on == day))

    def _expected(self, camera: str, kind: str, day: date) -> bool:
        """Whether what was known before is to be known on a day too."""
        installed = kind in self.kinds and not self.kinds[kind].retired
        return installed and not self._gone(camera, day)

    def _gone(self, camera: str, day: date) -> bool:
        """Whether a camera was taken down before a day began, so that nobody expects it."""
        return camera in self.removed and self.removed[camera] <= midnight(day)

    def _around(self, camera: str) -> tuple[str, ...]:
        return self.areas.path(leaf(camera))[1:] if leaf(camera) in self.areas else ()


def _on(*days: date) -> pc.Expression:
    return pc.field("day").isin(pa.array(days, pa.date32()))


def known_until(looks: DeltaTable, measures: DeltaTable, now: datetime) -> datetime:
    """The end of what is known: of the newest minute, or of its hour where that is over.

    A minute counts once it was looked at to its end, or was measured because its source ended in it.
    """
    seen, measured = _newest(looks, "at"), _newest(measures, "minute")
    if seen is None:
        return _NEVER
    look_end = int(seen.timestamp()) + LOOK_S
    end = max(look_end // 60, int(measured.timestamp()) // 60 + 1 if measured else 0) * 60
    hour_end = -(-max(look_end, end) // HOUR_S) * HOUR_S
    return datetime.fromtimestamp(hour_end if hour_end <= now.timestamp() else end, UTC)


def _newest(table: DeltaTable, column: str) -> datetime | None:
    """The latest instant that a table's files speak of."""
    files = pa.table(table.get_add_actions(flatten=True))
    return pc.max(files[f"max.{column}"]).as_py() if files.num_rows else None


def _running(until: datetime, now: datetime) -> int:
    """The hour, counted since 1970, that is known in part and is not over; 0 where there is none."""
    hour = int((until - timedelta(microseconds=1)).timestamp()) // HOUR_S if until > _NEVER else 0
    return hour if (hour + 1) * HOUR_S > now.timestamp() else 0


def _over(area_hours: DeltaTable, now: datetime) -> set[date]:
    """The day of the hour that was running, once that is over."""
    running = watermark(area_hours, RUNNING)
    if running > 0 and now.timestamp() >= (running + 1) * HOUR_S:
        return {city_day(datetime.fromtimestamp(running * HOUR_S, UTC))}
    return set()


def _changed(looks: DeltaTable, measures: DeltaTable, area_hours: DeltaTable, floor: int) -> set[date]:
    """The days of which something changed since the last rollup, or that were computed with another floor.

    Where the log no longer tells, these are all whose looks and measures are both kept: what had been
    summed up of the others stays.
    """
    every = _days(looks) & _days(measures)
    days = set() if watermark(area_hours, FLOOR) in {-1, floor} else every
    for table, mark in ((looks, LOOKS), (measures, MEASURES)):
        since = watermark(area_hours, mark)
        touched = commits.touched_days(table, since) if since >= 0 else _days(table)
        days = days | (every if touched is None else touched)
    counted_before = watermark(area_hours, LOOKS) >= 0 and watermark(area_hours, COUNTED) < RULE
    return days | {day for day in every - days if counted_before and _watched_twice(looks, day)}


def _watched_twice(looks: DeltaTable, day: date) -> bool:
    """Whether several watched a camera at once on a day."""
    return bool(shared(Reading(looks).rows(SHARING_COLUMNS, _on(day))).any())


def _days(table: DeltaTable) -> set[date]:
    return {date.fromisoformat(found["day"]) for found in table.partitions()}


def _adopted_since(runs: pa.Table, since_us: int) -> set[date]:
    return {row["day"] for row in runs.to_pylist() if _microseconds(row["adopted_at"]) > since_us}


def _microseconds(at: datetime) -> int:
    return (at - _BEGINNING) // timedelta(microseconds=1)


def _weeks(days: Sequence[date]) -> list[list[date]]:
    """The days in groups of less than a week; one empty group where there is none."""
    weeks: list[list[date]] = [[]]
    for day in days:
        if weeks[-1] and (day - weeks[-1][0]).days >= _WEEK:
            weeks.append([])
        weeks[-1].append(day)
    return weeks


def _replaced(
    lake: Lake, snapshot: DeltaTable, rows: pa.Table, days: Sequence[date], marks: Mapping[str, int]
) -> DeltaTable:
    """Rewrite days of the table that `snapshot` is of; what to go on from."""
    name = folder_at(snapshot.table_uri).name
    version = lake.replace(name, rows, days=days, marks=marks, on=snapshot)
    return snapshot if version is None else lake.table(name, version)


def kinds(lake: Lake, version: int | None = None) -> dict[str, Kind]:
    """How each quantity of a lake is summed up, as of a version of its table or of now."""
    rows = lake.read("kinds", where=pc.field("what") == "quantity", version=version).to_pylist()
    return {
        row["kind"]: Kind(row["summed"], row["additive"], row["state"] == "retired", row["analytic"])
        for row in rows
    }


def _explained(lake: Lake, measures: DeltaTable, since: int, until: int) -> set[date]:
    """The days of which something was measured that the table `kinds` explains only since a version of it."""
    if since in {-1, until}:
        return set()
    try:
        before = set(kinds(lake, since))
    except UnknownVersion:
        before = set()
    new = pa.array(sorted(kinds(lake, until).keys() - before), pa.string())
    found = Reading(measures).rows(("day",), pc.field("kind").isin(new))
    return set(pc.unique(found["day"]).to_pylist())


def _all(table: str, parts: Sequence[tuple[pa.Table, pa.Table]], place: int) -> pa.Table:
    return pa.concat_tables([TABLES[table].schema.empty_table(), *(part[place] for part in parts)])
