"""The things that stand before a synthetic camera, as polygons in its picture."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Self

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from lakehouse.city.cameras import Calibration
from lakehouse.synthetic import Thing
from serving.paint.palette import dice, palette
from serving.paint.people import rider, walker
from serving.paint.shapes import Shape
from serving.paint.vehicles import bicycle, bus, car, motorcycle, truck

Floats = NDArray[np.float64]

_SHIFT = 3
"""Corners are handed to OpenCV in eighths of a pixel."""

_HALF_WAY = np.array([-0.25, -0.37])
"""The middle of a pixel is a whole number: x of a picture is x / 2 - 1/4 of one of half the size.

OpenCV fills a polygon some quarter of a pixel too low, so that in half the size y is off by half of that
(measured: with -1/4 all that stands sinks by 0.12 pixels).
"""

_STEP_M = 0.7
_STANDING_MS = 0.2
_SADDLE_M = 0.4
"""A rider is painted as if this much nearer than what he rides, so that he sits in front of it."""


@dataclass(frozen=True)
class Figure:
    """A thing in the picture: polygons in painter's order, `depth` metres away.

    polygons (n, 8, 2) in pixels, colours (n, 3) BGR in daylight; `wire` ones (n,) are outlines, and
    `shining` ones (n,) are as bright at night; box (4,) is their extent in pixels, not cut at the picture's
    edge; lamps (k, 3) are x, y in pixels and +1 for a headlamp, -1 for a tail lamp.
    """

    thing: Thing
    depth: float
    polygons: Floats
    colours: Floats
    wire: NDArray[np.bool_]
    shining: NDArray[np.bool_]
    box: Floats
    lamps: Floats

    def draw(self, image: NDArray[np.uint8], light: ArrayLike) -> None:
        """Paint the figure over `image` under `light`, a factor for each of B, G and R."""
        lit = np.where(self.shining[:, None], self.colours, self.colours * np.asarray(light)).tolist()
        corners = np.rint(self.polygons * (1 << _SHIFT)).astype(np.int32)
        thickness = max(1, round((self.box[3] - self.box[1]) / 24))
        for polygon, colour, wire in zip(corners, lit, self.wire.tolist(), strict=True):
            if wire:
                cv2.polylines(image, [polygon], True, colour, thickness, cv2.LINE_AA, _SHIFT)
            else:
                cv2.fillConvexPoly(image, polygon, colour, cv2.LINE_AA, _SHIFT)

    def moved(self, thing: Thing, foot: Floats, to: Floats, scale: float) -> Self:
        """The figure as `thing`, `scale` times as large: what was at `foot` (2,) is now at `to` (2,)."""
        shift = to - scale * foot
        box = (self.box.reshape(2, 2) * scale + shift).ravel()
        lamps = self.lamps * (scale, scale, 1) + (*shift, 0)
        return replace(self, thing=thing, polygons=self.polygons * scale + shift, box=box, lamps=lamps)

    def mark(self, ids: NDArray[np.uint8], number: int) -> None:
        """Fill the figure's silhouette in `ids` with `number`."""
        for polygon in np.rint(self.polygons).astype(np.int32):
            cv2.fillConvexPoly(ids, polygon, number)


@cache
def _shapes() -> dict[str, Shape]:
    dressed = {"plain": (False, False), "scarf": (True, False), "dress": (True, True)}
    walkers = {f"person-{name}": walker(scarf=scarf, dress=dress) for name, (scarf, dress) in dressed.items()}
    vehicles = {"bus": bus(), "truck": truck(), "motorcycle": motorcycle(), "bicycle": bicycle()}
    return walkers | vehicles | {"car-tall": car(tall=True), "car-low": car(tall=False), "rider": rider()}


def _shape_name(thing: Thing) -> str:
    if thing.on is not None:
        return "rider"
    if thing.label == "person":
        return ("person-plain", "person-plain", "person-scarf", "person-dress")[dice(thing.tone, 0, 4)]
    if thing.label == "car":
        return ("car-tall", "car-tall", "car-low")[dice(thing.tone, 0, 3)]
    return thing.label


@lru_cache(maxsize=4096)
def _colours(name: str, tone: int) -> Floats:
    """The colours (n, 3) of a shape's faces in daylight."""
    shape, colours = _shapes()[name], palette(tone)
    return np.clip(np.array([colours[role] for role in shape.roles]) * shape.shades[:, None], 0, 255)


@cache
def _fronts(name: str) -> Floats:
    """What each face (n,) of a shape shines as: 1 a headlamp, -1 a tail lamp, 0 nothing."""
    return np.array([{"headlamp": 1.0, "tail": -1.0}.get(role, 0.0) for role in _shapes()[name].roles])


def figures(
    things: Iterable[Thing], calibration: Calibration, size: tuple[int, int], seconds: float
) -> list[Figure]:
    """The things as figures of a picture of `size` (width, height) pixels, the farthest first.

    `seconds` moves the limbs. What reaches behind the camera or lies outside the picture is left out.
    """
    groups: dict[str, list[Thing]] = {}
    for thing in things:
        groups.setdefault(_shape_name(thing), []).append(thing)
    found = [one for name, group in groups.items() for one in _group(name, group, calibration, size, seconds)]
    return sorted(found, key=lambda figure: -figure.depth)


def halved(
    found: Sequence[Figure], later: Iterable[Thing], calibration: Calibration, size: tuple[int, int]
) -> list[Figure]:
    """The figures of a picture of `size` where their things are `later`, in one of half the size.

    They are shifted and scaled, which over a fraction of a second is all they do; who is gone is left out.
    """
    where = {thing.id: thing for thing in later}
    kept = [(figure, where[figure.thing.id]) for figure in found if figure.thing.id in where]
    ground = np.array([(one.x, one.y, 0.0) for figure, thing in kept for one in (figure.thing, thing)])
    feet = calibration.project(ground).reshape(-1, 2, 2) * size
    away = np.hypot(*ground.reshape(-1, 2, 3)[..., :2].transpose(2, 0, 1))
    return [
        figure.moved(thing, foot, to / 2 + _HALF_WAY, float(before / after) / 2)
        for (figure, thing), (foot, to), (before, after) in zip(kept, feet, away, strict=True)
        if np.isfinite((foot, to)).all()
    ]


def _group(
    name: str, things: Sequence[Thing], calibration: Calibration, size: tuple[int, int], seconds: float
) -> Iterator[Figure]:
    """All things of one shape, projected at once."""
    shape = _shapes()[name]
    local = shape.points + _swing(things, seconds)[:, None, None, None] * shape.swing
    feet = np.array([(thing.x, thing.y, 0.0) for thing in things])
    world = np.einsum("nfci,nij->nfcj", local, _axes(things, upright=shape.upright)) + feet[:, None, None]
    pixels = calibration.project(world.reshape(-1, 3)).reshape(*world.shape[:3], 2) * size
    seen = shape.flat | (_area(pixels) < 0)
    for thing, corners, faces in zip(things, pixels, seen, strict=True):
        if np.isfinite(corners).all() and faces.any():
            figure = _figure(name, thing, corners, faces)
            if _inside(figure.box, size):
                yield figure


def _area(polygons: Floats) -> Floats:
    """Twice the signed areas (...) of polygons (..., n, 2); negative where the outside faces the camera."""
    following = np.roll(polygons, -1, axis=-2)
    crossed = polygons[..., 0] * following[..., 1] - polygons[..., 1] * following[..., 0]
    return np.asarray(crossed.sum(axis=-1))


def _inside(box: Floats, size: tuple[int, int]) -> bool:
    return bool(box[0] < size[0] and box[1] < size[1] and box[2] > 0 and box[3] > 0)


def _figure(name: str, thing: Thing, pixels: Floats, seen: NDArray[np.bool_]) -> Figure:
    shape, corners, front = _shapes()[name], pixels[seen], _fronts(name)[seen]
    shining = front != 0
    lamps = np.empty((np.count_nonzero(shining), 3))
    lamps[:, :2], lamps[:, 2] = corners[shining].mean(axis=1), front[shining]
    return Figure(
        thing,
        float(np.hypot(thing.x, thing.y)) - (_SADDLE_M if thing.on is not None else 0.0),
        corners,
        _colours(name, thing.tone)[seen],
        shape.wire[seen],
        shining,
        np.concatenate([corners.min(axis=(0, 1)), corners.max(axis=(0, 1))]),
        lamps,
    )


def _axes(things: Sequence[Thing], *, upright: bool) -> Floats:
    """The directions (n, 3, 3) right, ahead and up of each thing, times its size in metres."""
    x, y, heading = np.array([(thing.x, thing.y, thing.heading) for thing in things]).T
    width, length, height = np.array([(thing.width, thing.length, thing.height) for thing in things]).T
    level = np.zeros(len(things))
    ahead = np.stack([np.sin(heading), np.cos(heading), level], 1)
    if upright:
        far = np.maximum(np.hypot(x, y), 1e-6)
        right, length = np.stack([y / far, -x / far, level], 1), height
    else:
        right = np.stack([np.cos(heading), -np.sin(heading), level], 1)
    up = np.stack([level, level, height], 1)
    return np.stack([right * width[:, None], ahead * length[:, None], up], 1)


def _swing(things: Sequence[Thing], seconds: float) -> Floats:
    """Where each thing's limbs are, -1 to 1; who stands keeps them still."""
    speed, phase = np.array([(thing.speed_ms, thing.tone % 97) for thing in things], np.float64).T
    return np.where(speed > _STANDING_MS, np.sin(seconds * speed * np.pi / _STEP_M + phase), 0.25)
