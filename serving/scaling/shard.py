"""Many cameras watched in one process: those whose lease it holds, and no others."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from lakehouse.scenes import Detections, Frame, Outcome
from serving.seeing.detectors import Detector
from serving.watching.opener import Opener
from serving.watching.sink import Sink
from serving.watching.sources import Source
from serving.watching.stream import Stream

_log = logging.getLogger(__name__)
LONGEST_BACKOFF_S = 30.0
TELL_EVERY_S = 30.0
IDLE_S = 0.2
"""So often the sink is asked whether something is due, also when no frame comes."""

Answer = TypeVar("Answer")
Image = NDArray[np.uint8]


@dataclass(eq=False)
class Watched:
    """A camera that is watched here: the newest frame not yet looked at, and those that it overtook."""

    camera_id: str
    stream: Stream
    source: Source
    newest: Frame | None = None
    taken_s: float = 0.0
    overtaken: list[datetime] = field(default_factory=list)
    busy: bool = False
    gone: threading.Event = field(default_factory=threading.Event)


@dataclass
class Shard:
    """Reads each camera in a thread of its own and looks at the newest frames, several cameras a batch.

    At most `in_flight` batches of at most `most_batch` frames are looked at at once; a frame that is
    overtaken by the next one of its camera is dropped and counted, never queued.
    """

    open: Opener
    detector: Detector
    sink: Sink
    in_flight: int = 2
    most_batch: int = 5
    tally: Counter[str] = field(default_factory=Counter)
    _watched: dict[str, Watched] = field(default_factory=dict)
    _news: threading.Condition = field(default_factory=threading.Condition)
    _desk: threading.Lock = field(default_factory=threading.Lock)
    _failures: dict[tuple[str, str], tuple[float, int]] = field(default_factory=dict)
    _workers: list[threading.Thread] = field(default_factory=list)
    _closed: bool = False

    def __post_init__(self) -> None:
        self._workers = [_thread(self._work, f"look-{number}") for number in range(self.in_flight)]

    @property
    def running(self) -> frozenset[str]:
        """The cameras that are watched here right now."""
        return frozenset(self._watched)

    def hold(self, cameras: Collection[str]) -> None:
        """Watch exactly these cameras; on return the others are flushed and left alone."""
        for camera_id in self.running - set(cameras):
            self._leave(camera_id)
        for camera_id in sorted(set(cameras) - self.running):
            self._begin(camera_id)

    def close(self) -> None:
        """Leave every camera, land what is left, and end."""
        self.hold(())
        with self._news:
            self._closed = True
            self._news.notify_all()
        for worker in self._workers:
            worker.join()
        self._safely("", "cannot land its last rows", self.sink.close)

    def _safely(self, camera_id: str, failure: str, act: Callable[[], Answer]) -> Answer | None:
        """What `act` returns, or None where it failed: one camera's failure is not the others'."""
        try:
            return act()
        except Exception:  # noqa: BLE001 - the edge of the process: it goes on with the others
            self.tally["failed"] += 1
            self._tell(camera_id, failure)
            return None

    def _tell(self, camera_id: str, failure: str) -> None:
        """Log a failure, and one that goes on only now and then, with how often it came."""
        now, key = time.monotonic(), (camera_id, failure)
        told_s, times = self._failures.get(key, (float("-inf"), 0))
        if now - told_s < TELL_EVERY_S:
            self._failures[key] = (told_s, times + 1)
            return
        self._failures[key] = (now, 0)
        what = {"camera_id": camera_id, "times": times + 1}
        _log.exception("%s %s (%d times)", camera_id or "the shard", failure, times + 1, extra=what)

    def _begin(self, camera_id: str) -> None:
        opened = self._safely(camera_id, "cannot be opened", lambda: self.open(camera_id))
        if opened is not None:
            source, stream = opened
            self._watched[camera_id] = watched = Watched(camera_id, stream, source)
            _thread(lambda: self._read(watched), f"read-{camera_id}")

    def _leave(self, camera_id: str) -> None:
        watched = self._watched[camera_id]
        watched.gone.set()
        with self._news:
            watched.newest = None
            self._news.wait_for(lambda: not watched.busy)
            del self._watched[camera_id]
        with self._desk:
            self._safely(camera_id, "cannot be closed", watched.stream.close)
            self._safely(camera_id, "cannot land its last rows", self.sink.flush)

    def _read(self, watched: Watched) -> None:
        """Read a camera until it is left or its file ends; where it fails, try again, ever more rarely."""
        backoff_s = 1.0
        while not watched.gone.is_set():
            before = self.tally["offered"]
            if self._safely(watched.camera_id, "cannot be read", lambda: self._follow(watched)):
                return
            backoff_s = 1.0 if self.tally["offered"] > before else min(2 * backoff_s, LONGEST_BACKOFF_S)
            watched.gone.wait(backoff_s)

    def _follow(self, watched: Watched) -> bool:
        for frame in watched.source.frames():
            if watched.gone.is_set():
                break
            self._offer(watched, frame)
        return True

    def _offer(self, watched: Watched, frame: Frame) -> None:
        with self._news:
            self.tally["offered"] += 1
            if watched.newest is not None:
                self.tally["overtaken"] += 1
                watched.overtaken.append(watched.newest.at)
            watched.newest = None if watched.gone.is_set() else frame
            self._news.notify()

    def _work(self) -> None:
        while not self._closed:
            batch = self._take()
            self._look(batch)
            with self._news:
                for watched, _ in batch:
                    watched.busy = False
                self._news.notify_all()

    def _take(self) -> list[tuple[Watched, Frame]]:
        """Frames of the cameras that were looked at longest ago, so that what is dropped is shared fairly."""
        with self._news:
            self._news.wait_for(lambda: self._closed or self._waiting(), IDLE_S)
            batch = sorted(self._waiting(), key=lambda one: one[0].taken_s)[: self.most_batch]
            for watched, _ in batch:
                watched.busy, watched.newest, watched.taken_s = True, None, time.monotonic()
        return batch

    def _waiting(self) -> list[tuple[Watched, Frame]]:
        return [(one, one.newest) for one in self._watched.values() if one.newest and not one.busy]

    def _look(self, batch: Sequence[tuple[Watched, Frame]]) -> None:
        # Streams and sink belong to whoever is at the desk; only the detector works for several at once.
        with self._desk:
            admitted = [(one, frame, picture) for one, frame in batch for picture in self._admit(one, frame)]
        self.tally["passed_over"] += len(batch) - len(admitted)
        found = self._detect([picture for _, _, picture in admitted])
        with self._desk:
            for (watched, frame, _), detections in zip(admitted, found, strict=True):
                self._settle(watched, frame, detections)
            self._safely("", "cannot land its rows", self.sink.tick)
            self.tally["refused_rows"] = self.sink.refused

    def _admit(self, watched: Watched, frame: Frame) -> list[Image]:
        """The frame's picture, or nothing where it is not worth a look."""
        overtaken, watched.overtaken = watched.overtaken, []

        def admit() -> Image | None:
            missed = [*((at, Outcome.DROPPED) for at in overtaken), *watched.source.missed()]
            for at, outcome in sorted(missed):
                watched.stream.miss(at, outcome)
            return watched.stream.admit(frame)

        picture = self._safely(watched.camera_id, "cannot be looked at", admit)
        return [] if picture is None else [picture]

    def _detect(self, pictures: Sequence[Image]) -> Sequence[Detections | None]:
        """What each picture shows; None for each where the detector does not answer."""
        if not pictures:
            return []
        began_s = time.monotonic()
        found = self._safely("", "gets no answer from the detector", lambda: self.detector.detect(pictures))
        self.tally["detector_ms"] += round((time.monotonic() - began_s) * 1000)
        self.tally["looked"] += len(found or ())
        return found or [None] * len(pictures)

    def _settle(self, watched: Watched, frame: Frame, found: Detections | None) -> None:
        if found is None:
            self.tally["unanswered"] += 1
            watched.stream.miss(frame.at, Outcome.DROPPED)
        else:
            self._safely(
                watched.camera_id, "cannot be followed", lambda: watched.stream.observe(frame, found)
            )


def _thread(work: Callable[[], None], name: str) -> threading.Thread:
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread
