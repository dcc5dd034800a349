"""Pictures of the synthetic city, painted from its truth."""

import zlib
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from lakehouse.city.cameras import Calibration, Camera
from lakehouse.scenes import Detections
from lakehouse.synthetic import Moment
from serving.paint import weather
from serving.paint.backdrop import Backdrop, Sky, backdrop
from serving.paint.figures import Figure, figures, halved
from serving.paint.scenery import Scenery

__all__ = ["paint", "paint_labelled", "paint_pair"]

SEEN = 0.25
"""A thing of which less is visible has no box."""


def paint(moment: Moment, camera: Camera, scenery: Scenery) -> NDArray[np.uint8]:
    """What `camera` sees at `moment`: (height, width, 3) uint8 in BGR."""
    return _picture(moment, camera, scenery)[0]


def paint_labelled(moment: Moment, camera: Camera, scenery: Scenery) -> tuple[NDArray[np.uint8], Detections]:
    """The same picture, and the exact boxes of what is visible in it, with confidence 1."""
    image, things = _picture(moment, camera, scenery)
    return image, _boxes(things, (camera.width, camera.height))


def paint_pair(
    moment: Moment, later: Moment, camera: Camera, scenery: Scenery
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The picture at `moment`, and what of it has moved by `later`: grey, of half the width and height.

    The second is what flow is measured in: things are moved as they stand, without rain, noise and clock.
    """
    image, things = _picture(moment, camera, scenery)
    moved = halved(things, later.things, _calibration(camera), (camera.width, camera.height))
    small = _peopled(_still(moment, camera, scenery).half, moved, moment, camera)
    return image, np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)


def _picture(moment: Moment, camera: Camera, scenery: Scenery) -> tuple[NDArray[np.uint8], list[Figure]]:
    size = camera.width, camera.height
    things = figures(moment.things, _calibration(camera), size, moment.at.timestamp() % 3600)
    image = _peopled(_still(moment, camera, scenery), things, moment, camera)
    random = np.random.default_rng(zlib.crc32(f"{moment.camera_id}|{moment.at.isoformat()}".encode()))
    if moment.rain_mm > 0:
        weather.rain(image, moment.rain_mm, random)
    weather.noise(image, round(3 + 6 * (1 - moment.daylight)), random)
    weather.stamp(image, moment.at, camera.name)
    return image, things


def _calibration(camera: Camera) -> Calibration:
    if camera.calibration is None:
        raise ValueError(f"the camera {camera.camera_id} has no calibration to be painted by")
    return camera.calibration


def _still(moment: Moment, camera: Camera, scenery: Scenery) -> Backdrop:
    sky = Sky.of(moment.daylight, moment.rain_mm, moment.water)
    return backdrop(scenery, _calibration(camera), (camera.width, camera.height), sky)


def _peopled(scene: Backdrop, things: Sequence[Figure], moment: Moment, camera: Camera) -> NDArray[np.uint8]:
    """The scene with its figures, their shadows and their lamps."""
    image, dark = scene.image.copy(), 1 - moment.daylight
    strength = 0.35 if moment.rain_mm > 0 else 0.45 + 0.5 * moment.daylight
    weather.shadows(image, things, _calibration(camera), strength)
    for thing in things:
        thing.draw(image, _light(scene, thing))
    if dark > 0.3:  # noqa: PLR2004 - drivers switch their lamps on
        weather.lamps(image, things, dark)
    return image


def _light(scene: Backdrop, figure: Figure) -> NDArray[np.float32]:
    """The light at a figure's foot."""
    height, width = scene.light.shape[:2]
    left, _, right, foot = figure.box.tolist()
    x, y = min(max((left + right) / 2, 0), width - 1), min(max(foot, 0), height - 1)
    return np.asarray(scene.light[int(y), int(x)])


def _boxes(things: Sequence[Figure], size: tuple[int, int]) -> Detections:
    """The boxes of the things that enough is visible of, around what of them lies in the picture."""
    ids = np.zeros((size[1], size[0]), np.uint8)
    boxes, whole = np.zeros((len(things), 4)), np.zeros(len(things))
    for number, figure in enumerate(things, 1):
        figure.mark(ids, number)
        x, y, width, height = cv2.boundingRect((ids == number).view(np.uint8))
        boxes[number - 1] = x, y, x + width, y + height
        whole[number - 1] = np.count_nonzero(ids == number) / max(_inside(figure.box, size), 1e-6)
    seen = np.bincount(ids.ravel(), minlength=len(things) + 1)[1:]
    kept = (seen >= SEEN * whole) & (seen > 0)
    labels = np.array([figure.thing.label for figure in things], np.str_)
    return Detections(boxes[kept].astype(np.float32), labels[kept], np.ones(int(kept.sum()), np.float32))


def _inside(box: NDArray[np.float64], size: tuple[int, int]) -> float:
    """The share of a box that lies in the picture."""
    cut = np.clip(box, 0, (*size, *size))
    return float((cut[2] - cut[0]) * (cut[3] - cut[1]) / ((box[2] - box[0]) * (box[3] - box[1])))
