"""The engine of tests and rehearsals: it finds what a script says, picture after picture."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from lakehouse.problem import BadWeights
from lakehouse.scenes import Detections
from serving.seeing.detectors.card import Card

Found = tuple[str, float, float, float, float, float]
"""A label, its confidence, and x1 y1 x2 y2 as shares of the picture."""

_SCRIPT = TypeAdapter(list[list[Found]])


class Engine:
    """Follows a JSON list of pictures, each a list of `Found`; when it ends it begins again."""

    def __init__(self, weights: Path, card: Card) -> None:
        self.model_id, self._seen = card.model_id, 0
        try:
            self._script = _SCRIPT.validate_json(weights.read_bytes())
        except ValidationError as error:
            wrong = error.errors()[0]
            rule = (
                f"a script is a JSON list of pictures, each a list of boxes: {wrong['msg']} at {wrong['loc']}"
            )
            raise BadWeights(
                str(weights), rule, "write a box as [label, confidence, x1, y1, x2, y2]"
            ) from error
        strange = {row[0] for found in self._script for row in found} - set(card.classes)
        if strange:
            rule = f"its script finds {', '.join(sorted(strange))}, which is no class of its card"
            raise BadWeights(str(weights), rule, "name it among the card's classes")

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
