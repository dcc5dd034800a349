"""How well a day was watched, camera by camera or area by area: a gap is not a zero."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from batch.rolling.hours import leaf
from batch.rolling.rollup import known_until
from batch.rolling.sight import (
    DAY_MINUTES,
    LOOK_COLUMNS,
    REASONS,
    SLOTS,
    UNMEASURED,
    Array,
    Flags,
    Sight,
    midnight,
    rates,
)
from lakehouse.city import cameras as hung
from lakehouse.city.areas import Areas
from lakehouse.city.cameras import Camera
from lakehouse.problem import UnknownCamera, UnknownDay
from lakehouse.scenes import LOOK_S, Outcome
from lakehouse.settings import COVERAGE_FLOOR
from lakehouse.store import Lake
from lakehouse.witness import Witnesses, frames_of

OUTCOMES = ("looked_at", "gated", "dropped", "undecodable")
"""What became of the frames, in the order of `Outcome`."""


@dataclass(frozen=True)
class Quality:
    """How well a camera, or the cameras of an area, were watched on a day so far.

    coverage 0-1 is the share of the time that was seen, each camera alike; expected are the frames that
    should have come, and frames what became of those that did; unknown are minutes by reason, over all the
    cameras; of `hours`, each camera's its own, low_hours were seen less than the floor.
    """

    area_id: str
    name: str
    cameras: int
    coverage: float
    expected: int
    frames: Mapping[str, int]
    unknown: Mapping[str, int]
    low_hours: int
    hours: int


def quality(
    lake: Lake,
    day: date | None = None,
    *,
    level: str = "camera",
    cameras: Collection[str] = (),
    floor: float = COVERAGE_FLOOR,
) -> tuple[date, list[Quality]]:
    """How well a day was watched as far as its looks are compacted; and which day, the worst first.

    Args:
        lake: whose looks are read.
        day: the city's local date; by default the newest that was looked at.
        level: of the areas that are told: camera, kelurahan or kecamatan.
        cameras: only these; none: all.
        floor: an hour that was seen less than this share of is low.

    Raises:
        UnknownDay: nothing was looked at on that day.
        UnknownCamera: there was no such camera on that day.
    """
    day = _known(lake, day)
    watched = Day.of(lake, day)
    for camera_id in sorted(set(cameras) - set(watched.cameras)):
        remedy = "list them with `python -m lakehouse cameras`"
        raise UnknownCamera(camera_id, f"there was no such camera on {day}", remedy)
    chosen = [row for row, camera in enumerate(watched.cameras) if not cameras or camera in cameras]
    groups: dict[tuple[str, str], list[int]] = {}
    for row, place in zip(chosen, watched.places(lake, chosen, level), strict=True):
        groups.setdefault(place, []).append(row)
    told = [watched.quality(area_id, name, rows, floor) for (area_id, name), rows in groups.items()]
    return day, sorted(told, key=lambda one: (one.coverage, one.area_id))


def lines(day: date, told: Sequence[Quality]) -> Iterator[str]:
    """What `quality` found, as text."""
    heads = ("expected", *(word.replace("_", " ") for word in OUTCOMES), "low hours")
    yield f"{day!s:26} {'seen':>5} " + "".join(f"{head:>12}" for head in heads) + "  minutes unknown"
    for one in told:
        counts = "".join(f"{count:12,}" for count in (one.expected, *one.frames.values()))
        unknown = ", ".join(f"{count:,} {reason}" for reason, count in one.unknown.items()) or "none"
        low = f"{one.low_hours} of {one.hours}"
        yield f"{one.area_id:26.26} {one.coverage:5.0%} {counts}{low:>12}  {unknown}"


def _known(lake: Lake, day: date | None) -> date:
    days = sorted(date.fromisoformat(found["day"]) for found in lake.table("looks").partitions())
    if not days or (day is not None and day not in days):
        span = f"name one from {days[0]} to {days[-1]}" if days else "watch a camera, and compact"
        raise UnknownDay(str(day or "any day"), "nothing was looked at on it", span)
    return day or days[-1]


@dataclass(frozen=True)
class Day:
    """A day of every camera that hung or was looked at: arrays (cameras, 1440) by minute.

    due says which minutes are over and lie in the camera's life; expected are the frames that should have
    come; frames (cameras, 4) is what became of those that did.
    """

    cameras: tuple[str, ...]
    hung: Mapping[str, Camera]
    due: Flags
    coverage: Array
    expected: Array
    reasons: NDArray[np.int8]
    frames: NDArray[np.int64]

    @classmethod
    def of(cls, lake: Lake, day: date) -> "Day":
        """Read a day's looks, and which minutes were seen and not measured."""
        looks = lake.read("looks", columns=LOOK_COLUMNS, where=pc.field("day") == day)
        looks = Witnesses.of(looks).heard(looks)
        until = known_until(lake.table("looks"), lake.table("measures"), lake.now())
        there = _hung(lake, day)
        names = tuple(sorted({*there, *pc.unique(looks["camera_id"]).to_pylist()}))
        sight = Sight.of(looks, day, names, rates(lake))
        rows = {camera: row for row, camera in enumerate(names)}
        reasons = sight.reasons.copy()
        for camera, minute, reason in _unmeasured(lake, day):
            reasons[rows[camera], minute] = max(reasons[rows[camera], minute], REASONS.index(reason))
        return cls(
            names,
            there,
            _due([there.get(camera) for camera in names], day, until) | (sight.looks > 0),
            sight.coverage,
            _expected(sight, [there.get(camera) for camera in names]),
            reasons,
            _outcomes(looks, rows),
        )

    def places(self, lake: Lake, rows: Sequence[int], level: str) -> Iterator[tuple[str, str]]:
        """Of some cameras the area of a level that each lies in, by id and name; else the one it hangs in."""
        areas = Areas.read(lake)
        for camera in (self.cameras[row] for row in rows):
            path = [areas[area] for area in areas.path(leaf(camera))] if leaf(camera) in areas else []
            fitting = [area for area in path if area.level == level] or path[1:2]
            place = fitting[0] if fitting else None
            yield (place.area_id.removeprefix(leaf("")), place.name) if place else (camera, "")

    def quality(self, area_id: str, name: str, rows: Sequence[int], floor: float) -> Quality:
        """How well some of the cameras were watched together."""
        due, reasons = self.due[rows], self.reasons[rows]
        seen, hours = (_by_hour(np.where(due, of, 0)) for of in (self.coverage[rows], due))
        counts = {reason: int((due & (reasons == code)).sum()) for code, reason in enumerate(REASONS)}
        frames = self.frames[rows].sum(axis=0).tolist()
        return Quality(
            area_id,
            name,
            len(rows),
            float(seen.sum() / max(hours.sum(), 1)),
            round(float(self.expected[rows][due].sum())),
            dict(zip(OUTCOMES, frames, strict=True)),
            {reason: count for reason, count in counts.items() if reason and count},
            int((seen < floor * hours).sum()),
            int((hours > 0).sum()),
        )


