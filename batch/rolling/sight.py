"""What was really looked at: a day of looks, measured against what each camera should have offered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lakehouse.clock import CITY_ZONE
from lakehouse.runs import HISTORY
from lakehouse.scenes import FAILED, LOOK_S, Health, Outcome
from lakehouse.store import Lake
from lakehouse.witness import WITNESS_COLUMNS, frames_of

DAY_MINUTES = 1440
SLOTS = 60 // LOOK_S
"""Looks in a minute."""

WHOLE_SHARE = 0.5
"""So much of a look is all of it: half of the frames give a tracker 0.86 of what crosses a line."""

REASONS = (
    None,
    "not looked at",
    "no frame decoded",
    *(f"unhealthy: {health}" for health in Health if health is not Health.LIVE),
    "not measured",
    "analytic failed",
)
"""Why a minute has no value, in the order in which a later one overrides an earlier one."""

SEEN, UNSEEN, UNDECODED, UNMEASURED, BROKEN = 0, 1, 2, len(REASONS) - 2, len(REASONS) - 1

GROUP = 250
"""Cameras whose ten seconds are held in memory at once."""

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Rates = Mapping[tuple[str, int], float]
"""Frames a second that a camera offers, by its id and version."""

LOOK_COLUMNS = (*WITNESS_COLUMNS, "camera_version")
"""What of a look says how well it was seen."""

FAILURE_COLUMNS = (*WITNESS_COLUMNS, "readings")
"""What of a look says which analytics had failed."""


@dataclass(frozen=True)
class Slots:
    """The ten seconds of a day, camera by camera: arrays (cameras, 8640).

    seen are the frames that were looked at or gated, of a live picture; offered are all that came; rate is
    how many a second should have come, NaN where nobody knows; began and ended are the first and the last
    offset in seconds, and there says whether anybody looked.
    """

    seen: Array
    offered: Array
    rate: Array
    began: Array
    ended: Array
    there: Flags

    @classmethod
    def of(cls, looks: pa.Table, place: NDArray[np.int64], cameras: int, rates: Rates) -> "Slots":
        """Gather the frames of looks; `place` (looks,) is each one's camera x 8640 + slot.

        Two lives may share a slot, one after the other: together they are one look.
        """
        shape = cameras, DAY_MINUTES * SLOTS
        size = shape[0] * shape[1]
        owner, offset, outcome = frames_of(looks)
        live = np.asarray(pc.equal(looks["health"], str(Health.LIVE)))
        good = np.isin(outcome, (Outcome.LOOKED, Outcome.GATED)) & live[owner]
        rate, began, ended = np.full(size, np.nan), np.full(size, float(LOOK_S)), np.zeros(size)
        np.fmax.at(rate, place, _rates(looks, rates))
        np.minimum.at(began, place[owner], offset / 1000)
        np.maximum.at(ended, place[owner], offset / 1000)
        seen, offered, there = (
            np.bincount(of, minlength=size).reshape(shape).astype(np.float64)
            for of in (place[owner[good]], place[owner], place)
        )
        ends = began.reshape(shape), ended.reshape(shape)
        return cls(seen, offered, rate.reshape(shape), *ends, there > 0)

    @property
    def lasted_s(self) -> Array:
        """For how many of its ten seconds a look was watched: its camera's first and last in proportion.

        A look with none before it begins with its first frame, and one with none after it ends a frame
        after its last; midnight is no end.
        """
        before, after = np.roll(self.there, 1, axis=1), np.roll(self.there, -1, axis=1)
        before[:, 0] = after[:, -1] = True
        end = np.where(after, LOOK_S, np.minimum(self.ended + 1 / self.rate, LOOK_S))
        lasted = np.clip(end - np.where(before, 0, self.began), 0, LOOK_S)
        return np.asarray(np.where(np.isnan(self.rate), LOOK_S, lasted))

    @property
    def expected(self) -> Array:
        """The frames that should have come while somebody watched; those that came, where nobody knows."""
        return np.asarray(np.where(np.isnan(self.rate), self.offered, self.rate * self.lasted_s))

    @property
    def rated(self) -> Array:
        """The frames of ten whole seconds at the known rate; those that came, where nobody knows it."""
        return np.asarray(np.where(np.isnan(self.rate), self.offered, self.rate * LOOK_S))

    @property
    def share(self) -> Array:
        """How well each ten seconds were seen, 0-1."""
        enough = np.maximum(WHOLE_SHARE * self.expected, 1e-9)
        return np.asarray(self.lasted_s / LOOK_S * np.minimum(self.seen / enough, 1.0))


@dataclass(frozen=True)
class Sight:
    """What became of the cameras' minutes of a day: arrays (cameras, 1440).

    coverage 0-1 is the mean over the minute's six looks of how well each was seen: whole where at least
    half of the frames that the camera should have offered were looked at or gated, and in proportion
    below; reasons index REASONS; pixels and synthetic say what the looks were of, and looks how many there
    are (0-6); offered are the frames that should have come in these, whole as they are.
    """

    cameras: tuple[str, ...]
    coverage: Array
    reasons: NDArray[np.int8]
    pixels: Flags
    synthetic: Flags
    looks: NDArray[np.int64]
    offered: Array

    @classmethod
    def of(cls, looks: pa.Table, day: date, cameras: Sequence[str], rates: Rates) -> "Sight":
        """Read the looks of a day; `cameras` are those wanted, looked at or not."""
        groups = [cameras[first : first + GROUP] for first in range(0, len(cameras), GROUP)]
        parts = [cls._of_some(looks, day, group, rates) for group in groups or [cameras]]
        names = [field.name for field in fields(cls) if field.name != "cameras"]
        whole = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
        # A camera that was down in a synthetic minute left no look to say so; the others did.
        whole["synthetic"] |= whole["synthetic"].any(axis=0) & ~whole["pixels"].any(axis=0)
        return cls(tuple(cameras), **whole)

    @classmethod
    def _of_some(cls, looks: pa.Table, day: date, cameras: Sequence[str], rates: Rates) -> "Sight":
        looks = looks.filter(pc.is_in(looks["camera_id"], pa.array(cameras, pa.string())))
        rows = {camera: row for row, camera in enumerate(cameras)}
        row = np.array([rows[camera] for camera in looks["camera_id"].to_pylist()], np.int64)
        place = row * DAY_MINUTES * SLOTS + since_midnight(looks["at"], day) // LOOK_S
        slots = Slots.of(looks, place, len(rows), rates)

        def within(where: Flags) -> Flags:
            marks = np.zeros(len(rows) * DAY_MINUTES * SLOTS, np.bool_)
            marks[place[where]] = True
            return np.asarray(marks.reshape(len(rows), DAY_MINUTES, SLOTS).any(axis=2))

        health = np.asarray(looks["health"].to_pylist(), object)
        told = np.asarray(pc.equal(looks["producer"], HISTORY), np.bool_)
        shape = len(rows), DAY_MINUTES, SLOTS
        coverage = slots.share.reshape(shape).mean(axis=2)
        reasons = np.full(coverage.shape, UNSEEN, np.int8)
        reasons[within(health == Health.LIVE.value)] = UNDECODED
        for code, reason in enumerate(REASONS):
            if reason and reason.startswith("unhealthy"):
                reasons[within(health == reason.removeprefix("unhealthy: "))] = code
        reasons[coverage > 0] = SEEN
        sums = (of.reshape(shape).sum(axis=2) for of in (slots.there, slots.rated))
        return cls(tuple(cameras), coverage, reasons, within(~told), within(told), *sums)


def failures(looks: pa.Table, day: date) -> dict[tuple[str, str], Flags]:
    """By camera and analytic, the minutes (1440,) of a day that one which failed could not tell.

    `looks` are of that day, in FAILURE_COLUMNS. A minute is told in the next one: it is lost too where the
    analytic fails at once in that.
    """
    readings = looks["readings"].combine_chunks()
    names, ends = readings.keys, np.asarray(readings.offsets)
    told = np.flatnonzero(pc.starts_with(names, FAILED)) if len(names) else np.empty(0, np.int64)
    told = told[(told >= ends[0]) & (told < ends[-1])]  # a slice has the names of others too
    rows = np.searchsorted(ends, told, "right") - 1
    cameras, minutes = looks["camera_id"].take(pa.array(rows)), since_midnight(looks["at"], day) // 60
    found: dict[tuple[str, str], Flags] = {}
    for camera, name, minute in zip(
        cameras.to_pylist(), names.take(pa.array(told)).to_pylist(), minutes[rows], strict=True
    ):
        lost = found.setdefault((camera, name.removeprefix(FAILED)), np.zeros(DAY_MINUTES, np.bool_))
        lost[max(minute - 1, 0) : minute + 1] = True
    return found


def rates(lake: Lake) -> Rates:
    """How many frames a second each version of each camera of a lake offers."""
    rows = lake.read("cameras", columns=["camera_id", "version", "fps"]).to_pylist()
    return {(row["camera_id"], row["version"]): row["fps"] for row in rows}


def midnight(day: date) -> datetime:
    """When a day of the city begins."""
    return datetime.combine(day, time(), CITY_ZONE)


def since_midnight(instants: pa.ChunkedArray, day: date) -> NDArray[np.int64]:
    """Seconds since a day's local midnight."""
    start = int(midnight(day).timestamp())
    return instants.cast(pa.int64()).to_numpy() // 1_000_000 - start  # type: ignore[no-any-return]


def _rates(looks: pa.Table, rates: Rates) -> Array:
    """By look, the frames a second that should have come; NaN where that is not known, or synthetic."""
    names = ("camera_id", "camera_version", "producer")
    told = zip(*(looks[name].to_pylist() for name in names), strict=True)
    found = [None if who == HISTORY else rates.get((camera, version)) for camera, version, who in told]
    return np.array(found, np.float64)
