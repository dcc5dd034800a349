"""How a synthetic site lies before its camera, in metres: shared by the truth and by whoever paints it."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from lakehouse.city.cameras import Calibration, Corner, Purpose, Zone
from lakehouse.synthetic.chance import Floats

WIDTH_PX, HEIGHT_PX = 640, 360
TRAFFIC_FPS, WALKERS_FPS = 2.0, 1.0
"""Frames looked at per second: people on foot are as well counted with half of what vehicles need."""
RIGHT = math.pi / 2
"""The heading that runs from left to right through the picture."""

REACH_M = 34.0
"""Vehicles are there from so far before the counting line until so far behind it: all that is in view."""


@dataclass(frozen=True)
class Band:
    """A straight strip of ground around (x, y), along `heading` (radians, 0 is +y, clockwise)."""

    x: float
    y: float
    heading: float
    half_length: float
    half_width: float

    def point(self, along: ArrayLike, aside: ArrayLike) -> Floats:
        """Metres along and to the right of the middle line as ground points (n, 2)."""
        along, aside = np.broadcast_arrays(np.atleast_1d(along), np.atleast_1d(aside))
        sine, cosine = math.sin(self.heading), math.cos(self.heading)
        return np.stack(
            [self.x + along * sine + aside * cosine, self.y + along * cosine - aside * sine], axis=1
        )

    @property
    def corners(self) -> Floats:
        """The four corners (4, 2), in order around the strip."""
        length, width = self.half_length, self.half_width
        return self.point([-length, length, length, -length], [-width, -width, width, width])

    @property
    def area_m2(self) -> float:
        """Its area in m²."""
        return 4 * self.half_length * self.half_width

    def moved(self, along: float = 0, aside: float = 0, **changes: float) -> "Band":
        """The same strip, elsewhere, and with other sizes where they are given."""
        x, y = (float(part) for part in self.point(along, aside)[0])
        return replace(self, x=x, y=y, **changes)


@dataclass(frozen=True)
class Lane:
    """One direction of a road: metres aside of its middle line, and +1 or -1 along it."""

    aside: float
    direction: int


@dataclass(frozen=True)
class Layout:
    """A site: people walk along `walk` (the PEOPLE zone), vehicles along `road`, visits cross `entrance`.

    People appear and vanish at `walk_ends` metres along `walk`, out of sight. Traffic keeps to the left.
    `kerb` is the strip between road and pavement where nobody may park. The counting line crosses the
    road where `along` is 0; `entrance` lies across `walk`, and in is onwards.
    """

    calibration: Calibration
    walk: Band
    walk_ends: tuple[float, float]
    road: Band | None = None
    kerb: Band | None = None
    entrance: Band | None = None

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The two directions of the road, if there is one."""
        if self.road is None:
            return ()
        half = self.road.half_width / 2
        return (Lane(-half, 1), Lane(half, -1))

    @property
    def entrance_at_m(self) -> float:
        """How far along `walk` the entrance lies."""
        return 0.0 if self.entrance is None else self.walk.half_length + ENTRANCE_BEHIND_M

    def zones(self, capacity: int) -> tuple[Zone, ...]:
        """What the camera looks at: the bands as shares of its picture."""
        zones = [
            Zone(
                zone_id="people",
                purpose=Purpose.PEOPLE,
                corners=self._seen(self.walk.corners),
                capacity=capacity,
            )
        ]
        if self.entrance is not None:
            line = self.entrance.point(0, [self.entrance.half_width, -self.entrance.half_width])
            zones.append(Zone(zone_id="entrance", purpose=Purpose.ENTRANCE, corners=self._seen(line)))
        if self.road is not None:
            zones += self._road_zones(self.road)
        if self.kerb is not None:
            kerb = self._seen(self._fitted(self.kerb).corners)
            zones.append(Zone(zone_id="kerb", purpose=Purpose.NO_PARKING, corners=kerb))
        return tuple(zones)

    def _road_zones(self, road: Band) -> list[Zone]:
        line = road.point(0, [road.half_width + 1.0, -road.half_width - 0.6])
        fitted = self._fitted(road)
        size = round(fitted.area_m2, 1)
        return [
            Zone(zone_id="flow", purpose=Purpose.ROAD, corners=self._seen(line)),
            Zone(zone_id="road", purpose=Purpose.ROAD, corners=self._seen(fitted.corners), area_m2=size),
        ]

    def _fitted(self, band: Band) -> Band:
        """The band, shortened until its corners are well inside the picture."""
        length = band.half_length
        while length > 1 and not self._inside(replace(band, half_length=length).corners):
            length -= 0.5
        return replace(band, half_length=length)

    def _inside(self, points: Floats) -> bool:
        shares = self.shares(points)
        return bool(((shares > 0.02) & (shares < 0.98)).all())  # noqa: PLR2004 - a margin of 2 %

    def _seen(self, points: Floats) -> tuple[Corner, ...]:
        return tuple((round(float(u), 4), round(float(v), 4)) for u, v in self.shares(points))

    def shares(self, points: Floats) -> Floats:
        """Ground points (n, 2) in metres as shares of the picture (n, 2)."""
        return self.calibration.project(np.column_stack([points, np.zeros(len(points))]))


ENTRANCE_BEHIND_M = 1.5
"""The entrance lies so far behind the place where people gather."""


def street(
    distance: float, lane: float, pavement: float, tilt: float, view: Calibration, *, half_length: float = 8.0
) -> Layout:
    """A road across the picture, turned by `tilt` radians, with a pavement on the near side.

    `distance` is to the middle of the road, `lane` and `pavement` are widths, all in metres; people are
    counted over twice `half_length`.
    """
    road = Band(0.0, distance, RIGHT + tilt, REACH_M, lane)
    kerb = road.moved(aside=lane + 1.1, half_length=REACH_M, half_width=1.1)
    walk = kerb.moved(aside=1.1 + pavement / 2, half_length=half_length, half_width=pavement / 2)
    return Layout(view, walk, (-20.0, 20.0), road=road, kerb=kerb)


def square(distance: float, depth: float, view: Calibration) -> Layout:
    """An open place that people cross from side to side; its middle is `distance` metres away."""
    return Layout(view, Band(0.0, distance, RIGHT, 8.5, depth / 2), (-21.0, 21.0))


def gate(distance: float, width: float, view: Calibration) -> Layout:
    """A forecourt with a gate behind it, `width` metres wide; people walk away from the camera to go in."""
    walk = Band(0.0, distance, 0.0, 4.5, width / 2)
    entrance = walk.moved(along=walk.half_length + ENTRANCE_BEHIND_M, half_length=0.1, half_width=width / 2)
    return Layout(view, walk, (-10.0, 12.0), entrance=entrance)
