"""A shard's tally as figures."""

import time
from collections import Counter

from ray.util import metrics

from serving.scaling.meters import Meters, Rate


def test_a_rate_is_what_came_since_it_was_last_asked_for(monkeypatch):
    """Counts a second, each time from where the last answer ended."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    rate = Rate()
    now[0] += 2
    assert rate.of(10) == 5
    now[0] += 1
    assert rate.of(10) == 0


def test_counters_get_what_came_since_the_last_time(monkeypatch):
    """What was published is not published again."""
    told = Counter()
    monkeypatch.setattr(metrics.Counter, "inc", lambda self, more: told.update({self.info["name"]: more}))
    meters, tally = Meters(), Counter(offered=3)
    meters.publish(tally)
    tally.update(offered=2, failed=1)
    meters.publish(tally)
    assert told == {"matakota_offered": 5, "matakota_failed": 1}
