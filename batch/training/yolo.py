"""The network that detects: its layers, its six classes, its export. Only this room knows torch."""

import os
from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
from numpy.typing import NDArray

os.environ.update(YOLO_AUTOINSTALL="false", YOLO_OFFLINE="1", ULTRALYTICS_SAFE_LOAD="1")

import torch
from torch import nn
from ultralytics import YOLO

from lakehouse.problem import BadWeights
from lakehouse.scenes import LABELS

ARCHITECTURE = "yolo26n.yaml"

COCO_LABELS = (0, 1, 3, 2, 5, 7)
"""Where COCO's 80 classes have ours, in the order of LABELS."""

_COCO = 80

State = dict[str, torch.Tensor]


def network(weights: Path) -> nn.Module:
    """A YOLO26n of six classes with the weights of a state dict; of COCO's 80 it keeps the six.

    Raises:
        BadWeights: no file, or no state dict of this network.
    """
    if not weights.is_file():
        raise BadWeights(str(weights), "there is no such file", "name a state dict of YOLO26n")
    model: Any = YOLO(ARCHITECTURE, verbose=False).model
    try:
        state = torch.load(weights, map_location="cpu", weights_only=True)
        classes = len(state["model.23.cv3.0.2.bias"])
        if classes == len(LABELS):
            _keep(model, list(range(len(LABELS))))
        model.load_state_dict(state)
    except (OSError, EOFError, KeyError, RuntimeError, ValueError, UnpicklingError) as error:
        rule = f"it is no state dict of {ARCHITECTURE} ({type(error).__name__})"
        raise BadWeights(str(weights), rule, "save model.state_dict() with torch.save") from error
    if classes == _COCO:
        _keep(model, list(COCO_LABELS))
    network: nn.Module = model
    return network


def _keep(model: Any, rows: list[int]) -> None:
    """Cut the heads' last layer to `rows` of its classes."""
    head = model.model[-1]
    for branch in (head.cv3, head.one2one_cv3):
        for scale in branch:
            scale[2] = _fewer(scale[2], rows)
    head.nc = model.nc = len(rows)
    head.no = head.nc + head.reg_max * 4
    model.yaml["nc"] = len(rows)
    model.names = dict(enumerate(LABELS))


def _fewer(layer: nn.Conv2d, rows: list[int]) -> nn.Conv2d:
    cut = nn.Conv2d(layer.in_channels, len(rows), 1)
    cut.weight = nn.Parameter(layer.weight.detach()[rows].clone())
    if layer.bias is not None:
        cut.bias = nn.Parameter(layer.bias.detach()[rows].clone())
    return cut


def mixed(start: State, learnt: State, share: float) -> State:
    """The weights that lie at `share` of the way from where a training began to where it ended.

    They keep more of what the start could do and the new pictures did not show (Wortsman et al. 2022,
    "Robust fine-tuning of zero-shot models").
    """
    return {
        name: start[name] * (1 - share) + value * share if value.dtype.is_floating_point else value
        for name, value in learnt.items()
    }


def teacher(model: nn.Module, confidence: float) -> Callable[[NDArray[np.uint8]], NDArray[np.float64]]:
    """A function from a picture to boxes (n, 5): place in LABELS, x1 y1 x2 y2 in pixels."""
    yolo = YOLO(ARCHITECTURE, verbose=False)
    yolo.model = model.eval()

    def ask(image: NDArray[np.uint8]) -> NDArray[np.float64]:
        found = yolo.predict(image, imgsz=640, conf=confidence, verbose=False)[0].boxes
        return np.column_stack([found.cls.cpu().numpy(), found.xyxy.cpu().numpy()]).astype(np.float64)

    return ask


def unfold(model: nn.Module, pictures: torch.Tensor) -> None:
    """Give normalisation layers that were folded into their convolutions their statistics back.

    An exported network's layers neither shift nor scale by the data, so that to train it would tear it
    apart. Each layer is set to the mean and variance that `pictures` (n, 3, height, width) in 0-1 have
    where it stands, and to the scale and shift that undo them: what the network computes stays the same.
    """
    layers: list[Any] = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
    if any(layer.running_mean.any() for layer in layers):
        return
    hooks = [layer.register_forward_pre_hook(_measure) for layer in layers]
    with torch.no_grad():
        model.eval()(pictures)
    for hook in hooks:
        hook.remove()


def _measure(layer: Any, inputs: tuple[torch.Tensor]) -> None:
    variance, mean = torch.var_mean(inputs[0], dim=(0, 2, 3))
    scale = layer.weight / torch.sqrt(layer.running_var + layer.eps)
    layer.bias.data += mean * scale
    layer.weight.data = scale * torch.sqrt(variance + layer.eps)
    layer.running_mean.copy_(mean)
    layer.running_var.copy_(variance)
