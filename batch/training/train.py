"""The detector's weights: from folders of labelled pictures to what the serving room ships."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import nn
from ultralytics.data.augment import LetterBox
from ultralytics.models.yolo.detect import DetectionTrainer

from batch.training.pictures import paths
from batch.training.ship import ship
from batch.training.yolo import ARCHITECTURE, mixed, network, unfold
from lakehouse.scenes import LABELS

STRIDE = 32
SAMPLE = 48
"""So many pictures tell what a layer's values are like."""

_STEPS: dict[str, Any] = {
    "optimizer": "AdamW", "lrf": 0.05, "cos_lr": True, "nbs": 8,
    "warmup_epochs": 0.5, "warmup_bias_lr": 0.0,
}  # fmt: skip
_CHANGES: dict[str, Any] = {
    "mosaic": 0.0, "close_mosaic": 0, "scale": 0.25, "translate": 0.06, "fliplr": 0.5,
    "hsv_h": 0.02, "hsv_s": 0.5, "hsv_v": 0.35, "erasing": 0.0,
}  # fmt: skip
_QUIET: dict[str, Any] = {"val": False, "plots": False, "workers": 0, "pretrained": False, "exist_ok": True}


@dataclass(frozen=True)
class Course:
    """How the network is taught.

    `size` is the longer side of the pictures, `frozen` first layers stay as they are, learning begins at
    `rate`, and what is served lies at `share` of the way from the start to what was learnt.
    """

    epochs: int = 6
    size: int = 640
    batch: int = 8
    frozen: int = 5
    rate: float = 5e-4
    share: float = 0.75

    @property
    def height(self) -> int:
        """The network's input is as high as a 16:9 picture, rounded up to its stride."""
        return -(-self.size * 9 // 16 // STRIDE) * STRIDE


def train(data: list[Path], start: Path, out: Path, course: Course) -> None:
    """Teach the detector, on a GPU if there is one, then score it and write the model that is served.

    `learnt.pt` in `out` is there after the first epoch, so that a broken run leaves what it has learnt;
    `weights.pt` is what was shipped.
    """
    pictures = [path for folder in data for path in paths(folder, "train")]
    model = network(start)
    unfold(model, _sample(pictures, course.size, course.height))
    began = {name: value.clone() for name, value in model.state_dict().items()}
    out.mkdir(parents=True, exist_ok=True)
    _describe(data, out / "data.yaml")
    gpu = torch.cuda.is_available()
    trainer = _trainer(model, out / "learnt.pt")(overrides={
        "model": ARCHITECTURE, "data": str(out / "data.yaml"), "project": str(out.resolve()), "name": "run",
        "epochs": course.epochs, "imgsz": course.size, "batch": course.batch, "freeze": course.frozen or None,
        "lr0": course.rate, "rect": True,
        "device": "0" if gpu else "cpu", "amp": gpu, **_STEPS, **_CHANGES, **_QUIET,
    })  # fmt: skip
    trainer.callbacks.clear()  # they would tell other programs of this run
    trainer.train()
    learnt = torch.load(out / "learnt.pt", weights_only=True)
    torch.save(mixed(began, learnt, course.share), out / "weights.pt")
    ship(out / "weights.pt", start, data, out, width=course.size, height=course.height)


def _sample(pictures: list[Path], width: int, height: int) -> torch.Tensor:
    """Pictures from all over the data (n, 3, height, width) in 0-1, as the network sees them."""
    chosen = [pictures[i] for i in np.linspace(0, len(pictures) - 1, min(SAMPLE, len(pictures))).astype(int)]
    frame = LetterBox((height, width), auto=False)
    images = np.stack([frame(image=cv2.imread(str(path)))[..., ::-1] for path in chosen])
    return torch.from_numpy(images.transpose(0, 3, 1, 2).copy()).float() / 255


def _describe(folders: list[Path], path: Path) -> None:
    """What ultralytics wants to know about the data; JSON is YAML."""
    images = {
        split: [str((folder / "images" / split).resolve()) for folder in folders]
        for split in ("train", "val")
    }
    path.write_text(json.dumps({**images, "names": dict(enumerate(LABELS))}, indent=1))


def _trainer(model: nn.Module, weights: Path) -> type[DetectionTrainer]:
    """A trainer of this very network; it keeps the averaged weights of every epoch as a plain state dict."""

    class Trainer(DetectionTrainer):  # type: ignore[misc]
        def get_model(self, *_: object, **__: object) -> nn.Module:
            return model

        def validate(self) -> tuple[dict[str, float], float]:
            """Scoring is done once, when the training is over."""
            return {}, 0.0

        def save_model(self) -> None:
            state = {name: value.cpu() for name, value in self.ema.ema.state_dict().items()}
            torch.save(state, weights.with_suffix(".new"))
            weights.with_suffix(".new").replace(weights)

        def final_eval(self) -> None:
            """The same."""

    return Trainer
