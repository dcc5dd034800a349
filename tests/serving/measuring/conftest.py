"""Scripted traffic: vehicles whose truth is known, as a camera's boxes and velocities show them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from lakehouse.city.cameras import Calibration, Camera, Purpose, Zone
from lakehouse.scenes import Detections, Frame, Scene
from serving.watching.tracker import Tracker

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
SIZE = np.array([1280, 720])
IMAGE = np.broadcast_to(np.zeros(3, np.uint8), (720, 1280, 3))
PINHOLE = Calibration(height_m=8, pitch_deg=20, fov_deg=60)
APART_S = 0.067


@dataclass(frozen=True)
class Drive:
    """One stream of vehicles in one lane: when each would pass the line were it not to stop, and how fast.

    `arrive` (n,) seconds; `speed` (n,) pixels or metres a second, below 0 the other way; `lane` the other
    coordinate; `size` (n, 3) length, width and height. `rhythm` gives the share of its speed at a time.
    """

    arrive: np.ndarray
    speed: np.ndarray
    lane: float
    size: np.ndarray

    def along(self, clock):
        """How far beyond the line each is (n,) when a clock that stops with the traffic shows so much."""
        return (clock - self.arrive) * self.speed


def flat(drive, along):
    """Boxes (n, 4) in pixels of what moves across a picture without perspective, a line in its middle."""
    length, _, height = drive.size.T
    x, foot = 640 + along, np.full(len(along), 300 + drive.lane)
    return np.stack([x - length / 2, foot - height, x + length / 2, foot], axis=1)


def pinhole(drive, along):
    """Boxes of vehicles on a road that is looked along, a line 20 m away; behind the camera NaN."""
    half = drive.size / 2
    y = np.where((along > -180) & (along < 14), 20 - along, np.nan)
    corners = [
        (drive.lane + i * half[:, 1], y + j * half[:, 0], k * drive.size[:, 2])
        for i in (-1, 1) for j in (-1, 1) for k in (0, 1)
    ]  # fmt: skip
    seen = PINHOLE.project(np.moveaxis(np.array(corners), 1, 2).reshape(-1, 3)) * SIZE
    seen = seen.reshape(8, len(along), 2)
    return np.concatenate([seen.min(axis=0), seen.max(axis=0)], axis=1)


def middles(boxes):
    """Where in a box its velocity is measured."""
    return (boxes[:, :2] + boxes[:, 2:]) / 2


@dataclass(frozen=True)
class Street:
    """A camera before some drives, and the noise that it sees them with."""

    drives: tuple[Drive, ...]
    view: object
    rhythm: object = staticmethod(lambda seconds: seconds)
    missed: float = 0.1
    unmeasured: float = 0.05
    label: str = "car"

    @property
    def zone(self):
        """A line across the road: vehicles with a positive speed come in."""
        if self.view is flat:
            return Zone(zone_id="line", purpose=Purpose.ROAD, corners=((0.5, 1.0), (0.5, 0.0)))
        height = PINHOLE.project([(0, 20, 0.5)])[0, 1]
        return Zone(zone_id="line", purpose=Purpose.ROAD, corners=((0.0, height), (1.0, height)))

    @property
    def camera(self):
        """Nobody calibrated it."""
        return Camera(
            camera_id="cam-1", valid_from=START, name="Simpang", owner="Dishub", site="street",
            area_id="33.74.01", lat=-6.98, lon=110.42, source="test", width=1280, height=720,
            zones=(self.zone,),
        )  # fmt: skip

    def truth(self, begin, end):
        """How many pass the line between two seconds, in and out."""
        clock = self.rhythm(begin), self.rhythm(end)
        passed = np.concatenate(
            [np.sign(d.speed) * ((d.arrive > clock[0]) & (d.arrive <= clock[1])) for d in self.drives]
        )
        return np.array([(passed > 0).sum(), (passed < 0).sum()])

    def boxes(self, second):
        """Every box that is in the picture, and how fast what is in it moves: (n, 4) and (n, 2)."""
        found, moves = [], []
        for drive in self.drives:
            now, then = (self.view(drive, drive.along(self.rhythm(at))) for at in (second, second + APART_S))
            found.append(now)
            moves.append((middles(then) - middles(now)) / APART_S)
        boxes, moves = np.concatenate(found), np.concatenate(moves)
        where = middles(boxes)
        seen = np.isfinite(moves).all(axis=1) & ((where > 0) & (where < SIZE)).all(axis=1)
        return boxes[seen], moves[seen]

    def scenes(self, seed, rate, seconds, begin=60.0, *, tracked=False):
        """What is seen at so many looks a second: noisy boxes and velocities, some missed, some unknown."""
        rng = np.random.default_rng(seed)
        tracker = Tracker(1)
        for number in range(int(seconds * rate) + 1):
            second = begin + number / rate
            at = START + timedelta(seconds=second)
            boxes, moves = self.boxes(second)
            found = rng.random(len(boxes)) >= self.missed
            boxes, moves = boxes[found], moves[found]
            size = np.sqrt((boxes[:, 2:] - boxes[:, :2]).prod(axis=1))[:, None]
            boxes = boxes + rng.normal(0, 0.03, boxes.shape) * size
            moves = moves * (1 + rng.normal(0, 0.05, (len(boxes), 1))) + rng.normal(0, 0.5, moves.shape)
            moves[rng.random(len(boxes)) < self.unmeasured] = np.nan
            boxes = np.clip(boxes, 0, np.tile(SIZE, 2)).astype(np.float32)
            told = Detections(boxes, np.full(len(boxes), self.label), np.full(len(boxes), 0.9, np.float32))
            ids = np.arange(len(boxes)) + 1000 * number
            if tracked:
                told, ids = tracker.follow(at, told, (1280, 720))
                moves = moves[[int(np.flatnonzero((boxes == one).all(axis=1))[0]) for one in told.boxes]]
            told = Detections(told.boxes, told.labels, told.confidences, moves.astype(np.float32))
            yield Scene.of(Frame("cam-1", at, IMAGE), told, ids)


def poisson(rng, gap_s, seconds, least_s=0.0):
    """When things come that know nothing of one another, but keep a distance."""
    return np.cumsum(least_s + rng.exponential(gap_s - least_s, int(3 * seconds / gap_s))) - seconds / 2


def platoons(rng, gap_s, seconds):
    """When things come that a traffic light lets through: half a minute of many, half a minute of none."""
    times = poisson(rng, gap_s / 2, seconds, 0.8)
    return times + 30 * np.floor(times / 30)


@pytest.fixture(scope="session", name="platoons")
def _platoons():
    return platoons


@pytest.fixture(scope="session", name="pinhole")
def _pinhole():
    return pinhole


@pytest.fixture(scope="session")
def stop_and_go():
    """The clock of a traffic that stands ten seconds and goes ten."""
    return lambda seconds: 10 * (seconds // 20) + min(seconds % 20, 10)


@pytest.fixture(scope="session")
def street():
    """Make a street of a seed: arrivals, speeds in pixels (flat) or metres (pinhole) a second, in lanes."""

    def make(seed, speeds, *, view=flat, arrivals=poisson, gap_s=4.0, seconds=900.0, **how):
        rng = np.random.default_rng((seed, 7))
        size = np.array([120.0, 60.0, 60.0]) if view is flat else np.array([4.5, 1.8, 1.5])
        drives = []
        for number, speed in enumerate(speeds):
            arrive = arrivals(rng, gap_s, seconds)
            own = np.abs(speed) * rng.uniform(0.9, 1.1, len(arrive)) * np.sign(speed)
            lane = 90.0 * number if view is flat else -4.0 + 3.5 * number
            drives.append(Drive(arrive, own, lane, size * rng.uniform(0.9, 1.2, (len(arrive), 1))))
        return Street(tuple(drives), view, **how)

    return make
