"""Which frames are worth a look: those in which something moved, and one now and then."""

from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from serving.watching.glance import COLUMNS, ROWS, TILE, Grey, changes

LEVELS = 2.0
"""A tile has moved when it changed by more than this, and by more than NOISES times the median tile."""

NOISES = 2.5
"""With both, gated streams of the synthetic city measured what ungated ones did, 1 to 80 % fewer looks."""

_MEMORY = 0.1
_ALWAYS = 0.9
_SMALL = 6
"""Up to so many of the 144 tiles that change in nearly every frame are a clock, and not traffic."""


class Gate:
    """Compares each frame with the last one that was looked at.

    A clock on the picture changes a few tiles in every frame: these are learnt and ignored.
    """

    def __init__(self, due_s: float = 5.0) -> None:
        self._due = timedelta(seconds=due_s)
        self._looked_at: datetime | None = None
        self._seen: Grey | None = None
        self._last: Grey | None = None
        self._restless = np.zeros((ROWS // TILE, COLUMNS // TILE), np.float32)

    def admit(self, at: datetime, grey: Grey) -> bool:
        """Whether the frame of `at` is worth a look."""
        self._learn(grey)
        due = self._looked_at is None or at - self._looked_at >= self._due
        if not due and not self._moved(grey):
            return False
        self._looked_at, self._seen = at, grey
        return True

    def _learn(self, grey: Grey) -> None:
        if self._last is not None:
            moving = _moving(changes(self._last, grey))
            self._restless += _MEMORY * (moving - self._restless)
        self._last = grey

    def _moved(self, grey: Grey) -> bool:
        if self._seen is None:
            return True
        moving = _moving(changes(self._seen, grey))
        clock = self._restless > _ALWAYS
        return bool((moving & ~clock).any() if clock.sum() <= _SMALL else moving.any())


def _moving(tiles: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.asarray(tiles > max(LEVELS, NOISES * float(np.median(tiles))))
