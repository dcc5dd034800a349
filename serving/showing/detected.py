"""A picture or a clip looked into once, for a person: what was found, in lines and drawn over the pictures.

Unlike what watches a camera it keeps the pictures, people and all, in the folder that it was told.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from PIL import Image

from lakehouse import clock
from lakehouse.city.cameras import Camera
from lakehouse.city.tree import semarang
from lakehouse.places.secrets import Secrets
from lakehouse.problem import BadFolder, BadImage
from lakehouse.scenes import LABELS, Detections, Frame
from serving.seeing import pictures
from serving.seeing.detectors import Detector
from serving.seeing.motion import measured
from serving.showing.drawing import drawn
from serving.showing.movie import Movie
from serving.watching.adhoc import camera_of, place
from serving.watching.sources import open_source

_SEEN = "-seen"
"""Behind the name of what was looked into, which may lie in the same folder and stays as it is."""

_QUALITY = 92


def detected(
    source: str,
    out: Path,
    detector: Detector,
    *,
    fps: float = 2,
    most: int = 50,
    camera: Camera | None = None,
) -> Iterator[str]:
    """Look into a picture, or into a clip `fps` times a second; write what was seen, tell it line by line.

    A picture becomes a JPEG; a clip becomes one a look, at most `most`, and an MP4 of them at their own
    pace. The zones of `camera` are drawn, too. Files of the same name in the folder `out` are overwritten.

    Raises:
        BadImage, BadSource: the picture or the clip cannot be read.
        BadFolder: `out` is no folder that can be written to.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        if pictures.is_picture(Path(source)):
            yield from _picture(Path(source), out, detector, camera)
        else:
            yield from _clip(source, out, detector, fps, most, camera)
    except OSError as error:
        rule = f"it cannot be written to: {error.strerror or error}"
        raise BadFolder(str(out), rule, "name another --out") from error
    yield f"drawn, with the people who are in it: {out.absolute()}"


def look(frame: Frame, detector: Detector) -> Detections:
    """What a frame shows, and how it moves."""
    return measured(frame, detector.detect([frame.image])[0])


def _picture(path: Path, out: Path, detector: Detector, camera: Camera | None) -> Iterator[str]:
    data = path.read_bytes()
    try:
        kind, (width, height), image = pictures.kind(data), pictures.size(data), pictures.decode(data)
    except BadImage as problem:
        raise BadImage(str(path), problem.rule, problem.remedy) from problem
    seen = f"looked at in {image.shape[1]} x {image.shape[0]}, 8-bit colour"
    yield f"{path.name}: {kind}, {width} x {height} pixels; {seen}"
    found = look(Frame("picture", clock.now(), image), detector)
    _save(drawn(image, found, camera.zones if camera else ()), out / f"{path.stem}{_SEEN}.jpg")
    yield _told(Counter(found.labels.tolist()))


def _clip(
    source: str, out: Path, detector: Detector, fps: float, most: int, camera: Camera | None
) -> Iterator[str]:
    name = f"{Path(place(source)).stem}{_SEEN}"
    hung = camera or camera_of(source, 1, 1, fps, semarang())
    opened = open_source(Secrets.of_settings().resolve(source), hung, fps=fps)
    first, counts, missed = None, [], 0
    with Movie(out / f"{name}.mp4", fps) as movie:
        for number, frame in enumerate(islice(opened.frames(), most), 1):
            first = first or frame.at
            found = look(frame, detector)
            shown = drawn(frame.image, found, camera.zones if camera else ())
            _save(shown, out / f"{name}-{number:04d}.jpg")
            movie.add(shown)
            counts.append(Counter(found.labels.tolist()))
            missed += len(opened.missed())
            yield f"{(frame.at - first).total_seconds():8.2f} s  {_told(counts[-1])}"
    yield from _summary(counts, missed, most)


def _summary(counts: Sequence[Counter[str]], missed: int, most: int) -> Iterator[str]:
    """The mean of each label over the looks, from the fewest to the most."""
    looks = "1 look" if len(counts) == 1 else f"{len(counts)} looks"
    more = "; there may be more: raise --most" if len(counts) == most else ""
    lost = f"; {missed} pictures could not be used" if missed else ""
    yield f"{looks}{lost}{more}"
    for label in LABELS:
        seen = [count[label] for count in counts]
        if any(seen):
            yield f"  {label:12} {sum(seen) / len(seen):6.1f} a look, {min(seen)} to {max(seen)}"


def _told(count: Counter[str]) -> str:
    return ", ".join(f"{count[label]} {label}" for label in LABELS if count[label]) or "nothing"


def _save(picture: Image.Image, path: Path) -> None:
    picture.save(path, "JPEG", quality=_QUALITY)
