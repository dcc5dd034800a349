"""The newest frame of a source: whoever is slow skips frames of what is live, and never falls behind."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime

from lakehouse.scenes import Frame, Outcome
from serving.watching.sources import Source

POLL_S = 0.2
PATIENCE_S = 3.0
"""So long a reader that waits for its camera is waited for."""


class Newest:
    """Reads a source in a thread of its own and keeps one frame, the newest.

    A live frame that is overtaken is dropped and counted; a recording waits until each is taken. `stop` is
    asked every `POLL_S`, also while nothing comes.
    """

    def __init__(self, source: Source, stop: Callable[[], bool]) -> None:
        self._source = source
        self._stop = stop
        self._news = threading.Condition()
        self._frame: Frame | None = None
        self._overtaken: list[datetime] = []
        self._over = False
        self._failure: Exception | None = None

    def frames(self) -> Iterator[Frame]:
        """The newest frame, each time that one is asked for, until `stop`.

        Raises:
            BadSource: the source gave nothing to see.
        """
        reader = threading.Thread(target=self._read, name="newest", daemon=True)
        reader.start()
        try:
            while not self._stop():
                frame = self._take()
                if frame is not None:
                    yield frame
                elif self._over:
                    break
        finally:
            with self._news:
                self._over = True
                self._news.notify()
            reader.join(PATIENCE_S)
        if self._failure is not None:
            raise self._failure

    @property
    def live(self) -> bool:
        """Whether the source is."""
        return self._source.live

    def standing(self) -> str:
        """What the source tells."""
        return self._source.standing()

    def _take(self) -> Frame | None:
        with self._news:
            self._news.wait_for(lambda: self._frame is not None or self._over, POLL_S)
            frame, self._frame = self._frame, None
            self._news.notify()
        return frame

    def _read(self) -> None:
        try:
            for frame in self._source.frames():
                with self._news:
                    if not self._source.live:
                        self._news.wait_for(lambda: self._frame is None or self._over)
                    if self._frame is not None:
                        self._overtaken.append(self._frame.at)
                    self._frame = frame
                    self._news.notify()
                if self._over:
                    return
        except Exception as failure:  # noqa: BLE001 - it is raised again where the frames are asked for
            self._failure = failure
        with self._news:
            self._over = True
            self._news.notify()

    def missed(self) -> list[tuple[datetime, Outcome]]:
        """The frames that were overtaken, and those that could not be decoded, since the last call."""
        with self._news:
            overtaken, self._overtaken = self._overtaken, []
        return sorted([*((at, Outcome.DROPPED) for at in overtaken), *self._source.missed()])
