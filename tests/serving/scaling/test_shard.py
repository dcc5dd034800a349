"""One process that watches many cameras."""

import threading
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from lakehouse.problem import BadSource
from lakehouse.scenes import Detections, Frame, Outcome
from serving.scaling.shard import Shard

CAMERAS = ["cam-a", "cam-b", "cam-c"]
BEGAN = datetime(2026, 11, 23, tzinfo=UTC)


class Fake:
    """A camera whose frames a test hands out; it is source, stream and sink at once."""

    def __init__(self, camera_id):
        self.camera_id = camera_id
        self.given = threading.Semaphore(0)
        self.frames_read = 0
        self.observed, self.missed_at, self.closed = [], [], False
        self.fails = []

    def frames(self):
        """A frame for each that was given; what is due to fail, fails first."""
        while True:
            self.given.acquire()
            if self.fails:
                raise self.fails.pop()
            self.frames_read += 1
            at = BEGAN + timedelta(seconds=self.frames_read)
            yield Frame(self.camera_id, at, np.full((4, 4, 3), self.frames_read, np.uint8))

    def missed(self):
        """Nothing is lost on the way."""
        return []

    def admit(self, frame):
        """Every frame is worth a look."""
        return frame.image

    def observe(self, frame, found):
        """Take what was found."""
        self.observed.append((frame.at, int(found.boxes[0, 0])))

    def miss(self, at, outcome):
        """Take what was missed."""
        self.missed_at.append((at, outcome))

    def close(self):
        """The end."""
        self.closed = True


class Sink:
    """Counts what it is asked."""

    refused = 0

    def __init__(self):
        self.asked = defaultdict(int)

    def tick(self):
        """Is something due?"""
        self.asked["tick"] += 1

    def flush(self):
        """Land it."""
        self.asked["flush"] += 1

    def close(self):
        """Land the rest."""
        self.asked["close"] += 1


class Detector:
    """Finds in each picture one box that begins at the picture's grey level; waits while it is held."""

    model_id = "fake"

    def __init__(self):
        self.free = threading.Event()
        self.free.set()
        self.calls, self.fails = [], False

    def detect(self, images):
        """One box each."""
        self.calls.append(len(images))
        assert self.free.wait(10)
        if self.fails:
            raise RuntimeError("no replica answers")
        boxes = [np.float32([[image[0, 0, 0], 0, 1, 1]]) for image in images]
        return [Detections(box, np.array(["person"]), np.float32([1])) for box in boxes]


def until(holds):
    """Wait for another thread to get there."""
    give_up = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.005)


@pytest.fixture
def cameras():
    """Three cameras by id."""
    return {name: Fake(name) for name in CAMERAS}


@pytest.fixture
def shard(cameras):
    """A shard that can open those cameras."""

    def open_camera(camera_id):
        if camera_id not in cameras:
            raise BadSource(camera_id, "it does not answer", "look after it")
        return cameras[camera_id], cameras[camera_id]

    made = Shard(open_camera, Detector(), Sink(), in_flight=1)
    yield made
    for camera in cameras.values():
        camera.given.release(1000)
    made.detector.free.set()
    made.close()


def test_frames_of_several_cameras_are_looked_at_together(shard, cameras):
    """What waits while the detector is busy goes to it in one batch, and each camera gets its own."""
    shard.hold(CAMERAS)
    shard.detector.free.clear()
    cameras["cam-a"].given.release()
    until(lambda: shard.detector.calls == [1])
    for name in ("cam-b", "cam-c"):
        cameras[name].given.release()
    until(lambda: shard.tally["offered"] == 3)
    shard.detector.free.set()
    until(lambda: all(camera.observed for camera in cameras.values()))
    assert shard.detector.calls == [1, 2]
    assert [camera.observed for camera in cameras.values()] == [[(BEGAN + timedelta(seconds=1), 1)]] * 3


def test_a_frame_that_is_overtaken_is_dropped_and_counted(shard, cameras):
    """While the detector is busy only the newest frame waits, and the others are told as dropped."""
    camera = cameras["cam-a"]
    shard.hold(["cam-a"])
    shard.detector.free.clear()
    camera.given.release()
    until(lambda: shard.detector.calls)
    camera.given.release(4)
    until(lambda: shard.tally["offered"] == 5)
    shard.detector.free.set()
    until(lambda: len(camera.observed) == 2)
    seconds = [BEGAN + timedelta(seconds=n) for n in range(1, 6)]
    assert [at for at, _ in camera.observed] == [seconds[0], seconds[4]]
    assert camera.missed_at == [(at, Outcome.DROPPED) for at in seconds[1:4]]
    assert shard.tally["overtaken"] == 3


def test_a_camera_that_is_given_away_is_flushed_first(shard, cameras):
    """On return from `hold` nothing more comes of a camera that was left, and all of it has landed."""
    shard.hold(CAMERAS)
    cameras["cam-a"].given.release()
    until(lambda: cameras["cam-a"].observed)
    shard.hold(["cam-b"])
    assert (cameras["cam-a"].closed, cameras["cam-b"].closed) == (True, False)
    assert shard.running == {"cam-b"}
    assert shard.sink.asked["flush"] == 2
    seen = len(cameras["cam-a"].observed)
    cameras["cam-a"].given.release(3)
    cameras["cam-b"].given.release()
    until(lambda: cameras["cam-b"].observed)
    assert len(cameras["cam-a"].observed) == seen


@pytest.mark.slow
def test_one_cameras_failure_is_not_the_others(shard, cameras, caplog):
    """A camera that cannot be opened or read is logged with its id, and the others go on."""
    cameras["cam-a"].fails = [BadSource("cam-a", "it is gone", "look after it")]
    cameras["cam-a"].given.release()
    shard.hold(["cam-a", "cam-b", "cam-none"])
    assert shard.running == {"cam-a", "cam-b"}
    cameras["cam-b"].given.release()
    until(lambda: cameras["cam-b"].observed)
    until(lambda: shard.tally["failed"] == 2)
    assert {record.camera_id for record in caplog.records} == {"cam-a", "cam-none"}
    cameras["cam-a"].given.release()
    until(lambda: cameras["cam-a"].observed)


def test_frames_that_the_detector_does_not_answer_for_are_dropped(shard, cameras):
    """Where no replica answers, the frames are told as dropped, and the next ones are asked for."""
    camera = cameras["cam-a"]
    shard.detector.fails = True
    shard.hold(["cam-a"])
    camera.given.release()
    until(lambda: camera.missed_at)
    assert camera.missed_at == [(BEGAN + timedelta(seconds=1), Outcome.DROPPED)]
    shard.detector.fails = False
    camera.given.release()
    until(lambda: camera.observed)


def test_a_failure_that_goes_on_is_told_now_and_then(shard, cameras, caplog):
    """The same failure of the same camera is counted each time and logged once in a while."""
    shard.detector.fails = True
    shard.hold(["cam-a"])
    for number in range(1, 6):
        cameras["cam-a"].given.release()
        until(lambda number=number: shard.tally["unanswered"] == number)
    assert shard.tally["failed"] == 5
    assert [record.times for record in caplog.records] == [1]


def test_the_sink_is_asked_also_when_no_frame_comes(shard):
    """What waits to be landed does not wait for the next frame."""
    until(lambda: shard.sink.asked["tick"] > 2)
