"""`make bench-detect`: what it costs to see, against the bare network, a peer, and decoding alone.

Figures are CPU time (user and system, all threads of a process) or ratios of two that were measured in turns,
picture by picture, in one process. See docs/proofs/detect-bench.md.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "YOLO_AUTOINSTALL": "false", "YOLO_OFFLINE": "1"}

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from table import HEAD, Line, machine

from lakehouse.city.cameras import WHOLE_PICTURE, Camera
from lakehouse.scenes import Event, Frame, Look, Measure, Outcome, Scene
from serving.seeing import detectors
from serving.seeing.detectors.boxes import Fit
from serving.seeing.detectors.card import Card
from serving.watching.gate import Gate
from serving.watching.sources import open_source
from serving.watching.stream import Stream, run

HERE = Path(__file__).parent
HOUSE = HERE.parents[1]
START = datetime(2026, 11, 23, 3, tzinfo=UTC)
BUSY, QUIET = (
    "adamridene_demo_video.mp4",
    ("carpark_fixed_highview.mp4", "vtest.avi", "intel_car-detection.mp4"),
)
PEER_PX, CODED_FPS, CODED_SIZE = 640, 30, (1280, 720)


class Nowhere:
    """Takes what a stream tells, and keeps the boxes' number."""

    boxes = 0

    def put(
        self,
        camera: Camera,
        scene: Scene | None = None,
        look: Look | None = None,
        outputs: Iterable[Event | Measure] = (),
    ) -> bool:
        """Take what one frame came to."""
        del camera, look
        del outputs
        self.boxes += 0 if scene is None else len(scene)
        return True


@dataclass
class Meter:
    """CPU seconds that something took in all."""

    spent_s: float = 0.0
    times: int = 0

    def __call__(self, act: Callable[[], object]) -> None:
        """Do it, and add what it cost."""
        before = time.process_time()
        act()
        self.spent_s += time.process_time() - before
        self.times += 1

    @property
    def each_ms(self) -> float:
        """CPU milliseconds a time."""
        return self.spent_s / self.times * 1e3


def camera(name: str, fps: float) -> Camera:
    """A camera in whose whole picture everything is counted."""
    return Camera(
        camera_id=name, valid_from=START, name=name, owner="bench", site="street", area_id="33.74",
        lat=-7.0, lon=110.4, source="", width=CODED_SIZE[0], height=CODED_SIZE[1], fps=fps,
        zones=WHOLE_PICTURE,
    )  # fmt: skip


def frames(clip: Path, fps: float, most: int | None = None) -> list[Frame]:
    """A clip's frames at so many a second, with what a source gives with each."""
    source = open_source(str(clip), camera("bench", fps), fps=fps, start=START)
    return list(islice(source.frames(), most))


