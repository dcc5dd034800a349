"""The people of a synthetic site: when each comes, where they stop, and when they cross the entrance."""

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import numpy as np

from lakehouse.synthetic.chance import Draw, Floats, Ints, normal, uniform
from lakehouse.synthetic.gatherings import Gatherings
from lakehouse.synthetic.incidents import Rota
from lakehouse.synthetic.layout import Layout
from lakehouse.synthetic.slots import HOUR_S, SLOT_S, SLOTS_AN_HOUR, Daily, Rates, arrivals, covering, each
from lakehouse.synthetic.things import Thing, numbers
from lakehouse.synthetic.walks import Walks

ONWARD, BACK = 4, 5
"""The two streams of people, numbered after the lanes; where there is an entrance, onward is in."""

_PACE_MS = (0.9, 1.4)
_LINGER_SHARE = 0.4
_LONGEST_STOP_S = 600.0
_SLOTS_AROUND = 2
"""Nobody is in sight for longer than this many slots before or after the one they are drawn in."""


class Crowd:
    """The people of one camera; `rates` gives how many of each stream are expected in an hour."""

    def __init__(
        self, seed: int, camera: int, layout: Layout, linger_s: float, rota: Rota, rates: Rates
    ) -> None:
        self._keys, self._layout, self._linger_s, self._rates = (seed, camera), layout, linger_s, rates
        self._half = layout.walk.half_length
        self._gatherings = Gatherings(seed, camera, layout, rota)
        self._count = Daily(self.counts)
        self._around = lru_cache(maxsize=8)(self._new_around)

    def counts(self, stream: int, slots: Ints) -> Ints:
        """How many of a stream come in each slot (n,): in through the entrance, or else into the zone."""
        return arrivals(self._rates, normal(Draw.COUNT, *self._keys, stream, slots), slots)

    def visits(self, slots: range) -> Floats:
        """When each visitor of some slots crosses the entrance inwards, in seconds since 1970."""
        return self._arrivals(ONWARD, slots).passes(self._layout.entrance_at_m, self._half)

    def hours(self, first: int, count: int) -> Floats:
        """The expected mean number of people in the zone, given who comes, in `count` hours from `first`."""
        slots = np.arange(first * SLOTS_AN_HOUR, (first + count) * SLOTS_AN_HOUR)
        came = (self.counts(ONWARD, slots) + self.counts(BACK, slots)).reshape(-1, SLOTS_AN_HOUR).sum(axis=1)
        usual: Floats = came * stay_s(self._half, self._linger_s) / HOUR_S
        return usual + self._gatherings.hours(first, count)

    def present(self, start: float, stop: float) -> tuple[Floats, Floats]:
        """When everybody who is in the zone at some time in [start, stop) enters and leaves it (n,)."""
        walks = self._near(covering(start, stop))
        return walks.enters, walks.leaves(self._half)

    def _near(self, slots: range) -> Walks:
        """Everybody who can be in sight during some slots, and others."""
        near = range(slots.start - _SLOTS_AROUND, slots.stop + _SLOTS_AROUND)
        gathered = self._gatherings.walks((slots.start - 1) * SLOT_S, (slots.stop + 1) * SLOT_S)
        return Walks.joined([self._arrivals(ONWARD, near), self._arrivals(BACK, near), *gathered])

    def _arrivals(self, stream: int, slots: range) -> Walks:
        slot, number = each(slots, self._count(stream, slots))
        keys = (*self._keys, stream, slot, number)
        walks = Walks(
            ids=numbers(slot, stream, number),
            direction=np.full(len(slot), 1.0 if stream == ONWARD else -1.0),
            pace=_PACE_MS[0] + (_PACE_MS[1] - _PACE_MS[0]) * uniform(Draw.PACE, *keys),
            aside=(self._layout.walk.half_width - 0.6) * (2 * uniform(Draw.ASIDE, *keys) - 1),
            stop_at=0.85 * self._half * (2 * uniform(Draw.STOP_AT, *keys) - 1),
            stop_s=self._stops(*keys),
            enters=(slot + uniform(Draw.TIME, *keys)) * SLOT_S,
        )
        return self._on_time(walks) if stream == ONWARD and self._layout.entrance is not None else walks

    def _stops(self, *keys: int | Ints) -> Floats:
        lingers = uniform(Draw.LINGERS, *keys) < _LINGER_SHARE
        seconds = -self._linger_s * np.log(uniform(Draw.STOP_S, *keys))
        return np.where(lingers, np.minimum(seconds, _LONGEST_STOP_S), 0.0)

    def _on_time(self, walks: Walks) -> Walks:
        """The same people so early that they cross the entrance when they would have entered the zone."""
        early = 2 * walks.enters - walks.passes(self._layout.entrance_at_m, self._half)
        return replace(walks, enters=early)

    def _new_around(self, slot: int) -> Walks:
        """Everybody who is in sight at some time in a slot."""
        walks = self._near(range(slot, slot + 1))
        low, high = self._layout.walk_ends
        onward = walks.direction > 0
        first = walks.passes(np.where(onward, low, high), self._half)
        last = walks.passes(np.where(onward, high, low), self._half)
        return walks[(first < (slot + 1) * SLOT_S) & (last > slot * SLOT_S)]

    def things(self, at: float) -> Iterator[Thing]:
        """Every person in sight at an instant, in seconds since 1970."""
        everybody = self._around(int(at // SLOT_S))
        along, _ = everybody.along(at, self._half)
        low, high = self._layout.walk_ends
        walks = everybody[(along > low) & (along < high)]
        along, standing = walks.along(at, self._half)
        places = self._layout.walk.point(along, walks.aside)
        headings = self._layout.walk.heading + np.where(walks.direction > 0, 0.0, math.pi)
        tones = 65536 * uniform(Draw.TONE, *self._keys, walks.ids)
        heights = 1.55 + 0.25 * uniform(Draw.HEIGHT, *self._keys, walks.ids)
        columns = (walks.ids, places, headings, np.where(standing, 0.0, walks.pace), heights, tones)
        for ident, (x, y), heading, pace, height, tone in zip(*(c.tolist() for c in columns), strict=True):
            yield Thing(ident, "person", x, y, heading, pace, 0.4, 0.55, height, int(tone))


def stay_s(half_m: float, linger_s: float) -> float:
    """The expected seconds in a zone of twice `half_m`: the walk, and the stop of those who linger."""
    low, high = _PACE_MS
    walk = 2 * half_m * math.log(high / low) / (high - low)
    return walk + _LINGER_SHARE * linger_s * (1 - math.exp(-_LONGEST_STOP_S / linger_s))
