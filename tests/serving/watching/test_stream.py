"""A stream: from a camera's frames to what lands."""

from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest

from lakehouse.city.cameras import Camera, Purpose, Zone
from lakehouse.scenes import Detections, Event, Frame, Glimpse, Health, Measure, Outcome
from serving.measuring.containment import Contained
from serving.seeing import motion
from serving.watching.gate import Gate
from serving.watching.stream import Stream, run

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
CAMERA = Camera(
    camera_id="cam-1", valid_from=START, name="Alun-alun", owner="Dishub", site="square", area_id="33.74.01",
    lat=-6.98, lon=110.42, source="test", width=160, height=90,
    zones=(Zone(zone_id="plaza", purpose=Purpose.PEOPLE, corners=WHOLE, capacity=4),),
)  # fmt: skip


class Kept:
    """A sink that keeps everything."""

    def __init__(self):
        self.scenes, self.looks, self.outputs = [], [], []

    def put(self, camera, scene=None, look=None, outputs=()):
        """Keep it."""
        assert camera.camera_id == "cam-1"
        self.scenes += [scene] if scene else []
        self.looks += [look] if look else []
        self.outputs += outputs
        return True

    def values(self, kind):
        """The measures of a kind."""
        return [one for one in self.outputs if isinstance(one, Measure) and one.kind == kind]


class People:
    """A detector that finds so many people in every picture."""

    model_id = "people000000"

    def __init__(self, count):
        self.count, self.calls = count, 0

    def detect(self, images):
        """The same people each time."""
        self.calls += len(images)
        boxes = np.float32([[10 + 20 * n, 20, 20 + 20 * n, 60] for n in range(self.count)]).reshape(-1, 4)
        found = Detections(boxes, np.full(self.count, "person"), np.full(self.count, 0.9, np.float32))
        return [found for _ in images]


class Deaf:
    """An analytic that hears nothing."""

    def see(self, _):
        """Nothing."""
        return []

    def end(self):
        """Nothing either."""
        return []


class Reel:
    """A source of pictures, one a step, and of frames that were missed."""

    def __init__(self, pictures, step_s=0.5, missed=()):
        self.pictures, self.step_s, self._missed = pictures, step_s, list(missed)

    def frames(self):
        """One after the other."""
        for number, picture in enumerate(self.pictures):
            yield Frame("cam-1", START + timedelta(seconds=number * self.step_s), picture)

    def missed(self):
        """Told once."""
        missed, self._missed = self._missed, []
        return missed


@pytest.fixture
def kept():
    """A sink that keeps everything."""
    return Kept()


@pytest.fixture(scope="module")
def noise():
    """Pictures of a live camera before which nothing moves."""
    random = np.random.default_rng(0)
    place = random.integers(60, 180, (9, 16, 3)).repeat(10, axis=0).repeat(10, axis=1)
    return [(place + random.integers(-3, 4, place.shape)).astype(np.uint8) for _ in range(150)]


def test_people_become_minutes_observations_and_looks(kept, noise):
    """Seventy-five seconds of two people are boxes with ids, eight looks, and two minutes of 2."""
    run(Stream(CAMERA, kept, epoch=5), Reel(noise), People(2))
    assert len(kept.scenes) == 150
    assert {tuple(scene.track_ids) for scene in kept.scenes} == {(5 * 2**32, 5 * 2**32 + 1)}
    assert [(one.minute, one.value, one.n) for one in kept.values("crowd.people")] == [
        (START, 2, 120),
        (START + timedelta(minutes=1), 2, 30),
    ]
    assert [look.at for look in kept.looks] == [START + timedelta(seconds=10 * n) for n in range(8)]
    assert kept.looks[0].offsets_ms.tolist() == list(range(0, 10_000, 500))
    assert {look.health for look in kept.looks} == {Health.LIVE}
    assert set(kept.looks[0].readings) == {"brightness", "motion"}


