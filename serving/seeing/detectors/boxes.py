"""From a picture to a network's input and back: scaling, padding, doubles."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lakehouse.scenes import LABELS, Detections

_GREY = 114
"""What the padding looked like when the network was taught."""

_SAME = 0.8
"""Two boxes that overlap so much are one thing."""


@dataclass(frozen=True)
class Fit:
    """How a picture of `shape` (height, width) lies in a network's input: scaled by `scale`, then moved."""

    shape: tuple[int, int]
    scale: float
    left: int
    top: int

    @classmethod
    def of(cls, shape: tuple[int, int], width: int, height: int) -> "Fit":
        """The largest fit, in the middle."""
        scale = min(width / shape[1], height / shape[0])
        return cls(
            shape, scale, (width - round(shape[1] * scale)) // 2, (height - round(shape[0] * scale)) // 2
        )

    def picture(self, image: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
        """The network's input (height, width, 3)."""
        size = max(1, round(self.shape[1] * self.scale)), max(1, round(self.shape[0] * self.scale))
        if size != (image.shape[1], image.shape[0]):
            method = cv2.INTER_AREA if self.scale < 1 else cv2.INTER_LINEAR
            image = np.asarray(cv2.resize(image, size, interpolation=method), np.uint8)
        framed = np.full((height, width, 3), _GREY, np.uint8)
        framed[self.top : self.top + size[1], self.left : self.left + size[0]] = image
        return framed

    def back(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes (n, 4) of the network's input in the picture's own pixels, cut at its edge."""
        height, width = self.shape
        moved = (boxes - np.array([self.left, self.top] * 2, np.float32)) / np.float32(self.scale)
        return np.asarray(np.clip(moved, 0, [width, height] * 2), np.float32)


def detections(rows: NDArray[np.float32], fit: Fit) -> Detections:
    """Rows (n, 6) x1 y1 x2 y2 confidence and place in LABELS as detections, the surest first."""
    rows = rows[np.argsort(-rows[:, 4], kind="stable")]
    boxes = fit.back(rows[:, :4])
    kept = _distinct(boxes, rows[:, 5].astype(int) == LABELS.index("person"))
    labels = np.array([LABELS[int(number)] for number in rows[kept, 5]], np.str_)
    return Detections(boxes[kept], labels, np.clip(rows[kept, 4], 0, 1))


def _distinct(boxes: NDArray[np.float32], person: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which boxes (n,) are no less sure doubles of another; a person and a vehicle are never doubles."""
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=2)
    size = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    double = (shared > _SAME * (size[:, None] + size[None] - shared)) & (person[:, None] == person[None])
    empty = size <= 0
    return np.asarray(~(np.tril(double, -1).any(axis=1) | empty))
