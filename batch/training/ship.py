"""What a training run hands to the serving room: the model, and a card that says what it is."""

import hashlib
import json
from pathlib import Path

from batch.training.export import to_openvino
from batch.training.pictures import credits_of, paths
from batch.training.score import score
from batch.training.yolo import network, teacher
from lakehouse.scenes import LABELS

NAME = "matakota-n"
WIDTH, HEIGHT = 640, 384
CONFIDENCE = 0.25


def ship(
    weights: Path, before: Path, data: list[Path], out: Path, *, width: int = WIDTH, height: int = HEIGHT
) -> None:
    """Score a network on what it was not taught; write it for OpenVINO with that input, and its card."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{NAME}.xml"
    to_openvino(network(weights), width, height, path)
    files = [path, path.with_suffix(".bin")]
    card = {
        "name": NAME,
        "engine": "openvino",
        "files": {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files},
        "classes": LABELS,
        "width": width,
        "height": height,
        "confidence": CONFIDENCE,
        "licence": "AGPL-3.0-or-later",
        "trained_on": credits_of(data),
        "figures": {folder.name: _figures(weights, before, folder) for folder in data},
    }
    path.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n")


def _figures(weights: Path, before: Path, folder: Path) -> dict[str, object]:
    pictures = paths(folder, "val")
    runs = {"before": before, "after": weights}
    return {name: score(teacher(network(path), CONFIDENCE), pictures) for name, path in runs.items()}
