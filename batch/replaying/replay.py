"""Replay: a live analytic again over stored scenes, so that a new one has a past without any video."""

import hashlib
import json
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from pydantic import BaseModel, ValidationError

from batch.compacting.compact import compact
from batch.executor import Executor
from batch.replaying.footage import BOX_COLUMNS, LOOK_COLUMNS, Footage
from batch.replaying.projector import Analytic, Projector, Span
from batch.rolling.sight import midnight
from lakehouse.city import cameras as hung
from lakehouse.city.cameras import Camera
from lakehouse.clock import city_day
from lakehouse.landing import rows
from lakehouse.landing.segments import SegmentName, app_id
from lakehouse.log.commits import StaleSnapshotError
from lakehouse.log.datafiles import content
from lakehouse.log.listing import listed
from lakehouse.log.reading import Reading, watermark
from lakehouse.problem import BadReplay, UnknownCamera, UnknownDay
from lakehouse.runs import HISTORY, LIVE, Runs
from lakehouse.scenes import LOOK_S, Event, Measure, Outcome
from lakehouse.store import Lake
from lakehouse.tables import LANDED, TABLES
from lakehouse.witness import RULE, Witnesses, frames_of
from serving import analytic
from serving.analytic import Settings

EPOCH = 1
"""A replay has one life. Its batches have the numbers of its cameras: one that lands again is the same."""

_DIGITS = 12
_FROM_PIXELS = pc.field("producer") != HISTORY


@dataclass(frozen=True)
class Replayed:
    """What a replay came to; of its cameras, `landed` were computed now and the others had landed before."""

    run: str
    cameras: int
    landed: int
    measures: int
    events: int
    adopted: bool
    seconds: float

    def __str__(self) -> str:
        before = f", {self.cameras - self.landed} of them before" if self.landed < self.cameras else ""
        told = f"{self.measures:,} measures, {self.events:,} revisions of events"
        adopted = "; it is published from now on" if self.adopted else ""
        return f"{self.run}: cameras {self.cameras}{before}, in {self.seconds:.1f} s: {told}{adopted}"


@dataclass(frozen=True)
class Plan:
    """What a replay computes, and from which versions of the tables."""

    root: str
    kind: str
    settings: Settings
    span: Span
    looks: int
    observations: int
    cameras: tuple[str, ...]
    run: str

    @classmethod
    def of(cls, lake: Lake, kind: str, settings: Settings, span: Span, wanted: Collection[str]) -> "Plan":
        """Take the snapshots, looks first, and name the run by all that it will be computed from.

        Raises:
            UnknownDay: nothing was looked at in the span, or a day's boxes are no longer kept.
            UnknownCamera: a wanted camera was not looked at in the span.
        """
        looks, boxes = lake.table("looks"), lake.table("observations")
        _refuse_forgotten(looks, boxes, span.days)
        known = hung.versions(lake)
        watched = {key: known[key] for key in _watched(looks, span) if key in known}
        cameras = _chosen({camera_id for camera_id, _ in watched}, wanted, span)
        made_from = {
            "analytic": [kind, analytic.catalogue()[kind].version, settings.model_dump(mode="json")],
            "span": [str(span.since), str(span.until), span.settle.total_seconds()],
            "cameras": [watched[key].model_dump(mode="json") for key in sorted(watched) if key[0] in cameras],
            "files": [*_files(looks, span), *_files(boxes, span)],
            "witness": RULE,
        }
        digest = hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()
        run = f"replay-{digest[:_DIGITS]}"
        return cls(lake.root, kind, settings, span, looks.version(), boxes.version(), cameras, run)

    def play(self, seq: int) -> tuple[int, int]:
        """Replay one camera and land it as the batch of its number; how many measures and revisions."""
        lake, camera_id = Lake(self.root), self.cameras[seq]
        footage = Footage(camera_id)
        projector = Projector(hung.versions(lake), self._analytics, self.span)
        stop = self.span.stop
        for start, stop in self.span.pieces():
            if start >= self.span.stop and not projector.goes_on:
                break
            looks = self._read(lake, "looks", camera_id, start - timedelta(seconds=LOOK_S), stop)
            boxes = self._read(lake, "observations", camera_id, start, stop)
            witnesses = Witnesses.of(looks)
            looks, boxes = witnesses.heard(looks), witnesses.heard(boxes)
            projector.show(footage.scenes(looks, boxes, start, stop))
        projector.finish(stop)
        tables = self._tables(projector.kept)
        with suppress(FileExistsError):  # in a bucket, where the same replay just landed it elsewhere
            lake.landing.again(SegmentName(self.run, EPOCH, seq)).append(tables)
        return tables["measures"].num_rows, tables["events"].num_rows

    def _analytics(self, camera: Camera) -> Sequence[Analytic]:
        return analytic.instances(camera, {self.kind: self.settings})

    def _tables(self, kept: Sequence[tuple[Camera, Event | Measure]]) -> dict[str, pa.Table]:
        """What was kept, as it lands."""
        versions = analytic.rule_versions()
        measures = _whole(output for _, output in kept if isinstance(output, Measure))
        events = [
            rows.events([output], {output.camera_id: camera.area_id}, versions, self.run)
            for camera, output in kept
            if isinstance(output, Event)
        ]
        told = pa.concat_tables([rows.events([], {}, versions, self.run), *events])
        return {"measures": rows.measures(measures, self.run), "events": told}

    def _read(self, lake: Lake, table: str, camera_id: str, start: datetime, stop: datetime) -> pa.Table:
        columns, version = {
            "looks": (LOOK_COLUMNS, self.looks),
            "observations": (BOX_COLUMNS, self.observations),
        }[table]
        where = _within(start, stop) & (pc.field("camera_id") == camera_id) & _FROM_PIXELS
        return lake.read(table, columns=columns, where=where, version=version)


