"""Between a synthetic scene and its picture: shadows, lamps, rain, the sensor's noise, the clock."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from lakehouse.city.cameras import Calibration
from lakehouse.clock import CITY_ZONE
from serving.paint.figures import Figure

Image = NDArray[np.uint8]


def shadows(image: Image, figures: Sequence[Figure], calibration: Calibration, strength: float) -> None:
    """Darken the ground under and beside each figure; `strength` 0-1."""
    if not figures:
        return
    height, width = image.shape[:2]
    mask = np.zeros((height // 2, width // 2), np.uint8)
    pixels = calibration.project(_footprints(figures)) * (width // 2, height // 2)
    for patch in pixels.reshape(len(figures), -1, 2):
        if np.isfinite(patch).all():
            cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(patch).astype(np.int32)), int(140 * strength))
    soft = cv2.resize(cv2.blur(mask, (5, 5)), (width, height))
    shade = cv2.cvtColor(255 - soft, cv2.COLOR_GRAY2BGR)
    cv2.multiply(image, shade, dst=image, scale=1 / 255)


def _footprints(figures: Sequence[Figure]) -> NDArray[np.float64]:
    """Eight ground points (n, 8, 3) around each foot and its shadow, which falls a little to the right."""
    things = [(one.thing.x, one.thing.y, one.thing.heading, one.thing.height) for one in figures]
    x, y, heading, height = np.array(things).T[..., None]
    sides = np.array([(one.thing.width, max(one.thing.length, one.thing.width)) for one in figures])
    turn = np.arange(8) * np.pi / 4 + np.pi / 8
    right, ahead = sides[:, :1] * 0.62 * np.cos(turn), sides[:, 1:] * 0.58 * np.sin(turn)
    sin, cos = np.sin(heading), np.cos(heading)
    east, north = x + right * cos + ahead * sin, y - right * sin + ahead * cos
    lean = np.where(right * cos + ahead * sin > 0, 0.22 * height, 0.0)
    return np.stack([east + lean, north, np.zeros_like(east)], 2)


def lamps(image: Image, figures: Sequence[Figure], dark: float) -> None:
    """Glare around lamps that shine towards the camera; `dark` 0-1."""
    height, width = image.shape[:2]
    glare = np.zeros((height // 4, width // 4, 3), np.uint8)
    for figure in figures:
        size = max(1, round(float(figure.box[3] - figure.box[1]) / 28))
        for x, y, front in figure.lamps:
            colour = (150, 190, 205) if front > 0 else (25, 25, 120)
            cv2.circle(glare, (int(x / 4), int(y / 4)), size, colour, -1)
    glow = cv2.resize(cv2.blur(glare, (7, 7)), (width, height))
    cv2.add(image, cv2.convertScaleAbs(glow, alpha=1.3 * dark), dst=image)


def rain(image: Image, rain_mm: float, random: np.random.Generator) -> None:
    """Streaks, the more the harder it rains."""
    height, width = image.shape[:2]
    count = int(min(40 + 14 * rain_mm, 260))
    start = random.uniform((0, -20), (width, height), (count, 2))
    end = start + random.uniform((-3, 8), (-1, 24), (count, 2))
    lines = np.stack([start, end], 1).astype(np.int32)
    veil = np.zeros((height, width), np.uint8)
    cv2.polylines(veil, list(lines), False, 46, 1, cv2.LINE_AA)
    cv2.add(image, cv2.cvtColor(veil, cv2.COLOR_GRAY2BGR), dst=image)


@cache
def _noise(level: int) -> tuple[Image, Image]:
    """Two sheets of the sensor's noise, what it adds and what it takes, of standard deviation `level`."""
    random = np.random.default_rng(level)
    sheet = random.normal(0, level, (480, 800, 1)) + random.normal(0, level / 2, (480, 800, 3))
    return np.maximum(sheet, 0).astype(np.uint8), np.maximum(-sheet, 0).astype(np.uint8)


def noise(image: Image, level: int, random: np.random.Generator) -> None:
    """Add the sensor's noise of standard deviation `level` grey steps."""
    height, width = image.shape[:2]
    y, x = random.integers(480 - height + 1), random.integers(800 - width + 1)
    more, less = _noise(level)
    cv2.add(image, more[y : y + height, x : x + width], dst=image)
    cv2.subtract(image, less[y : y + height, x : x + width], dst=image)


def stamp(image: Image, at: datetime, name: str) -> None:
    """Write the city's clock and the camera's name into the picture, as recorders do."""
    clock = at.astimezone(CITY_ZONE).strftime("%Y-%m-%d %H:%M:%S")
    for text, corner in ((clock, (8, 18)), (name, (8, image.shape[0] - 10))):
        for offset, grey in ((1, 20), (0, 235)):
            place = corner[0] + offset, corner[1] + offset
            cv2.putText(
                image, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (grey, grey, grey), 1, cv2.LINE_AA
            )
