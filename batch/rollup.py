"""Rollup: camera minutes and area hours of every day of which something new is known."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from batch.executor import Executor
from batch.hours import Leaves, area_rows, leaf
from batch.minutes import Kind, Minutes, Pair
from batch.past import Past
from batch.sight import DAY_MINUTES, LOOK_COLUMNS, Rates, Sight, midnight, rates
from lakehouse.areas import Areas
from lakehouse.calendar import city_day
from lakehouse.commits import StaleSnapshotError
from lakehouse.problem import UnknownKind
from lakehouse.reading import Reading, watermark
from lakehouse.scenes import LOOK_S
from lakehouse.settings import COVERAGE_FLOOR
from lakehouse.store import Lake
from lakehouse.tables import TABLES

HOUR_S = 3600
LOOKS, MEASURES, RUNNING = "rollup-looks", "rollup-measures", "rollup-running"
"""The marks in area_hours: the versions that it was made from, and its hour that was not over."""

_MEASURES = ("minute", "camera_id", "zone_id", "kind", "value", "sum", "n")
_LIVE = pc.field("run") == "live"


@dataclass(frozen=True)
class RolledUp:
    """What a rollup did: the days that it computed, the rows that they have, and the seconds it took."""

    days: tuple[date, ...]
    minutes: int
    hours: int
    seconds: float

    def __str__(self) -> str:
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
    """Compute again every whole local day that has new looks or measures, or an hour that is over now.

    The hour that is not over by `now` (by default the present) is an estimate over its minutes up to the
    newest look. Of what was seen less than `floor` (0-1) of the value is NULL. On unchanged input nothing
    is written.

    Raises:
        UnknownKind: a measure is of a kind that the table `kinds` does not have.
    """
    began = time.monotonic()
    now = now or datetime.now(UTC)
    while True:
        target = lake.table("area_hours")
        job = Job.of(lake, target, now, floor)
        parts = [part for part in executor.run(job.day, job.days) if part]
        minutes, hours = _all("camera_minutes", parts, 0), _all("area_hours", parts, 1)
        if parts:
            lake.replace("camera_minutes", minutes, days=job.days)
            try:
                lake.replace("area_hours", hours, days=job.days, marks=job.marks, on=target)
            except StaleSnapshotError:
                continue
        days = tuple(job.days) if parts else ()
        return RolledUp(days, minutes.num_rows, hours.num_rows, time.monotonic() - began)


@dataclass(frozen=True)
class Job:
    """One attempt: the versions that it reads, the days that it computes, and up to when they go."""

    root: str
    looks: int
    measures: int
    kinds: dict[str, Kind]
    areas: Areas
    rates: Rates
    past: Past
    measured: pa.Table
    days: list[date]
    until: datetime
    now: datetime
    floor: float

    @classmethod
    def of(cls, lake: Lake, target: DeltaTable, now: datetime, floor: float) -> "Job":
        """Take the snapshots, looks first: what they attest has been compacted before them."""
        looks, measures = lake.table("looks"), lake.table("measures")
        until = known_until(looks, measures, now)
        days = _touched(looks, watermark(target, LOOKS)) | _touched(measures, watermark(target, MEASURES))
        running = watermark(target, RUNNING)
        if running > 0 and now.timestamp() >= (running + 1) * HOUR_S:
            days.add(city_day(datetime.fromtimestamp(running * HOUR_S, UTC)))
        ready = sorted(day for day in days if until > midnight(day))
        measured = Reading(measures).rows(("day", "camera_id", "kind"), _LIVE & _on(*ready))
        return cls(
            lake.root,
            looks.version(),
            measures.version(),
            kinds(lake),
            Areas.read(lake),
            rates(lake),
            Past.of(Reading(target), ready),
            measured.group_by(["day", "camera_id", "kind"]).aggregate([]),
            ready,
            until,
            now,
            floor,
        )

    @property
    def marks(self) -> dict[str, int]:
        """What area_hours is made from once this job is committed."""
        hour = int((self.until - timedelta(microseconds=1)).timestamp()) // HOUR_S
        over = (hour + 1) * HOUR_S <= self.now.timestamp()
        return {
            LOOKS: self.looks,
            MEASURES: self.measures,
            RUNNING: 0 if over else hour,
        }

    def day(self, day: date) -> tuple[pa.Table, pa.Table] | None:
        """A day's rows of camera_minutes and area_hours; None where no camera was ever known by then."""
        pairs = self._pairs(day)
        if not pairs:
            return None
        lake = Lake(self.root)
        looks = lake.read("looks", columns=LOOK_COLUMNS, where=_on(day), version=self.looks)
        measures = lake.read("measures", columns=_MEASURES, where=_LIVE & _on(day), version=self.measures)
        looked_at = set(pc.unique(looks["camera_id"]).to_pylist())
        sight = Sight.of(looks, day, sorted(looked_at | {camera for camera, _ in pairs}), self.rates)
        length = min(DAY_MINUTES, int((self.until - midnight(day)).total_seconds()) // 60)
        minutes = Minutes.of(measures, sight, day, pairs, self.kinds, length)
        leaves = Leaves.of(minutes, self.kinds, self.past.usual(day, pairs), self.now)
        leaves = self.past.keep_loaded(leaves, day, looked_at, self.kinds)
        paths = {camera: self._around(camera) for camera, _ in pairs}
        return minutes.table(), area_rows(leaves, self.kinds, paths, self.measures, self.floor)

    def _pairs(self, day: date) -> list[Pair]:
        """The cameras and kinds to expect: those that were measured on that day, or known before."""
        found = self.measured.filter(pc.less_equal(self.measured["day"], pa.scalar(day, pa.date32())))
        measured = zip(found["camera_id"].to_pylist(), found["kind"].to_pylist(), strict=True)
        pairs = sorted(self.past.pairs(day).union(measured))
        for _, kind in pairs:
            if kind not in self.kinds:
                rule = "it was measured, and the table kinds does not say how it is summed up"
                raise UnknownKind(kind, rule, "run `python -m serving kinds --lake DIR` first")
        return pairs

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
        return datetime.min.replace(tzinfo=UTC)
    look_end = int(seen.timestamp()) + LOOK_S
    end = max(look_end // 60, int(measured.timestamp()) // 60 + 1 if measured else 0) * 60
    hour_end = -(-max(look_end, end) // HOUR_S) * HOUR_S
    return datetime.fromtimestamp(hour_end if hour_end <= now.timestamp() else end, UTC)


def _newest(table: DeltaTable, column: str) -> datetime | None:
    """The latest instant that a table's files speak of."""
    files = pa.table(table.get_add_actions(flatten=True))
    return pc.max(files[f"max.{column}"]).as_py() if files.num_rows else None


def _touched(table: DeltaTable, since: int) -> set[date]:
    """The days in which a table has files that it had not at a version (-1: before the first)."""
    files = _files(table)
    if since >= 0:
        known = _files(DeltaTable(table.table_uri, version=since))
        files = {path: day for path, day in files.items() if path not in known}
    return set(files.values())


def _files(table: DeltaTable) -> dict[str, date]:
    actions = pa.table(table.get_add_actions(flatten=True))
    if not actions.num_rows:
        return {}
    return dict(zip(actions["path"].to_pylist(), actions["partition.day"].to_pylist(), strict=True))


def kinds(lake: Lake) -> dict[str, Kind]:
    """How each quantity of a lake is summed up."""
    rows = lake.read("kinds", where=pc.field("what") == "quantity").to_pylist()
    return {row["kind"]: Kind(row["summed"], row["additive"]) for row in rows}


def _all(table: str, parts: Sequence[tuple[pa.Table, pa.Table]], place: int) -> pa.Table:
    return pa.concat_tables([TABLES[table].schema.empty_table(), *(part[place] for part in parts)])
