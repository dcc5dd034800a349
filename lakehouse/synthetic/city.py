"""A city whose truth is known: its cameras, and what happens before each of them at any time."""

from datetime import UTC, datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lakehouse.city.areas import Areas
from lakehouse.city.cameras import Camera
from lakehouse.city.tree import semarang
from lakehouse.problem import UnknownCamera, UnknownKind
from lakehouse.synthetic.chance import Draw, Floats, Ints, normal
from lakehouse.synthetic.incidents import LITTER, MASKS, PARKING, RACED, RACING, Incident, Rota
from lakehouse.synthetic.layout import HEIGHT_PX, TRAFFIC_FPS, WALKERS_FPS, WIDTH_PX, Layout
from lakehouse.synthetic.observed import Observed
from lakehouse.synthetic.places import PLACES, Place
from lakehouse.synthetic.site import PEOPLE, Site
from lakehouse.synthetic.slots import HOUR_S
from lakehouse.synthetic.things import Moment
from lakehouse.synthetic.weather import Weather, daylight

FOUNDED = datetime(2025, 1, 1, tzinfo=UTC)
"""The synthetic cameras have hung since then."""

_MEETING_PEOPLE = 7.0
"""Crowds gather more often where so many people are usual."""

_MINUTE_S = 60
_WET_SHARE = 0.05
"""Water stands, for a person who looks, from this share of the road on."""


