"""Where boxes stand in a picture: in a polygon, beside a line, on a two-wheeler."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lakehouse.scenes import GRID, Scene

TWO_WHEELERS = ("bicycle", "motorcycle")
RASTER = (54, 96)
"""Rows and columns of the raster on which areas are compared."""

_RIDES = 0.25
"""Measured on rendered and real streets: a rider shares at least this much of their box with the machine."""


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
    """Which boxes (n,) are people on a two-wheeler.

    Their feet are in the machine's box, and a quarter of them or more is: a person who stands in front
    of a parked machine has their feet below it.
    """
    people, machines = scene.labels == "person", scene.of_labels(TWO_WHEELERS)
    riding = np.zeros(len(scene), np.bool_)
    if not people.any() or not machines.any():
        return riding
    boxes = scene.boxes.astype(np.float64)
    person, machine = boxes[people][:, None], boxes[machines][None]
    middle = (person[..., 0] + person[..., 2]) / 2
    on_it = (middle >= machine[..., 0]) & (middle <= machine[..., 2])
    on_it &= (person[..., 3] >= machine[..., 1]) & (person[..., 3] <= machine[..., 3])
    size = (person[..., 2] - person[..., 0]) * (person[..., 3] - person[..., 1])
    on_it &= shared(person, machine) >= _RIDES * np.maximum(size, 1)
    riding[people] = on_it.any(axis=1)
    return riding


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
