"""Real pictures with a teacher's boxes, so that a student keeps what its teacher sees in real streets."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import av
import cv2
import numpy as np
import typer
from numpy.typing import NDArray
from tqdm import tqdm

from batch.yolo import network, teacher
from lakehouse.problem import BadFolder
from lakehouse.scenes import LABELS

Image = NDArray[np.uint8]
Boxes = NDArray[np.float64]
"""Boxes (n, 5): the place of the label in LABELS, then x1 y1 x2 y2 in pixels."""

WIDTH, HEIGHT = 640, 360
HELD_OUT = 0.2
"""The last fifth of a source, in order of time or of names, is kept for measuring."""

_PICTURES = {".jpg", ".jpeg", ".png"}
_OVERLAP = 0.5


def label(
    sources: Annotated[list[Path], typer.Argument(help="Videos, or folders of pictures.")],
    weights: Annotated[Path, typer.Option(help="The teacher: a YOLO26n state dict with COCO's classes.")],
    out: Annotated[Path, typer.Option(help="The data folder that the pictures are added to.")],
    limit: Annotated[
        int, typer.Option(min=5, help="At most so many pictures a source, evenly spread.")
    ] = 100,
    confidence: Annotated[
        float, typer.Option(min=0.05, max=0.95, help="What the teacher must be sure of.")
    ] = 0.35,
    exact: Annotated[
        str, typer.Option(help="Labels of the classes in label files beside the pictures.")
    ] = "",
) -> None:
    """Cut pictures to the cameras' shape and write them with the teacher's boxes in YOLO's folders.

    Where the pictures have label files, `exact` names their classes in order, such as motorcycle,bus,car:
    those boxes are taken, and the teacher's of these classes are not.
    """
    names = tuple(name for name in exact.split(",") if name)
    ask = teacher(network(weights), confidence)
    for source in sources:
        pictures = list(_pictures(source, limit))
        for number, (name, image, known) in enumerate(tqdm(pictures, source.name)):
            split = "val" if number >= len(pictures) * (1 - HELD_OUT) else "train"
            cut, known = _cut(image, _named(known, names))
            _write(out, split, f"{source.stem}-{name}", cut, _merged(ask(cut), known, names))


def _pictures(source: Path, limit: int) -> Iterator[tuple[str, Image, Boxes]]:
    """A name, the picture, and its label file's boxes in pixels, if there is one."""
    if source.is_dir():
        paths = sorted(path for path in source.rglob("*") if path.suffix.lower() in _PICTURES)
        if not paths:
            raise BadFolder(
                str(source), "it holds no .jpg and no .png", "name a folder of pictures or a video"
            )
        for i in np.linspace(0, len(paths) - 1, min(limit, len(paths))).astype(int):
            image = cv2.imread(str(paths[i]))
            yield paths[i].stem, image, _beside(paths[i], image)
    else:
        yield from ((f"{i:05d}", image, np.empty((0, 5))) for i, image in _frames(source, limit))


def _frames(video: Path, limit: int) -> Iterator[tuple[int, Image]]:
    with av.open(str(video)) as container:
        total = max(container.streams.video[0].frames, limit)
        wanted = set(np.linspace(0, total - 1, limit).astype(int).tolist())
        for i, frame in enumerate(container.decode(video=0)):
            if i in wanted:
                yield i, frame.to_ndarray(format="bgr24")


def _beside(picture: Path, image: Image) -> Boxes:
    parts = [("labels" if part == "images" else part) for part in picture.parts]
    path = Path(*parts).with_suffix(".txt")
    if not path.exists() or not path.read_text().strip():
        return np.empty((0, 5))
    rows = np.loadtxt(path, ndmin=2)[:, :5]
    centre, half = rows[:, 1:3], rows[:, 3:5] / 2
    size = np.array([image.shape[1], image.shape[0]])
    return np.column_stack([rows[:, 0], (centre - half) * size, (centre + half) * size])


def _named(boxes: Boxes, names: Sequence[str]) -> Boxes:
    """The boxes with their class as a place in LABELS; none when the classes have no names."""
    if not names:
        return np.empty((0, 5))
    return np.column_stack([[LABELS.index(names[int(number)]) for number in boxes[:, 0]], boxes[:, 1:]])


def _cut(image: Image, boxes: Boxes) -> tuple[Image, Boxes]:
    """The middle of the picture in the cameras' shape and size, and the boxes in it."""
    height, width = image.shape[:2]
    scale = max(WIDTH / width, HEIGHT / height)
    left, top = (width - WIDTH / scale) / 2, (height - HEIGHT / scale) / 2
    part = image[round(top) : round(height - top), round(left) : round(width - left)]
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    moved = boxes.copy()
    moved[:, 1:] = np.clip((boxes[:, 1:] - [left, top] * 2) * scale, 0, [WIDTH, HEIGHT] * 2)
    whole = np.maximum((boxes[:, 3] - boxes[:, 1]) * (boxes[:, 4] - boxes[:, 2]) * scale**2, 1e-6)
    seen = (moved[:, 3] - moved[:, 1]) * (moved[:, 4] - moved[:, 2]) / whole
    return cv2.resize(part, (WIDTH, HEIGHT), interpolation=method), moved[seen > 0.3]  # noqa: PLR2004 - a third is enough to know it


def _merged(found: Boxes, known: Boxes, names: Sequence[str]) -> Boxes:
    """The known boxes, and of the teacher's those that are of another class and lie elsewhere."""
    other = ~np.isin(found[:, 0], [LABELS.index(name) for name in names])
    vehicles = found[:, 0] > 0
    doubled = np.array(
        [(_overlaps(box, known[known[:, 0] > 0]) > _OVERLAP).any() for box in found[:, 1:]], np.bool_
    )
    return np.concatenate([known, found[other & ~(vehicles & doubled)]])


def _overlaps(box: NDArray[np.float64], boxes: Boxes) -> NDArray[np.float64]:
    """Intersection over union of one box with the others (n,)."""
    low, high = np.maximum(box[:2], boxes[:, 1:3]), np.minimum(box[2:], boxes[:, 3:5])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    sizes = np.prod(boxes[:, 3:5] - boxes[:, 1:3], axis=1)
    return np.asarray(shared / np.maximum(np.prod(box[2:] - box[:2]) + sizes - shared, 1e-9))


def _write(out: Path, split: str, name: str, image: Image, boxes: Boxes) -> None:
    for folder in ("images", "labels"):
        (out / folder / split).mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(out / "images" / split / f"{name}.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 90])
    lines = [
        f"{int(number)} {(x1 + x2) / 2 / WIDTH:.6f} {(y1 + y2) / 2 / HEIGHT:.6f} {(x2 - x1) / WIDTH:.6f} {(y2 - y1) / HEIGHT:.6f}\n"
        for number, x1, y1, x2, y2 in boxes.tolist()
    ]
    (out / "labels" / split / f"{name}.txt").write_text("".join(lines))
