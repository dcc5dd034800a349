"""A minute of one camera and zone: what an analytic adds up until the minute is over."""

from collections.abc import Iterable
from datetime import datetime

from lakehouse.scenes import Measure


class Minutes:
    """Adds up the minute that is running; a scene of a later minute closes it.

    Only what was seen is measured: a kind to which nothing was added has no measure, and is unknown.
    """

    def __init__(self, camera_id: str, zone_id: str) -> None:
        self.camera_id = camera_id
        self.zone_id = zone_id
        self._minute: datetime | None = None
        self._means: dict[str, tuple[float, int]] = {}
        self._counts: dict[str, tuple[float, int]] = {}

    def turn(self, at: datetime) -> list[Measure]:
        """Enter the minute of `at`; return what was measured in the one before, if that is over."""
        minute = at.replace(second=0, microsecond=0)
        if self._minute is None or minute <= self._minute:
            self._minute = self._minute or minute
            return []
        finished = self.finish()
        self._minute = minute
        return finished

    def mean(self, kind: str, values: Iterable[float]) -> None:
        """Add values of a kind whose minute is their mean."""
        total, n = self._means.get(kind, (0.0, 0))
        added = [float(value) for value in values]
        self._means[kind] = (total + sum(added), n + len(added))

    def count(self, kind: str, happened: int) -> None:
        """Add what happened in one more frame, of a kind whose minute is their sum; 0 is a frame seen."""
        total, frames = self._counts.get(kind, (0.0, 0))
        self._counts[kind] = (total + happened, frames + 1)

    def late(self, kind: str, happened: int) -> None:
        """Add to the running minute what is known only now to have happened; no frame more was seen."""
        if happened:
            total, frames = self._counts.get(kind, (0.0, 0))
            self._counts[kind] = (total + happened, max(frames, 1))

    def finish(self) -> list[Measure]:
        """Close the minute that is running and return it: nothing more comes, or it is over."""
        if self._minute is None:
            return []
        place = self.camera_id, self.zone_id, self._minute
        counts = [Measure(*place, kind, total, total, n) for kind, (total, n) in self._counts.items()]
        means = [Measure(*place, kind, total / n, total, n) for kind, (total, n) in self._means.items() if n]
        self._minute, self._means, self._counts = None, {}, {}
        return [*counts, *means]
