"""Boxes of what moves before a fixed camera, where a teacher does not know the sight: cars from above."""

from collections.abc import Sequence

import cv2
import numpy as np

from batch.training.pictures import Boxes, Image

_DIFFERS = 28.0
_SMALLEST_PX, _NARROWEST_PX, _WIDEST = 900, 40, 0.35
"""What covers fewer pixels or is narrower is a shadow; what is wider than this share is the light."""


def moving(frames: Sequence[Image], label: int) -> list[Boxes]:
    """Boxes (n, 5) of each frame's parts that differ from the clip's median, all of class `label`.

    The camera stands still and the frames show mostly the empty ground; a frame that the camera took
    darker or brighter is first brought to the median's brightness.
    """
    empty = np.median(np.stack(frames[:: max(1, len(frames) // 80)]), axis=0)
    return [_boxes(frame, empty, label) for frame in frames]


def _boxes(frame: Image, empty: np.ndarray, label: int) -> Boxes:
    level = frame * (np.median(empty) / max(float(np.median(frame)), 1.0))
    differs = cv2.GaussianBlur(np.abs(level - empty).max(axis=2), (5, 5), 0) > _DIFFERS
    parts = cv2.morphologyEx(differs.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3)))
    parts = cv2.morphologyEx(parts, cv2.MORPH_CLOSE, np.ones((11, 11)))
    found = cv2.connectedComponentsWithStats(parts)[2][1:]
    return np.array(
        [(label, x, y, x + width, y + height) for x, y, width, height, size in found.tolist()
         if size > _SMALLEST_PX and _NARROWEST_PX < width < _WIDEST * frame.shape[1]], np.float64,
    ).reshape(-1, 5)  # fmt: skip
