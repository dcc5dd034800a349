"""How what was found moves: followed from a frame's picture into the one a moment later."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from lakehouse.scenes import Detections, Frame

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

ACROSS = 4
"""So many points across and down are followed in a box.

On a motorway 720 pixels high and two pictures 0.067 s apart, a grid leaves 4 % of the vehicles' boxes without
a velocity, nearly all of them half out of the picture; a dozen corners a box leave 15 %, and err by half more
where a vehicle is near, since they crowd on its number plate.
"""

FEWEST = 4
"""A box has a velocity where at least so many of its points were followed there and back."""

ASTRAY_PX = 1.0
"""A point that comes back farther than this from where it began was lost."""

UNLIKE = 25.0
"""What is around a point may differ by so many grey levels, on average, from what it was before."""

AGREEING_PX, AGREEING = 0.7, 0.2
"""Half of the points lie no farther than this from their median: pixels, and a share of the way."""

_INNER = 0.1
"""Each side of a box is left out by this share of it: what lies there is often the street behind."""

_NARROWEST_PX = 3.0
"""In a narrower box it is the street that would be followed."""

_STANDING, _FEWEST_STANDING = 32, 12
_QUALITY, _APART_PX, _COARSER = 0.02, 3, 4
_WINDOW, _LEVELS = (17, 17), 4
_ENOUGH = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 0.03)


def measured(frame: Frame, found: Detections) -> Detections:
    """What was found in `frame` with its velocities, NaN where nothing could be followed.

    Sparse optical flow (Lucas and Kanade, in pyramids as Bouguet has it), there and back; what the camera's
    own shaking adds is taken off. A frame without a glimpse leaves what was found as it is.
    """
    glimpse = frame.glimpse
    if glimpse is None or glimpse.after_s <= 0:
        return found
    height, width = glimpse.grey.shape
    scale = np.array([width, height], np.float32) / np.array(frame.image.shape[1::-1], np.float32)
    before = _grey(frame.image, (width, height))
    after = _as_light(glimpse.grey, before)
    boxes = np.asarray(found.boxes.reshape(-1, 2, 2) * scale, np.float32)
    ways = _ways(before, after, boxes)
    return replace(found, velocities=(ways / scale / np.float32(glimpse.after_s)).astype(np.float32))


def _grey(image: NDArray[np.uint8], size: tuple[int, int]) -> Grey:
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def _as_light(after: Grey, before: Grey) -> Grey:
    """`after`, as bright and as strong in contrast as `before`: luma may lie between 16 and 235 only."""
    (mean, spread), (own_mean, own_spread) = (cv2.meanStdDev(one) for one in (before, after))
    gain = spread.item() / max(own_spread.item(), 1.0)
    levels = (np.arange(256) - own_mean.item()) * gain + mean.item()
    return np.asarray(cv2.LUT(after, np.clip(np.rint(levels), 0, 255).astype(np.uint8)), np.uint8)


def _ways(before: Grey, after: Grey, boxes: Floats) -> Floats:
    """How far what is in each box (n, 2, 2) went, (n, 2) in pixels of these pictures."""
    if not len(boxes):
        return np.zeros((0, 2), np.float32)
    inside, standing = _grids(boxes, before.shape[::-1]), _standing(before, boxes)
    went, held = _followed(before, after, np.concatenate([inside.reshape(-1, 2), standing]))
    count = inside.shape[0] * inside.shape[1]
    ways = _agreed(went[:count].reshape(inside.shape), held[:count].reshape(inside.shape[:2]), FEWEST)
    shake = _agreed(went[None, count:], held[None, count:], _FEWEST_STANDING)
    wide = (boxes[:, 1] - boxes[:, 0]).min(axis=1) >= _NARROWEST_PX
    return np.where(wide[:, None], ways - np.nan_to_num(shake), np.float32(np.nan))


def _grids(boxes: Floats, size: tuple[int, ...]) -> Floats:
    """The points (n, ACROSS x ACROSS, 2) to be followed in what of each box lies in the picture."""
    corners = np.clip(boxes, 0, np.array(size, np.float32) - 1)
    steps = _INNER + (1 - 2 * _INNER) * (np.arange(ACROSS, dtype=np.float32) + 0.5) / ACROSS
    shares = np.stack(np.meshgrid(steps, steps), -1).reshape(1, -1, 2)
    return np.asarray(corners[:, :1] + shares * (corners[:, 1:] - corners[:, :1]), np.float32)


def _standing(grey: Grey, boxes: Floats) -> Floats:
    """Corners (n, 2) of what should stand still, seen in a smaller picture outside of all boxes."""
    small = cv2.resize(grey, None, fx=1 / _COARSER, fy=1 / _COARSER, interpolation=cv2.INTER_AREA)
    outside = np.full(small.shape, 255, np.uint8)
    for (x1, y1), (x2, y2) in np.clip(np.rint(boxes / _COARSER), 0, small.shape[::-1]).astype(int):
        outside[y1 : y2 + 1, x1 : x2 + 1] = 0
    found = cv2.goodFeaturesToTrack(small, _STANDING, _QUALITY, _APART_PX, mask=outside)
    corners = np.zeros((0, 2)) if found is None else found.reshape(-1, 2)
    return np.asarray((corners + 0.5) * _COARSER - 0.5, np.float32)


def _followed(before: Grey, after: Grey, points: Floats) -> tuple[Floats, Flags]:
    """How far each point (n, 2) went, and which of them were followed there and back."""
    there, found, unlike = cv2.calcOpticalFlowPyrLK(
        before, after, points, None, winSize=_WINDOW, maxLevel=_LEVELS, criteria=_ENOUGH
    )
    back, again, _ = cv2.calcOpticalFlowPyrLK(
        after, before, there, None, winSize=_WINDOW, maxLevel=_LEVELS, criteria=_ENOUGH
    )
    near = np.linalg.norm(back - points, axis=1) < ASTRAY_PX
    alike = unlike[:, 0] < UNLIKE
    return there - points, near & alike & (found[:, 0] == 1) & (again[:, 0] == 1)


def _agreed(ways: Floats, held: Flags, fewest: int) -> Floats:
    """The median (n, 2) of each group of ways (n, k, 2) that were held; NaN if they are few or disagree."""
    middle = _medians(ways, held)
    apart = _medians(np.linalg.norm(ways - middle[:, None], axis=2)[..., None], held)
    agreed = apart <= AGREEING_PX + AGREEING * np.linalg.norm(middle, axis=1, keepdims=True)
    return np.where(agreed & (held.sum(axis=1)[:, None] >= fewest), middle, np.float32(np.nan))


def _medians(values: Floats, held: Flags) -> Floats:
    """The medians (n, m) of those of values (n, k, m) that are held (n, k); NaN where none is."""
    told = np.where(held[..., None], values, np.float32(np.nan))
    ordered = np.sort(np.pad(told, ((0, 0), (0, 1), (0, 0)), constant_values=np.nan), axis=1)  # NaN is last
    count, group = held.sum(axis=1), np.arange(len(values))
    lower, upper = ordered[group, np.maximum(count - 1, 0) // 2], ordered[group, count // 2]
    return np.asarray((lower + upper) / 2, np.float32)
