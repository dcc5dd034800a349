"""A detector in this process, for callers in several threads."""

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lakehouse.scenes import Detections
from serving.seeing import detectors

Images = Sequence[NDArray[np.uint8]]


class LocalDetector:
    """An engine in this process, which callers in several threads use one after the other."""

    def __init__(self, weights: Path | None) -> None:
        self._engine = detectors.load(weights)
        self._turn = threading.Lock()

    @property
    def model_id(self) -> str:
        """The id of the weights."""
        return self._engine.model_id

    def detect(self, images: Images) -> list[Detections]:
        """What each picture shows."""
        with self._turn:
            return self._engine.detect(images)
