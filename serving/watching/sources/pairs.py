"""Due frames in pairs: each waits for the picture a moment later, in which it is seen how things move."""

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from lakehouse.scenes import Frame, Glimpse

SOONEST = timedelta(seconds=0.05)
"""The first picture that is so much later is a frame's glimpse: two pictures at 30 a second, one at 15."""

LATEST = timedelta(seconds=0.15)
"""In one that is later than this, near vehicles are not found again: at 0.13 s every third is lost."""

_ROUNDING = timedelta(milliseconds=1)


class Pairs:
    """Keeps each due frame until its glimpse is there, or will never be.

    Two pictures are of one `take` where the time between them is as they say, and they show the same view.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[Frame, Hashable]] = deque()

    def expect(self, frame: Frame, take: Hashable) -> None:
        """Take a due frame; those before it go on waiting for theirs."""
        self._waiting.append((frame, take))

    def show(self, at: datetime, take: Hashable, grey: Callable[[], NDArray[np.uint8]]) -> Iterator[Frame]:
        """The frames that wait no more, now that the picture of `at` has come; `grey` shows it if need be."""
        while self._waiting:
            frame, own = self._waiting[0]
            after = at - frame.at
            if take == own and after < SOONEST - _ROUNDING:
                return
            self._waiting.popleft()
            if take == own and after <= LATEST + _ROUNDING:
                frame = replace(frame, glimpse=Glimpse(grey(), after.total_seconds()))
            yield frame

    @property
    def complete(self) -> bool:
        """Whether no frame waits for its glimpse."""
        return not self._waiting

    def rest(self) -> Iterator[Frame]:
        """The frames that wait for a picture which does not come."""
        while self._waiting:
            yield self._waiting.popleft()[0]
