"""A folder of labelled pictures, as YOLO's tools have it: images/train/a.jpg and labels/train/a.txt."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lakehouse.problem import BadFolder

Image = NDArray[np.uint8]
Boxes = NDArray[np.float64]
"""Boxes (n, 5): the number of the class, then x1 y1 x2 y2 in pixels."""

CREDITS = "CREDITS.txt"
"""Where a folder says what its pictures are, whose, and under which licence, a line each."""

_PICTURES = {".jpg", ".jpeg", ".png"}


def paths(folder: Path, split: str) -> list[Path]:
    """The pictures of one split, by name.

    Raises:
        BadFolder: there are none.
    """
    found = pictures_in(folder / "images" / split)
    if not found:
        rule = f"it has no pictures in images/{split}"
        raise BadFolder(
            str(folder), rule, "make some with `python -m serving render` or `python -m batch label`"
        )
    return found


def pictures_in(folder: Path) -> list[Path]:
    """The pictures in a folder and the folders below it, by name."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in _PICTURES)


def boxes_beside(picture: Path, image: Image) -> Boxes:
    """The boxes of a picture's label file; none when there is no file."""
    parts = [("labels" if part == "images" else part) for part in picture.parts]
    path = Path(*parts).with_suffix(".txt")
    if not path.exists() or not path.read_text().strip():
        return np.empty((0, 5))
    rows = np.loadtxt(path, ndmin=2)[:, :5]
    centre, half, size = rows[:, 1:3], rows[:, 3:5] / 2, np.array(image.shape[1::-1])
    return np.column_stack([rows[:, 0], (centre - half) * size, (centre + half) * size])


def write(folder: Path, split: str, name: str, image: Image, boxes: Boxes) -> None:
    """Add a labelled picture to a folder."""
    for part in ("images", "labels"):
        (folder / part / split).mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / "images" / split / f"{name}.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 90])
    size = np.array(image.shape[1::-1])
    centres, extents = (boxes[:, 1:3] + boxes[:, 3:5]) / 2 / size, (boxes[:, 3:5] - boxes[:, 1:3]) / size
    rows = np.column_stack([centres, extents]).tolist()
    lines = [
        f"{int(number)} " + " ".join(f"{share:.6f}" for share in row)
        for number, row in zip(boxes[:, 0], rows, strict=True)
    ]
    (folder / "labels" / split / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines))


def credit(folder: Path, line: str) -> None:
    """Add a line to a folder's credits, once."""
    path = folder / CREDITS
    lines = path.read_text().splitlines() if path.exists() else []
    if line and line not in lines:
        path.write_text("".join(f"{one}\n" for one in [*lines, line]))


def credits_of(folders: list[Path]) -> list[str]:
    """What the folders say of their pictures."""
    return [
        line
        for folder in folders
        if (folder / CREDITS).exists()
        for line in (folder / CREDITS).read_text().splitlines()
    ]


def overlaps(box: Boxes, boxes: Boxes) -> NDArray[np.float64]:
    """Intersection over union (n,) of one box (5,) with others (n, 5)."""
    low, high = np.maximum(box[1:3], boxes[:, 1:3]), np.minimum(box[3:5], boxes[:, 3:5])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    both = np.prod(box[3:5] - box[1:3]) + np.prod(boxes[:, 3:5] - boxes[:, 1:3], axis=1)
    return np.asarray(shared / np.maximum(both - shared, 1e-9))
