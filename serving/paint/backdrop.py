"""What a synthetic camera sees when nobody is there: ground, road, buildings, trees, sky and lamps."""

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from lakehouse.cameras import Calibration
from serving.paint.scenery import Scenery

Floats = NDArray[np.float64]

_FINE = 2
"""The backdrop is drawn this much finer and then scaled down, against jagged far lines."""

_LAMP_EVERY_M = 24.0
_NIGHT = np.array([0.30, 0.27, 0.26])
_LAMPLIGHT = np.array([0.42, 0.56, 0.66])


@dataclass(frozen=True)
class Sky:
    """The weather and the hour, coarse enough that a backdrop is drawn seldom."""

    daylight: float
    rain: bool = False
    water: float = 0.0

    @classmethod
    def of(cls, daylight: float, rain_mm: float, water: float) -> "Sky":
        """Round to steps that the eye would not miss."""
        return cls(round(daylight * 12) / 12, rain_mm > 0, round(water * 25) / 25)


@dataclass(frozen=True)
class Backdrop:
    """The empty picture (height, width, 3) uint8 BGR and the light (height, width, 3) that falls on each pixel."""

    image: NDArray[np.uint8]
    light: NDArray[np.float32]


@lru_cache(maxsize=96)
def backdrop(scenery: Scenery, calibration: Calibration, size: tuple[int, int], sky: Sky) -> Backdrop:
    """The empty scene of one camera under one sky; kept, because a camera asks for it with every frame."""
    scene = _Scene(scenery, calibration, (size[0] * _FINE, size[1] * _FINE), sky)
    picture = cv2.resize(np.clip(scene.picture(), 0, 255), size, interpolation=cv2.INTER_AREA)
    light = cv2.resize(scene.light().astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return Backdrop(np.rint(picture).astype(np.uint8), light)


class _Scene:
    """Draws one backdrop; arrays are (height, width[, 3])."""

    def __init__(self, scenery: Scenery, calibration: Calibration, size: tuple[int, int], sky: Sky) -> None:
        self.scenery, self.calibration, self.size, self.sky = scenery, calibration, size, sky
        self.random = np.random.default_rng(scenery.seed)
        width, height = size
        grid = np.stack(np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height), -1)
        ground = calibration.ground(grid.reshape(-1, 2)).reshape(height, width, 2)
        far = ~(np.linalg.norm(ground, axis=2) < 400)  # noqa: PLR2004 - metres; NaN above the horizon is far too
        self.above = far
        self.x, self.y = np.where(far, 400.0, ground[..., 0]), np.where(far, 400.0, ground[..., 1])
        self.across, self.along = scenery.across(self.x, self.y), scenery.along(self.x, self.y)
        self.grain = _grain(scenery.seed)
        self.windows: list[tuple[NDArray[np.int32], bool]] = []

    def picture(self) -> Floats:
        """Everything in daylight, then lit by the hour's light."""
        image = self._ground()
        self._standing_water(image)
        image[self.above] = self._sky()[self.above]
        lit = np.zeros(image.shape)
        self._skyline(image)
        self._buildings(image, lit)
        self._furniture(image)
        image *= self.light()
        if self.sky.rain:
            self._wet(image)
        return np.maximum(image, lit * (1 - self.sky.daylight))

    def light(self) -> Floats:
        """What of the daylight reaches each pixel, and what the lamps add after dark."""
        pools = np.zeros(self.x.shape)
        for x, y in self._lamps():
            pools += np.exp(-((self.x - x) ** 2 + (self.y - y) ** 2) / (2 * 7.0**2))
        dark = _NIGHT + np.minimum(pools, 1.2)[..., None] * _LAMPLIGHT
        day = np.clip(self.sky.daylight * (0.82 if self.sky.rain else 1.0), 0, 1)
        return day + (1 - self.sky.daylight) * dark

    def _noise(self, scale_m: float) -> Floats:
        """Texture that lies on the ground: (height, width), about -1 to 1."""
        side = self.grain.shape[0]
        u, v = (
            np.abs(np.mod(metres / scale_m * 8, 2 * side - 2) - side + 1).astype(np.float32)
            for metres in (self.x, self.y)
        )
        return np.asarray(cv2.remap(self.grain, u, v, cv2.INTER_LINEAR), np.float64)

    def _sharpness(self, pattern_m: float) -> Floats:
        """1 where a pattern of this size is wider than a pixel, falling to 0 where it would only flicker."""
        metres = np.hypot(self.x, self.y) ** 2 / self.calibration.height_m / self.size[0]
        return np.clip(1.4 - metres / pattern_m, 0, 1)

    def _ground(self) -> Floats:
        rough = self._noise(6.0) * 9 + self._noise(0.8) * 5 * self._sharpness(0.2)
        image = self._paving() + rough[..., None]
        if self.scenery.road_at is None:
            return image
        off = np.abs(self.across)
        verge = off > self.scenery.edge_m + (0.0 if self.scenery.seed % 2 else 2.0)
        image[verge] = (
            np.array([62, 92, 88] if self.scenery.seed % 3 else [88, 112, 122]) + rough[..., None] * 1.8
        )[verge]
        parking = (self.across > 0) & (off < self.scenery.road_half_m + self.scenery.parking_m)
        image[parking] = (np.array([112.0, 112, 112]) + rough[..., None])[parking]
        road = off < self.scenery.road_half_m
        image[road] = (np.array([92.0, 90, 88]) + rough[..., None] * 0.8 - self._tracks()[..., None])[road]
        self._kerbs(image, off)
        self._markings(image, off)
        return image

    def _paving(self) -> Floats:
        side = (0.6, 1.0, 2.0)[self.scenery.seed % 3]
        tone = ((150, 158, 166), (140, 150, 178), (165, 168, 168), (128, 140, 150))[self.scenery.seed % 4]
        joint = np.minimum(np.mod(self.along, side), np.mod(self.across, side)) < 0.06 * side
        check = np.floor(self.along / side / 2) + np.floor(self.across / side / 2)
        sharp = self._sharpness(side)
        pattern = np.where(np.mod(check, 2) == 0, 9.0, -9.0) * self._sharpness(side * 2) - joint * 26 * sharp
        return np.asarray(tone, np.float64) + pattern[..., None]

    def _tracks(self) -> Floats:
        """The darker stripes that tyres leave in each lane."""
        lane = 2 * self.scenery.road_half_m / self.scenery.lanes
        return 9.0 * np.cos(self.across / lane * 4 * np.pi) ** 2

    def _kerbs(self, image: Floats, off: Floats) -> None:
        edge = self.scenery.road_half_m + np.where(self.across > 0, self.scenery.parking_m, 0.0)
        kerb = (off >= edge) & (off < edge + 0.28)
        stripe = np.mod(self.along, 2.0) < 1.0
        blend = self._sharpness(1.0)[..., None]
        colour = np.where(stripe[..., None], 215.0, 45.0) * blend + 130 * (1 - blend)
        image[kerb] = np.broadcast_to(colour, image.shape)[kerb]

    def _markings(self, image: Floats, off: Floats) -> None:
        width = 0.16
        marks = np.abs(off - (self.scenery.road_half_m - 0.35)) < width / 2
        lane = 2 * self.scenery.road_half_m / self.scenery.lanes
        for line in range(1, self.scenery.lanes):
            near = np.abs(self.across + self.scenery.road_half_m - line * lane) < width / 2
            middle = 2 * line == self.scenery.lanes
            marks |= near & ((np.mod(self.along, 5.0) < 3.0) | (middle and self.scenery.lanes > 2))  # noqa: PLR2004
        if self.scenery.seed % 3 == 0:
            marks |= (
                (np.abs(self.along - 9.0) < 2.0)
                & (np.mod(self.across, 1.0) < 0.5)
                & (off < self.scenery.road_half_m - 0.5)
            )  # noqa: PLR2004
        worn = 0.75 + 0.25 * self._noise(1.5)
        strength = (marks * worn * np.maximum(self._sharpness(0.3), 0.35))[..., None]
        image[:] = image * (1 - strength) + 215 * strength

    def _standing_water(self, image: Floats) -> None:
        """The lowest parts of the road under water; `sky.water` is their share."""
        if self.sky.water <= 0 or self.scenery.road_at is None:
            return
        road = (np.abs(self.across) < self.scenery.road_half_m) & ~self.above
        if not road.any():
            return
        low = self._noise(30.0) - 0.25 * np.abs(self.across) / self.scenery.road_half_m
        wet = road & (low <= np.quantile(low[road], self.sky.water))
        sheen = 150 + 25 * self._noise(12.0)
        image[wet] = image[wet] * 0.25 + (sheen[..., None] * np.array([0.95, 0.97, 1.0]))[wet] * 0.7

    def _sky(self) -> Floats:
        height = np.linspace(0, 1, self.size[1])[:, None, None]
        day = np.array([232.0, 214, 196]) * (1 - height) + np.array([235.0, 232, 226]) * height
        if self.sky.rain:
            day = np.full(day.shape, 178.0)
        return np.broadcast_to(day, (self.size[1], self.size[0], 3)).copy()

    def _pixels(self, points: ArrayLike) -> NDArray[np.int32] | None:
        """World points (n, 3) in whole pixels; None when one of them lies behind the camera."""
        shares = self.calibration.project(points)
        if not np.isfinite(shares).all() or np.abs(shares).max() > 20:  # noqa: PLR2004 - frames away
            return None
        return np.rint(shares * self.size).astype(np.int32)

    def _skyline(self, image: Floats) -> None:
        """Far roofs and trees along the horizon."""
        for x in np.arange(-260, 261, 9.0):
            tall, wide = self.random.uniform(6, 24), self.random.uniform(8, 22)
            corners = self._pixels([(x, 230, 0), (x + wide, 230, 0), (x + wide, 230, tall), (x, 230, tall)])
            green = self.random.random() < 0.5
            tone = self.random.uniform(0.8, 1.1) * (
                np.array([98, 128, 112]) if green else np.array([176, 178, 180])
            )
            if corners is not None:
                cv2.fillConvexPoly(image, corners, tone.tolist())

    def _buildings(self, image: Floats, lit: Floats) -> None:
        """House fronts behind everything that moves: beyond the pavement, on sides where the camera is not."""
        for base, top, right in self._fronts():
            self._house(image, lit, base, top, right)

    def _fronts(self) -> list[tuple[tuple[float, float], float, tuple[float, float]]]:
        """Where fronts stand: one lower corner, height, the other lower corner; the farthest first."""
        fronts = []
        here = float(self.scenery.across(0.0, 0.0))
        if self.scenery.road_at is None:
            line = replace(self.scenery, road_at=(0.0, self.scenery.front_m), road_heading=math.pi / 2)
            rows = [(line, 0.0)]
        else:
            edge = self.scenery.edge_m + 4.0
            rows = [(self.scenery, side * edge) for side in (-1, 1) if here * side < edge]
        for line, across in rows:
            at = -120.0
            while at < 120.0:  # noqa: PLR2004 - metres
                wide = self.random.uniform(7, 15)
                tall = self.random.choice([3.8, 4.5, 7.5, 8.5, 11.5])
                fronts.append((line.point(across, at), tall, line.point(across, at + wide)))
                at += wide + self.random.choice([0.0, 0.0, 1.5, 4.0])
        return sorted(fronts, key=lambda front: -math.hypot(*front[0]) - math.hypot(*front[2]))

    def _house(
        self, image: Floats, lit: Floats, base: tuple[float, float], tall: float, right: tuple[float, float]
    ) -> None:
        def quad(u0: float, u1: float, z0: float, z1: float) -> NDArray[np.int32] | None:
            a, b = np.array(base), np.array(right)
            lower, upper = a + (b - a) * u0, a + (b - a) * u1
            return self._pixels([(*lower, z0), (*upper, z0), (*upper, z1), (*lower, z1)])

        wall = self.random.uniform(0.75, 1.1) * np.array(
            [
                (190, 205, 210),
                (165, 195, 215),
                (200, 200, 200),
                (160, 185, 170),
                (190, 180, 160),
                (140, 165, 205),
            ][self.random.integers(6)]
        )
        outline = quad(0, 1, 0, tall)
        if outline is None or np.linalg.norm(np.array(base) + right) < 16:  # noqa: PLR2004 - too near to draw
            return
        cv2.fillConvexPoly(image, outline, wall.tolist())
        roof = quad(-0.02, 1.02, tall, tall + 0.7)
        if roof is not None:
            cv2.fillConvexPoly(image, roof, (70, 80, 130) if self.random.random() < 0.5 else (110, 112, 115))
        shop = quad(0.04, 0.96, 2.7, 3.5)
        if shop is not None:
            cv2.fillConvexPoly(image, shop, self.random.uniform(60, 215, 3).tolist())
        for floor in range(int(tall // 3.6)):
            count = self.random.integers(2, 5)
            for k in range(count):
                glass = quad(
                    (k + 0.2) / count,
                    (k + 0.8) / count,
                    floor * 3.6 + (0.2 if floor == 0 else 1.0),
                    floor * 3.6 + 2.5,
                )
                if glass is None:
                    continue
                cv2.fillConvexPoly(
                    image, glass, (self.random.uniform(0.5, 1.1) * np.array([96, 86, 76])).tolist()
                )
                if self.random.random() < (0.5 if floor == 0 else 0.25):
                    cv2.fillConvexPoly(
                        lit, glass, (self.random.uniform(0.6, 1.0) * np.array([120, 190, 225])).tolist()
                    )

    def _lamps(self) -> list[tuple[float, float]]:
        """The feet of the street lamps."""
        if self.scenery.road_at is None:
            return [(x, y) for x in (-16.0, 0.0, 16.0) for y in (10.0, 28.0, 46.0)]
        edge = self.scenery.road_half_m + self.scenery.parking_m + 0.7
        starts = np.arange(-96.0, 97.0, _LAMP_EVERY_M)
        return [
            self.scenery.point(side * edge, at + (side > 0) * _LAMP_EVERY_M / 2)
            for side in (-1, 1)
            for at in starts
        ]

    def _furniture(self, image: Floats) -> None:
        """Trees behind the pavements, lamp posts, an entrance's posts and beam."""
        here = float(self.scenery.across(0.0, 0.0))
        for side in (-1, 1):
            edge = self.scenery.edge_m + 2.2
            if self.scenery.road_at is not None and here * side < edge:
                for at in np.arange(60, -61, -self.random.uniform(9, 16)):
                    self._tree(image, self.scenery.point(side * edge, at))
        if self.scenery.gate is not None:
            self._gate(image, *self.scenery.gate)
        for x, y in self._lamps():
            self._post(image, (x, y), 7.0, 0.11, (96, 98, 100))

    def _post(
        self, image: Floats, foot: tuple[float, float], tall: float, half: float, colour: tuple[int, int, int]
    ) -> None:
        x, y = foot
        corners = self._pixels([(x - half, y, 0), (x + half, y, 0), (x + half, y, tall), (x - half, y, tall)])
        if corners is not None and math.hypot(x, y) > 14:  # noqa: PLR2004 - not before the lens
            cv2.fillConvexPoly(image, corners, colour)

    def _gate(self, image: Floats, left: tuple[float, float], right: tuple[float, float]) -> None:
        for foot in (left, right):
            self._post(image, foot, 4.2, 0.5, (90, 120, 170))
        (x0, y0), (x1, y1) = left, right
        beam = self._pixels([(x0, y0, 3.5), (x1, y1, 3.5), (x1, y1, 4.4), (x0, y0, 4.4)])
        if beam is not None:
            cv2.fillConvexPoly(image, beam, (70, 90, 160))

    def _tree(self, image: Floats, foot: tuple[float, float]) -> None:
        if math.hypot(*foot) < 16 or foot[1] < 4:  # noqa: PLR2004 - not before the lens
            return
        self._post(image, foot, 2.6, 0.14, (60, 78, 92))
        for _ in range(14):
            dx, dz, r = (
                self.random.normal(0, 0.8),
                self.random.uniform(2.2, 4.6),
                self.random.uniform(0.4, 0.9),
            )
            centre = self._pixels([(foot[0] + dx, foot[1], dz), (foot[0] + dx + r, foot[1], dz)])
            if centre is not None:
                green = self.random.uniform(0.6, 1.15) * np.array([58, 104, 76])
                cv2.circle(
                    image,
                    centre[0].tolist(),
                    max(1, abs(int(centre[1, 0] - centre[0, 0]))),
                    green.tolist(),
                    -1,
                    cv2.LINE_AA,
                )

    def _wet(self, image: Floats) -> None:
        """A wet ground is darker and mirrors, blurred and upright, what stands behind it."""
        below = ~self.above
        mirror = cv2.blur(image[::-1], (9, self.size[1] // 6 | 1))
        image[below] = image[below] * 0.62 + mirror[below] * 0.22
        haze = 0.12
        image[:] = image * (1 - haze) + 150 * haze * (0.3 + 0.7 * self.sky.daylight)


def _grain(seed: int) -> NDArray[np.float32]:
    """A smooth random texture (256, 256) of mean 0 that repeats."""
    random = np.random.default_rng(seed)
    grain = sum(
        cv2.resize(random.normal(size=(n, n)).astype(np.float32), (256, 256), interpolation=cv2.INTER_CUBIC)
        * weight
        for n, weight in ((32, 0.6), (128, 0.35), (256, 0.25))
    )
    return np.asarray(grain, np.float32)
