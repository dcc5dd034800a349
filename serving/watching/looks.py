"""What became of a camera's frames, ten seconds at a time."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np

from lakehouse.scenes import LOOK_S, Health, Look, Outcome


def look_start(at: datetime) -> datetime:
    """The start of the ten seconds that an instant lies in."""
    return datetime.fromtimestamp(at.timestamp() // LOOK_S * LOOK_S, UTC)


class Looks:
    """Gathers the look that is running; a frame of later ten seconds closes it."""

    def __init__(self, camera_id: str) -> None:
        self._camera_id = camera_id
        self._start: datetime | None = None
        self._size = (0, 0)
        self._frames: list[tuple[int, Outcome]] = []
        self._healths: dict[Health, int] = {}
        self._sums: dict[str, float] = {}
        self._pictures = 0

    def turn(self, at: datetime) -> Look | None:
        """Enter the ten seconds of `at`; return the look before them, if that is over."""
        start = look_start(at)
        if self._start is not None and start <= self._start:
            return None
        finished = self.finish()
        self._start = start
        return finished

    def picture(self, width: int, height: int, health: Health, readings: Mapping[str, float]) -> None:
        """Add what a decoded picture of this look was like."""
        self._size = (width, height)
        self._healths[health] = self._healths.get(health, 0) + 1
        for name, value in readings.items():
            self.reading(name, value)
        self._pictures += 1

    def reading(self, name: str, value: float) -> None:
        """Add what is read of the last picture; where a reading is left out it is 0."""
        self._sums[name] = self._sums.get(name, 0.0) + value

    def note(self, at: datetime, outcome: Outcome) -> None:
        """Add what became of the frame of `at`; one from before this look is too late for it."""
        if self._start is not None and at >= self._start:
            self._frames.append(((at - self._start) // timedelta(milliseconds=1), outcome))

    def finish(self) -> Look | None:
        """Close the look that is running and return it; none where no frame came."""
        if self._start is None or not self._frames:
            return None
        self._frames.sort(key=lambda frame: frame[0])
        offsets, outcomes = zip(*self._frames, strict=True)
        health = max(self._healths, key=lambda one: self._healths[one]) if self._healths else Health.SILENT
        readings = {name: total / self._pictures for name, total in self._sums.items()}
        offsets_ms, codes = np.array(offsets, np.int16), np.array(outcomes, np.int8)
        look = Look(self._camera_id, self._start, *self._size, offsets_ms, codes, health, readings)
        self._frames, self._healths, self._sums, self._pictures = [], {}, {}, 0
        return look
