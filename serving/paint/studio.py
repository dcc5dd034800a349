"""Streets and squares that are in no city: random cameras and moments to learn and to measure with."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from lakehouse.city.cameras import Calibration, Camera
from lakehouse.synthetic import Moment, Thing
from serving.paint.scenery import Point, Scenery

WIDTH, HEIGHT = 640, 360

_SIZES = {
    "person": (0.45, 0.5, 1.65),
    "bicycle": (1.75, 0.55, 1.05),
    "motorcycle": (1.9, 0.72, 1.15),
    "car": (4.3, 1.75, 1.6),
    "bus": (10.5, 2.5, 3.1),
    "truck": (7.2, 2.3, 2.9),
}
"""Length, width and height in metres."""

_TRAFFIC = {"motorcycle": 0.46, "car": 0.32, "bicycle": 0.08, "truck": 0.08, "bus": 0.06}
_NAMES = ("CAM", "SIMPANG", "ALUN-ALUN", "PASAR", "GERBANG")
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_NEAREST_M = 3.0
_LANE_M = (-30.0, 45.0)


class Studio:
    """An endless supply of cameras and moments; the same seed gives the same."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._id = 0

    def shots(self) -> Iterator[tuple[Moment, Camera, Scenery]]:
        """One moment after another, each before a camera of its own."""
        while True:
            scenery = self._street() if self._happens(0.7) else self._square()
            camera = self._camera()
            yield self._moment(camera, scenery), camera, scenery

    def _happens(self, chance: float) -> bool:
        return bool(self._random.random() < chance)

    def _pick(self, low: float, high: float) -> float:
        return float(self._random.uniform(low, high))

    def _camera(self) -> Camera:
        view = Calibration(
            height_m=self._pick(4.5, 9.5), pitch_deg=self._pick(15, 34), fov_deg=self._pick(54, 86)
        )
        return Camera(
            camera_id="studio", valid_from=_FIRST, owner="studio", site="street", area_id="33.74",
            name=f"{self._random.choice(_NAMES)} {self._random.integers(99)}", lat=-7.0, lon=110.4,
            source="synthetic:0", width=WIDTH, height=HEIGHT, calibration=view,
        )  # fmt: skip

    def _street(self) -> Scenery:
        """A road across the picture, or now and then one that runs away from the camera."""
        heading = (
            self._random.normal(math.pi / 2, 0.5) if self._happens(0.65) else self._random.normal(0, 0.35)
        )
        return Scenery(
            int(self._random.integers(10_000)),
            road_at=(self._pick(-4, 4), self._pick(11, 24)),
            road_heading=float(heading),
            road_half_m=self._pick(3.0, 8.0),
            parking_m=self._pick(0, 2.2),
            pavement_m=self._pick(3, 6),
            lanes=int(self._random.choice([2, 2, 4])),
        )

    def _square(self) -> Scenery:
        y = self._pick(10, 22)
        gate = ((-self._pick(3, 8), y), (self._pick(3, 8), y)) if self._happens(0.4) else None
        return Scenery(int(self._random.integers(10_000)), gate=gate, front_m=self._pick(26, 70))

    def _moment(self, camera: Camera, scenery: Scenery) -> Moment:
        at = _FIRST + timedelta(seconds=self._pick(0, 3e7))
        daylight = float(self._random.choice([1.0, 1.0, self._pick(0.2, 0.9), 0.0, 0.0]))
        rain = float(self._random.choice([0.0, 0.0, 0.0, self._random.exponential(6)]))
        water = self._pick(0, 0.5) if self._happens(0.12) else 0.0
        things = self._people(scenery) + (self._traffic(scenery) if scenery.road_at else [])
        return Moment(camera.camera_id, at, tuple(things), daylight, rain, water)

    def _thing(self, label: str, at: Point, heading: float, speed_ms: float, on: int | None = None) -> Thing:
        self._id += 1
        length, width, height = np.array(_SIZES[label]) * self._random.normal(1, 0.06)
        tone = int(self._random.integers(2**31))
        return Thing(self._id, label, *at, heading, speed_ms, length, width, height, tone, on)

    def _traffic(self, scenery: Scenery) -> list[Thing]:
        """Vehicles that keep left in their lanes; on some streets a jam."""
        jam = self._happens(0.15)
        return [
            thing
            for lane in range(scenery.lanes)
            for thing in self._lane(scenery, lane, jam=jam)
            if thing.y > _NEAREST_M
        ]

    def _lane(self, scenery: Scenery, lane: int, *, jam: bool) -> Iterator[Thing]:
        middle = (lane + 0.5) * 2 * scenery.road_half_m / scenery.lanes - scenery.road_half_m
        heading = scenery.road_heading + (0 if middle < 0 else math.pi)
        along = _LANE_M[0]
        while along < _LANE_M[1]:
            label = str(self._random.choice(list(_TRAFFIC), p=list(_TRAFFIC.values())))
            length = _SIZES[label][0]
            along += length / 2 + (self._pick(0.8, 3) if jam else self._random.exponential(11) + 1)
            aside = middle + self._random.normal(0, 0.9 if label == "motorcycle" else 0.5)
            turned = heading + self._random.normal(0, 0.04)
            vehicle = self._thing(
                label, scenery.point(aside, along), turned, 0.5 if jam else self._pick(3, 10)
            )
            yield vehicle
            if label in ("motorcycle", "bicycle"):
                yield self._thing("person", (vehicle.x, vehicle.y), turned, vehicle.speed_ms, vehicle.id)
            along += length / 2

    def _people(self, scenery: Scenery) -> list[Thing]:
        """People alone, in pairs and threes; now and then a crowd."""
        count = int(self._random.integers(18, 38) if self._happens(0.2) else self._random.poisson(6))
        people: list[Thing] = []
        while len(people) < count:
            people += self._company(scenery)
        return people

    def _company(self, scenery: Scenery) -> Iterator[Thing]:
        """Some who stand together, or walk side by side."""
        x, y = self._spot(scenery)
        heading, speed = (
            self._pick(-math.pi, math.pi),
            float(self._random.choice([0.0, self._pick(0.6, 1.6)])),
        )
        for place in range(int(self._random.choice([1, 1, 2, 3]))):
            yield self._thing("person", (x + place * 0.7, y + self._random.normal(0, 0.3)), heading, speed)

    def _spot(self, scenery: Scenery) -> Point:
        """On the square, or on a pavement; one in ten is crossing the road."""
        if scenery.road_at is None:
            y = self._pick(6, 34)
            return self._pick(-0.6, 0.6) * y, y
        if self._happens(0.1):
            return scenery.point(self._pick(-1, 1) * scenery.road_half_m, self._pick(-20, 25))
        aside = scenery.road_half_m + self._pick(0.5, scenery.pavement_m)
        return scenery.point(float(self._random.choice([-1, 1])) * aside, self._pick(-25, 35))
