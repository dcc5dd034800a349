"""The sink: groups of outputs land together, and nothing that was acknowledged is lost."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.city.cameras import Camera
from lakehouse.problem import DiskFull
from lakehouse.scenes import Event, Health, Look, Measure, Scene, Severity, State, unmeasured
from lakehouse.store import Lake
from serving.watching.sink import Sink

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
CAMERA = Camera(
    camera_id="cam-1", valid_from=START, version=3, name="Simpang", owner="Dishub", site="street",
    area_id="33.74.01.1001", lat=-6.98, lon=110.42, source="test", width=640, height=360,
)  # fmt: skip


class Disk:
    """A producer that keeps what lands, and refuses while it is full."""

    def __init__(self):
        self.groups, self.full = [], False

    def append(self, tables):
        """Land, or refuse as a whole."""
        if self.full:
            raise DiskFull("here", "the disk is full", "free space")
        self.groups.append({name: table.num_rows for name, table in tables.items()})

    @property
    def rows(self):
        """All rows that landed."""
        return sum(sum(group.values()) for group in self.groups)


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self):
        """The time on it."""
        return self.now


@pytest.fixture
def disk():
    """A disk with room."""
    return Disk()


@pytest.fixture
def clock():
    """A clock at 0 s."""
    return Clock()


@pytest.fixture
def sink(disk, clock):
    """A sink with small limits."""
    return Sink(disk, "abc", group_rows=10, group_s=0.5, most_rows=25, retry_s=2.0, clock=clock)


def _scene(boxes):
    ids = np.arange(boxes, dtype=np.int64)
    corners = np.tile(np.int16([1, 2, 3, 4]), (boxes, 1))
    labels, sure = np.full(boxes, "car"), np.full(boxes, 90, np.uint8)
    return Scene("cam-1", START, corners, labels, sure, ids, unmeasured(boxes))


def _look():
    return Look("cam-1", START, 640, 360, np.int16([0, 500]), np.int8([0, 1]), Health.LIVE, {"motion": 0.5})


def _measure(value=1.0):
    return Measure("cam-1", "plaza", START, "crowd.people", value, value, 1)


def _event():
    life = (1, State.OPEN, Severity.WARNING, {"people": 9.0}, 0.9)
    return Event("cam-1", "plaza", "crowd.crowding", "", START, START, *life)


def test_a_group_lands_when_it_is_old_enough(sink, disk, clock):
    """What was put waits for half a second for company."""
    sink.put(CAMERA, _scene(2))
    clock.now = 0.4
    sink.put(CAMERA, _scene(3))
    assert disk.groups == []
    clock.now = 0.5
    sink.tick()
    assert disk.groups == [{"observations": 5}]


def test_a_large_group_lands_at_once(sink, disk):
    """A group that is large enough does not wait."""
    sink.put(CAMERA, _scene(10))
    assert disk.rows == 10


def test_all_of_a_frame_lands_together(sink, disk):
    """A frame's boxes, look, measures and events are one group."""
    sink.put(CAMERA, _scene(2), _look(), [_measure(), _event()])
    sink.flush()
    assert disk.groups == [{"observations": 2, "measures": 1, "events": 1, "looks": 1}]


def test_nothing_lands_where_nothing_was_put(sink, disk, clock):
    """An empty group is no group, and a scene without boxes makes no row."""
    sink.put(CAMERA, _scene(0))
    clock.now = 9
    sink.tick()
    sink.flush()
    assert disk.groups == []


def test_a_full_disk_is_tried_again(sink, disk, clock, caplog):
    """While the disk is full the group waits and it is said; when there is room again all of it lands."""
    disk.full = True
    sink.put(CAMERA, _scene(12))
    assert sink.blocked
    assert "the disk is full" in caplog.text
    disk.full = False
    sink.put(CAMERA, _scene(3))
    assert disk.rows == 0
    clock.now = 2.0
    sink.tick()
    assert disk.rows == sink.landed == 15
    assert not sink.blocked


def test_what_does_not_fit_is_refused_as_a_whole(sink, disk):
    """Beyond the most that may wait a put is refused, counted, and nothing of it is kept."""
    disk.full = True
    assert sink.put(CAMERA, _scene(20))
    assert not sink.put(CAMERA, _scene(5), _look(), [_measure()])
    assert sink.refused == 7
    disk.full = False
    sink.flush()
    assert disk.groups == [{"observations": 20}]


def test_closing_on_a_full_disk_is_told(sink, disk):
    """The end of a stream on a full disk is an error and no silent loss."""
    disk.full = True
    sink.put(CAMERA, _scene(1))
    with pytest.raises(DiskFull):
        sink.close()


@given(st.lists(st.tuples(st.integers(0, 15), st.booleans(), st.floats(0, 3)), max_size=30))
@settings(max_examples=80, deadline=None)
def test_every_row_is_landed_waiting_or_refused(script):
    """Whatever comes and however full the disk is, no row is lost or doubled."""
    disk, clock = Disk(), Clock()
    sink = Sink(disk, "abc", group_rows=10, group_s=0.5, most_rows=25, clock=clock)
    accepted = 0
    for boxes, full, seconds in script:
        disk.full, clock.now = full, clock.now + seconds
        accepted += boxes if sink.put(CAMERA, _scene(boxes)) else 0
    disk.full = False
    sink.close()
    assert disk.rows == sink.landed == accepted
    assert accepted + sink.refused == sum(boxes for boxes, _, _ in script)


def test_rows_say_where_they_come_from(tmp_path):
    """In a real lake a row names its weights, its camera's version, its area and its rule's version."""
    lake = Lake.create(tmp_path / "lake", lambda: START)
    sink = Sink(lake.landing.producer("watch-cam-1"), "abcdef012345")
    sink.put(CAMERA, _scene(2), _look(), [_measure(), _event()])
    sink.close()
    assert set(lake.read("observations", fresh=True)["model_id"].to_pylist()) == {"abcdef012345"}
    assert lake.read("looks", fresh=True)["camera_version"].to_pylist() == [3]
    assert lake.read("measures", fresh=True)["minute"].to_pylist() == [START]
    event = lake.events().to_pylist()[0]
    assert (event["area_id"], event["rule_version"]) == ("33.74.01.1001", "1")
    assert event["at"] - START == timedelta(0)
