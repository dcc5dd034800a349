"""A passage: where a thing that was seen once came over a line."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.measuring.passages import Mark, Passage, Way

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
MARK = Mark((0.0, 0.5), (1.6, 0.5), 1.6)
LONG = timedelta(seconds=2.5)


def _looks(*seconds):
    return [START + timedelta(seconds=second) for second in seconds]


def test_what_goes_out_of_the_picture_behind_the_line_passes_it():
    """The time, the side, the place and the way that nobody saw are told."""
    passed = MARK.passage(Way(START, (0.8, 0.4), (0.0, 1.0), 0.1), _looks(0.5, 1.0), LONG)
    assert passed is not None
    assert (passed.at - START).total_seconds() == pytest.approx(0.1)
    assert passed.side == 1
    assert passed.place == pytest.approx(0.8)
    assert passed.guessed_s == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("way", "looks"),
    [
        (Way(START, (0.8, 0.4), None, 0.1), (0.5, 1.0)),
        (Way(START, (0.8, 0.4), (1.0, 0.0), 0.1), (0.5, 1.0)),
        (Way(START, (0.8, 0.4), (0.0, 0.2), 0.1), (0.5, 1.0, 1.5, 2.0)),
        (Way(START, (0.8, 0.4), (0.0, 1.0), 0.1), ()),
        (Way(START, (1.5, 0.4), (3.0, 1.0), 0.1), (0.5, 1.0)),
    ],
    ids=["no velocity", "along the line", "looks would have shown it", "nobody looked", "out of the side"],
)
def test_what_nobody_can_know_passes_nothing(way, looks):
    """Unknown, slow, unseen or elsewhere: None."""
    assert MARK.passage(way, _looks(*looks), LONG) is None


@given(x=st.floats(-2, 3), y=st.floats(-2, 3), dx=st.floats(-2, 2), dy=st.floats(-2, 2))
def test_what_moves_by_its_drift_is_so_much_farther_from_the_line(x, y, dx, dy):
    """A velocity's share across a line is what the distance grows by in a second."""
    mark = Mark((0.2, 0.9), (1.1, 0.3), 1.6)
    assert mark.away((x + dx, y + dy)) == pytest.approx(mark.away((x, y)) + mark.drift((dx, dy)), abs=1e-9)


@pytest.mark.parametrize(
    ("late_s", "aside", "side", "same"),
    [(0.1, 0.0, 1, True), (0.1, 0.0, -1, False), (0.5, 0.0, 1, False), (0.1, 0.2, 1, False)],
)
def test_two_things_are_never_in_one_place(late_s, aside, side, same):
    """Passages of one place and time are one thing's; half a second or two sizes apart they are two."""
    one = Passage(START, 1, 0.5, 1.0, 0.1, 0.3)
    other = Passage(START + timedelta(seconds=late_s), side, 0.5 + aside, 1.0, 0.1, 0.3)
    assert one.same(other) == other.same(one) == same
