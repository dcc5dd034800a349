"""One source watched in one process: from its frames to rows that have landed."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import FrameType

from lakehouse.city import cameras
from lakehouse.city.areas import Areas
from lakehouse.city.cameras import Camera
from lakehouse.city.tree import semarang
from lakehouse.places.addresses import redact
from lakehouse.places.secrets import Secrets
from lakehouse.problem import BadLake, BadSource, UnknownCamera
from lakehouse.scenes import Frame, Outcome
from lakehouse.store import Lake
from serving import analytic
from serving.seeing import detectors
from serving.watching.adhoc import camera_of
from serving.watching.gate import Gate
from serving.watching.opener import LATE_AFTER_S
from serving.watching.sink import Sink
from serving.watching.sources import Source, open_source, scheme_of
from serving.watching.sources.newest import Newest
from serving.watching.stream import Stream, run
from serving.watching.tally import CountLine, Tally, outcomes_in_words


@dataclass
class Stop:
    """Whether it is time to stop: somebody asked, or the time is over."""

    asked: bool = False
    give_up: float | None = None

    def __call__(self) -> bool:
        """Whether it is."""
        return self.asked or (self.give_up is not None and time.monotonic() >= self.give_up)

    def after(self, minutes: float | None) -> None:
        """Stop so many minutes from now, if any are given."""
        self.give_up = None if minutes is None else time.monotonic() + 60 * minutes


@dataclass
class Begun:
    """A source that can be read, since its first frame is there."""

    source: Source
    first: Frame
    rest: Iterator[Frame]

    def frames(self) -> Iterator[Frame]:
        """Every frame, the first one too."""
        yield self.first
        yield from self.rest

    def missed(self) -> list[tuple[datetime, Outcome]]:
        """What the source missed."""
        return self.source.missed()

    @property
    def live(self) -> bool:
        """Whether it happens now."""
        return self.source.live

    def standing(self) -> str:
        """What the source tells, behind a comma."""
        told = self.source.standing()
        return told and f", {told}"


def watch(
    source: str,
    lake: str,
    *,
    camera_id: str | None = None,
    fps: float | None = None,
    start: datetime | None = None,
    weights: Path | None = None,
    minutes: float | None = None,
) -> list[str]:
    """Watch a source until it ends, is interrupted, or for so many `minutes`; return what was seen, in lines.

    The lake is made if it is absent, once the source has shown a picture. A recording's every due frame is
    looked at, wherever it lies; a live stream's where something moved.

    Raises:
        BadSource, BadWeights, BadLake, UnknownCamera, DiskFull: as they say.
    """
    known = None if camera_id is None else _known(lake, camera_id)
    detector = detectors.load(weights)
    with _interruptible() as stop:
        begun, camera = _begin(source, known or _areas(lake), fps, start, stop)
        stop.after(minutes)
        opened = Lake.create(lake)
        camera = known or _hung(opened, camera)
        analytic.publish(opened)
        producer = opened.landing.producer(f"watch-{camera.camera_id}", backfill=start is not None)
        tally = Tally(Sink(producer, detector.model_id))
        late_after_s, gate = (LATE_AFTER_S, Gate()) if begun.live else (None, None)
        stream = Stream(camera, tally, epoch=producer.epoch, late_after_s=late_after_s, gate=gate)
        _follow(stream, begun, detector, tally, stop)
    named = f"{camera.camera_id} ({camera.name}), {outcomes_in_words(stream.outcomes)}{begun.standing()}"
    jobs = [f"next: python -m batch {verb} --lake {lake}" for verb in ("compact", "rollup")]
    return [named, *tally.summary(), *jobs]


def _follow(stream: Stream, begun: Begun, detector: detectors.Detector, tally: Tally, stop: Stop) -> None:
    """Run the stream with a line that counts, and land what is left."""
    line = CountLine()

    def text() -> str:
        at = begun.first.at if stream.scene is None else stream.scene.at
        elapsed_s = max(0.0, (at - begun.first.at).total_seconds())
        return f"{elapsed_s:7.1f} s  {outcomes_in_words(stream.outcomes)}{begun.standing()}; {tally.now()}"

    def shown_and_stopped() -> bool:
        line.show(text)
        tally.sink.tick()
        return stop()

    try:
        run(stream, begun, detector, shown_and_stopped)
    finally:
        tally.sink.close()
        line.show(text, last=True)


def _known(lake: str, camera_id: str) -> Camera:
    """The registered camera.

    Raises:
        UnknownCamera: there is no such camera, or no lake that could have it; none is made.
    """
    try:
        hung = cameras.read(Lake.open(lake))
    except BadLake:
        if Path(lake).exists() and any(Path(lake).iterdir()):
            raise
        hung = {}
    if camera_id not in hung:
        remedy = f"list them with `python -m lakehouse cameras --lake {lake}`, or leave --camera out"
        raise UnknownCamera(camera_id, f"the lake {lake} has no such camera", remedy)
    return hung[camera_id]


def _areas(lake: str) -> Areas:
    """Where a camera that nobody registered may hang: the lake's areas, or those that a new one gets."""
    try:
        return cameras.tree(Lake.open(lake))
    except BadLake:
        return semarang()


def _hung(lake: Lake, camera: Camera) -> Camera:
    """The camera as the lake has it, once it is registered there."""
    cameras.register(lake, [camera])
    return cameras.read(lake)[camera.camera_id]


def _begin(
    source: str, where: Camera | Areas, fps: float | None, start: datetime | None, stop: Stop
) -> tuple[Begun, Camera]:
    """Open the source and read its first frame, which tells how large a new camera's picture is."""
    known = where if isinstance(where, Camera) else None
    rate = fps or (known.fps if known else 2.0)
    camera = where if isinstance(where, Camera) else camera_of(source, 1, 1, rate, where)
    opened = open_source(Secrets.of_settings().resolve(source), camera, fps=rate, start=start)
    if scheme_of(source) not in {None, "file"}:
        opened = Newest(opened, stop)
    frames = opened.frames()
    first = next(frames, None)
    if first is None:
        raise BadSource(redact(source), "it ended before its first picture", "check that the camera sends")
    height, width = first.image.shape[:2]
    return Begun(opened, first, frames), known or camera.model_copy(update={"width": width, "height": height})


@contextmanager
def _interruptible() -> Iterator[Stop]:
    """Stop on Ctrl-C or SIGTERM; the second one ends at once."""
    stop = Stop()

    def ask(number: int, _frame: FrameType | None) -> None:
        stop.asked = True
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