def test_looks_say_in_which_share_of_their_frames_an_analytic_had_failed(kept, noise):
    """One that cannot be made at first rests for a minute; the looks of that time say so, and no others."""
    troubles = [OSError("no microphone")]

    def make():
        if troubles:
            raise troubles.pop()
        return Deaf()

    deaf = Contained("noise", CAMERA, None, make, frozenset())
    run(Stream(CAMERA, kept, epoch=1, analytics=[deaf]), Reel(noise[30:], step_s=2.5), People(1))
    told = [look.readings.get("failed noise") for look in kept.looks]
    assert told == [1.0] * 6 + [None] * 24


def test_a_gated_frame_holds_the_last_scene(kept, noise):
    """Where nothing moves few frames are looked into, and the minute is the same as if all were."""
    detector = People(3)
    stream = Stream(CAMERA, kept, epoch=1, gate=Gate(due_s=5))
    run(stream, Reel(noise), detector)
    assert detector.calls == stream.outcomes[Outcome.LOOKED] == 15
    assert stream.outcomes[Outcome.GATED] == 135
    assert len(kept.scenes) == 15
    assert {tuple(scene.track_ids) for scene in kept.scenes} == {tuple(kept.scenes[0].track_ids)}
    assert [(one.value, one.n) for one in kept.values("crowd.people")] == [(3, 120), (3, 30)]


def test_crowding_reaches_the_sink_and_ends_with_the_stream(kept, noise):
    """Four people on a place for four are an event, and it is closed when nobody watches any longer."""
    run(Stream(CAMERA, kept, epoch=1), Reel(noise), People(4))
    events = [one for one in kept.outputs if isinstance(one, Event)]
    assert [(event.state, event.revision) for event in events] == [("open", 1), ("closed", 2)]


def test_a_black_camera_is_unknown_and_not_empty(kept):
    """Pictures that show nothing are not looked into, make no minute, and their looks say why."""
    detector = People(2)
    stream = Stream(CAMERA, kept, epoch=1)
    run(stream, Reel([np.zeros((90, 160, 3), np.uint8)] * 130), detector)
    assert detector.calls == 0
    assert stream.health == Health.BLACK
    assert kept.outputs == []
    assert {look.health for look in kept.looks} == {Health.BLACK}
    assert {code for look in kept.looks for code in look.outcomes.tolist()} == {Outcome.DROPPED}


def test_a_late_frame_is_dropped_and_counted(kept, noise):
    """A live frame that is older than allowed is not looked into."""
    stream = Stream(CAMERA, kept, epoch=1, late_after_s=2, now=lambda: START + timedelta(seconds=3))
    assert stream.admit(Frame("cam-1", START, noise[0])) is None
    assert stream.admit(Frame("cam-1", START + timedelta(seconds=2), noise[1])) is not None
    assert stream.outcomes[Outcome.DROPPED] == 1


def test_time_never_goes_backwards(kept, noise):
    """A frame that is not later than the last one is dropped."""
    stream = Stream(CAMERA, kept, epoch=1)
    for seconds in (0, 1, 1, 0.5, 2):
        frame = Frame("cam-1", START + timedelta(seconds=seconds), noise[0])
        if stream.admit(frame) is not None:
            stream.observe(frame, People(1).detect([frame.image])[0])
    assert [scene.at.second for scene in kept.scenes] == [0, 1, 2]
    assert stream.outcomes[Outcome.DROPPED] == 2


def test_missed_frames_are_in_the_look(kept, noise):
    """What the source could not decode, and what it dropped, is counted with its time."""
    missed = [
        (START + timedelta(seconds=1.2), Outcome.UNDECODABLE),
        (START + timedelta(seconds=1.4), Outcome.DROPPED),
    ]
    run(Stream(CAMERA, kept, epoch=1), Reel(noise[:10], step_s=1.0, missed=missed), People(1))
    outcomes = dict(zip(kept.looks[0].offsets_ms.tolist(), kept.looks[0].outcomes.tolist(), strict=True))
    assert outcomes[1200] == Outcome.UNDECODABLE
    assert outcomes[1400] == Outcome.DROPPED
    assert len(outcomes) == 12


