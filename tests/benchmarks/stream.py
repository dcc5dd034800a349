"""How many vehicles pass a line of a clip, by tracks and by speeds, at fewer and fewer looks a second.

    python tests/benchmarks/stream.py --data CLIP --line 0.5

A line lies across the picture at each height. Every figure is the mean over where the looks begin, of
vehicles in the whole clip, in and out; behind ± is the standard error that is stated of one such count.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import cv2
import numpy as np

from lakehouse.city.cameras import Camera, Purpose, Zone
from lakehouse.scenes import VEHICLES, Detections, Frame, Scene
from serving.measuring.crossing import Line, Passing
from serving.measuring.stream import APART_S, Stream
from serving.seeing import detectors
from serving.watching.tracker import Tracker

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
DENSEST, RATES = 15.0, (15.0, 5.0, 2.0, 1.0)
PHASES = 6


@dataclass(frozen=True)
class Look:
    """What the detector finds in a picture, with velocities, and when."""

    second: float
    image: np.ndarray
    found: Detections


def main() -> None:
    """Print a row for each clip and line."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--data", nargs="+", type=Path, required=True, help="clips of a fixed camera")
    asked.add_argument("--line", nargs="+", type=float, default=[0.5], help="heights in the picture, 0 to 1")
    chosen = asked.parse_args()
    for clip in chosen.data:
        looks = list(_looks(clip))
        every = (looks[-1].second - looks[0].second) / (len(looks) - 1)
        for height in chosen.line:
            cells = [_cell(looks, height, max(1, round(1 / every / rate)), every) for rate in RATES]
            print(f"| {clip.stem} | {height} | {' | '.join(cells)} |", flush=True)


def _looks(clip: Path) -> Iterator[Look]:
    """About 15 looks a second, each with a picture that follows it."""
    with av.open(str(clip)) as container:
        rate = float(container.streams.video[0].average_rate)
        pictures = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    engine, apart = detectors.load(), max(1, round(APART_S * rate))
    for number in range(0, len(pictures) - apart, max(1, round(rate / DENSEST))):
        image, found = pictures[number], engine.detect([pictures[number]])[0]
        moves = _velocities(_half(image), _half(pictures[number + apart]), found.boxes / 2)
        told = Detections(found.boxes, found.labels, found.confidences, moves * 2 * rate / apart)
        yield Look(number / rate, np.broadcast_to(np.zeros(3, np.uint8), image.shape), told)


def _half(image: np.ndarray) -> np.ndarray:
    small = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)


def _velocities(one: np.ndarray, other: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """How far what is in each box moved, (n, 2) in pixels: the median of what is found again, and back."""
    moved = np.full((len(boxes), 2), np.nan, np.float32)
    for number, (left, top, right, bottom) in enumerate(boxes.clip(0).astype(int)):
        inside = one[top : bottom + 1, left : right + 1]
        points = cv2.goodFeaturesToTrack(inside, 25, 0.01, 3) if min(inside.shape) > 4 else None
        if points is None:
            continue
        points = points + np.float32([left, top])
        there, seen, _ = cv2.calcOpticalFlowPyrLK(one, other, points, None, maxLevel=4)
        back, again, _ = cv2.calcOpticalFlowPyrLK(other, one, there, None, maxLevel=4)
        good = (seen & again)[:, 0].astype(bool) & (np.linalg.norm((back - points)[:, 0], axis=1) < 1)
        if good.sum() > 3:
            moved[number] = np.median((there - points)[good, 0], axis=0)
    return moved


def _cell(looks: list[Look], height: float, step: int, every: float) -> str:
    """A rate, and what tracks and speeds count at it."""
    counts = np.array(
        [
            _count(looks[first::step], height, 1 / (every * step))
            for first in range(0, step, -(-step // PHASES))
        ]
    )
    tracks_in, tracks_out, into, out, variance = counts.mean(axis=0)
    whole = len(looks) * every
    return (
        f"{1 / (every * step):.1f}/s: tracks {tracks_in:.1f} {tracks_out:.1f},"
        f" speeds {into * whole:.1f} {out * whole:.1f} ±{np.sqrt(variance) * whole:.1f}"
    )


def _count(looks: list[Look], height: float, rate: float) -> tuple[float, ...]:
    """In and out by tracks; in and out a second by speeds, with the variance of what came in."""
    tall, wide = looks[0].image.shape[:2]
    zone = Zone(zone_id="line", purpose=Purpose.ROAD, corners=((0.0, height), (1.0, height)))
    camera = Camera(
        camera_id="clip", valid_from=START, name="", owner="", site="street", area_id="", lat=0.0, lon=0.0,
        source="", width=wide, height=tall,
    )  # fmt: skip
    line, stream = Line(camera, zone, Passing()), Stream(camera, zone, recall=1.0, far=1.0)
    tracker, crossed = Tracker(1, rate), []
    for look in looks:
        scene = _scene(look, tracker, (wide, tall))
        vehicles = scene.of_labels(VEHICLES)
        crossed += [line.left(scene), line.see(scene, vehicles)]
        stream.see(scene, vehicles)
    crossed.append(line.end())
    passed, seconds = stream.take(), looks[-1].second - looks[0].second
    tracks = sum(one.inward for one in crossed), sum(one.outward for one in crossed)
    if passed is None:
        return (*tracks, np.nan, np.nan, np.nan)
    return (*tracks, passed.inward / seconds, passed.outward / seconds, passed.variance[0] / seconds**2)


def _scene(look: Look, tracker: Tracker, size: tuple[int, int]) -> Scene:
    at = START + timedelta(seconds=look.second)
    once, ids = tracker.follow(at, look.found, size)
    rows = [int(np.flatnonzero((look.found.boxes == box).all(axis=1))[0]) for box in once.boxes]
    told = Detections(once.boxes, once.labels, once.confidences, look.found.velocities[rows])
    return Scene.of(Frame("clip", at, look.image), told, ids)


if __name__ == "__main__":
    main()
