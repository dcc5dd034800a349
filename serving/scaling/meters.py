"""A shard's tally as figures: rates for the scaling policy, counters for whoever watches the cluster."""

import time
from collections import Counter

from ray.util import metrics


class Rate:
    """How fast a count that only grows has grown since it was last asked for."""

    def __init__(self) -> None:
        self._count, self._at_s = 0, time.monotonic()

    def of(self, count: int) -> float:
        """Counts a second since the last call."""
        now = time.monotonic()
        rate = (count - self._count) / max(now - self._at_s, 1e-3)
        self._count, self._at_s = count, now
        return rate


class Meters:
    """A shard's tally as counters that Ray exports to Prometheus."""

    def __init__(self) -> None:
        self._counters: dict[str, metrics.Counter] = {}
        self._published: Counter[str] = Counter()

    def publish(self, tally: Counter[str]) -> None:
        """Add what has come since the last call."""
        for name, more in (tally - self._published).items():
            if name not in self._counters:
                self._counters[name] = metrics.Counter(f"matakota_{name}", description=f"shards: {name}")
            self._counters[name].inc(more)
        self._published = Counter(tally)