def test_nobody_looked_is_no_scene(kept, noise):
    """A frame for which the detector gave no answer is dropped, and the next one goes on."""
    stream = Stream(CAMERA, kept, epoch=1)
    first, second = (Frame("cam-1", START + timedelta(seconds=n), noise[n]) for n in range(2))
    assert stream.admit(first) is not None
    stream.miss(first.at, Outcome.DROPPED)
    assert stream.admit(second) is not None
    assert len(stream.observe(second, People(1).detect([second.image])[0])) == 1
    assert (stream.outcomes[Outcome.DROPPED], stream.outcomes[Outcome.LOOKED]) == (1, 1)


def test_a_gap_is_not_bridged(kept, noise):
    """A camera that was silent for minutes has no measures and no looks of that time."""
    stream = Stream(CAMERA, kept, epoch=1)
    for seconds in (0, 1, 400, 401):
        frame = Frame("cam-1", START + timedelta(seconds=seconds), noise[seconds % 100])
        stream.observe(frame, People(1).detect([stream.admit(frame)])[0])
    stream.close()
    assert [one.minute.minute for one in kept.values("crowd.people")] == [0, 6]
    assert [look.at.minute for look in kept.looks] == [0, 6]
    assert kept.scenes[0].track_ids[0] != kept.scenes[-1].track_ids[0]


def test_it_can_be_stopped(kept, noise):
    """When it is told to stop it hands over what is unfinished."""
    run(Stream(CAMERA, kept, epoch=1), Reel(noise), People(1), stop=lambda: len(kept.scenes) == 7)
    assert len(kept.scenes) == 7
    assert [one.n for one in kept.values("crowd.people")] == [7]
    assert len(kept.looks) == 1


class Following:
    """A tracker that keeps what it was given."""

    def __init__(self):
        self.given = []

    def follow(self, _at, found, _size):
        """Everything is new."""
        self.given.append(found)
        return found, np.arange(len(found))


def test_what_moves_reaches_the_tracker_and_the_scene(kept):
    """A wall that fills the picture moves by 3 and 2 pixels in a tenth of a second, and so does its box."""
    random = np.random.default_rng(1)
    grey = cv2.GaussianBlur(random.integers(0, 255, (110, 180)).astype(np.uint8), (0, 0), 2)
    grey = cv2.normalize(grey, None, 0, 255, cv2.NORM_MINMAX)
    first, second = grey[10:100, 10:170], grey[8:98, 7:167]
    stream = Stream(CAMERA, kept, epoch=1)
    stream._tracker = Following()
    frame = Frame("cam-1", START, cv2.cvtColor(first, cv2.COLOR_GRAY2BGR), Glimpse(second, 0.1))
    boxes = np.array([[0, 0, 160, 90]], np.float32)
    found = Detections(boxes, np.array(["car"]), np.ones(1, np.float32))
    assert stream.admit(frame) is not None
    scene = stream.observe(frame, found)
    assert stream._tracker.given[0].velocities == pytest.approx(np.array([[30, 20]]), abs=3)
    assert scene.motion() == pytest.approx(np.array([[30 / 160, 20 / 90]]), abs=0.04)


def test_nothing_is_followed_in_a_frame_that_nobody_looks_into(kept, noise, monkeypatch):
    """Late and gated frames cost no flow."""
    asked = []
    monkeypatch.setattr(motion, "measured", lambda frame, found: asked.append(frame) or found)
    stream = Stream(CAMERA, kept, epoch=1, gate=Gate(due_s=5))
    run(stream, Reel(noise), People(1))
    assert len(asked) == stream.outcomes[Outcome.LOOKED] < 20


def test_what_was_missed_after_the_last_frame_is_counted(kept, noise):
    """A recording whose end cannot be decoded says so in its last look."""

    class Ending(Reel):
        def frames(self):
            yield from super().frames()
            self._missed = [(START + timedelta(seconds=1.5), Outcome.UNDECODABLE)]

    stream = Stream(CAMERA, kept, epoch=1)
    run(stream, Ending(noise[:3]), People(1))
    assert stream.outcomes[Outcome.UNDECODABLE] == 1
    assert kept.looks[-1].outcomes.tolist().count(Outcome.UNDECODABLE) == 1
