"""What does not keep to a lane: a car left at the kerb, and a group that races."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from lakehouse.scenes import VEHICLES
from lakehouse.synthetic.chance import Draw, Floats, uniform
from lakehouse.synthetic.incidents import PARKING, RACING
from lakehouse.synthetic.lanes import vehicle
from lakehouse.synthetic.layout import REACH_M, RIGHT, Layout
from lakehouse.synthetic.slots import SLOT_S
from lakehouse.synthetic.things import Thing, numbers

_CAR, _MOTORCYCLE = VEHICLES.index("car"), VEHICLES.index("motorcycle")
_PARKED, _RACING = 2, 3
"""Streams of ids, after the two lanes."""

_RACE_MS = 18.0
_RIDERS = 4
_APART_S = 0.6
_LAP_S = 60.0


class Roadside:
    """The kerb of one camera's road, and its middle line, where those who race pass between the lanes."""

    def __init__(self, seed: int, camera: int, layout: Layout, *, raced: bool) -> None:
        if layout.road is None or layout.kerb is None:
            raise ValueError(f"camera number {camera} has no road with a kerb")
        self._seed, self._camera, self._raced = seed, camera, raced
        self._road, self._kerb = layout.road, layout.kerb
        self._spans = lru_cache(maxsize=8)(self._new_spans)

    def _new_spans(self, slot: int) -> tuple[list[tuple[float, float]], Floats]:
        start, stop = slot * SLOT_S, (slot + 1) * SLOT_S
        parked = PARKING.spans(self._seed, self._camera, start, stop)
        return parked, self.raced(start - 10, stop + 10)

    def raced(self, start: float, stop: float) -> Floats:
        """When those who race cross the line in [start, stop), in seconds since 1970."""
        spans = RACING.spans(self._seed, self._camera, start, stop) if self._raced else []
        laps = [np.arange(first + _LAP_S / 2, last - _LAP_S / 2, _LAP_S) for first, last in spans]
        group = _APART_S * np.arange(_RIDERS)
        at: Floats = (np.concatenate([np.zeros(0), *laps])[:, None] + group).ravel()
        return at[(at >= start) & (at < stop)]

    def things(self, at: float) -> Iterator[Thing]:
        """Who is parked, and who races past, at an instant in seconds since 1970."""
        parked, raced = self._spans(int(at // SLOT_S))
        for first, last in parked:
            if first <= at < last:
                yield from self._left(int(first))
        for crosses in raced[np.abs(at - raced) * _RACE_MS < REACH_M].tolist():
            yield from self._racer(crosses, (at - crosses) * _RACE_MS)

    def _left(self, since: int) -> Iterator[Thing]:
        share = float(uniform(Draw.ASIDE, self._seed, self._camera, _PARKED, since))
        ((x, y),) = self._kerb.point(16 * share - 8, 0.0).tolist()
        ident = int(numbers(since // SLOT_S, _PARKED, np.zeros(1, np.int64))[0])
        yield from vehicle(ident, _CAR, (x, y, self._kerb.heading + 2 * RIGHT), 0.0, 4.2, since % 65536)

    def _racer(self, crosses: float, along: float) -> Iterator[Thing]:
        ((x, y),) = self._road.point(along, 0.0).tolist()
        tenth = np.array([int(crosses % SLOT_S * 2)])
        ident = int(numbers(int(crosses // SLOT_S), _RACING, tenth)[0])
        yield from vehicle(ident, _MOTORCYCLE, (x, y, self._road.heading), _RACE_MS, 2.0, ident % 65536)
