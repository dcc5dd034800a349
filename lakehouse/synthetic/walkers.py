"""The people of a synthetic site: when each comes, where they stop, and when they cross the entrance."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lakehouse.synthetic.chance import Draw, normal, poisson, uniform
from lakehouse.synthetic.incidents import SLOT_S, Rota
from lakehouse.synthetic.layout import Layout
from lakehouse.synthetic.things import Thing, numbers
from lakehouse.synthetic.weather import HOUR_S

ONWARD, BACK, _GATHERED = 0, 1, 2
"""The two streams of people, and those who gather; where there is an entrance, onward is in."""

_STREAMS = 4
"""Streams of people are numbered after the lanes of vehicles."""

_PACE_MS = (0.9, 1.4)
_LINGER_SHARE = 0.4
_LONGEST_STOP_S = 600.0
_SLOTS_BACK, _SLOTS_AHEAD = 2, 2
_FEWEST, _MOST = 20, 35
_DENSEST_M2 = 0.45
_SPACING_M = (1.3, 1.35)


@dataclass(frozen=True)
class Walks:
    """People on their way, all arrays (n,): each walks along the site's band and may stop once.

    direction +1 or -1; pace m/s; aside metres; stop_at metres along the band, stop_s seconds; `enters`
    is when they come into the zone, in seconds since 1970.
    """

    ids: NDArray[np.int64]
    direction: NDArray[np.float64]
    pace: NDArray[np.float64]
    aside: NDArray[np.float64]
    stop_at: NDArray[np.float64]
    stop_s: NDArray[np.float64]
    enters: NDArray[np.float64]

    def __getitem__(self, some: NDArray[np.bool_]) -> "Walks":
        return Walks(*(getattr(self, name)[some] for name in self.__dataclass_fields__))

    @classmethod
    def joined(cls, parts: list["Walks"]) -> "Walks":
        """All of them in one."""
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in cls.__dataclass_fields__))

    def leaves(self, half_m: float) -> NDArray[np.float64]:
        """When they leave the zone, which reaches `half_m` either way."""
        return self.enters + 2 * half_m / self.pace + self.stop_s

    def passes(self, at_m: float, half_m: float) -> NDArray[np.float64]:
        """When they are at `at_m` along the band, outside the zone."""
        travelled = at_m * self.direction + half_m
        return self.enters + travelled / self.pace + np.where(travelled > half_m, self.stop_s, 0.0)

    def along(self, at: float, half_m: float) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Metres along the band at an instant, and who is standing."""
        since = at - self.enters
        reach = (self.stop_at * self.direction + half_m) / self.pace
        waiting = (since > reach) & (since < reach + self.stop_s)
        walked = np.where(since > reach, np.maximum(since - self.stop_s, reach), since)
        return self.direction * (walked * self.pace - half_m), waiting


