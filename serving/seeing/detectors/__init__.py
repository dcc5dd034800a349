"""One file per engine that finds people and vehicles in a picture."""

import importlib
import pkgutil
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lakehouse.problem import BadWeights
from lakehouse.scenes import Detections
from serving.seeing.detectors.card import Card, weights_at

SHIPPED = Path(__file__).parent.parent / "models" / "matakota-n.xml"
"""The weights that come with the product."""

_SHARED = {"boxes", "card", "outputs"}
"""What the engines of this folder share."""


class Detector(Protocol):
    """What finds things in pictures, in this process or behind a deployment.

    `model_id` is the first 12 digits of the weights' sha256, so that a row says what saw it.
    """

    @property
    def model_id(self) -> str:
        """Which weights these are."""

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """What each picture (height, width, 3) uint8 BGR shows, in its own pixels."""


def engines() -> tuple[str, ...]:
    """The engines by name: the files of this folder that have one."""
    return tuple(module.name for module in pkgutil.iter_modules(__path__) if module.name not in _SHARED)


def load(weights: Path | None = None, engine: str | None = None) -> Detector:
    """The detector of a weights file or an export's folder, by default the shipped one.

    `engine` overrides its card's.

    Raises:
        BadWeights: no file, no card beside it, another sha256 than the card's, or no such engine.
    """
    path = weights_at(weights or SHIPPED)
    card = Card.of(path)
    name = engine or card.engine
    if name not in engines():
        raise BadWeights(name, "no engine is called so", f"use one of {', '.join(engines())}")
    found: Detector = importlib.import_module(f"serving.seeing.detectors.{name}").Engine(path, card)
    return found