def replay(
    lake: Lake,
    kind: str,
    span: Span,
    *,
    given: Sequence[str] = (),
    cameras: Collection[str] = (),
    adopt: bool = False,
    executor: Executor = Executor.LOCAL,
    now: datetime | None = None,
) -> Replayed:
    """Run an analytic over the stored scenes of some days, and land what it tells under a run of its own.

    With the same settings it tells what live told, but for two things. Of `Scene.readings` only the means
    over ten seconds are stored. And where a process was killed, what was open is closed and the last
    minute measured, as if it had stopped in order. The same replay again lands nothing twice.

    Args:
        lake: as far as it is compacted.
        kind: of the analytic.
        span: which days, and for how long before them its state may settle.
        given: settings other than the defaults, such as `line.frames=2`.
        cameras: only these; none: all that were looked at.
        adopt: publish it as the run of its analytic for its days.
        executor: where the cameras are replayed, a shard each.
        now: a day that is not over by then (by default the present) is not adopted.

    Raises:
        BadReplay: there is no such analytic or setting, or it may not be adopted.
        UnknownDay, UnknownCamera: as `Plan.of` says.
    """
    began = time.monotonic()
    settings = settings_of(kind, given)
    if not span.days:
        raise BadReplay(f"{span.since} until {span.until}", "it holds no day", "let until lie after since")
    if adopt:
        _refuse_adoption(span, cameras, city_day(now or lake.now()))
    plan = Plan.of(lake, kind, settings, span, cameras)
    analytic.publish(lake)
    if (plan.run, EPOCH) not in lake.landing.claims():
        lake.landing.producer(plan.run)
    landed = _landed(lake, plan.run)
    missing = [seq for seq in range(len(plan.cameras)) if seq not in landed]
    counts = executor.run(plan.play, missing)
    if adopt:
        compact(lake, executor)
        _publish(lake, kind, span.days, plan.run)
    measures, events = (sum(count[place] for count in counts) for place in (0, 1))
    seconds = time.monotonic() - began
    return Replayed(plan.run, len(plan.cameras), len(missing), measures, events, adopt, seconds)


def adopt(lake: Lake, kind: str, days: Sequence[date], run: str) -> int | None:
    """Publish a run of an analytic for some days, in one commit; None where it is already.

    Raises:
        BadReplay: there is no such analytic, or the tables have no row of it of such a run.
    """
    _refuse_unknown(kind)
    there = (pc.field("run") == run) & pc.starts_with(pc.field("kind"), f"{kind}.")
    told = (lake.read(table, columns=["run"], where=there).num_rows for table in ("measures", "events"))
    if run != LIVE and not any(told):
        raise BadReplay(run, f"no row of {kind} is of this run", "replay it first, and compact")
    return _publish(lake, kind, days, run)


def settings_of(kind: str, given: Sequence[str]) -> Settings:
    """An analytic's settings with some of them given as `name=value`, a nested one as `line.frames=2`.

    Raises:
        BadReplay: there is no such analytic or setting, or its value is none.
    """
    _refuse_unknown(kind)
    known = analytic.catalogue()
    names = list(_names(known[kind].settings_class))
    values: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or name not in names:
            remedy = f"write name=value, with one of {', '.join(names) or 'no name: there are none'}"
            raise BadReplay(text, f"{kind} has no such setting", remedy)
        *above, last = name.split(".")
        place = values
        for part in above:
            place = place.setdefault(part, {})
        place[last] = _value(value)
    try:
        return known[kind].settings_class.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise BadReplay(f"{name}={first['input']}", first["msg"], "give another value") from error


def _whole(measures: Iterable[Measure]) -> list[Measure]:
    """The measures, those of one minute as one: a stream that was opened anew told a part of it each time."""
    whole: dict[tuple[str, datetime, str], Measure] = {}
    for measure in measures:
        place = measure.zone_id, measure.minute, measure.kind
        whole[place] = _joined(whole[place], measure) if place in whole else measure
    return list(whole.values())


