"""The vehicles of a synthetic road: when each crosses the counting line, and where it is at any time.

A lane is a moving belt. Its speed is constant within a slot, and every vehicle holds a stretch of belt
of its own, so none drives through another; a jam is a slow belt that is full.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lakehouse.scenes import VEHICLES
from lakehouse.synthetic.chance import Draw, Floats, Ints, normal, uniform
from lakehouse.synthetic.incidents import Rota
from lakehouse.synthetic.layout import REACH_M, RIGHT, Layout
from lakehouse.synthetic.slots import SLOT_S, SLOTS_AN_HOUR, Daily, Rates, arrivals, each
from lakehouse.synthetic.things import Thing, numbers

_MIX = np.cumsum([0.04, 0.60, 0.31, 0.02, 0.03])
_JAM_MIX = np.cumsum([0.0, 0.35, 0.65, 0.0, 0.0])
"""Shares of bicycle, motorcycle, car, bus and truck, summed up; buses and trucks do not fit a jam's pitch."""

_LENGTH_M = np.array([[1.7, 1.8], [1.85, 2.05], [3.8, 4.6], [9.0, 10.5], [6.0, 7.5]])
_WIDTH_M = np.array([0.6, 0.72, 1.75, 2.4, 2.2])
_HEIGHT_M = np.array([1.05, 1.1, 1.5, 3.0, 2.8])
_SWAY_M = np.array([0.7, 0.7, 0.25, 0.0, 0.1])
"""So far from the middle of its lane a vehicle may keep, either way."""

_GAP_M = 2.5
_JAM_PITCH_M = 5.4
_JAM_MS = 0.5
_JAM_COUNT = int(SLOT_S * _JAM_MS / _JAM_PITCH_M)
_MOST_PER_SLOT = 280
_RIDDEN = (0, 1)
_RIDER_HEIGHT_M = 1.62


@dataclass(frozen=True)
class Crossings:
    """The vehicles of one lane, in the order in which they cross the line; all arrays are (n,).

    at is in seconds since 1970; kinds index VEHICLES; lengths and sway are in metres.
    """

    at: Floats
    kinds: Ints
    lengths: Floats
    sway: Floats
    tones: Ints
    ids: Ints

    def things(self, some: slice) -> Iterator[tuple[int, int, float, int]]:
        """Id, kind, length and tone of some of them."""
        columns = (self.ids, self.kinds, self.lengths, self.tones)
        return zip(*(column[some].tolist() for column in columns), strict=True)


