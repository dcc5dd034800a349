"""The engine that serves: OpenVINO on one CPU thread, in bfloat16 where the processor has it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openvino
from numpy.typing import NDArray

from lakehouse.problem import BadWeights
from lakehouse.scenes import Detections
from serving.seeing.detectors.boxes import Fit, detections
from serving.seeing.detectors.card import Card

_OPTIONS = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "bf16"}
"""A second thread costs 18 % more CPU and batches win 8 % at most: a replica is one thread, and there is
one a core. bfloat16 keeps 98 % of the boxes at 0.6 of the time; processors without it compute in float32."""


class Engine:
    """One compiled network with a static input; a picture of any size is scaled into it."""

    def __init__(self, weights: Path, card: Card) -> None:
        self.model_id = card.model_id
        self._card = card
        try:
            compiled = openvino.Core().compile_model(weights, "CPU", _OPTIONS)
        except RuntimeError as error:
            raise BadWeights(str(weights), "OpenVINO cannot read it", "get the weights again") from error
        self._request = compiled.create_infer_request()

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """What each picture (height, width, 3) uint8 BGR shows."""
        return [self._one(image) for image in images]

    def _one(self, image: NDArray[np.uint8]) -> Detections:
        width, height = self._card.width, self._card.height
        fit = Fit.of((image.shape[0], image.shape[1]), width, height)
        rows = self._request.infer([fit.picture(image, width, height)[None]])[0][0]
        return detections(rows, fit, self._card.confidence)
