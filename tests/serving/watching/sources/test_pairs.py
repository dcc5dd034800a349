"""Each due frame waits for the picture a moment later, and for nothing longer."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.scenes import Frame
from serving.watching.sources.pairs import LATEST, SOONEST, Pairs

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
PICTURE = np.zeros((4, 4, 3), np.uint8)
GREY = np.zeros((2, 2), np.uint8)


def _at(seconds):
    return START + timedelta(seconds=seconds)


def _frame(seconds):
    return Frame("cam-1", _at(seconds), PICTURE)


def _run(times, due=lambda _: True, take=lambda _: 0):
    """What comes out of pictures at these times; how many were asked for in grey."""
    pairs, out, asked = Pairs(), [], []

    def grey():
        asked.append(True)
        return GREY

    for seconds in times:
        out += pairs.show(_at(seconds), take(seconds), grey)
        if due(seconds):
            pairs.expect(_frame(seconds), take(seconds))
    return [*out, *pairs.rest()], len(asked)


@pytest.mark.parametrize(
    ("later", "after_s"),
    [
        ([0.033, 0.066, 0.1], 0.066),
        ([0.04, 0.08], 0.08),
        ([0.05], 0.05),
        ([0.15], 0.15),
        ([0.2], None),
        ([], None),
    ],
)
def test_the_first_picture_that_is_late_enough_is_taken(later, after_s):
    """Not the next one at 30 a second but the one after it; none where the next comes too late."""
    (frame,), asked = _run([0.0, *later], due=lambda seconds: seconds == 0)
    assert (frame.glimpse and frame.glimpse.after_s) == (None if after_s is None else pytest.approx(after_s))
    assert asked == (after_s is not None)


def test_another_take_shows_nothing():
    """A picture after a break in time, or of another size, is no glimpse, and ends the waiting at once."""
    frames, asked = _run([0.0, 0.033, 0.066], take=lambda seconds: seconds > 0.05)
    assert [frame.glimpse for frame in frames] == [None] * 3
    assert asked == 0


@given(st.lists(st.floats(0.001, 0.4), max_size=40), st.integers(1, 5))
def test_every_due_frame_comes_once_and_in_order(steps, every):
    """However pictures lie, each due frame is there once, in its order, with a glimpse in time or none."""
    times = np.round(np.cumsum([0.0, *steps]), 4).tolist()
    wanted = times[::every]
    frames, _ = _run(times, due=wanted.__contains__)
    assert [frame.at for frame in frames] == [_at(seconds) for seconds in wanted]
    for frame in frames:
        if frame.glimpse is not None:
            after = timedelta(seconds=frame.glimpse.after_s)
            assert after + timedelta(milliseconds=1) >= SOONEST
            assert after <= LATEST + timedelta(milliseconds=1)
            assert frame.at + after in {_at(seconds) for seconds in times}
