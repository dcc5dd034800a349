"""A city whose truth is known: its cameras, and what happens before each of them at any time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lakehouse.areas import Areas, semarang
from lakehouse.cameras import Camera
from lakehouse.problem import UnknownCamera, UnknownKind
from lakehouse.synthetic.incidents import SLOT_S, Rota
from lakehouse.synthetic.lanes import Road
from lakehouse.synthetic.layout import HEIGHT_PX, WIDTH_PX, Layout
from lakehouse.synthetic.places import PLACES, Place
from lakehouse.synthetic.rhythm import Rhythm
from lakehouse.synthetic.things import Moment, Thing
from lakehouse.synthetic.walkers import Crowd
from lakehouse.synthetic.weather import Weather, daylight

PEOPLE, FLOW, VISITS = "crowd.people", "traffic.flow", "tourism.visits"
FOUNDED = datetime(2025, 1, 1, tzinfo=UTC)
"""The synthetic cameras have hung since then."""

_MEETING_PEOPLE = 7.0
"""Crowds gather more often where so many people are usual."""


@dataclass(frozen=True)
class Site:
    """A place with everything that moves on it."""

    place: Place
    crowd: Crowd
    road: Road | None


class City:
    """The synthetic city of one seed. The same seed gives the same truth, whoever asks and however."""

    def __init__(self, seed: int = 7) -> None:
        self.seed = seed
        self.weather = Weather(seed)
        roads = [number for number, place in enumerate(PLACES) if place.layout.road is not None]
        meetings = [number for number, place in enumerate(PLACES) if place.people >= _MEETING_PEOPLE]
        self._rota = Rota(seed, len(PLACES), roads, meetings)
        self._sites = {place.camera_id: self._site(number, place) for number, place in enumerate(PLACES)}

    def _site(self, number: int, place: Place) -> Site:
        rhythm = Rhythm(self.seed, number, place, self.weather)
        keys = (self.seed, number, place.layout)
        crowd = Crowd(*keys, place.seconds, self._rota, rhythm.walkers)
        if place.layout.road is None:
            return Site(place, crowd, None)
        return Site(place, crowd, Road(*keys, place.speed_ms, self._rota, rhythm.vehicles))

    @cached_property
    def areas(self) -> Areas:
        """The city's areas, without its cameras."""
        return semarang()

    @cached_property
    def cameras(self) -> dict[str, Camera]:
        """The 24 cameras by id."""
        return {site.place.camera_id: self._camera(site.place) for site in self._sites.values()}

    def _camera(self, place: Place) -> Camera:
        area = self.areas[place.area_id]
        return Camera(
            camera_id=place.camera_id, valid_from=FOUNDED, name=place.name, owner=place.owner,
            site=place.site, area_id=place.area_id, lat=area.lat, lon=area.lon,
            source=f"synthetic:{self.seed}", width=WIDTH_PX, height=HEIGHT_PX, fps=2.0,
            zones=place.layout.zones(place.capacity), calibration=place.layout.calibration,
            limit_kmh=None if place.layout.road is None else 30 if place.site == "neighbourhood" else 50,
        )  # fmt: skip

    def _of(self, camera_id: str) -> Site:
        if camera_id not in self._sites:
            raise UnknownCamera(
                camera_id,
                "no camera of the synthetic city is called so",
                "list them with `python -m lakehouse cameras`",
            )
        return self._sites[camera_id]

    def layout(self, camera_id: str) -> Layout:
        """How the site lies, in metres."""
        return self._of(camera_id).place.layout

    def kinds_of(self, camera_id: str) -> tuple[str, ...]:
        """The kinds whose truth this camera sees."""
        layout = self._of(camera_id).place.layout
        flow = () if layout.road is None else (FLOW,)
        return (PEOPLE, *flow, *(() if layout.entrance is None else (VISITS,)))

    def moment(self, camera_id: str, at: datetime) -> Moment:
        """What stands before the camera at an instant."""
        site, seconds = self._of(camera_id), at.timestamp()
        now = np.array([seconds])
        things = tuple(self._things(site, seconds))
        water = float(self.weather.water(now, site.place.low_cm)[0])
        return Moment(
            camera_id,
            at.astimezone(UTC),
            things,
            float(daylight(now)[0]),
            float(self.weather.rain(now)[0]),
            water,
        )

    def _things(self, site: Site, at: float) -> Iterator[Thing]:
        yield from site.crowd.things(at)
        if site.road is not None:
            yield from site.road.things(at)

    def minutes(self, camera_id: str, kind: str, start: datetime, stop: datetime) -> NDArray[np.float64]:
        """The exact truth of each minute (n,) from `start` until before `stop`, both on the minute."""
        first, last = int(start.timestamp()) // 60, -(-int(stop.timestamp()) // 60)
        edges = 60.0 * np.arange(first, last + 1)
        site = self._having(camera_id, kind)
        if kind == PEOPLE:
            return _present(site, edges)
        slots = range(int(edges[0]) // SLOT_S, -(-int(edges[-1]) // SLOT_S))
        return np.histogram(np.concatenate([self._instants(site, kind, slot) for slot in slots]), edges)[
            0
        ].astype(float)

    def _instants(self, site: Site, kind: str, slot: int) -> NDArray[np.float64]:
        if kind == VISITS:
            return site.crowd.visits(slot)
        road = site.road
        return (
            np.zeros(0)
            if road is None
            else np.concatenate([road.crossings(lane, slot).at for lane in (0, 1)])
        )

    def _having(self, camera_id: str, kind: str) -> Site:
        if kind not in self.kinds_of(camera_id):
            raise UnknownKind(
                kind,
                f"the camera {camera_id} does not see it",
                f"use one of {', '.join(self.kinds_of(camera_id))}",
            )
        return self._of(camera_id)

    def hours(self, camera_id: str, kind: str, hours: NDArray[np.datetime64]) -> NDArray[np.float64]:
        """The truth of each hour (n,) of the instants `hours`, which are UTC and on the hour.

        Counts are exact. The mean number of people is the count times the expected stay, and agrees with
        `minutes` within a few percent.
        """
        site = self._having(camera_id, kind)
        numbers = hours.astype("datetime64[h]").astype(np.int64)
        slots = numbers[:, None] * 6 + np.arange(6)
        if kind == FLOW and site.road is not None:
            return (
                sum(site.road.counts(lane, slots.ravel()) for lane in (0, 1))
                .reshape(-1, 6)
                .sum(axis=1)
                .astype(float)
            )
        onward = site.crowd.counts(0, slots.ravel()).reshape(-1, 6).sum(axis=1)
        if kind == VISITS:
            return onward.astype(float)
        both = onward + site.crowd.counts(1, slots.ravel()).reshape(-1, 6).sum(axis=1)
        return both * site.crowd.stay_s / 3600


def _present(site: Site, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean number of people in the zone between each two edges, in seconds since 1970."""
    half = site.place.layout.walk.half_length
    walks = site.crowd.present(float(edges[0]), float(edges[-1]))
    came, left = (_elapsed(times, edges) for times in (walks.enters, walks.leaves(half)))
    return np.diff(came - left) / 60


def _elapsed(times: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """The seconds that have passed since all of `times`, together, at each edge."""
    times = np.sort(times)
    passed = np.searchsorted(times, edges)
    sums = np.concatenate([[0.0], np.cumsum(times - edges[0])])
    return passed * (edges - edges[0]) - sums[passed]
