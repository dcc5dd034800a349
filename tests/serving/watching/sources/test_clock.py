"""The clock of a source: whatever times its pictures claim, its own time only grows."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.watching.sources.clock import LARGEST_WAIT_S, Beat, Clock, LiveClock

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
CLAIMS = st.lists(
    st.none()
    | st.floats(-1e9, 1e9)
    | st.integers(0, 40).map(lambda tenths: tenths / 10)
    | st.just(2**33 / 9e4),
    max_size=60,
)
"""What pictures may claim: nothing, nonsense, small steps back and forth, the end of MPEG-TS's clock."""


def _seconds(times):
    return [round((at - START).total_seconds(), 3) for at in times if at is not None]


def _told(claims, step_s=0.1):
    clock = Clock(step_s, START)
    return clock, _seconds(clock.tell(own_s) for own_s in claims)


class Wall:
    """A clock on the wall that moves when somebody waits."""

    def __init__(self):
        self.at = START

    def __call__(self):
        """What it shows."""
        return self.at

    def wait(self, seconds):
        """Let time pass."""
        self.at += timedelta(seconds=max(0.0, seconds))


def test_a_recording_keeps_its_own_time():
    """Presentation times count from the first picture, wherever they begin, holes included."""
    assert _told([-0.2, -0.1, 0.0, 2.0, 2.1])[1] == [0, 0.1, 0.2, 2.2, 2.3]


@pytest.mark.parametrize(
    ("claims", "breaks"),
    [
        ([1.6, 1.7, 1.8, 0.0, 0.1], 1),  # recordings that were glued together
        ([0.0, 0.1, 0.2, 7200.3, 7200.4], 1),  # a hole of two hours
        ([95443.5, 95443.6, 95443.7, 0.0, 0.1], 1),  # the end of the clock of MPEG-TS
        ([0.0, 0.1, 9e7, 0.3, 0.4], 1),  # a single picture astray
        ([3.0, 3.1, 0.0, 3.3, 3.4], 1),
        ([0.0, 0.1, 9.0e6, 9.1e6, 9.1e6 + 0.1], 2),
        ([5.0, 5.1, 4.5, 5.3, 5.4], 1),
        ([0.0, 0.1, 0.2, 0.3, 0.0], 1),  # a segment of less than a second whose time begins anew
        ([None] * 5, 0),
        ([0.0, None, 0.2, None, 0.4], 0),
    ],
)
def test_a_break_is_closed_and_counted(claims, breaks):
    """Where times begin anew or leap, the next picture follows the last one, and all that come are seen."""
    clock, seconds = _told(claims)
    assert seconds == [0, 0.1, 0.2, 0.3, 0.4]
    assert clock.breaks == breaks


def test_a_picture_out_of_order_is_left_out():
    """One that is presented a little earlier than the last is damaged, and moves nothing."""
    clock = Clock(0.1, START)
    times = [clock.tell(own_s) for own_s in (0.0, 0.1, 0.0, 0.1, 0.2)]
    assert [at is None for at in times] == [False, False, True, True, False]
    assert (_seconds(times), clock.breaks) == ([0, 0.1, 0.2], 0)


@given(CLAIMS)
def test_time_only_grows(claims):
    """Each picture has a later time than the one before it, or none at all."""
    clock = Clock(0.04, START)
    times = [clock.tell(own_s) for own_s in claims]
    told = [at for at in times if at is not None]
    assert told == sorted(set(told))


@given(
    st.lists(st.tuples(st.none() | st.floats(-1e6, 1e6) | st.floats(0, 20), st.floats(0, 12)), max_size=60)
)
def test_a_live_stream_is_of_now(arrivals):
    """However pictures arrive, their time grows, and whoever waits for each sees none from the future."""
    wall, last = Wall(), None
    clock = LiveClock(0.1, wall)
    for own_s, pause_s in arrivals:
        wall.wait(pause_s)
        at = clock.tell(own_s)
        if at is None:
            continue
        assert last is None or at > last
        assert -1 <= clock.wait_s(at) <= LARGEST_WAIT_S
        wall.wait(clock.wait_s(at))
        last = at


def test_what_comes_in_bursts_is_spread():
    """Three segments of six seconds at once, and then one every six seconds, last as they lasted."""
    wall, seconds = Wall(), []
    clock = LiveClock(0.1, wall)
    for tenth in range(600):
        own_s = tenth / 10
        arrived = START + timedelta(seconds=max(0, own_s // 6 - 2) * 6)
        wall.wait((arrived - wall()).total_seconds())
        at = clock.tell(own_s)
        wall.wait(clock.wait_s(at))
        seconds.append((wall() - START).total_seconds())
    assert seconds == pytest.approx([tenth / 10 for tenth in range(600)])
    assert clock.breaks == 0


def test_what_was_held_up_moves_time_on():
    """After a silence of four seconds in which no time passed in the stream, it goes on from now."""
    wall = Wall()
    clock = LiveClock(0.1, wall)
    times = [clock.tell(0.0)]
    wall.wait(4)
    times += [clock.tell(0.1), clock.tell(0.2)]
    assert _seconds(times) == [0, 4, 4.1]


def test_who_was_slow_catches_up():
    """Pictures that arrived in time keep their times, even asked for late; from 3 s on they do not."""
    wall = Wall()
    clock = LiveClock(0.1, wall)
    times = []
    for came_s, asked_s in ((0, 0), (0.1, 2), (0.2, 2), (0.3, 5)):
        wall.at = START + timedelta(seconds=asked_s)
        clock.arrive(START + timedelta(seconds=came_s), 0.1)
        times.append(clock.tell(came_s))
    assert _seconds(times) == [0, 0.1, 0.2, 5]


def test_a_leap_of_a_live_stream_is_not_waited_for():
    """A stream whose time leaps by an hour, or begins anew, goes on at once, and the break is counted."""
    wall = Wall()
    clock = LiveClock(0.1, wall)
    times = []
    for own_s in (0.0, 0.1, 3600.0, 3600.1, 5.0, 5.1):
        times.append(clock.tell(own_s))
        wall.wait(clock.wait_s(times[-1]))
    assert _seconds(times) == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert clock.breaks == 2


def test_a_hole_that_passed_is_no_break():
    """A camera that showed nothing for a minute goes on a minute later."""
    wall = Wall()
    clock = LiveClock(0.1, wall)
    first = clock.tell(0.0)
    wall.wait(60)
    assert _seconds([first, clock.tell(60.0)]) == [0, 60]
    assert clock.breaks == 0


@given(
    st.sampled_from([5, 10, 12.5, 15, 25, 29.97, 30, 50, 60]), st.sampled_from([0.2, 1, 2, 3, 5, 7, 10, 60])
)
def test_as_many_frames_as_asked(rate, fps):
    """Whatever the rate of the material, so many frames a second are due, and never more than there are."""
    beat = Beat(fps)
    due = sum(beat.due(START + timedelta(seconds=number / rate)) for number in range(round(60 * rate)))
    assert due == pytest.approx(60 * min(rate, fps), rel=0.01, abs=1)


@pytest.mark.parametrize(("at_s", "next_s"), [(1.0, 1.5), (1.2, 1.5), (1.6, 2.1), (9.0, 9.5)])
def test_frames_are_due_on_the_beat(at_s, next_s):
    """A frame that is a little late does not move the beat; after a longer hole it begins anew."""
    beat = Beat(2)
    assert all(beat.due(START + timedelta(seconds=second)) for second in (0.5, at_s))
    assert not beat.due(START + timedelta(seconds=next_s - 0.01))
    assert beat.due(START + timedelta(seconds=next_s))
