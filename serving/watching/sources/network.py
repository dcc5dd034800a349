"""A stream over a network: frames as they arrive, and another try when the connection breaks."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import av

from lakehouse import clock
from lakehouse.places.addresses import redact
from lakehouse.problem import BadSource
from lakehouse.scenes import Frame, Outcome
from serving.watching.sources.video import bad, next_due, opened, pictures, pixels

log = logging.getLogger(__name__)
TIMEOUT_S = 10.0
SHORTEST_BACKOFF_S, LONGEST_BACKOFF_S = 1.0, 30.0


@dataclass
class NetworkSource:
    """The frames of a live stream that are due at `fps`, each at the time at which it arrived.

    What cannot be reached at first is an error; what was seen once is tried again, ever more rarely. A
    server that dies looks like the end of a file, so that every end is a broken connection.
    """

    address: str
    camera_id: str
    fps: float
    protocols: str
    options: Mapping[str, str] = field(default_factory=dict)
    sleep: Callable[[float], None] = time.sleep
    _missed: list[tuple[datetime, Outcome]] = field(default_factory=list)

    def frames(self) -> Iterator[Frame]:
        """The due frames, without end.

        Raises:
            BadSource: the first connection fails, or brings no picture.
        """
        backoff_s: float | None = None
        while True:
            try:
                for frame in self._connection():
                    backoff_s = SHORTEST_BACKOFF_S
                    yield frame
                reason = "the stream ended"
            except BadSource as problem:
                if backoff_s is None:
                    raise
                reason = problem.rule
            if backoff_s is None:
                raise BadSource(redact(self.address), "it brings no picture", "check that the camera sends")
            log.warning("%s: %s; trying again in %.0f s", redact(self.address), reason, backoff_s)
            self.sleep(backoff_s)
            backoff_s = min(2 * backoff_s, LONGEST_BACKOFF_S)

    def _connection(self) -> Iterator[Frame]:
        due = 0.0
        with opened(self.address, self.protocols, self.options, TIMEOUT_S) as container:
            try:
                for picture in pictures(container):
                    now = clock.now()
                    if picture is None:
                        self._missed.append((now, Outcome.UNDECODABLE))
                    elif now.timestamp() >= due:
                        due = next_due(due, now.timestamp(), 1 / self.fps)
                        yield Frame(self.camera_id, now, pixels(picture))
            except (av.FFmpegError, OSError) as error:
                raise bad(self.address, error) from None

    def missed(self) -> list[tuple[datetime, Outcome]]:
        """The packets that could not be decoded since the last call."""
        missed, self._missed = self._missed, []
        return missed
