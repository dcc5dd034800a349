"""What a synthetic camera sees when nobody is there."""

import threading
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from lakehouse.city.cameras import Calibration
from serving.paint.fronts import Fronts, lamp_feet
from serving.paint.ground import ground
from serving.paint.scenery import Scenery
from serving.paint.view import Floats, View

_FINE = 2
"""The backdrop is drawn this much finer and then scaled down, against jagged far lines."""

_NIGHT = np.array([0.30, 0.27, 0.26], np.float32)
_LAMPLIGHT = np.array([0.42, 0.56, 0.66], np.float32)
_ZENITH = np.array([232, 214, 196], np.float32)
_HORIZON = np.array([235, 232, 226], np.float32)
_LAMP_M = 7.0
_RAINY = 0.82
_HAZE = 0.12


@dataclass(frozen=True)
class Sky:
    """The weather and the hour, coarse enough that a backdrop is drawn seldom."""

    daylight: float
    rain: bool = False
    water: float = 0.0

    @classmethod
    def of(cls, daylight: float, rain_mm: float, water: float) -> Self:
        """Round to steps that the eye would not miss."""
        return cls(round(daylight * 12) / 12, rain_mm > 0, round(water * 25) / 25)


@dataclass(frozen=True)
class Backdrop:
    """The empty picture (height, width, 3) uint8 BGR, and the light (height, width, 3) on each pixel."""

    image: NDArray[np.uint8]
    light: NDArray[np.float32]

    @cached_property
    def half(self) -> Self:
        """The same in a picture of half the width and height."""
        height, width = self.image.shape[:2]
        image = cv2.resize(self.image, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        return type(self)(
            np.asarray(image, np.uint8), self.light[: height // 2 * 2 : 2, : width // 2 * 2 : 2]
        )


_ONE_AT_A_TIME = threading.Lock()
"""Drawing takes 100 MB for a moment: 24 cameras that all begin at once would take 2 GB."""


@lru_cache(maxsize=96)
def backdrop(scenery: Scenery, calibration: Calibration, size: tuple[int, int], sky: Sky) -> Backdrop:
    """The empty scene of one camera under one sky; kept, because a camera asks for it with every frame."""
    with _ONE_AT_A_TIME:
        view = View(scenery, calibration, (size[0] * _FINE, size[1] * _FINE))
        light = _light(View(scenery, calibration, size), sky)
        picture = _picture(view, sky, np.asarray(cv2.resize(light, view.size), np.float32))
        coarse = cv2.resize(np.clip(picture, 0, 255), size, interpolation=cv2.INTER_AREA)
    return Backdrop(np.rint(coarse).astype(np.uint8), light)


def _picture(view: View, sky: Sky, light: Floats) -> Floats:
    image = ground(view, sky.water)
    image[view.sky] = _heaven(view, sky)[view.sky]
    windows = np.zeros_like(image)
    Fronts(view, image, windows).draw()
    image *= light
    if sky.rain:
        _wet(view, sky, image)
    return np.asarray(np.maximum(image, windows * (1 - sky.daylight)))


def _heaven(view: View, sky: Sky) -> Floats:
    """The sky by day, paler towards the horizon, or grey."""
    width, height = view.size
    if sky.rain:
        return np.full((height, width, 3), 178.0, np.float32)
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    column = _ZENITH * (1 - down) + _HORIZON * down
    return np.broadcast_to(column, (height, width, 3))


def _light(view: View, sky: Sky) -> Floats:
    """What of the daylight reaches each pixel, and what the lamps add after dark."""
    pools = np.zeros_like(view.x)
    for x, y in lamp_feet(view.scenery):
        pools += np.exp(-((view.x - x) ** 2 + (view.y - y) ** 2) / (2 * _LAMP_M**2))
    dark = _NIGHT + np.minimum(pools, 1.2)[..., None] * _LAMPLIGHT
    return np.asarray(sky.daylight * (_RAINY if sky.rain else 1.0) + (1 - sky.daylight) * dark, np.float32)


def _wet(view: View, sky: Sky, image: Floats) -> None:
    """A wet ground is darker and mirrors, blurred and upright, what stands behind it; the air is hazy."""
    below = ~view.sky
    mirror = cv2.blur(image[::-1], (9, view.size[1] // 6 | 1))
    image[below] = image[below] * 0.62 + mirror[below] * 0.22
    image[:] = image * (1 - _HAZE) + 150 * _HAZE * (0.3 + 0.7 * sky.daylight)
