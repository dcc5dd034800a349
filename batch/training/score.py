"""How well a network finds what labelled pictures show."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from batch.training.pictures import Boxes, Image, boxes_beside, overlaps
from lakehouse.scenes import LABELS

SAME = 0.5
"""A found box and a labelled one of the same class are the same from this intersection over union on."""

Scores = dict[str, dict[str, float]]
"""By label: recall and precision, 0-1, and how many there are."""


def score(ask: Callable[[Image], Boxes], pictures: list[Path]) -> Scores:
    """Recall and precision by class over labelled pictures, at the confidence that `ask` has."""
    there, found, right = Counter[int](), Counter[int](), Counter[int]()
    for path in pictures:
        image = np.asarray(cv2.imread(str(path)), np.uint8)
        true, seen = boxes_beside(path, image), ask(image)
        there.update(true[:, 0].astype(int).tolist())
        found.update(seen[:, 0].astype(int).tolist())
        right.update(_right(true, seen))
    return {
        label: {
            "recall": _share(right[k], there[k]),
            "precision": _share(right[k], found[k]),
            "there": there[k],
        }
        for k, label in enumerate(LABELS)
        if there[k]
    }


def _right(true: Boxes, seen: Boxes) -> list[int]:
    """The classes of the boxes that were found, each once; `seen` comes the surest first."""
    left, right = list(range(len(true))), []
    for box in seen:
        same = [i for i in left if true[i, 0] == box[0]]
        over = overlaps(box, true[same])
        if same and over.max() >= SAME:
            left.remove(same[int(over.argmax())])
            right.append(int(box[0]))
    return right


def _share(part: int, whole: int) -> float:
    return round(part / whole, 3) if whole else 0.0