class City:
    """The synthetic city of one seed. The same seed gives the same truth, whoever asks and however."""

    def __init__(self, seed: int = 7) -> None:
        self.seed = seed
        self.weather = Weather(seed)
        roads = [number for number, place in enumerate(PLACES) if place.layout.road is not None]
        meetings = [number for number, place in enumerate(PLACES) if place.people >= _MEETING_PEOPLE]
        self._rota = Rota(seed, len(PLACES), roads, meetings)
        self._sites = {
            place.camera_id: Site(seed, number, place, self._rota, self.weather)
            for number, place in enumerate(PLACES)
        }

    @cached_property
    def areas(self) -> Areas:
        """The city's areas, without its cameras."""
        return semarang()

    @cached_property
    def cameras(self) -> dict[str, Camera]:
        """The 24 cameras by id."""
        return {place.camera_id: self._camera(place) for place in PLACES}

    def _camera(self, place: Place) -> Camera:
        area = self.areas[place.area_id]
        limit_kmh = 30.0 if place.site == "neighbourhood" else 50.0
        return Camera(
            camera_id=place.camera_id,
            valid_from=FOUNDED,
            name=place.name,
            owner=place.owner,
            site=place.site,
            area_id=place.area_id,
            lat=area.lat,
            lon=area.lon,
            source=f"synthetic:{self.seed}",
            width=WIDTH_PX,
            height=HEIGHT_PX,
            fps=WALKERS_FPS if place.layout.road is None else TRAFFIC_FPS,
            zones=place.layout.zones(place.capacity),
            calibration=place.layout.calibration,
            limit_kmh=None if place.layout.road is None else limit_kmh,
        )

    def _site(self, camera_id: str, kind: str | None = None) -> Site:
        site = self._sites.get(camera_id)
        if site is None:
            remedy = "list them with `python -m lakehouse cameras`"
            raise UnknownCamera(camera_id, "the synthetic city has no such camera", remedy)
        if kind is not None and kind not in site.kinds:
            raise UnknownKind(kind, f"{camera_id} does not see it", f"use one of {', '.join(site.kinds)}")
        return site

    def layout(self, camera_id: str) -> Layout:
        """How the site before a camera lies, in metres."""
        return self._site(camera_id).place.layout

    def kinds_of(self, camera_id: str) -> tuple[str, ...]:
        """The kinds whose truth a camera sees."""
        return self._site(camera_id).kinds

    def zone_of(self, camera_id: str, kind: str) -> str:
        """The id of the zone that a kind is read in."""
        return self._site(camera_id, kind).zone_id(kind)

    def moment(self, camera_id: str, at: datetime) -> Moment:
        """What stands before a camera at an instant; an outage does not matter to it."""
        site, seconds = self._site(camera_id), at.timestamp()
        now = np.array([seconds])
        return Moment(
            camera_id,
            at.astimezone(UTC),
            tuple(site.things(seconds)),
            float(daylight(now)[0]),
            *self.weather.minute(int(seconds // _MINUTE_S), site.place.low_cm),
        )

    def minutes(self, camera_id: str, kind: str, start: datetime, stop: datetime) -> Floats:
        """The exact truth of each minute (n,) from `start` until before `stop`, both on the minute."""
        return self._site(camera_id, kind).minutes(kind, _edges(start, stop))

    def hours(self, camera_id: str, kind: str, hours: NDArray[np.datetime64]) -> Floats:
        """The truth of each hour (n,); `hours` are UTC, on the hour, in any order.

        Counts are exact. The mean number of people is the count times the expected stay: it agrees with
        `minutes` within a few percent.
        """
        numbers = _hour_numbers(hours)
        if not len(numbers):
            return np.zeros(0)
        first = int(numbers.min())
        truth = self._site(camera_id, kind).hours(kind, first, int(numbers.max()) + 1 - first)
        return truth[numbers - first]

    def incidents(self, start: datetime, stop: datetime) -> list[Incident]:
        """What a person would act on and that touches [start, stop), in the order of its start."""
        begin, end = start.timestamp(), stop.timestamp()
        (gathered, *gathering), _ = self._rota.gatherings(begin, end)
        jammed, *jam = self._rota.jams(begin, end)
        found = [
            *self._told("crowding", "people", gathered, *gathering),
            *self._told("congestion", "road", jammed, *jam),
        ]
        for site in self._sites.values():
            found += [*self._habits(site, begin, end), *self._wet(site, begin, end)]
        return sorted(found, key=lambda incident: (incident.started_at, incident.camera_id, incident.kind))

    def _told(self, kind: str, zone_id: str, cameras: Ints, begin: Floats, end: Floats) -> list[Incident]:
        rows = zip(cameras.tolist(), begin.tolist(), end.tolist(), strict=True)
        return [
            Incident(kind, PLACES[camera].camera_id, zone_id, _instant(first), _instant(last))
            for camera, first, last in rows
        ]

    def _habits(self, site: Site, begin: float, end: float) -> list[Incident]:
        place = site.place
        there = [LITTER, MASKS]
        there += [PARKING] if place.layout.kerb is not None else []
        there += [RACING] if place.camera_id in RACED else []
        return [
            Incident(habit.kind, place.camera_id, habit.zone_id, _instant(first), _instant(last))
            for habit in there
            for first, last in habit.spans(self.seed, site.number, begin, end)
        ]

    def _wet(self, site: Site, begin: float, end: float) -> list[Incident]:
        """Each time that water stands: looked for a day further than asked, so that its ends are found."""
        if site.place.low_cm is None:
            return []
        edges = np.arange(begin // _MINUTE_S - 1440, end // _MINUTE_S + 1440) * float(_MINUTE_S)
        wet = self.weather.water(edges, site.place.low_cm) >= _WET_SHARE
        turns = np.diff(np.concatenate([[0], wet.astype(np.int8), [0]]))
        rises, falls = np.flatnonzero(turns == 1), np.flatnonzero(turns == -1)
        spans = [(edges[rise], edges[fall - 1] + _MINUTE_S) for rise, fall in zip(rises, falls, strict=True)]
        zone_id = "people" if site.place.layout.road is None else "road"
        return [
            Incident("standing_water", site.place.camera_id, zone_id, _instant(first), _instant(last))
            for first, last in spans
            if first < end and last > begin
        ]

    def outages(self, camera_id: str, start: datetime, stop: datetime) -> list[tuple[datetime, datetime]]:
        """When a camera is down and yields no frames: each that touches [start, stop)."""
        number = self._site(camera_id).number
        cameras, begin, end = self._rota.outages_between(start.timestamp(), stop.timestamp())
        here = cameras == number
        spans = zip(begin[here].tolist(), end[here].tolist(), strict=True)
        return [(_instant(first), _instant(last)) for first, last in sorted(spans)]

    def coverage(self, camera_id: str, hours: NDArray[np.datetime64]) -> Floats:
        """The share 0-1 of each hour (n,) in which a camera was up; `hours` are UTC and on the hour."""
        return self._covered(camera_id, _hour_starts(hours), HOUR_S)

    def _covered(self, camera_id: str, starts: Floats, length_s: int) -> Floats:
        covered = np.ones(len(starts))
        if not len(starts):
            return covered
        first, last = _instant(float(starts.min())), _instant(float(starts.max()) + length_s)
        for down, up in self.outages(camera_id, first, last):
            lost = np.minimum(starts + length_s, up.timestamp()) - np.maximum(starts, down.timestamp())
            covered -= np.maximum(lost, 0.0) / length_s
        return covered

    def observed_hours(
        self, camera_id: str, kind: str, hours: NDArray[np.datetime64], observed: Observed
    ) -> Floats:
        """What the camera would have told of each hour (n,): NaN where it was down for all of it.

        A count is of the part of the hour that was seen, a mean is over that part; see `coverage`.
        """
        truth, starts = self.hours(camera_id, kind, hours), _hour_starts(hours)
        return self._observed(camera_id, kind, truth, starts, HOUR_S, observed)

    def observed_minutes(
        self, camera_id: str, kind: str, start: datetime, stop: datetime, observed: Observed
    ) -> Floats:
        """What the camera would have told of each minute (n,): NaN where it was down for all of it."""
        truth, starts = self.minutes(camera_id, kind, start, stop), _edges(start, stop)[:-1]
        return self._observed(camera_id, kind, truth, starts, _MINUTE_S, observed)

    def _observed(
        self, camera_id: str, kind: str, truth: Floats, starts: Floats, length_s: int, observed: Observed
    ) -> Floats:
        site, covered = self._site(camera_id), self._covered(camera_id, starts, length_s)
        keys = (self.seed, site.number, length_s, site.kinds.index(kind))
        deviates = normal(Draw.MISSED, *keys, (starts // length_s).astype(np.int64))
        light, minutes = daylight(starts + length_s / 2), covered * length_s / _MINUTE_S
        see = observed.mean if kind == PEOPLE else observed.count
        seen = truth if kind == PEOPLE else truth * covered
        return np.where(covered > 0, see(kind, seen, minutes, light, deviates), np.nan)


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _edges(start: datetime, stop: datetime) -> Floats:
    first, last = int(start.timestamp()) // _MINUTE_S, -(-int(stop.timestamp()) // _MINUTE_S)
    return np.arange(first, last + 1).astype(np.float64) * _MINUTE_S


def _hour_starts(hours: NDArray[np.datetime64]) -> Floats:
    return _hour_numbers(hours).astype(np.float64) * HOUR_S


def _hour_numbers(hours: NDArray[np.datetime64]) -> Ints:
    return hours.astype("datetime64[h]").astype(np.int64)
