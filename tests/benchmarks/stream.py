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

import numpy as np

from lakehouse.city.cameras import Camera, Purpose, Zone
from lakehouse.scenes import VEHICLES, Detections, Frame, Scene
from serving.measuring.crossing import Line, Passing
from serving.measuring.stream import Stream
from serving.seeing import detectors
from serving.seeing.motion import measured
from serving.watching.sources import open_source
from serving.watching.tracker import Tracker

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
DENSEST, RATES = 15.0, (15.0, 5.0, 2.0, 1.0)
PHASES = 6
CODED = 1280, 720


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
    """About 15 looks a second, with how what they show moves."""
    engine = detectors.load()
    source = open_source(str(clip), _camera(CODED), fps=DENSEST, start=START)
    for frame in source.frames():
        told = measured(frame, engine.detect([frame.image])[0])
        second = (frame.at - START).total_seconds()
        yield Look(second, np.broadcast_to(np.zeros(3, np.uint8), frame.image.shape), told)


def _camera(size: tuple[int, int]) -> Camera:
    return Camera(
        camera_id="clip", valid_from=START, name="", owner="", site="street", area_id="", lat=0.0, lon=0.0,
        source="", width=size[0], height=size[1],
    )  # fmt: skip


def _cell(looks: list[Look], height: float, step: int, every: float) -> str:
    """A rate, and what tracks and speeds count at it."""
    counts = np.array([_count(looks[first::step], height) for first in range(0, step, -(-step // PHASES))])
    tracks_in, tracks_out, into, out, variance = counts.mean(axis=0)
    whole = len(looks) * every
    return (
        f"{1 / (every * step):.1f}/s: tracks {tracks_in:.1f} {tracks_out:.1f},"
        f" speeds {into * whole:.1f} {out * whole:.1f} ±{np.sqrt(variance) * whole:.1f}"
    )


def _count(looks: list[Look], height: float) -> tuple[float, ...]:
    """In and out by tracks; in and out a second by speeds, with the variance of what came in."""
    tall, wide = looks[0].image.shape[:2]
    zone = Zone(zone_id="line", purpose=Purpose.ROAD, corners=((0.0, height), (1.0, height)))
    camera = _camera((wide, tall))
    line, stream = Line(camera, zone, Passing()), Stream(camera, zone, recall=1.0, far=1.0)
    tracker, crossed = Tracker(1), []
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
    return Scene.of(Frame("clip", at, look.image), once, ids)


if __name__ == "__main__":
    main()
