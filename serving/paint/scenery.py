"""How the ground before a synthetic camera lies: a road with pavements, or a square with a gate."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lakehouse.synthetic import Layout

Point = tuple[float, float]

SQUARE_FRONT_M = 52.0
"""House fronts stand so far away where nothing says otherwise."""


@dataclass(frozen=True)
class Scenery:
    """What the ground before a camera is made of, in metres of its calibration.

    A road is the band within `road_half_m` of the line through `road_at` that runs towards `road_heading`
    (radians from straight ahead, clockwise); on its right side `parking_m` of it are for standing cars, and
    `pavement_m` wide pavements run along both sides. Without a road all is a paved square, with house
    fronts `front_m` away. `gate` is an entrance's two posts; `seed` chooses colours and houses.
    """

    seed: int
    road_at: Point | None = None
    road_heading: float = 0.0
    road_half_m: float = 5.0
    parking_m: float = 0.0
    pavement_m: float = 3.0
    lanes: int = 2
    gate: tuple[Point, Point] | None = None
    front_m: float = SQUARE_FRONT_M

    @classmethod
    def of(cls, layout: Layout, seed: int) -> Self:
        """The scenery of a site of the synthetic city."""
        walk, road, kerb, entrance = layout.walk, layout.road, layout.kerb, layout.entrance
        if road is not None:
            parking = 0.0 if kerb is None else 2 * kerb.half_width
            pavement = parking + 2 * walk.half_width
            return cls(
                seed, (road.x, road.y), road.heading, road.half_width, parking, pavement, len(layout.lanes)
            )
        if entrance is None:
            return cls(seed)
        left, right = (
            (float(x), float(y)) for x, y in entrance.point(0, [-entrance.half_width, entrance.half_width])
        )
        return cls(seed, gate=(left, right), front_m=float(walk.point(layout.walk_ends[1], 0)[0, 1]))

    def across(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Signed metres from the road's middle line, positive to its right."""
        at = self.road_at or (0.0, 0.0)
        right = math.cos(self.road_heading), -math.sin(self.road_heading)
        return np.asarray((np.asarray(x) - at[0]) * right[0] + (np.asarray(y) - at[1]) * right[1])

    def along(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Metres along the road's middle line."""
        at = self.road_at or (0.0, 0.0)
        ahead = math.sin(self.road_heading), math.cos(self.road_heading)
        return np.asarray((np.asarray(x) - at[0]) * ahead[0] + (np.asarray(y) - at[1]) * ahead[1])

    def point(self, across: float, along: float) -> Point:
        """Where on the ground something stands that is so far across and along the road."""
        at = self.road_at or (0.0, 0.0)
        right = math.cos(self.road_heading), -math.sin(self.road_heading)
        return at[0] + across * right[0] - along * right[1], at[1] + across * right[1] + along * right[0]

    @property
    def edge_m(self) -> float:
        """From the road's middle to the pavement's outer edge."""
        return self.road_half_m + self.pavement_m
