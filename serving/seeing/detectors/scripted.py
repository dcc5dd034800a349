"""The engine of tests and rehearsals: it finds what a script says, picture after picture."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lakehouse.problem import BadWeights
from lakehouse.scenes import Detections
from serving.seeing.detectors.card import Card

Found = tuple[str, float, float, float, float, float]
"""A label, its confidence, and x1 y1 x2 y2 as shares of the picture."""


class Engine:
    """Follows a JSON list of pictures, each a list of `Found`; when it ends it begins again."""

    def __init__(self, weights: Path, card: Card) -> None:
        self.model_id, self._seen = card.model_id, 0
        try:
            self._script: list[list[Found]] = json.loads(weights.read_bytes())
        except ValueError as error:
            raise BadWeights(str(weights), "a script is JSON", "write a list of pictures") from error

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """What the script says for the next pictures."""
        return [self._next(image.shape[1], image.shape[0]) for image in images]

    def _next(self, width: int, height: int) -> Detections:
        found = self._script[self._seen % len(self._script)] if self._script else []
        self._seen += 1
        shares = np.array([row[2:] for row in found], np.float32).reshape(-1, 4)
        labels = np.array([row[0] for row in found], np.str_)
        scale = np.array([width, height, width, height], np.float32)
        return Detections(shares * scale, labels, np.array([row[1] for row in found], np.float32))
