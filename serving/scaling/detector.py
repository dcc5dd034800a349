"""The detector as replicas of their own, and as what their callers hold of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from ray.serve.handle import DeploymentHandle, DeploymentResponse

from lakehouse.scenes import Detections
from serving.seeing.local import Images, LocalDetector

MOST_BYTES = 3_900_000
"""A call by value carries at most 4 MB."""


class Detector:
    """One replica: one engine, in one process."""

    def __init__(self, weights: Path | None) -> None:
        self._detector = LocalDetector(weights)

    def model(self) -> str:
        """The id of the weights."""
        return self._detector.model_id

    def detect(self, images: Images) -> list[Detections]:
        """What each picture shows."""
        return self._detector.detect(images)


@dataclass
class RemoteDetector:
    """All replicas together, as one detector; a call fails after `patience_s` and is not repeated."""

    handle: DeploymentHandle
    patience_s: float = 10.0

    @cached_property
    def model_id(self) -> str:
        """The id of the weights; asks a replica, once."""
        model: str = self.handle.model.remote().result(timeout_s=60)
        return model

    def detect(self, images: Images) -> list[Detections]:
        """What each picture shows, in as few calls as carry them."""
        calls = [self._call(part) for part in parts(images)]
        return [found for call in calls for found in call.result(timeout_s=self.patience_s)]

    def _call(self, images: Images) -> DeploymentResponse:
        # By value a call costs half of one by reference, as long as it fits into a message.
        by_value = sum(image.nbytes for image in images) <= MOST_BYTES
        return self.handle.options(_by_reference=not by_value).detect.remote(list(images))


def parts(images: Images) -> Iterator[Images]:
    """`images` in order, cut so that each part fits into a message where a single picture does."""
    part: list[NDArray[np.uint8]] = []
    for image in images:
        if part and sum(one.nbytes for one in part) + image.nbytes > MOST_BYTES:
            yield part
            part = []
        part.append(image)
    if part:
        yield part