class Road:
    """Both lanes of one camera's road; `rates` gives the vehicles that are expected, both lanes together."""

    def __init__(
        self, seed: int, camera: int, layout: Layout, speed_ms: float, rota: Rota, rates: Rates
    ) -> None:
        if layout.road is None:
            raise ValueError(f"camera number {camera} has no road")
        self._keys, self._camera, self._band, self._lanes = (seed, camera), camera, layout.road, layout.lanes
        self._speed_ms, self._rota, self._rates = speed_ms, rota, rates
        self._count = Daily(self._lane_counts)
        self._jams = Daily(lambda _, slots: rota.jammed(camera, slots).astype(np.int64))
        self._belt = lru_cache(maxsize=8)(self._new_belt)

    def counts(self, slots: Ints) -> Ints:
        """How many vehicles cross the line in each slot (n,)."""
        return self._lane_counts(0, slots) + self._lane_counts(1, slots)

    def crossed(self, slots: range) -> Floats:
        """When they cross it in some slots, in seconds since 1970."""
        return np.concatenate([self._crossings(lane, slots).at for lane in range(len(self._lanes))])

    def _lane_counts(self, lane: int, slots: Ints) -> Ints:
        deviates = normal(Draw.COUNT, *self._keys, lane, slots)
        free = arrivals(lambda hours: self._rates(hours) / len(self._lanes), deviates, slots)
        return np.where(self._rota.jammed(self._camera, slots), _JAM_COUNT, np.minimum(free, _MOST_PER_SLOT))

    def speeds(self, lane: int, slots: range) -> Floats:
        """The speed of a lane in m/s in each slot (n,)."""
        share = uniform(Draw.SPEED, *self._keys, lane, np.array(slots) // SLOTS_AN_HOUR)
        return np.where(self._jams(lane, slots), _JAM_MS, self._speed_ms * (0.9 + 0.2 * share))

    def _crossings(self, lane: int, slots: range) -> Crossings:
        slot, number = each(slots, self._count(lane, slots))
        speed, jam = self.speeds(lane, slots)[slot - slots.start], self._jams(lane, slots)[slot - slots.start]
        keys = (*self._keys, lane, slot, number)
        draws = uniform(Draw.LABEL, *keys)
        kinds = np.where(jam, np.searchsorted(_JAM_MIX, draws), np.searchsorted(_MIX, draws)).clip(max=4)
        low, high = _LENGTH_M[kinds].T
        lengths = low + (high - low) * uniform(Draw.LENGTH, *keys)
        apart = _apart(uniform(Draw.TIME, *keys), (lengths + _GAP_M) / speed, slot)
        at = (slot * SLOT_S).astype(np.float64) + np.where(jam, (number + 0.5) * (SLOT_S / _JAM_COUNT), apart)
        sway = _SWAY_M[kinds] * (2 * uniform(Draw.ASIDE, *keys) - 1)
        tones = (65536 * uniform(Draw.TONE, *keys)).astype(np.int64)
        return Crossings(at, kinds, lengths, sway, tones, numbers(slot, lane, number))

    def _new_belt(self, lane: int, slot: int) -> tuple[Crossings, Floats, float]:
        """The vehicles around a slot, how far up the belt each is (n,) as it begins, and the belt's speed."""
        slots = range(slot - 1, slot + 2)
        near, speeds = self._crossings(lane, slots), self.speeds(lane, slots)
        since = near.at - slot * SLOT_S
        stretch = np.where(
            since < 0,
            since * speeds[0],
            np.minimum(since, SLOT_S) * speeds[1] + np.maximum(since - SLOT_S, 0) * speeds[2],
        )
        return near, stretch, float(speeds[1])

    def things(self, at: float) -> Iterator[Thing]:
        """Every vehicle and rider in reach at an instant, in seconds since 1970."""
        slot = int(at // SLOT_S)
        for lane in range(len(self._lanes)):
            near, stretch, speed = self._belt(lane, slot)
            moved = (at - slot * SLOT_S) * speed
            first, last = np.searchsorted(stretch, [moved - REACH_M, moved + REACH_M])
            if last > first:
                some = slice(int(first), int(last))
                yield from self._placed(lane, near, some, moved - stretch[some], speed)

    def _placed(
        self, lane: int, part: Crossings, some: slice, along: Floats, speed: float
    ) -> Iterator[Thing]:
        side = self._lanes[lane]
        places = self._band.point(along * side.direction, side.aside + part.sway[some]).tolist()
        heading = self._band.heading + (0 if side.direction > 0 else 2 * RIGHT)
        for (ident, kind, length, tone), (x, y) in zip(part.things(some), places, strict=True):
            yield from vehicle(ident, kind, (x, y, heading), speed, length, tone)


def vehicle(
    ident: int, kind: int, pose: tuple[float, float, float], speed: float, length: float, tone: int
) -> Iterator[Thing]:
    """A vehicle of a kind (index into VEHICLES) at x, y and heading, and whoever rides on it."""
    width, height = float(_WIDTH_M[kind]), float(_HEIGHT_M[kind])
    yield Thing(ident, VEHICLES[kind], *pose, speed, length, width, height, tone)
    if kind in _RIDDEN:
        yield Thing(ident + 1, "person", *pose, speed, 0.5, 0.5, _RIDER_HEIGHT_M, tone, ident)


def _apart(shares: Floats, room: Floats, slot: Ints) -> Floats:
    """Random seconds into their slots (n,), rising within each, that leave every vehicle its `room`.

    The free time of a slot is split at random points, and each vehicle's own time is put in between.
    """
    begins = np.flatnonzero(np.diff(slot, prepend=-1))
    group = np.cumsum(np.diff(slot, prepend=slot[:1]) != 0)
    total = np.add.reduceat(room, begins) if len(begins) else room
    before = np.cumsum(room) - (np.cumsum(total) - total)[group]
    free = np.maximum(SLOT_S - total, 0.0)[group]
    apart: Floats = shares[np.lexsort((shares, slot))] * free + before - room / 2
    return apart