class Bench:
    """The table, figure by figure."""

    def __init__(self, clips: Path, weights: Path, looks: int) -> None:
        self.clips = clips
        self.weights = weights
        self.looks = looks
        self.engine = detectors.load(None)
        self.lines: list[Line] = []

    def say(self, what: str, value: str, goal: str = "", *, holds: bool | None = None) -> None:
        """Add a line, and print it."""
        self.lines.append(Line(what, value, goal, holds))
        print(self.lines[-1], flush=True)

    def path(self) -> None:
        """Everything that becomes of a frame, from its picture to the sink, against the bare network."""
        stream = Stream(camera("path", 2), Nowhere(), epoch=1)
        whole, bare, card = Meter(), Meter(), Card.of(detectors.SHIPPED)
        for frame in frames(self.clips / BUSY, 2, self.looks):
            tensor = Fit.of(frame.image.shape[:2], card.width, card.height)
            pixels = tensor.picture(frame.image, card.width, card.height)[None]
            bare(lambda pixels=pixels: self.engine._request.infer([pixels]))
            whole(lambda frame=frame: self._look(stream, frame))
        ratio = whole.spent_s / bare.spent_s
        what = "whole path of a frame, velocities and analytics included, over the bare network"
        value = f"{ratio:.2f} x ({whole.each_ms:.1f} and {bare.each_ms:.1f} ms)"
        self.say(what, value, "at most 1.12 x", holds=ratio <= 1.12)

    def _look(self, stream: Stream, frame: Frame) -> None:
        picture = stream.admit(frame)
        if picture is not None:
            stream.observe(frame, self.engine.detect([picture])[0])

    def peer(self) -> None:
        """`ultralytics` with its own tracker on torch, one thread, on the same frames."""
        track = _peer(self.weights)
        stream = Stream(camera("peer", 2), Nowhere(), epoch=1)
        ours, theirs = Meter(), Meter()
        shown = frames(self.clips / BUSY, 2, self.looks // 2)
        track(shown[0].image)
        for frame in shown:
            theirs(lambda frame=frame: track(frame.image))
            ours(lambda frame=frame: self._look(stream, frame))
        ratio = theirs.spent_s / ours.spent_s
        what = f"`ultralytics` `model.track` at {PEER_PX} px on torch over ours"
        value = f"{ratio:.1f} x ({theirs.each_ms:.0f} and {ours.each_ms:.0f} ms)"
        self.say(what, value, "at least 3 x", holds=ratio >= 3)

    def cameras(self, folder: Path) -> None:
        """How many cameras a core carries at a look a second, and how many it could only decode."""
        clip = coded(self.clips / BUSY, folder / "street.mp4", 10 * CODED_FPS)
        watched, decoded = Meter(), Meter()
        for _ in range(2):
            watched(lambda: self._watch(clip, 1))
            decoded(lambda: frames(clip, 1))
        seconds = 10.0
        carried, limit = (seconds * meter.times / meter.spent_s for meter in (watched, decoded))
        what = (
            f"cameras a core, 1 look a second, 720p H.264 of {CODED_FPS} frames/s with a key frame a second"
        )
        self.say(what, f"{carried:.1f} ({limit:.1f} if only decoded)", "at least 19", holds=carried >= 19)

    def gate(self) -> None:
        """How many looks the gate saves where little moves."""
        gated = due = 0
        for name in QUIET:
            outcomes = self._watch(self.clips / name, 2, Gate(), most=self.looks).outcomes
            saved, looked = outcomes[Outcome.GATED], outcomes[Outcome.LOOKED]
            self.say(
                f"looks that the gate saves, {name}", f"{saved / (saved + looked):.0%} of {saved + looked}"
            )
            gated, due = gated + saved, due + saved + looked
        self.say(
            "looks that the gate saves, pooled", f"{gated / due:.0%}", "at least 25 %", holds=gated >= due / 4
        )

    def _watch(self, clip: Path, fps: float, gate: Gate | None = None, most: int | None = None) -> Stream:
        stream = Stream(camera("watched", fps), Nowhere(), epoch=1, gate=gate)
        left = None if most is None else iter(range(most - 1))
        source = open_source(str(clip), stream.camera, fps=fps, start=START)
        run(stream, source, self.engine, lambda: left is not None and next(left, None) is None)
        return stream

    def memory(self, folder: Path) -> None:
        """The greatest resident size of `python -m serving watch`."""
        words = [
            sys.executable,
            str(HERE / "detect.py"),
            "--clips",
            str(self.clips),
            "--watch",
            str(folder / "lake"),
        ]
        known = f"{HOUSE}:{os.environ.get('PYTHONPATH', '')}"
        done = subprocess.run(
            words, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": known}
        )
        megabytes = int(done.stdout.splitlines()[-1]) / 1024
        self.say("memory of `watch`", f"{megabytes:.0f} MB", "at most 350 MB", holds=megabytes <= 350)


def _peer(weights: Path) -> Callable[[NDArray[np.uint8]], object]:
    """YOLO26n with ByteTrack, as ultralytics offers it."""
    import torch
    from ultralytics import YOLO

    torch.set_num_threads(1)
    model = YOLO("yolo26n.yaml", task="detect", verbose=False)
    model.model.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    model.model.end2end = True
    options = {
        "persist": True,
        "tracker": "bytetrack.yaml",
        "imgsz": PEER_PX,
        "verbose": False,
        "device": "cpu",
    }
    return lambda image: model.track(image, **options)


def coded(clip: Path, to: Path, count: int) -> Path:
    """So many frames of a clip as a camera sends them: H.264 without B frames, a key frame a second."""
    with av.open(str(clip)) as source, av.open(str(to), "w") as target:
        pictures = (frame.to_ndarray(format="bgr24") for frame in source.decode(video=0))
        stream = target.add_stream("libx264", rate=CODED_FPS, options={"bf": "0", "preset": "veryfast"})
        stream.width, stream.height = CODED_SIZE
        stream.pix_fmt, stream.gop_size = "yuv420p", CODED_FPS
        for picture in islice(cycle(islice(pictures, count)), count):
            image = cv2.resize(picture, CODED_SIZE, interpolation=cv2.INTER_AREA)
            target.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        target.mux(stream.encode(None))
    return to


def watch_here(clip: Path, lake: str) -> None:
    """Watch a clip in this process, and print the most memory it took, in KB."""
    from serving.watching.watch import watch

    watch(str(clip), lake, start=START, fps=2)
    told = Path("/proc/self/status").read_text().splitlines()
    print(next(line.split()[1] for line in told if line.startswith("VmHWM")))


def main() -> None:
    """Measure, print the table, and write it into a page."""
    parser = argparse.ArgumentParser(description=__doc__)
    data = Path(os.environ.get("MATAKOTA_DATA", HOUSE.parent / "shared" / "data"))
    parser.add_argument("--clips", type=Path, default=data / "videos", help="the folder of clips")
    parser.add_argument("--peer", type=Path, default=data / "weights" / "yolo26n_state_dict.pt")
    parser.add_argument("--looks", type=int, default=60, help="of each figure that is measured in turns")
    parser.add_argument("--write", type=Path, help="the page to write")
    parser.add_argument("--watch", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.watch:
        watch_here(told.clips / BUSY, told.watch)
        return
    print(HEAD)
    bench = Bench(told.clips, told.peer, told.looks)
    with tempfile.TemporaryDirectory() as folder:
        bench.path()
        bench.peer()
        bench.cameras(Path(folder))
        bench.gate()
        bench.memory(Path(folder))
    if told.write:
        told.write.parent.mkdir(parents=True, exist_ok=True)
        text = (HERE / "detect_page.md").read_text()
        lines = "\n".join(map(str, bench.lines))
        told.write.write_text(text.format(machine=machine(), head=HEAD, lines=lines, looks=told.looks))


if __name__ == "__main__":
    main()
