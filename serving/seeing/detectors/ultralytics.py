"""The engine of the workshop: the network that ours was taught from, on torch, to compare with."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lakehouse.problem import BadWeights
from lakehouse.scenes import Detections
from serving.seeing.detectors.boxes import Fit, detections
from serving.seeing.detectors.card import Card
from serving.seeing.detectors.outputs import Output

os.environ.update(YOLO_AUTOINSTALL="false", YOLO_OFFLINE="1", ULTRALYTICS_SAFE_LOAD="1")

import torch
from ultralytics.nn.tasks import DetectionModel


class Engine:
    """YOLO26n with the classes of its card, such as COCO's 80; no code in the file is run."""

    def __init__(self, weights: Path, card: Card) -> None:
        self.model_id = card.model_id
        self._card = card
        self._network = DetectionModel("yolo26n.yaml", nc=len(card.classes), verbose=False)
        try:
            self._network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
        except Exception as error:  # a damaged pickle can raise anything
            count = len(card.classes)
            rule = f"it is no state dict of YOLO26n with {count} classes ({type(error).__name__})"
            raise BadWeights(str(weights), rule, "save model.state_dict() with torch.save") from error
        self._network.end2end = True
        self._network.eval()

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """What each picture (height, width, 3) uint8 BGR shows."""
        return [self._one(image) for image in images]

    def _one(self, image: NDArray[np.uint8]) -> Detections:
        width, height = self._card.width, self._card.height
        fit = Fit.of((image.shape[0], image.shape[1]), width, height)
        pixels = fit.picture(image, width, height)[..., ::-1].transpose(2, 0, 1)
        with torch.inference_mode():
            output = self._network(torch.from_numpy(pixels.copy())[None].float() / 255)[0].numpy()
        return detections(Output.of(output.shape, self._card).rows(output), fit)
