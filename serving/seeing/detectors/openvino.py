"""The engine that serves: OpenVINO on one CPU thread, in bfloat16 where the processor has it.

It reads its own files and those of ONNX, so that no other runtime is needed for them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino.preprocess import ColorFormat, PrePostProcessor

from lakehouse.problem import BadWeights
from lakehouse.scenes import Detections
from serving.seeing.detectors.boxes import Fit, detections
from serving.seeing.detectors.card import Card
from serving.seeing.detectors.outputs import Output

_OPTIONS = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "bf16"}
"""A second thread costs 18 % more CPU and batches win 8 % at most: a replica is one thread, and there is
one a core. bfloat16 keeps 98 % of the boxes at 0.6 of the time; processors without it compute in float32."""

_COLOURS = 3

_UNREADABLE = (RuntimeError, UnicodeError)
"""What OpenVINO raises; the second where its message repeats a damaged file's bytes."""


class Engine:
    """One compiled network with a static input; a picture of any size is scaled into it."""

    def __init__(self, weights: Path, card: Card) -> None:
        self.model_id = card.model_id
        self._width, self._height = card.width, card.height
        network = opened(weights)
        try:
            compiled = openvino.Core().compile_model(_for_pictures(network, weights, card), "CPU", _OPTIONS)
            self._request = compiled.create_infer_request()
            blank = self._infer(np.zeros((self._height, self._width, 3), np.uint8))
        except _UNREADABLE as error:
            raise _unreadable(weights) from error
        self._output = Output.of(blank.shape, card)

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """What each picture (height, width, 3) uint8 BGR shows."""
        return [self._one(image) for image in images]

    def _one(self, image: NDArray[np.uint8]) -> Detections:
        fit = Fit.of((image.shape[0], image.shape[1]), self._width, self._height)
        return detections(self._output.rows(self._infer(fit.picture(image, self._width, self._height))), fit)

    def _infer(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.asarray(self._request.infer([picture[None]])[0])


@dataclass(frozen=True)
class Input:
    """What a network looks at: `layout` is NCHW or NHWC; a side is None where it may be any."""

    layout: str
    width: int | None
    height: int | None

    @classmethod
    def of(cls, network: openvino.Model, weights: Path) -> Self:
        """The one input of a network.

        Raises:
            BadWeights: it has several, or one that is no colour picture.
        """
        shapes = [one.partial_shape for one in network.inputs]
        known = [list(shape) for shape in shapes if shape.rank.is_static]
        sides = [side.get_length() if side.is_static else None for side in known[0]] if known else []
        layouts = [layout for layout in ("NCHW", "NHWC") if _at(sides, layout, "C") == _COLOURS]
        if len(shapes) != 1 or not layouts:
            told = ", ".join(map(str, shapes)) or "missing"
            rule = f"its input is {told}, which is no picture (1, 3, height, width) or (1, height, width, 3)"
            raise BadWeights(str(weights), rule, "export a detection model for colour pictures")
        return cls(layouts[0], _at(sides, layouts[0], "W"), _at(sides, layouts[0], "H"))


def opened(weights: Path) -> openvino.Model:
    """The network in an .xml, with its .bin beside it, or in an .onnx file.

    Raises:
        BadWeights: it cannot be read.
    """
    try:
        return openvino.Core().read_model(weights)
    except _UNREADABLE as error:
        raise _unreadable(weights) from error


def _for_pictures(network: openvino.Model, weights: Path, card: Card) -> openvino.Model:
    """The network behind the bytes of a picture (1, height, width, 3) uint8 BGR, as ours is.

    One that takes numbers is given red, green and blue from 0 to 1; one that takes bytes is given them as
    they are.
    """
    taken = Input.of(network, weights)
    if (taken.width or card.width, taken.height or card.height) != (card.width, card.height):
        rule = f"its input is {taken.width} x {taken.height}, its card says {card.width} x {card.height}"
        raise BadWeights(str(weights), rule, "write the input's size into the card")
    sides = {"N": 1, "C": _COLOURS, "H": card.height, "W": card.width}
    network.reshape([sides[axis] for axis in taken.layout])
    steps = PrePostProcessor(network)
    picture = steps.input()
    picture.tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
    picture.model().set_layout(openvino.Layout(taken.layout))
    if network.input().element_type != openvino.Type.u8:
        picture.tensor().set_color_format(ColorFormat.BGR)
        picture.preprocess().convert_element_type(openvino.Type.f32).convert_color(ColorFormat.RGB).scale(
            255.0
        )
    return steps.build()


def _at(sides: list[int | None], layout: str, axis: str) -> int | None:
    return sides[layout.index(axis)] if len(sides) == len(layout) else None


def _unreadable(weights: Path) -> BadWeights:
    return BadWeights(str(weights), "OpenVINO cannot read it", "get the weights again, or export them anew")
