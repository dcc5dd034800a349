"""What a network puts out, told by its shape: rows of boxes, with their doubles or without them."""

from dataclasses import dataclass
from typing import Literal, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from lakehouse.problem import BadWeights
from serving.seeing.detectors.card import UNREPORTED, Card

Rows = NDArray[np.float32]
Form = Literal["rows", "scores", "objectness"]

_CORNERS = 4
_ROW = 6
"""x1 y1 x2 y2 confidence class."""

_STRIDES = (4, 8, 16, 32, 64)
_GRIDS = ((8, 32), (4, 32), (8, 64))
"""The finest and the coarsest stride of a network's grids: the usual three, with a finer, with a coarser."""

_ANCHORS = 3
"""Boxes a cell of the networks that tell by a column of its own whether there is anything."""

_SAME = 0.7
"""Two boxes of a label that overlap so much are one thing: Ultralytics' own bound."""

_MOST = 300
"""Boxes of a picture that are kept, as many as the networks without doubles have."""

_SHARES = 2.0
"""Boxes whose corners are nowhere beyond are told in shares of the input, not in its pixels."""


@dataclass(frozen=True)
class Output:
    """How a network's output (1, a, b) is read.

    `form` is 'rows' where each row is a finished box, x1 y1 x2 y2 confidence class; 'scores' where it is
    x y width height and a score for each class, with doubles; 'objectness' where another column before the
    scores says whether there is anything. `turned`: the columns lie along the first axis.
    """

    form: Form
    turned: bool
    places: NDArray[np.int64]
    size: tuple[int, int]
    confidence: float

    @classmethod
    def of(cls, shape: tuple[int, ...], card: Card) -> Self:
        """How an output of this shape is read, with the classes and the input of a card.

        A table of six columns may be finished rows or the scores of two classes (or of one, behind an
        objectness): it is scores where it has as many rows as the network's grids have cells.

        Raises:
            BadWeights: it is none of these.
        """
        size = card.width, card.height
        if len(shape) == len("1ab") and shape[0] == 1:
            for turned in (False, True):
                rows, columns = shape[:0:-1] if turned else shape[1:]
                form = _form(rows, columns, turned=turned, classes=len(card.classes), size=size)
                if form:
                    return cls(form, turned, card.places, size, card.confidence)
        count = len(card.classes)
        rule = f"its output is {shape}; with {count} classes it is (1, n, 6), (1, {4 + count}, n) or its like"
        raise BadWeights(
            card.name, rule, "export a detection model, and name each of its classes in its card"
        )

    def rows(self, output: NDArray[np.float32]) -> Rows:
        """What is sure enough and reported: rows (n, 6) x1 y1 x2 y2 confidence and place in LABELS.

        Raises:
            BadWeights: the network has classes that its card does not.
        """
        table = output[0].T if self.turned else output[0]
        boxes, scores, numbers = self._finished(table) if self.form == "rows" else self._scored(table)
        if len(numbers) and not 0 <= numbers.min() <= numbers.max() < len(self.places):
            rule = f"its card names {len(self.places)} classes"
            raise BadWeights(f"class {numbers.max()}", rule, "name them all, in the network's order")
        places = self.places[numbers]
        rows = np.column_stack([self._pixels(boxes), scores, places]).astype(np.float32)
        rows = rows[(places != UNREPORTED) & np.isfinite(rows).all(axis=1)]
        return rows if self.form == "rows" else _suppressed(rows)

    def _finished(self, table: Rows) -> tuple[Rows, Rows, NDArray[np.int64]]:
        sure = table[table[:, 4] >= self.confidence]
        return sure[:, :4], sure[:, 4], sure[:, 5].astype(np.int64)

    def _scored(self, table: Rows) -> tuple[Rows, Rows, NDArray[np.int64]]:
        scores = table[:, 4:] if self.form == "scores" else table[:, 5:] * table[:, 4:5]
        sure = scores.max(axis=1) >= self.confidence
        scores, (centres, sizes) = scores[sure], np.split(table[sure, :4], 2, axis=1)
        corners = np.hstack([centres - sizes / 2, centres + sizes / 2]).astype(np.float32)
        return corners, scores.max(axis=1), scores.argmax(axis=1)

    def _pixels(self, boxes: Rows) -> Rows:
        """The boxes (n, 4) in pixels of the input."""
        shares = len(boxes) and boxes.max() <= _SHARES
        return boxes * np.array([*self.size, *self.size], np.float32) if shares else boxes


def _form(rows: int, columns: int, *, turned: bool, classes: int, size: tuple[int, int]) -> Form | None:
    cells = _cells(size)
    scores, objectness = columns == _CORNERS + classes, columns == _CORNERS + 1 + classes and not turned
    if (
        columns == _ROW
        and not turned
        and not ((scores and rows in cells) or (objectness and rows in [_ANCHORS * count for count in cells]))
    ):
        return "rows"
    return "scores" if scores else "objectness" if objectness else None


def _cells(size: tuple[int, int]) -> list[int]:
    """How many cells the usual networks' grids have together over an input of this size."""
    counts = {stride: (size[0] // stride) * (size[1] // stride) for stride in _STRIDES}
    return [
        sum(count for stride, count in counts.items() if finest <= stride <= coarsest)
        for finest, coarsest in _GRIDS
    ]


def _suppressed(rows: Rows) -> Rows:
    """The rows without those that are doubles of a surer one of their label, the surest first."""
    if not len(rows):
        return rows
    boxes = np.hstack([rows[:, :2], rows[:, 2:4] - rows[:, :2]]).tolist()
    labels = rows[:, 5].astype(int).tolist()
    kept = cv2.dnn.NMSBoxesBatched(boxes, rows[:, 4].tolist(), labels, 0.0, _SAME)
    return rows[np.asarray(kept, np.int64)[:_MOST]]
