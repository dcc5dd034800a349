"""One place of the synthetic city with everything that moves on it, in seconds since 1970."""

from collections.abc import Iterator

import numpy as np

from lakehouse.synthetic.chance import Floats, Ints
from lakehouse.synthetic.incidents import RACED, Rota
from lakehouse.synthetic.lanes import Road
from lakehouse.synthetic.places import Place
from lakehouse.synthetic.rhythm import Rhythm
from lakehouse.synthetic.roadside import Roadside
from lakehouse.synthetic.slots import HOUR_S, SLOT_S, SLOTS_AN_HOUR, covering
from lakehouse.synthetic.things import Thing
from lakehouse.synthetic.walkers import ONWARD, Crowd
from lakehouse.synthetic.weather import Weather

PEOPLE, FLOW, VISITS = "crowd.people", "traffic.flow", "tourism.visits"


class Site:
    """A place, its people, and its road where it has one."""

    def __init__(self, seed: int, number: int, place: Place, rota: Rota, weather: Weather) -> None:
        self.number, self.place = number, place
        rhythm, layout = Rhythm(seed, number, place, weather), place.layout
        self._crowd = Crowd(seed, number, layout, place.seconds, rota, rhythm.walkers)
        self._road: Road | None = None
        self._roadside: Roadside | None = None
        if layout.road is not None:
            self._road = Road(seed, number, layout, place.speed_ms, rota, rhythm.vehicles)
            self._roadside = Roadside(seed, number, layout, raced=place.camera_id in RACED)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds whose truth is to be seen here."""
        flow = () if self._road is None else (FLOW,)
        visits = () if self.place.layout.entrance is None else (VISITS,)
        return (PEOPLE, *flow, *visits)

    def zone_id(self, kind: str) -> str:
        """The zone that a kind is read in."""
        return {PEOPLE: "people", FLOW: "flow", VISITS: "entrance"}[kind]

    def things(self, at: float) -> Iterator[Thing]:
        """What stands here at an instant."""
        yield from self._crowd.things(at)
        for part in (self._road, self._roadside):
            if part is not None:
                yield from part.things(at)

    def minutes(self, kind: str, edges: Floats) -> Floats:
        """The truth between each two of the rising `edges` (n + 1,), a minute apart: (n,)."""
        if kind == PEOPLE:
            enters, leaves = self._crowd.present(float(edges[0]), float(edges[-1]))
            return np.diff(_elapsed(enters, edges) - _elapsed(leaves, edges)) / np.diff(edges)
        crossed = np.sort(self._crossed(kind, covering(float(edges[0]), float(edges[-1]))))
        return np.diff(np.searchsorted(crossed, edges)).astype(np.float64)

    def _crossed(self, kind: str, slots: range) -> Floats:
        if kind == VISITS:
            return self._crowd.visits(slots)
        if self._road is None or self._roadside is None:
            return np.zeros(0)
        raced = self._roadside.raced(slots.start * SLOT_S, slots.stop * SLOT_S)
        return np.concatenate([self._road.crossed(slots), raced])

    def hours(self, kind: str, first: int, count: int) -> Floats:
        """The truth of `count` hours from `first`, which counts hours since 1970: (n,)."""
        if kind == PEOPLE:
            return self._crowd.hours(first, count)
        slots = np.arange(first * SLOTS_AN_HOUR, (first + count) * SLOTS_AN_HOUR)
        if kind == VISITS:
            return _by_hour(self._crowd.counts(ONWARD, slots))
        if self._road is None or self._roadside is None:
            return np.zeros(count)
        raced = self._roadside.raced(first * HOUR_S, (first + count) * HOUR_S)
        racers = np.bincount((raced // HOUR_S - first).astype(np.int64), minlength=count)
        return _by_hour(self._road.counts(slots)) + racers


def _by_hour(counts: Ints) -> Floats:
    by_hour: Floats = counts.reshape(-1, SLOTS_AN_HOUR).sum(axis=1).astype(np.float64)
    return by_hour


def _elapsed(times: Floats, edges: Floats) -> Floats:
    """At each edge, the seconds since each of `times`, summed over those that are past."""
    times = np.sort(times) - edges[0]
    passed = np.searchsorted(times, edges - edges[0])
    elapsed: Floats = passed * (edges - edges[0]) - np.concatenate([[0.0], np.cumsum(times)])[passed]
    return elapsed
