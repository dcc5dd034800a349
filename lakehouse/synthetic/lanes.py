"""The vehicles of a synthetic road: when each crosses the counting line, and where it is at any time.

A lane is a moving belt. Its speed is constant within a slot of ten minutes, and every vehicle holds a
stretch of belt of its own, so none drives through another; a jam is a slow belt that is full.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lakehouse.scenes import VEHICLES
from lakehouse.synthetic.chance import Draw, normal, poisson, uniform
from lakehouse.synthetic.incidents import SLOT_S, Rota
from lakehouse.synthetic.layout import REACH_M, RIGHT, Layout
from lakehouse.synthetic.things import Thing, numbers
from lakehouse.synthetic.weather import HOUR_S

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
_MOST_PER_SLOT = 280
_RIDDEN = (0, 1)
_RIDER_HEIGHT_M = 1.62


@dataclass(frozen=True)
class Crossings:
    """The vehicles of one lane in one slot, in the order in which they cross the line.

    at (n,) seconds since 1970; kinds (n,) index into VEHICLES; lengths and sway (n,) metres; tones and
    ids (n,); `speed_ms` is the belt's.
    """

    at: NDArray[np.float64]
    kinds: NDArray[np.int64]
    lengths: NDArray[np.float64]
    sway: NDArray[np.float64]
    tones: NDArray[np.int64]
    ids: NDArray[np.int64]
    speed_ms: float


class Road:
    """Both lanes of one camera's road; `rates` gives the expected vehicles of each hour since 1970 (n,)."""

    def __init__(
        self,
        seed: int,
        camera: int,
        layout: Layout,
        speed_ms: float,
        rota: Rota,
        rates: Callable[[NDArray[np.int64]], NDArray[np.float64]],
    ) -> None:
        if layout.road is None:
            raise ValueError(f"camera number {camera} has no road")
        self._keys, self._camera, self._band, self._lanes = (seed, camera), camera, layout.road, layout.lanes
        self._speed_ms, self._rota, self._rates = speed_ms, rota, rates
        self.crossings = lru_cache(maxsize=32)(self._crossings)
        self.speed = lru_cache(maxsize=64)(self._speed)
        self._belt = lru_cache(maxsize=8)(self._new_belt)

    def counts(self, lane: int, slots: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many vehicles cross in each slot (n,)."""
        hours, place = np.unique(slots * SLOT_S // HOUR_S, return_inverse=True)
        mean = self._rates(hours)[place] * (SLOT_S / HOUR_S) / len(self._lanes)
        free = poisson(normal(Draw.COUNT, *self._keys, lane, slots), mean)
        return np.where(self._rota.jammed(self._camera, slots), _JAM_COUNT, np.minimum(free, _MOST_PER_SLOT))

    def _speed(self, lane: int, slot: int) -> float:
        """The belt's speed in m/s."""
        if self._rota.jammed(self._camera, np.array([slot]))[0]:
            return _JAM_MS
        hour = slot * SLOT_S // HOUR_S
        return self._speed_ms * (0.9 + 0.2 * float(uniform(Draw.SPEED, *self._keys, lane, hour)))

    def _crossings(self, lane: int, slot: int) -> Crossings:
        count, speed = int(self.counts(lane, np.array([slot]))[0]), self.speed(lane, slot)
        keys = (*self._keys, lane, slot, np.arange(count))
        jam = speed == _JAM_MS
        kinds = np.searchsorted(_JAM_MIX if jam else _MIX, uniform(Draw.LABEL, *keys)).clip(max=4)
        low, high = _LENGTH_M[kinds].T
        lengths = low + (high - low) * uniform(Draw.LENGTH, *keys)
        at = slot * SLOT_S + (_evenly(count) if jam else _apart(uniform(Draw.TIME, *keys), lengths, speed))
        sway = _SWAY_M[kinds] * (2 * uniform(Draw.ASIDE, *keys) - 1)
        tones = (65536 * uniform(Draw.TONE, *keys)).astype(np.int64)
        return Crossings(at, kinds, lengths, sway, tones, numbers(slot, lane, np.arange(count)), speed)

    def things(self, at: float) -> Iterator[Thing]:
        """Every vehicle and rider in reach at an instant, in seconds since 1970."""
        slot = int(at // SLOT_S)
        for lane in range(len(self._lanes)):
            belts = self._belt(lane, slot)
            moved = (at - slot * SLOT_S) * self.speed(lane, slot)
            for part, stretch in belts:
                first, last = np.searchsorted(stretch, [moved - REACH_M, moved + REACH_M])
                for index in range(int(first), int(last)):
                    yield from self._thing(lane, part, index, moved - stretch[index], slot)

    def _new_belt(self, lane: int, slot: int) -> list[tuple[Crossings, NDArray[np.float64]]]:
        """The slots around, and where on the belt (n,) their vehicles are: metres since the slot began."""
        before, now, after = (self.crossings(lane, number) for number in (slot - 1, slot, slot + 1))
        start = slot * SLOT_S
        return [
            (before, (before.at - start) * before.speed_ms),
            (now, (now.at - start) * now.speed_ms),
            (after, SLOT_S * now.speed_ms + (after.at - start - SLOT_S) * after.speed_ms),
        ]

    def _thing(self, lane: int, part: Crossings, index: int, along: float, slot: int) -> Iterator[Thing]:
        side, kind = self._lanes[lane], int(part.kinds[index])
        place = self._band.point(along * side.direction, side.aside + part.sway[index])[0]
        heading = self._band.heading + (0 if side.direction > 0 else 2 * RIGHT)
        ident, tone = int(part.ids[index]), int(part.tones[index])
        x, y, speed = float(place[0]), float(place[1]), self.speed(lane, slot)
        yield Thing(
            ident, VEHICLES[kind], x, y, heading, speed,
            float(part.lengths[index]), float(_WIDTH_M[kind]), float(_HEIGHT_M[kind]), tone,
        )  # fmt: skip
        if kind in _RIDDEN:
            yield Thing(ident + 1, "person", x, y, heading, speed, 0.5, 0.5, _RIDER_HEIGHT_M, tone, ident)


def _evenly(count: int) -> NDArray[np.float64]:
    """Seconds into the slot at which a full, slow belt brings its vehicles."""
    return (np.arange(count) + 0.5) * (SLOT_S / _JAM_COUNT)


_JAM_COUNT = int(SLOT_S * _JAM_MS / _JAM_PITCH_M)


def _apart(shares: NDArray[np.float64], lengths: NDArray[np.float64], speed: float) -> NDArray[np.float64]:
    """Random seconds into the slot (n,), rising, that leave each vehicle its length and a gap."""
    room = (lengths + _GAP_M) / speed
    free = max(SLOT_S - float(room.sum()), 0.0)
    return np.sort(shares) * free + np.cumsum(room) - room / 2
