"""The detector's weights: from a folder of labelled pictures to what the serving room ships."""

import json
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import torch
import typer
from torch import nn
from ultralytics.data.augment import LetterBox
from ultralytics.models.yolo.detect import DetectionTrainer

from batch.yolo import ARCHITECTURE, network, unfold
from lakehouse.problem import BadFolder
from lakehouse.scenes import LABELS

SAMPLE = 48
"""So many pictures tell what a layer's values are like."""

_STEP = dict(optimizer="AdamW", lr0=5e-4, lrf=0.05, cos_lr=True, nbs=8, warmup_epochs=0.5, warmup_bias_lr=0.0)
_CHANGE = dict(
    mosaic=0.0,
    close_mosaic=0,
    scale=0.25,
    translate=0.06,
    fliplr=0.5,
    hsv_h=0.02,
    hsv_s=0.5,
    hsv_v=0.35,
    erasing=0.0,
)


def train(
    data: Annotated[
        list[Path], typer.Option(help="Folders with images/ and labels/, each with train/ and val/.")
    ],
    start: Annotated[Path, typer.Option(help="The weights to begin with: a YOLO26n state dict.")],
    out: Annotated[Path, typer.Option(help="Where the weights and the run's figures go.")],
    epochs: Annotated[int, typer.Option(min=1)] = 6,
    size: Annotated[
        int, typer.Option(min=64, help="The longer side of the network's input, in pixels.")
    ] = 640,
    batch: Annotated[int, typer.Option(min=1)] = 8,
    frozen: Annotated[
        int, typer.Option(min=0, max=22, help="So many layers of the backbone stay as they are.")
    ] = 0,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0: as many as there are cores.")] = 0,
) -> None:
    """Teach the detector, on a GPU if there is one. `weights.pt` in `out` is the state after the last whole epoch."""
    _check(data)
    if threads:
        torch.set_num_threads(threads)
    model = network(start)
    unfold(model, _sample(data, size))
    out.mkdir(parents=True, exist_ok=True)
    _describe(data, out)
    trainer = _trainer(model, out)(overrides=dict(
        model=ARCHITECTURE, data=str(out / "data.yaml"), project=str(out.resolve()), name="run", exist_ok=True,
        epochs=epochs, imgsz=size, batch=batch, freeze=frozen or None, rect=True, val=False, workers=0, plots=False,
        pretrained=False, device="0" if torch.cuda.is_available() else "cpu", amp=torch.cuda.is_available(), **_STEP, **_CHANGE,
    ))  # fmt: skip
    trainer.train()


def _check(folders: list[Path]) -> None:
    for folder in folders:
        if not any((folder / "images" / "train").glob("*.*")):
            rule = "it has no pictures in images/train"
            raise BadFolder(
                str(folder), rule, "make some with `python -m serving render` or `python -m batch label`"
            )


def _sample(folders: list[Path], size: int) -> torch.Tensor:
    """Pictures from all over the data (n, 3, size, size) in 0-1, as the network sees them."""
    paths = sorted(path for folder in folders for path in (folder / "images" / "train").glob("*.*"))
    chosen = [paths[i] for i in np.linspace(0, len(paths) - 1, min(SAMPLE, len(paths))).astype(int)]
    frame = LetterBox((size, size), auto=True)
    pictures = [frame(image=cv2.imread(str(path)))[..., ::-1] for path in chosen]
    return torch.from_numpy(np.stack(pictures).transpose(0, 3, 1, 2).copy()).float() / 255


def _describe(folders: list[Path], out: Path) -> None:
    """What ultralytics wants to know about the data, as JSON, which is YAML."""
    paths = {
        split: [
            str((folder / "images" / split).resolve())
            for folder in folders
            if (folder / "images" / split).exists()
        ]
        for split in ("train", "val")
    }
    (out / "data.yaml").write_text(
        json.dumps(
            paths | {"val": paths["val"] or paths["train"], "names": dict(enumerate(LABELS))}, indent=1
        )
    )


def _trainer(model: nn.Module, out: Path) -> type[DetectionTrainer]:
    """A trainer of this very network; it keeps the averaged weights of every epoch as a plain state dict."""

    class Trainer(DetectionTrainer):
        def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> nn.Module:  # noqa: ARG002, FBT001, FBT002 - ultralytics' signature
            return model

        def save_model(self) -> None:
            state = {name: value.cpu() for name, value in self.ema.ema.state_dict().items()}
            torch.save(state, out / "weights.pt.new")
            (out / "weights.pt.new").replace(out / "weights.pt")

        def final_eval(self) -> None:
            """Measuring is `python -m serving observe`'s business."""

    return Trainer