class Crowd:
    """The people of one camera; `rates` gives how many of a stream are expected in each hour (n,)."""

    def __init__(
        self,
        seed: int,
        camera: int,
        layout: Layout,
        linger_s: float,
        rota: Rota,
        rates: Callable[[NDArray[np.int64]], NDArray[np.float64]],
    ) -> None:
        self._keys, self._camera, self._layout = (seed, camera), camera, layout
        self._linger_s, self._rota, self._rates = linger_s, rota, rates
        self._half = layout.walk.half_length
        self.around = lru_cache(maxsize=8)(self._around)
        self._arrivals = lru_cache(maxsize=32)(self._new_arrivals)

    def counts(self, stream: int, slots: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many of a stream come in each slot (n,): at the entrance, or else into the zone."""
        hours, place = np.unique(slots * SLOT_S // HOUR_S, return_inverse=True)
        mean = self._rates(hours)[place] * (SLOT_S / HOUR_S)
        return poisson(normal(Draw.COUNT, *self._keys, _STREAMS + stream, slots), mean)

    @property
    def stay_s(self) -> float:
        """How long a person is expected to be in the zone."""
        return stay_s(self._half, self._linger_s)

    def visits(self, slot: int) -> NDArray[np.float64]:
        """When each visitor of a slot crosses the entrance inwards, in seconds since 1970."""
        walks = self._arrivals(ONWARD, slot)
        return np.sort(walks.passes(self._layout.entrance_at_m, self._half))

    def _new_arrivals(self, stream: int, slot: int) -> Walks:
        count = int(self.counts(stream, np.array([slot]))[0])
        keys = (*self._keys, _STREAMS + stream, slot, np.arange(count))
        pace = _PACE_MS[0] + (_PACE_MS[1] - _PACE_MS[0]) * uniform(Draw.PACE, *keys)
        lingers = uniform(Draw.LINGERS, *keys) < _LINGER_SHARE
        stop_s = np.minimum(-self._linger_s * np.log(uniform(Draw.STOP_S, *keys)), _LONGEST_STOP_S) * lingers
        walks = Walks(
            ids=numbers(slot, _STREAMS + stream, np.arange(count)),
            direction=np.full(count, 1.0 if stream == ONWARD else -1.0),
            pace=pace,
            aside=(self._layout.walk.half_width - 0.6) * (2 * uniform(Draw.ASIDE, *keys) - 1),
            stop_at=0.85 * self._half * (2 * uniform(Draw.STOP_AT, *keys) - 1),
            stop_s=stop_s,
            enters=np.zeros(count),
        )
        reference = walks.passes(self._layout.entrance_at_m, self._half) if self._counted(stream) else 0.0
        return _entering(walks, (slot + uniform(Draw.TIME, *keys)) * SLOT_S - reference)

    def _counted(self, stream: int) -> bool:
        return self._layout.entrance is not None and stream == ONWARD

    def _around(self, slot: int) -> Walks:
        """Everybody who may be in sight during a slot."""
        near = range(slot - _SLOTS_BACK, slot + _SLOTS_AHEAD + 1)
        parts = [self._arrivals(stream, number) for stream in (ONWARD, BACK) for number in near]
        walks = Walks.joined([*parts, *self._gathered(slot)])
        first, last = self._in_sight(walks)
        return walks[(first < (slot + 1) * SLOT_S) & (last > slot * SLOT_S)]

    def _in_sight(self, walks: Walks) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        low, high = self._layout.walk_ends
        onward = walks.direction > 0
        first, last = np.where(onward, low, high), np.where(onward, high, low)
        return walks.passes(first, self._half), walks.passes(last, self._half)

    def gatherings(self, start: float, stop: float) -> list[tuple[float, float, int, int]]:
        """Start, end, slot and number of people of each crowding here that touches [start, stop)."""
        (camera, begin, end), relay = self._rota.gatherings(start, stop)
        most = min(_MOST, self._layout.walk.area_m2 * _DENSEST_M2)
        size = _FEWEST + (most + 1 - _FEWEST) * uniform(Draw.GATHERING_SIZE, self._keys[0], relay)
        here = camera == self._camera
        rows = zip(begin[here], end[here], relay[here], size[here], strict=True)
        return [(float(a), float(b), int(n), int(people)) for a, b, n, people in rows]

    def _gathered(self, slot: int) -> Iterator[Walks]:
        """Those who stand together: each walks to a spot, is there from start to end, and walks on."""
        for begin, end, relay, people in self.gatherings((slot - 1) * SLOT_S, (slot + 2) * SLOT_S):
            number = np.arange(people)
            pace = np.full(people, 1.3)
            along, aside = self._spots(relay, people)
            direction = np.where(along < 0, 1.0, -1.0)
            arrive = begin - (along * direction + self._half) / pace
            ids = numbers(relay, _STREAMS + _GATHERED, number)
            yield Walks(ids, direction, pace, aside, along, np.full(people, end - begin), arrive)

    def _spots(self, relay: int, people: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Places to stand (n,) along and aside, apart from one another and in staggered rows."""
        wide, deep = self._half - 0.8, self._layout.walk.half_width - 0.5
        rows = max(2, math.floor(2 * deep / _SPACING_M[1]) + 1)
        columns = max(math.floor(2 * wide / _SPACING_M[0]), math.ceil(_MOST / rows))
        row, column = np.divmod(np.arange(rows * columns), columns)
        stagger = 0.5 * (row % 2) / columns
        along = wide * (2 * ((column + 0.25) / columns + stagger) - 1)
        aside = deep * (2 * row / (rows - 1) - 1)
        some = np.argsort(uniform(Draw.SPOT, *self._keys, relay, np.arange(rows * columns)))[:people]
        return along[some], aside[some]

    def present(self, start: float, stop: float) -> Walks:
        """Everybody in the zone at some time in [start, stop), each once."""
        slots = range(int(start // SLOT_S), int(-(-stop // SLOT_S)))
        walks = Walks.joined([self.around(slot) for slot in slots])
        _, once = np.unique(walks.ids, return_index=True)
        mask = np.zeros(len(walks.ids), bool)
        mask[once] = True
        return walks[mask]

    def things(self, at: float) -> Iterator[Thing]:
        """Every person in sight at an instant, in seconds since 1970."""
        everybody = self.around(int(at // SLOT_S))
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


def _entering(walks: Walks, enters: NDArray[np.float64]) -> Walks:
    return Walks(walks.ids, walks.direction, walks.pace, walks.aside, walks.stop_at, walks.stop_s, enters)
