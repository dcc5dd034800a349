"""Labelled pictures of synthetic streets, to train a detector with and to measure one."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from tqdm import tqdm

from lakehouse.problem import BadFolder
from lakehouse.scenes import LABELS, Detections
from serving.paint import paint_labelled
from serving.paint.studio import Studio

CREDIT = "Rendered pictures of synthetic streets and squares, exact boxes: Matakota, AGPL-3.0-or-later\n"

HELD_OUT = 8
"""One picture in so many is kept for measuring; it comes from a studio of its own."""


def render(
    out: Annotated[Path, typer.Option(help="A folder that is new or empty.")],
    pictures: Annotated[
        int, typer.Option(min=1, help="How many to train with; 1 in 8 more to measure with.")
    ] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Another seed gives other streets.")] = 7,
) -> None:
    """Write pictures of synthetic streets and squares with exact boxes, in YOLO's folders."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadFolder(
            str(out), "pictures are written to a folder that is new or empty", "name another --out"
        )
    for split, count, start in (
        ("train", pictures, 2 * seed),
        ("val", -(-pictures // HELD_OUT), 2 * seed + 1),
    ):
        shots = islice(Studio(start).shots(), count)
        for number, (moment, camera, scenery) in enumerate(tqdm(shots, split, count)):
            write(out, split, f"{seed:03d}-{number:05d}", *paint_labelled(moment, camera, scenery))
    (out / "CREDITS.txt").write_text(CREDIT)


def write(out: Path, split: str, name: str, image: np.ndarray, found: Detections) -> None:
    """Write one picture, and a line for each box: class, then centre and size as shares of the picture."""
    for folder in ("images", "labels"):
        (out / folder / split).mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(out / "images" / split / f"{name}.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 88])
    (out / "labels" / split / f"{name}.txt").write_text(
        "".join(_lines(found, image.shape[1], image.shape[0]))
    )


def _lines(found: Detections, width: int, height: int) -> Iterable[str]:
    for (x1, y1, x2, y2), label in zip(found.boxes.tolist(), found.labels.tolist(), strict=True):
        centre = (x1 + x2) / 2 / width, (y1 + y2) / 2 / height
        size = (x2 - x1) / width, (y2 - y1) / height
        yield " ".join([str(LABELS.index(label)), *(f"{share:.6f}" for share in (*centre, *size))]) + "\n"