def _joined(one: Measure, other: Measure) -> Measure:
    total, n = one.sum + other.sum, one.n + other.n
    summed = analytic.quantities()[one.kind].summed
    values = {"sum": one.value + other.value, "peak": max(one.value, other.value)}
    return replace(one, value=values.get(summed, total / max(n, 1)), sum=total, n=n)


def _value(text: str) -> Any:
    """A list or an object is JSON; the rest is text, which pydantic reads."""
    try:
        return json.loads(text) if text.startswith(("[", "{")) else text
    except ValueError:
        return text


def _names(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """The settings that a person may give, the nested ones with a dot."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _names(field.annotation, f"{above}{name}.")
        else:
            yield above + name


def _publish(lake: Lake, kind: str, days: Sequence[date], run: str) -> int | None:
    while True:
        snapshot = lake.table("runs")
        before = Reading(snapshot).rows()
        if all(Runs.of(before).run(day, kind) == run for day in days):
            return None
        last = pc.max(before["adopted_at"]).as_py() or datetime.min.replace(tzinfo=UTC)
        at = max(lake.now(), last + timedelta(microseconds=1))
        adopted = [{"day": day, "analytic": kind, "run": run, "adopted_at": at} for day in days]
        table = pa.Table.from_pylist(adopted, schema=TABLES["runs"].schema)
        try:
            return lake.append("runs", table, on=snapshot)
        except StaleSnapshotError:
            continue


def _refuse_unknown(kind: str) -> None:
    known = analytic.catalogue()
    if kind not in known:
        raise BadReplay(kind, "no analytic is called so", f"use one of {', '.join(known)}")


def _refuse_adoption(span: Span, cameras: Collection[str], today: date) -> None:
    if cameras:
        rule = "a replay of some cameras would take the others' place too"
        raise BadReplay(", ".join(sorted(cameras)), rule, "adopt one of all cameras")
    if span.until > today:
        raise BadReplay(str(span.until), f"{today} is not over, and live goes on", "adopt days that are over")


def _refuse_forgotten(looks: DeltaTable, boxes: DeltaTable, days: Sequence[date]) -> None:
    """Without its boxes a frame that was looked at would be taken for an empty street."""
    for day in sorted(_days(looks).intersection(days) - _days(boxes)):
        frames = Reading(looks).rows(("frames",), (pc.field("day") == day) & _FROM_PIXELS)
        if (frames_of(frames)[2] == Outcome.LOOKED).any():
            raise UnknownDay(
                str(day), "what its frames showed is not kept", "name days that have observations"
            )


def _days(table: DeltaTable) -> set[date]:
    return {date.fromisoformat(found["day"]) for found in table.partitions()}


def _watched(looks: DeltaTable, span: Span) -> set[tuple[str, int]]:
    """Which versions of which cameras were looked at in a span."""
    where = _within(midnight(span.since), midnight(span.until)) & _FROM_PIXELS
    found = Reading(looks).rows(("camera_id", "camera_version"), where)
    found = found.group_by(["camera_id", "camera_version"]).aggregate([])
    return set(zip(found["camera_id"].to_pylist(), found["camera_version"].to_pylist(), strict=True))


def _chosen(there: set[str], wanted: Collection[str], span: Span) -> tuple[str, ...]:
    if not there:
        remedy = "name days that were, and compact what has landed"
        raise UnknownDay(f"{span.since} until {span.until}", "no known camera was looked at then", remedy)
    for camera_id in sorted(set(wanted) - there):
        rule = f"it was not looked at from {span.since} until {span.until}"
        raise UnknownCamera(camera_id, rule, "list those that were with `python -m batch quality`")
    return tuple(sorted(set(wanted) or there))


def _files(table: DeltaTable, span: Span) -> list[str]:
    """What the files hold that a span is read from, by its hash."""
    start = span.start - timedelta(seconds=LOOK_S)
    reached = [one for one in listed(table) if one.greatest["at"] >= start and one.least["at"] < span.stop]
    return sorted(content(one.file.path) for one in reached)


def _within(start: datetime, stop: datetime) -> pc.Expression:
    """The rows of [start, stop); naming the days lets files be skipped."""
    days = (pc.field("day") >= city_day(start)) & (pc.field("day") <= city_day(stop))
    return days & (pc.field("at") >= start) & (pc.field("at") < stop)


def _landed(lake: Lake, run: str) -> set[int]:
    """The batches of a run that have landed, or are in the tables already."""
    app = app_id(run, EPOCH)
    there = {name.seq for name in lake.landing.segments().get(app, [])}
    taken = min(watermark(lake.table(table), app) for table in LANDED)
    return there.union(range(taken + 1))
