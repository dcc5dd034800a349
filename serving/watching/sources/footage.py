"""A video's due frames: of a recording each one once, at its own time; of a live stream as they happen."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import av
from av.video.frame import VideoFrame

from lakehouse import clock
from lakehouse.clock import Now
from lakehouse.places.addresses import redact
from lakehouse.problem import BadSource
from lakehouse.scenes import Frame, Outcome
from serving.seeing.display import displayed, grey
from serving.watching.sources.arrivals import Arrivals
from serving.watching.sources.clock import LATE_S, UNTIMED_LATE_S, Beat, Clock, LiveClock
from serving.watching.sources.keyframes import KeyFrames
from serving.watching.sources.pairs import Pairs
from serving.watching.sources.replays import Replays
from serving.watching.sources.video import Arrival, Video, bad, decoded, opened, own_s

log = logging.getLogger(__name__)
SHORTEST_BACKOFF_S, LONGEST_BACKOFF_S = 1.0, 30.0


@dataclass
class Footage:
    """What FFmpeg reads at an address; whether that is live, the source says when it is opened.

    A live stream that cannot be reached at first is an error; what was seen once is tried again, ever more
    rarely. A server that dies looks like the end of a stream, so that every end is a broken connection.

    Args:
        address: of the file or the stream, with its password.
        camera_id: whose frames these are.
        fps: how many frames a second are due.
        protocols: what may be read, with commas between them.
        options: of FFmpeg.
        timeout_s: how long a connection may be silent.
        start: the time of a recording's first picture, by default now.
        paced: whether a recording is shown as if it happened now, and not as fast as it is read.
        now: the time of day, for what is live or paced.
        sleep: waits so many seconds.
    """

    address: str = field(repr=False)
    camera_id: str
    fps: float
    protocols: str
    options: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float | None = None
    start: datetime | None = None
    paced: bool = False
    now: Now = clock.now
    sleep: Callable[[float], None] = time.sleep
    live: bool = field(default=False, init=False)
    breaks: int = field(default=0, init=False)
    behind_s: float = field(default=0.0, init=False)
    _beat: Beat = field(init=False)
    _missed: deque[tuple[datetime, Outcome]] = field(default_factory=deque, init=False)
    _shown_at: datetime | None = field(default=None, init=False)
    _replays: Replays = field(default_factory=Replays, init=False)

    def __post_init__(self) -> None:
        self._beat = Beat(self.fps)

    def frames(self) -> Iterator[Frame]:
        """The due frames; a live stream has them without end.

        Raises:
            BadSource: it cannot be reached or read, or brings no picture.
        """
        video = self._opened()
        self.live = video.live
        yield from self._stream(video) if self.live else self._recording(video)

    def missed(self) -> list[tuple[datetime, Outcome]]:
        """What was left out since the last call: undecodable, or dropped since it came out of order.

        What is later than the frame that came last is told with the next one.
        """
        until, missed = self._shown_at, []
        while self._missed and (until is None or self._missed[0][0] < until):
            missed.append(self._missed.popleft())
        return missed

    def standing(self) -> str:
        """How far behind what has come a live stream is looked at, and its breaks in time; '' for nothing."""
        behind = f"{self.behind_s:.0f} s behind" if self.behind_s else ""
        times = "1 break" if self.breaks == 1 else f"{self.breaks} breaks"
        return ", ".join(filter(None, [behind, f"{times} in its time closed" if self.breaks else ""]))

    def _recording(self, video: Video) -> Iterator[Frame]:
        start = self.start or self.now()
        time_of = (
            LiveClock(video.step_s, self.now) if self.paced else Clock(video.step_s, start, video.lasts_s)
        )
        seen = False
        with video:
            try:
                for frame in self._due(video, video.packets(), time_of):
                    seen = True
                    yield frame
            except (av.FFmpegError, OSError) as error:
                problem = bad(self.address, error)
                if not seen:
                    raise problem from None
                log.warning("%s breaks off after %s: %s", redact(self.address), time_of.last, problem.rule)
        if not seen:
            rule = "none of its pictures can be decoded" if self._missed else "it holds no picture"
            raise BadSource(redact(self.address), rule, "name another file or address")

    def _stream(self, video: Video) -> Iterator[Frame]:
        """The frames of one connection after the other."""
        found: Video | None = video
        backoff_s: float | None = None
        while True:
            reason = "it brings no picture"
            try:
                for frame in self._connection(found or self._opened_again()):
                    backoff_s, reason = SHORTEST_BACKOFF_S, "the stream ended"
                    yield frame
            except BadSource as problem:
                reason = problem.rule
            if backoff_s is None:
                raise BadSource(redact(self.address), reason, "check that the camera sends")
            log.warning("%s: %s; trying again in %.0f s", redact(self.address), reason, backoff_s)
            self.sleep(backoff_s)
            backoff_s, found = min(2 * backoff_s, LONGEST_BACKOFF_S), None

    def _opened_again(self) -> Video:
        video = self._opened()
        if not video.live:  # its last pictures are no news, and nobody looks at them as such
            video.close()
            raise BadSource(redact(self.address), "it has been ended by its sender", "wait for the next one")
        return video

    def _opened(self) -> Video:
        return opened(self.address, self.protocols, self.options, self.timeout_s)

    def _connection(self, video: Video) -> Iterator[Frame]:
        arrivals = Arrivals(video, self.now)
        time_of = LiveClock(video.step_s, self.now, LATE_S if video.timed else UNTIMED_LATE_S)
        try:
            for frame in self._due(video, self._arriving(video, arrivals, time_of), time_of):
                self.behind_s = arrivals.waiting * time_of.step_s
                yield frame
        except (av.FFmpegError, OSError) as error:
            raise bad(self.address, error) from None

    def _arriving(self, video: Video, arrivals: Arrivals, time_of: LiveClock) -> Iterator[Arrival]:
        self._replays.begin()
        for came, packet in arrivals:
            if video.listed:
                self._replays.note(packet)
            time_of.arrive(came, video.step_s if video.timed else arrivals.step_s or video.step_s)
            yield packet

    def _due(self, video: Video, packets: Iterable[Arrival], time_of: Clock) -> Iterator[Frame]:
        """The due frames; meanwhile `missed` knows up to when they have come."""
        try:
            for frame in self._paired(video, packets, time_of):
                self._shown_at = frame.at
                yield frame
        finally:
            self._shown_at = None

    def _paired(self, video: Video, packets: Iterable[Arrival], time_of: Clock) -> Iterator[Frame]:
        """The due frames with their glimpses; when packets break off, what still waits for one comes too."""
        pairs, keys = Pairs(), KeyFrames()
        try:
            for picture, at in self._timed(video, _needed(video, packets, keys), time_of):
                take = time_of.seams, picture.width, picture.height
                yield from pairs.show(at, take, partial(grey, picture, video.aspect))
                if self._beat.due(at):
                    pairs.expect(Frame(self.camera_id, at, displayed(picture, video.aspect)), take)
                if pairs.complete:
                    keys.rest(picture.time if video.timed else None, self._beat.left_s(at))
        except (av.FFmpegError, OSError):
            yield from pairs.rest()
            raise
        yield from pairs.rest()

    def _timed(
        self, video: Video, packets: Iterable[Arrival], time_of: Clock
    ) -> Iterator[tuple[VideoFrame, datetime]]:
        """Each picture when it is to be seen, but those that come out of order, which are counted."""
        broken = self.breaks
        for picture in self._pictures(packets, time_of):
            at = time_of.tell(picture.time if video.timed else None)
            self.breaks = broken + time_of.breaks
            if at is None:
                self._missed.append((time_of.last, Outcome.DROPPED))
                continue
            wait_s = time_of.wait_s(at)
            if wait_s > 0:
                self.sleep(wait_s)
            yield picture, at

    def _pictures(self, packets: Iterable[Arrival], time_of: Clock) -> Iterator[VideoFrame]:
        """The pictures in packets, but those that were seen before; what cannot be decoded is counted."""
        for packet in packets:
            pictures = decoded(packet)
            if pictures is None:
                self._missed.append((time_of.last, Outcome.UNDECODABLE))
            for picture in pictures or ():
                if not self._replays.has(picture):
                    yield picture


def _needed(video: Video, packets: Iterable[Arrival], keys: KeyFrames) -> Iterator[Arrival]:
    """The packets that are worth decoding."""
    rested = False
    for packet in packets:
        if (
            packet is not None
            and not video.reordered
            and not keys.needed(own_s(packet), key=packet.is_keyframe)
        ):
            rested = True
            continue
        if rested:
            video.begin_anew()
            rested = False
        yield packet
