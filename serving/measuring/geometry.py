"""Where boxes stand in a picture: in a polygon, on a two-wheeler, behind a window."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lakehouse.scenes import GRID, Scene

TWO_WHEELERS = ("bicycle", "motorcycle")
RASTER = (54, 96)
"""Rows and columns of the raster on which areas are compared."""

_RIDES = 0.25
"""Measured on rendered and real streets: a rider shares at least this much of their box with the machine."""

CABINS = ("car", "bus", "truck")
_ABOARD = 0.8
_SILL = 0.15
"""Who sits in a vehicle shows to the waist through a window: four fifths of the box lie within the vehicle's,
and it ends above the lowest 15 % of that, where wheels and ground are. Who walks in front has feet lower."""


def inside(points: NDArray[np.float64], corners: ArrayLike) -> NDArray[np.bool_]:
    """Which points (n, 2) lie in the polygon (m, 2), by the even-odd rule; its border is inside.

    A whole-frame polygon must hold a box that is cut off by the picture's lower edge.
    """
    start = np.asarray(corners, np.float64)
    stop = np.roll(start, -1, axis=0)
    x, y = points[:, :1], points[:, 1:]
    between = (start[:, 1] > y) != (stop[:, 1] > y)
    rise = np.where(stop[:, 1] == start[:, 1], 1.0, stop[:, 1] - start[:, 1])
    crosses = between & (x < (stop[:, 0] - start[:, 0]) * (y - start[:, 1]) / rise + start[:, 0])
    return np.asarray((crosses.sum(axis=1) % 2 == 1) | _on_border(points, start, stop))


def _on_border(
    points: NDArray[np.float64], start: NDArray[np.float64], stop: NDArray[np.float64]
) -> NDArray[np.bool_]:
    along = stop - start
    offset = points[:, None, :] - start
    twist = offset[..., 0] * along[:, 1] - offset[..., 1] * along[:, 0]
    reach = (offset * along).sum(axis=2)
    touches = (np.abs(twist) < 1e-9) & (reach >= 0) & (reach <= (along**2).sum(axis=1))  # noqa: PLR2004 - rounding
    return np.asarray(touches.any(axis=1))


def riders(scene: Scene) -> NDArray[np.bool_]:
    """Which boxes (n,) are people that a vehicle carries: on a two-wheeler, or behind a window.

    On a two-wheeler their feet are in the machine's box, and a quarter of them or more is: a person who
    stands in front of a parked machine has their feet below it.
    """
    people = scene.labels == "person"
    riding = np.zeros(len(scene), np.bool_)
    if people.any():
        boxes = scene.boxes.astype(np.float64)
        person = boxes[people][:, None]
        on = _astride(person, boxes[scene.of_labels(TWO_WHEELERS)][None])
        riding[people] = on.any(axis=1) | _aboard(person, boxes[scene.of_labels(CABINS)][None]).any(axis=1)
    return riding


def _astride(person: NDArray[np.float64], machine: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which people (p, 1, 4) sit on which machines (1, m, 4)."""
    middle = (person[..., 0] + person[..., 2]) / 2
    on_it = (middle >= machine[..., 0]) & (middle <= machine[..., 2])
    on_it &= (person[..., 3] >= machine[..., 1]) & (person[..., 3] <= machine[..., 3])
    return np.asarray(on_it & (shared(person, machine) >= _RIDES * np.maximum(_size(person), 1)))


def _aboard(person: NDArray[np.float64], vehicle: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which people (p, 1, 4) sit or stand in which vehicles (1, v, 4)."""
    sill = vehicle[..., 3] - _SILL * (vehicle[..., 3] - vehicle[..., 1])
    within = shared(person, vehicle) >= _ABOARD * np.maximum(_size(person), 1)
    return np.asarray(within & (person[..., 3] <= sill))


def _size(box: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((box[..., 2] - box[..., 0]) * (box[..., 3] - box[..., 1]))


def shared(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """The area that boxes (..., 4) and (..., 4) share, broadcast against one another."""
    low = np.maximum(one[..., :2], other[..., :2])
    high = np.minimum(one[..., 2:], other[..., 2:])
    return np.asarray(np.clip(high - low, 0, None).prod(axis=-1))


def raster(corners: ArrayLike) -> NDArray[np.bool_]:
    """The polygon as cells of the raster whose middles it holds."""
    rows, columns = RASTER
    x, y = np.meshgrid((np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / rows)
    return inside(np.stack([x.ravel(), y.ravel()], axis=1), corners).reshape(RASTER)


def covered(boxes: NDArray[np.int16], area: NDArray[np.bool_]) -> float:
    """The share (0-1) of the raster's `area` that boxes (n, 4), in 1/8192 of the frame, lie over."""
    rows, columns = RASTER
    held = np.zeros(RASTER, np.bool_)
    edges = np.rint(boxes / GRID * [columns, rows, columns, rows]).astype(int)
    for left, top, right, bottom in edges.tolist():
        held[top:bottom, left:right] = True
    total = int(area.sum())
    return float((held & area).sum() / total) if total else 0.0
