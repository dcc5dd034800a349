"""Crowds that stand together before a synthetic camera, from an exact start to an exact end."""

import math
from dataclasses import dataclass

import numpy as np

from lakehouse.synthetic.chance import Draw, Floats, uniform
from lakehouse.synthetic.incidents import Rota
from lakehouse.synthetic.layout import Layout
from lakehouse.synthetic.slots import HOUR_S
from lakehouse.synthetic.things import numbers
from lakehouse.synthetic.walks import Walks

_FEWEST, _MOST = 20, 35
_DENSEST_M2 = 0.45
"""People a square metre, so that a small pavement gathers fewer."""

_SPACING_M = (1.3, 1.35)
_PACE_MS = 1.3
_STREAM = 6
"""After the lanes and the streams of walkers."""


@dataclass(frozen=True)
class Gathering:
    """`people` who stand in the zone from start to end, in seconds since 1970."""

    start: float
    end: float
    number: int
    people: int


class Gatherings:
    """The crowds of one camera."""

    def __init__(self, seed: int, camera: int, layout: Layout, rota: Rota) -> None:
        self._keys, self._camera, self._layout, self._rota = (seed, camera), camera, layout, rota
        self._half = layout.walk.half_length

    def between(self, start: float, stop: float) -> list[Gathering]:
        """Each that touches [start, stop)."""
        (camera, begin, end), relay = self._rota.gatherings(start, stop)
        most = min(_MOST, self._layout.walk.area_m2 * _DENSEST_M2)
        size = _FEWEST + (most + 1 - _FEWEST) * uniform(Draw.GATHERING_SIZE, self._keys[0], relay)
        here = camera == self._camera
        rows = zip(*(column[here].tolist() for column in (begin, end, relay, size)), strict=True)
        return [Gathering(first, last, number, int(people)) for first, last, number, people in rows]

    def hours(self, first: int, count: int) -> Floats:
        """How many more people a gathering brings to each hour's mean, for `count` hours from `first`."""
        more = np.zeros(count + 1)
        for crowd in self.between(first * HOUR_S, (first + count) * HOUR_S):
            walk = self._half / _PACE_MS
            begin, end = (
                crowd.start / HOUR_S - first - walk / HOUR_S,
                crowd.end / HOUR_S - first + walk / HOUR_S,
            )
            for hour in {math.floor(begin), math.floor(end)}:
                if 0 <= hour < count:
                    more[hour] += crowd.people * (min(end, hour + 1) - max(begin, hour))
        return more[:-1]

    def walks(self, start: float, stop: float) -> list[Walks]:
        """Each walks to a spot, stands there from start to end, and walks on."""
        return [self._walk(crowd) for crowd in self.between(start, stop)]

    def _walk(self, crowd: Gathering) -> Walks:
        along, aside = self._spots(crowd)
        # At a gate they come out and go home: nobody who gathers is a visit.
        direction = np.where((along < 0) & (self._layout.entrance is None), 1.0, -1.0)
        enters = crowd.start - (along * direction + self._half) / _PACE_MS
        each = np.ones(crowd.people)
        ids = numbers(crowd.number, _STREAM, np.arange(crowd.people))
        return Walks(ids, direction, _PACE_MS * each, aside, along, (crowd.end - crowd.start) * each, enters)

    def _spots(self, crowd: Gathering) -> tuple[Floats, Floats]:
        """Places to stand (n,) along and aside, apart from one another and in staggered rows."""
        wide, deep = self._half - 0.8, self._layout.walk.half_width - 0.5
        rows = max(2, math.floor(2 * deep / _SPACING_M[1]) + 1)
        columns = max(math.floor(2 * wide / _SPACING_M[0]), math.ceil(_MOST / rows))
        row, column = np.divmod(np.arange(rows * columns), columns)
        along = wide * (2 * (column + 0.25 + 0.5 * (row % 2)) / columns - 1)
        aside = deep * (2 * row / (rows - 1) - 1)
        draws = uniform(Draw.SPOT, *self._keys, crowd.number, np.arange(rows * columns))
        some = np.argsort(draws)[: crowd.people]
        return along[some], aside[some]
