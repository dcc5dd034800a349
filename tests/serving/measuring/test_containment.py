"""An analytic that raises harms nobody, and what it did not see is unknown."""

import pickle
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.city.cameras import WHOLE_PICTURE, Camera
from lakehouse.scenes import Event, Measure, Scene, Severity, State, unmeasured
from serving.measuring.containment import Contained

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
CAMERA = Camera(
    camera_id="cam-1", valid_from=START, name="Simpang", owner="Dishub", site="street",
    area_id="33.74.01", lat=-6.98, lon=110.42, source="test", width=1600, height=900, zones=WHOLE_PICTURE,
)  # fmt: skip
ANNOUNCED = frozenset({"noise.level", "noise.loud"})


class Noise:
    """Tells each minute how many scenes it saw, opens an event at once, and does what it is told to."""

    def __init__(self, trouble, breaks_when_made):
        if breaks_when_made:
            raise OSError("no microphone")
        self.trouble, self.minute, self.seen, self.event = trouble, None, 0, None

    def see(self, scene):
        """A minute, an event, or trouble."""
        second = int((scene.at - START).total_seconds())
        minute = scene.at.replace(second=0)
        if self.minute is not None and minute > self.minute:
            yield Measure("cam-1", "people", self.minute, "noise.level", self.seen, self.seen, 1)
            self.seen = 0
        self.minute, self.seen = minute, self.seen + 1
        if self.event is None:
            begun = ("cam-1", "people", "noise.loud", "", scene.at, scene.at, 1, State.OPEN)
            self.event = Event(*begun, Severity.WARNING, {}, 0.9)
            yield self.event
        match self.trouble.get(second):
            case "raise":
                raise ZeroDivisionError(second)
            case "foreign":
                yield Measure("cam-1", "people", minute, "silence.level", 1, 1, 1)
            case "nan":
                yield Measure("cam-1", "people", minute, "noise.level", float("nan"), 1, 1)

    def end(self):
        """Trouble at the end."""
        if self.trouble.get("end"):
            raise RuntimeError("end")
        return []


def _contained(trouble, *, breaks_when_made=False):
    make = partial(Noise, trouble, breaks_when_made)
    return Contained("noise", CAMERA, CAMERA.zones[0], make, ANNOUNCED)


def _scene(second):
    empty = np.empty((0, 4), np.int16), np.empty(0, np.str_), np.empty(0, np.uint8), np.empty(0, np.int64)
    return Scene("cam-1", START + timedelta(seconds=second), *empty, unmeasured(0))


def _told(contained, seconds):
    return [output for second in seconds for output in contained.see(_scene(second))]


@pytest.mark.parametrize("trouble", ["raise", "foreign", "nan"])
def test_what_fails_loses_its_minute_and_comes_back_with_a_whole_one(trouble, caplog):
    """Ten minutes of which the third broke: that one and the one of the return are not told, and no other."""
    contained = _contained({130: trouble})
    told = _told(contained, range(0, 600, 10))
    minutes = {one.minute.minute: one.value for one in told if isinstance(one, Measure)}
    assert minutes == {0: 6, 1: 6, 4: 6, 5: 6, 6: 6, 7: 6, 8: 6}
    assert contained.failures == 1
    (record,) = caplog.records
    assert (record.camera_id, record.analytic) == ("cam-1", "noise")
    assert "noise fails at cam-1, people" in record.message


def test_it_says_when_it_rests():
    """From the scene on at which it failed, for a minute; before and after it does not."""
    contained = _contained({130: "raise"})
    resting = []
    for second in range(0, 600, 10):
        contained.see(_scene(second))
        resting += [second] * contained.rests(_scene(second).at)
    assert resting == list(range(130, 190, 10))


def test_what_was_open_is_closed_when_it_fails():
    """Nobody sees how the event goes on, so it ends there."""
    told = _told(_contained({130: "raise"}), range(0, 150, 10))
    events = [one for one in told if isinstance(one, Event)]
    assert [(one.state, one.revision) for one in events] == [("open", 1), ("closed", 2)]
    assert events[1].ended_at == START + timedelta(seconds=130)
    assert events[0].event_id == events[1].event_id


def test_it_rests_ever_longer_and_is_told_once(caplog):
    """One that can never be made is tried again after 1, 2, 4 … minutes, and logged once."""
    contained = _contained({}, breaks_when_made=True)
    assert _told(contained, range(0, 3600, 10)) == []
    assert contained.failures == 6
    assert len(caplog.records) == 1
    assert contained.end() == []


def test_trouble_at_the_end_closes_what_is_open():
    """A stream ends in order, whatever its analytics do."""
    contained = _contained({"end": True})
    _told(contained, range(0, 30, 10))
    (event,) = contained.end()
    assert (event.state, event.revision) == (State.CLOSED, 2)


@given(broken=st.sets(st.integers(0, 90), max_size=8), cut=st.integers(0, 90))
@settings(max_examples=50)
def test_moving_one_that_fails_changes_nothing(broken, cut):
    """Wherever it is cut, pickled and resumed, the same is told; every event that opens closes once."""
    trouble = {10 * number: "raise" for number in broken}
    whole, moved = _contained(trouble), _contained(trouble)
    seconds = range(0, 900, 10)
    told = _told(moved, seconds[:cut])
    moved = pickle.loads(pickle.dumps(moved))  # noqa: S301 - it was made here
    assert _told(whole, seconds) == told + _told(moved, seconds[cut:])
    everything = _told(_contained(trouble), seconds)
    minutes = [one for one in everything if isinstance(one, Measure)]
    assert all(one.value == 6 for one in minutes)
    assert len({one.minute for one in minutes}) == len(minutes)
