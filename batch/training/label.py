"""Real pictures with a teacher's boxes, so that a student keeps what its teacher sees in real streets."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import av
import cv2
import numpy as np
from tqdm import tqdm

from batch.training.motion import moving as moving_boxes
from batch.training.pictures import Boxes, Image, boxes_beside, overlaps, pictures_in, write
from batch.training.yolo import network, teacher
from lakehouse.problem import BadFolder
from lakehouse.scenes import LABELS

Picture = tuple[str, Image, Boxes]

WIDTH, HEIGHT = 640, 360
HELD_OUT = 0.2
"""The last fifth of a source, in order of time or of names, is kept for measuring."""

_SAME = 0.5
_SEEN = 0.3
"""A box of which less remains in the cut picture is dropped."""


def label(
    sources: list[Path], weights: Path, out: Path, *, limit: int, confidence: float, exact: str, moving: str
) -> None:
    """Cut pictures to the cameras' shape and write them with the teacher's boxes in YOLO's folders.

    Where the pictures have label files, `exact` names their classes in order, such as motorcycle,bus,car:
    those boxes are taken, and the teacher's of these classes are not. With `moving`, a class, the teacher is
    not asked: whatever moves in a fixed camera's video is that.
    """
    classes = [LABELS.index(name) for name in exact.split(",") if name in LABELS]
    ask = teacher(network(weights), confidence)
    for source in sources:
        pictures = list(_pictures(source, limit))
        if moving:
            pictures = _moved(pictures, LABELS.index(moving))
        for number, (name, image, known) in enumerate(tqdm(pictures, source.name)):
            split = "val" if number >= len(pictures) * (1 - HELD_OUT) else "train"
            labelled = (image, known) if moving else _labelled(image, known, ask, classes)
            write(out, split, f"{source.parent.name}-{name}", *labelled)


def _moved(pictures: list[Picture], label: int) -> list[Picture]:
    """The same pictures, cut, with boxes around what moves."""
    names, images = (
        [name for name, _, _ in pictures],
        [_cut(image, known[:0])[0] for _, image, known in pictures],
    )
    return list(zip(names, images, moving_boxes(images, label), strict=True))


def _pictures(source: Path, limit: int) -> Iterator[Picture]:
    """A name, the picture, and the boxes of its label file, if there is one."""
    if not source.is_dir():
        yield from (
            (f"{source.stem}-{i:05d}", image, np.empty((0, 5))) for i, image in _frames(source, limit)
        )
        return
    found = pictures_in(source)
    if not found:
        raise BadFolder(str(source), "it holds no .jpg and no .png", "name a folder of pictures or a video")
    for i in np.linspace(0, len(found) - 1, min(limit, len(found))).astype(int):
        image = np.asarray(cv2.imread(str(found[i])), np.uint8)
        yield found[i].stem, image, boxes_beside(found[i], image)


def _frames(video: Path, limit: int) -> Iterator[tuple[int, Image]]:
    with av.open(str(video)) as container:
        total = max(container.streams.video[0].frames, limit)
        wanted = set(np.linspace(0, total - 1, limit).astype(int).tolist())
        for i, frame in enumerate(container.decode(video=0)):
            if i in wanted:
                yield i, frame.to_ndarray(format="bgr24").astype(np.uint8)


def _labelled(
    image: Image, known: Boxes, ask: Callable[[Image], Boxes], classes: Sequence[int]
) -> tuple[Image, Boxes]:
    """The cut picture with the known boxes of `classes`, and the teacher's of the others."""
    if classes:
        known = np.column_stack([np.array(classes)[known[:, 0].astype(int)], known[:, 1:]])
    cut, known = _cut(image, known if classes else known[:0])
    found = ask(cut)
    vehicles = known[known[:, 0] != LABELS.index("person")]
    other = [box for box in found if box[0] not in classes and not _doubled(box, vehicles)]
    return cut, np.array([*known, *other]).reshape(-1, 5)


def _doubled(box: Boxes, vehicles: Boxes) -> bool:
    """Whether a vehicle that the teacher found is a known one by another name."""
    return box[0] != LABELS.index("person") and bool((overlaps(box, vehicles) > _SAME).any())


def _cut(image: Image, boxes: Boxes) -> tuple[Image, Boxes]:
    """The middle of the picture in the cameras' shape and size, and the boxes in it."""
    height, width = image.shape[:2]
    scale = max(WIDTH / width, HEIGHT / height)
    left, top = (width - WIDTH / scale) / 2, (height - HEIGHT / scale) / 2
    part = image[round(top) : round(height - top), round(left) : round(width - left)]
    moved = boxes.copy()
    moved[:, 1:] = (boxes[:, 1:] - [left, top, left, top]) * scale
    inside = np.clip(moved[:, 1:], 0, [WIDTH, HEIGHT, WIDTH, HEIGHT])
    seen = _sizes(inside) > _SEEN * _sizes(moved[:, 1:])
    moved[:, 1:] = inside
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(part, (WIDTH, HEIGHT), interpolation=method), np.uint8), moved[seen]


def _sizes(corners: Boxes) -> Boxes:
    return np.asarray((corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1]))