def _hung(lake: Lake, day: date) -> dict[str, Camera]:
    """By id the version of each camera that hung at the end of a day, valid from when it was first hung."""
    end, found = midnight(day + timedelta(days=1)), dict[str, Camera]()
    for (camera_id, _), camera in sorted(hung.versions(lake).items()):
        first = found.get(camera_id, camera).valid_from
        if camera.valid_from < end:
            found[camera_id] = camera.model_copy(update={"valid_from": first})
    return {camera_id: camera for camera_id, camera in found.items() if not camera.removed}


def _due(there: Sequence[Camera | None], day: date, until: datetime) -> Flags:
    start = midnight(day)
    stop = (until - start) // timedelta(minutes=1)
    since = [0 if one is None else max(0, (one.valid_from - start) // timedelta(minutes=1)) for one in there]
    minutes = np.arange(DAY_MINUTES)
    return np.asarray((minutes >= np.array(since)[:, None]) & (minutes < stop))


def _expected(sight: Sight, there: Sequence[Camera | None]) -> Array:
    """Frames by minute: by the rate of the version that was looked at, else by the camera's own.

    Of a camera that nobody knows those that came; a look of the synthetic past is one frame.
    """
    own = np.array([np.nan if one is None else one.fps * LOOK_S for one in there])
    told = sight.synthetic.any(axis=1) & ~sight.pixels.any(axis=1)
    own = np.nan_to_num(np.where(told, 1.0, own))[:, None]
    return np.asarray(sight.offered + own * (SLOTS - sight.looks))


def _outcomes(looks: pa.Table, rows: Mapping[str, int]) -> NDArray[np.int64]:
    """What became of each camera's frames (cameras, 4)."""
    owner, _, outcome = frames_of(looks)
    row = np.array([rows[camera] for camera in looks["camera_id"].to_pylist()], np.int64)
    counts = np.bincount(row[owner] * len(Outcome) + outcome, minlength=len(rows) * len(Outcome))
    return counts.reshape(len(rows), len(Outcome))


def _unmeasured(lake: Lake, day: date) -> set[tuple[str, int, str]]:
    """The cameras' minutes that were seen and of which a kind has no value, and why."""
    why = pa.array(REASONS[UNMEASURED:], pa.string())
    where = (pc.field("day") == day) & pc.field("reason").isin(why)
    found = lake.read("camera_minutes", columns=["camera_id", "minute", "reason"], where=where)
    start = midnight(day)
    minutes = [(at - start) // timedelta(minutes=1) for at in found["minute"].to_pylist()]
    return set(zip(found["camera_id"].to_pylist(), minutes, found["reason"].to_pylist(), strict=True))


def _by_hour(minutes: NDArray[np.generic]) -> Array:
    return np.asarray(minutes.astype(np.float64).reshape(len(minutes), -1, 60).sum(axis=2))
