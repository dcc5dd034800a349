"""The network as the serving room reads it: OpenVINO, half precision, uint8 pictures in, 300 boxes out."""

import warnings
from copy import deepcopy
from pathlib import Path
from typing import Any

import openvino
import torch
from openvino.preprocess import ColorFormat, PrePostProcessor
from torch import nn


def to_openvino(model: nn.Module, width: int, height: int, path: Path) -> None:
    """Write `path` (.xml) and its .bin.

    The input is (1, height, width, 3) uint8 BGR; the output is (1, 300, 6): x1 y1 x2 y2 in input pixels,
    confidence, place in LABELS, the surest first. It needs no suppression of doubles afterwards.
    """
    network: Any = deepcopy(model).float().eval()
    network.end2end = True
    network.fuse(verbose=False)
    network.model[-1].export, network.model[-1].format = True, "openvino"
    example = torch.zeros(1, 3, height, width)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer's own: it takes sizes for constants, and they are
        network(example)
        converted = openvino.convert_model(network, input=[1, 3, height, width], example_input=example)
    openvino.save_model(_from_bytes(converted), path, compress_to_fp16=True)


def _from_bytes(model: openvino.Model) -> openvino.Model:
    """The same network behind the bytes that a camera's picture is made of."""
    steps = PrePostProcessor(model)
    picture = steps.input()
    picture.tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
    picture.tensor().set_color_format(ColorFormat.BGR)
    picture.model().set_layout(openvino.Layout("NCHW"))
    picture.preprocess().convert_element_type(openvino.Type.f32).convert_color(ColorFormat.RGB).scale(255.0)
    return steps.build()
