"""What a live stream sends, taken off the line as it comes, so that it can be looked at at its own pace."""

import queue
import threading
import time
from collections.abc import Iterator
from datetime import datetime

from lakehouse.clock import Now
from serving.watching.sources.video import Arrival, Video

MOST_WAITING = 1000
"""Packets that wait to be decoded, 40 s of an ordinary stream; while so many do, nothing more is taken."""

KNOWN_AFTER_S = 5.0
"""When so much has passed it is known how often pictures arrive."""

_POLL_S = 0.2


class Arrivals:
    """The packets of a live stream, fetched by a thread that closes the stream once nobody asks any more."""

    def __init__(self, video: Video, now: Now) -> None:
        self._video = video
        self._now = now
        self._waiting: queue.Queue[tuple[datetime, Arrival | Exception]] = queue.Queue(MOST_WAITING)
        self._over = threading.Event()
        self._began_s = self._came_s = 0.0
        self._came = 0

    def __iter__(self) -> Iterator[tuple[datetime, Arrival]]:
        """When each packet came, and the packet, None for one that is damaged.

        Raises:
            av.FFmpegError, OSError: the connection broke.
        """
        threading.Thread(target=self._fetch, name="arrivals", daemon=True).start()
        try:
            while True:
                came, arrival = self._waiting.get()
                if isinstance(arrival, StopIteration):
                    return
                if isinstance(arrival, Exception):
                    raise arrival
                yield came, arrival
        finally:
            self._over.set()

    @property
    def waiting(self) -> int:
        """How many have come and were not yet asked for."""
        return self._waiting.qsize()

    @property
    def step_s(self) -> float | None:
        """Seconds from one arrival to the next, on average; None while that is not known."""
        passed_s = self._came_s - self._began_s
        return passed_s / (self._came - 1) if passed_s > KNOWN_AFTER_S else None

    def _fetch(self) -> None:
        try:
            for packet in self._video.packets():
                self._note()
                if not self._put(packet):
                    break
            self._put(StopIteration())
        except Exception as failure:  # noqa: BLE001 - it is raised again where the packets are asked for
            self._put(failure)
        self._over.wait()  # a packet can only be decoded while its stream is open
        self._video.close()

    def _note(self) -> None:
        self._came_s = time.monotonic()
        self._began_s = self._began_s or self._came_s
        self._came += 1

    def _put(self, arrival: Arrival | Exception) -> bool:
        """Let it wait its turn; False where nobody asks any more."""
        came = self._now()
        while not self._over.is_set():
            try:
                self._waiting.put((came, arrival), timeout=_POLL_S)
            except queue.Full:
                continue
            return True
        return False
