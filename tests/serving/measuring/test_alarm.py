"""An alarm tells a change when it has settled."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from lakehouse.scenes import Severity, State
from serving.measuring.alarm import Alarm, Terms

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
TERMS = Terms({Severity.WARNING: 8.0, Severity.DANGER: 16.0}, 30, 60, 0.85, 10)


def _told(levels, step_s=1.0):
    alarm = Alarm("cam-1", "plaza", "crowd.crowding", TERMS)
    return [
        event
        for number, level in enumerate(levels)
        for event in alarm.see(START + timedelta(seconds=step_s * number), level, {}, 0.9)
    ]


@pytest.mark.parametrize("step_s", [0.2, 0.5, 1.0])
@pytest.mark.parametrize("low", [0.0, 3.0, 7.0])
def test_a_level_that_trembles_around_its_threshold_is_one_event(step_s, low):
    """Now above, now well below, for twenty minutes: it opens once, and nothing flips."""
    levels = [8.0 if number % 2 else low for number in range(int(1200 / step_s))]
    assert [event.state for event in _told(levels, step_s)] == [State.OPEN]


@pytest.mark.parametrize("seed", range(5))
def test_noise_around_a_threshold_does_not_open_and_close_in_turns(seed):
    """A count that hovers at the threshold with a fifth of noise is at most one event in half an hour."""
    levels = np.random.default_rng(seed).normal(8, 1.6, 1800)
    assert [event.state for event in _told(levels)] in ([], [State.OPEN])


def test_it_ends_when_it_was_last_reached_although_it_trembled():
    """After the trembling it is over once it stayed below for a minute, as of when that began."""
    events = _told([8.0 if number % 2 else 3.0 for number in range(120)] + [3.0] * 70)
    assert [event.state for event in events] == [State.OPEN, State.CLOSED]
    assert (events[1].ended_at - START).total_seconds() == 120


def test_one_spike_does_not_keep_it_open():
    """A single count that is mistaken, while it is over, changes nothing."""
    events = _told([9.0] * 60 + [2.0] * 30 + [9.0] + [2.0] * 40)
    assert [event.state for event in events] == [State.OPEN, State.CLOSED]
    assert (events[1].ended_at - START).total_seconds() == 60
