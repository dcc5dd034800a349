"""Streets and squares that are in no city: random cameras and moments to learn and to measure with."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from lakehouse.cameras import Calibration, Camera
from lakehouse.synthetic import Moment, Thing
from serving.paint.scenery import Scenery

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

_TRAFFIC = (("motorcycle", 0.46), ("car", 0.32), ("bicycle", 0.08), ("truck", 0.08), ("bus", 0.06))


class Studio:
    """An endless supply of cameras and moments; the same seed gives the same."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._id = 0

    def shots(self) -> Iterator[tuple[Moment, Camera, Scenery]]:
        """One moment after another, each before a camera of its own."""
        while True:
            camera, scenery = self._street() if self._random.random() < 0.7 else self._square()  # noqa: PLR2004
            yield self._moment(camera, scenery), camera, scenery

    def _camera(self, calibration: Calibration) -> Camera:
        name = self._random.choice(["CAM", "SIMPANG", "ALUN-ALUN", "PASAR", "GERBANG"])
        return Camera(
            camera_id="studio", valid_from=datetime(2026, 1, 1, tzinfo=UTC), name=f"{name} {self._random.integers(99)}",
            owner="studio", site="street", area_id="33.74", lat=-7.0, lon=110.4, source="synthetic:0",
            width=WIDTH, height=HEIGHT, calibration=calibration,
        )  # fmt: skip

    def _street(self) -> tuple[Camera, Scenery]:
        pick = self._random.uniform
        half = pick(3.2, 8.0)
        heading = (
            math.pi / 2 + self._random.normal(0, 0.5)
            if self._random.random() < 0.65
            else self._random.normal(0, 0.35)
        )  # noqa: PLR2004
        scenery = Scenery(
            int(self._random.integers(10_000)),
            (pick(-4, 4), pick(11, 24)),
            heading,
            half,
            pick(0, 2),
            pick(2, 5) + 1,
            int(self._random.integers(1, 3)) * 2,
        )
        return self._camera(
            Calibration(height_m=pick(4.5, 9.5), pitch_deg=pick(15, 34), fov_deg=pick(54, 86))
        ), scenery

    def _square(self) -> tuple[Camera, Scenery]:
        pick = self._random.uniform
        y = pick(10, 20)
        gate = ((-pick(3, 8), y), (pick(3, 8), y)) if self._random.random() < 0.4 else None  # noqa: PLR2004
        scenery = Scenery(int(self._random.integers(10_000)), gate=gate)
        return self._camera(
            Calibration(height_m=pick(4.5, 9.5), pitch_deg=pick(16, 34), fov_deg=pick(54, 84))
        ), scenery

    def _moment(self, camera: Camera, scenery: Scenery) -> Moment:
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=float(self._random.uniform(0, 3e7)))
        daylight = float(np.clip(self._random.choice([1, 1, self._random.uniform(0.2, 0.9), 0, 0]), 0, 1))
        rain = float(self._random.choice([0, 0, 0, self._random.exponential(6)]))
        water = float(self._random.uniform(0, 0.5)) if self._random.random() < 0.12 else 0.0  # noqa: PLR2004
        things = (
            tuple(self._traffic(scenery) + self._people(scenery))
            if scenery.road_at
            else tuple(self._people(scenery))
        )
        return Moment(camera.camera_id, at, things, daylight, rain, water)

    def _thing(
        self, label: str, at: tuple[float, float], heading: float, speed: float, on: int | None = None
    ) -> Thing:
        self._id += 1
        scale = self._random.normal(1, 0.05 if label != "person" else 0.07)
        length, width, height = (float(size * scale) for size in _SIZES[label])
        tone = int(self._random.integers(2**31))
        return Thing(
            self._id,
            label,
            float(at[0]),
            float(at[1]),
            float(heading),
            float(speed),
            length,
            width,
            height,
            tone,
            on,
        )

    def _ridden(self, thing: Thing) -> list[Thing]:
        if thing.label not in ("motorcycle", "bicycle"):
            return [thing]
        rider = self._thing("person", (thing.x, thing.y), thing.heading, thing.speed_ms, thing.id)
        return [thing, rider]

    def _traffic(self, scenery: Scenery) -> list[Thing]:
        """Vehicles in their lanes, with gaps; on some streets a jam."""
        jam = self._random.random() < 0.15  # noqa: PLR2004
        names, weights = zip(*_TRAFFIC, strict=True)
        found: list[Thing] = []
        for lane in range(scenery.lanes):
            middle = (lane + 0.5) * 2 * scenery.road_half_m / scenery.lanes - scenery.road_half_m
            ahead = scenery.road_heading + (0 if middle < 0 else math.pi)
            along = -30.0
            while along < 45:  # noqa: PLR2004 - metres
                label = str(self._random.choice(names, p=weights))
                along += _SIZES[label][0] / 2 + (
                    self._random.uniform(0.8, 3) if jam else self._random.exponential(11) + 1
                )
                off = middle + self._random.normal(0, 0.5 if label != "motorcycle" else 0.9)
                speed = 0.5 if jam else self._random.uniform(3, 10)
                found += self._ridden(
                    self._thing(label, scenery.point(off, along), ahead + self._random.normal(0, 0.04), speed)
                )
                along += _SIZES[label][0] / 2
        return [thing for thing in found if thing.y > 3]  # noqa: PLR2004 - metres before the pole

    def _people(self, scenery: Scenery) -> list[Thing]:
        """People on the pavements or the square, alone, in pairs, now and then a crowd."""
        crowd = self._random.random() < 0.2  # noqa: PLR2004
        count = int(self._random.integers(18, 38)) if crowd else int(self._random.poisson(6))
        people: list[Thing] = []
        while len(people) < count:
            at = self._standpoint(scenery)
            heading, speed = (
                self._random.uniform(-math.pi, math.pi),
                self._random.choice([0.0, self._random.uniform(0.6, 1.6)]),
            )
            for k in range(int(self._random.choice([1, 1, 2, 3]))):
                people.append(
                    self._thing(
                        "person", (at[0] + k * 0.7, at[1] + self._random.normal(0, 0.3)), heading, speed
                    )
                )  # noqa: PERF401
        return people

    def _standpoint(self, scenery: Scenery) -> tuple[float, float]:
        if scenery.road_at is None:
            y = self._random.uniform(6, 34)
            return self._random.uniform(-0.6, 0.6) * y, y
        side = self._random.choice([-1, 1])
        if self._random.random() < 0.1:  # noqa: PLR2004 - somebody crosses the road
            return scenery.point(
                self._random.uniform(-1, 1) * scenery.road_half_m, self._random.uniform(-20, 25)
            )
        return scenery.point(
            side * (scenery.road_half_m + self._random.uniform(0.5, scenery.pavement_m)),
            self._random.uniform(-25, 35),
        )
