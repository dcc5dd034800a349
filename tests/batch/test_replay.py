"""Replay: the live analytics over stored scenes tell what they told live."""

import shutil
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow.compute as pc
import pytest

from batch.compact import compact
from batch.projector import Span
from batch.replay import replay
from lakehouse import cameras
from lakehouse.cameras import Calibration, Camera, Purpose, Zone
from lakehouse.scenes import Detections, Frame, Outcome
from lakehouse.store import Lake
from serving.analytic import catalogue, publish
from serving.gate import Gate
from serving.sink import Sink
from serving.stream import Stream

FIRST, LAST = date(2026, 11, 22), date(2026, 11, 23)
MIDNIGHT = datetime(2026, 11, 22, 17, tzinfo=UTC)
WHOLE = Span(FIRST, LAST + timedelta(days=1))
ROAD = ((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0))
ZONES = (
    Zone(zone_id="plaza", purpose=Purpose.PEOPLE, corners=((0, 0), (1, 0), (1, 0.5), (0, 0.5)), capacity=6),
    Zone(zone_id="gate", purpose=Purpose.ENTRANCE, corners=((0.0, 0.3), (1.0, 0.3))),
    Zone(zone_id="flow", purpose=Purpose.ROAD, corners=((0.5, 0.5), (0.5, 1.0))),
    Zone(zone_id="road", purpose=Purpose.ROAD, corners=ROAD),
)
TOLD = [
    "event_id", "revision", "state", "kind", "camera_id", "zone_id", "area_id", "started_at", "at",
    "ended_at", "severity", "measures", "confidence", "rule_version", "day",
]  # fmt: skip


def _camera(camera_id, **changed):
    known = {
        "camera_id": camera_id, "valid_from": MIDNIGHT - timedelta(days=9), "name": camera_id, "owner": "x",
        "site": "street", "area_id": "33.74.01", "lat": -7, "lon": 110, "source": "test", "width": 160,
        "height": 90, "zones": ZONES, "calibration": Calibration(height_m=8, pitch_deg=30, fov_deg=70),
    }  # fmt: skip
    return Camera(**{**known, **changed})


class World:
    """What stands before a camera at a second: people who gather and walk in, vehicles that pass and jam."""

    def __init__(self, seed):
        random = np.random.default_rng(seed)
        self.starts = np.sort(random.uniform(-400, 400, 220))
        self.ways = random.uniform([0.2, 0.05, -0.1], [0.9, 0.25, 0.1], (220, 3))
        self.pictures = random.integers(60, 180, (9, 16, 3)).repeat(10, axis=0).repeat(10, axis=1)
        self.grain = random.integers(-3, 4, (7, 90, 160, 3))

    def image(self, second, *, still):
        """The picture: grain, and where it is not still a bright block that moves."""
        picture = (self.pictures + self.grain[int(2 * second) % 7]).astype(np.uint8)
        if not still:
            left = int(second * 37) % 130
            picture[60:90, left : left + 30] = 250
        return picture

    def found(self, second):
        """What a detector finds."""
        boxes, labels = [], []
        for number in np.flatnonzero(np.abs(self.starts - second) < 6):
            spent, (row, pace, drift) = second - self.starts[number] + 6, self.ways[number]
            walks = number % 3 == 0
            x, y = (row, 0.1 + 0.05 * spent) if walks else (pace * spent - 0.3, 0.6 + 0.3 * row)
            size = (0.03, 0.1) if walks else (0.12, 0.15)
            boxes.append((x + drift / 9 - size[0], y - size[1], x + size[0], y))
            labels.append("person" if walks else "car")
        if -130 < second < 30:
            gathered = 5 if second < -70 else 8
            boxes += [(0.05 + 0.1 * n, 0.2, 0.1 + 0.1 * n, 0.45) for n in range(gathered)]
            labels += ["person"] * gathered
        if -200 < second < 100:
            boxes += [(0.25 * n, 0.5, 0.25 * n + 0.24, 0.99 - 0.001 * (second % 3)) for n in range(4)]
            labels += ["truck"] * 4
        shares = np.array(boxes, np.float32).reshape(-1, 4).clip(0, 1) * np.float32([160, 90, 160, 90])
        order = np.random.default_rng(round(2 * second) + 5000).permutation(len(labels))
        confidences = 0.5 + 0.4 * np.cos(np.arange(len(labels)) + second).astype(np.float32) ** 2
        return Detections(
            shares[order], np.array(labels, np.str_)[order], confidences[order].astype(np.float32)
        )


def film(stream, world, seconds, *, still=(0, 0), black=(0, 0), dropped=lambda _: False):
    """Let a stream watch a world at the seconds after midnight, and close it."""
    for second in seconds:
        at = MIDNIGHT + timedelta(seconds=float(second))
        if dropped(second):
            stream.miss(at, Outcome.DROPPED)
            continue
        image = world.image(second, still=still[0] <= second < still[1])
        image = np.zeros_like(image) if black[0] <= second < black[1] else image
        frame = Frame(stream.camera.camera_id, at, image)
        if stream.admit(frame) is not None:
            stream.observe(frame, world.found(second))
    stream.close()


@pytest.fixture(scope="module")
def filmed(founded, tmp_path_factory):
    """A lake in which two cameras watched around a midnight, with every kind of break, and compacted."""
    made = Lake.create(tmp_path_factory.mktemp("filmed") / "lake")
    made.append("areas", founded.read("areas"))
    first, other = _camera("cam-a"), _camera("cam-b", fps=1.0)
    cameras.register(made, [first, other])
    publish(made)
    shard = made.landing.producer("shard-0")
    sink = Sink(shard, "test")
    film(
        Stream(first, sink, epoch=100, gate=Gate()),
        World(1),
        np.arange(-400, 100, 0.5),
        still=(-60, 20),
        black=(40, 60),
        dropped=lambda second: second % 7 == 0 or -330 < second < -310,
    )
    sink.flush()
    film(Stream(first, sink, epoch=108, gate=Gate()), World(2), np.arange(101, 160, 0.5))
    sink.flush()
    moved = first.model_copy(update={"zones": ZONES[:1] + ZONES[2:], "valid_from": MIDNIGHT})
    cameras.register(made, [moved])
    film(Stream(cameras.read(made)["cam-a"], sink, epoch=130), World(3), np.arange(170, 300, 0.5))
    sink.close()
    second = Sink(made.landing.producer("shard-1"), "test")
    film(Stream(other, second, epoch=7), World(4), np.arange(-300, 60, 1.0), dropped=lambda s: s % 2 > 0)
    second.close()
    compact(made)
    return made


@pytest.fixture
def lake(filmed, tmp_path):
    """A copy of the filmed lake."""
    return Lake.open(shutil.copytree(filmed.root, tmp_path / "lake"))


def measured(lake, runs, since=FIRST):
    """Every measure of some runs, as it stands."""
    rows = lake.read("measures", where=pc.field("run").isin(runs) & (pc.field("day") >= since))
    names = ("camera_id", "zone_id", "kind", "minute", "value", "sum", "n")
    return sorted(zip(*(rows[name].to_pylist() for name in names), strict=True))


def reported(lake, runs, since=FIRST):
    """The last revision of every event of some runs."""
    found = [row for run in runs for row in lake.events(run=run).select(TOLD).to_pylist()]
    return sorted((row for row in found if row["day"] >= since), key=lambda row: row["event_id"])


def replayed(lake, span, **asked):
    """Replay every analytic over a span and compact; the runs."""
    runs = [replay(lake, kind, span, **asked).run for kind in catalogue()]
    compact(lake)
    return runs


def test_a_replay_tells_what_live_told(lake):
    """All three analytics: the same measures and the same last revisions, over breaks of every kind."""
    runs = replayed(lake, WHOLE)
    assert measured(lake, runs) == measured(lake, ["live"])
    assert reported(lake, runs) == reported(lake, ["live"])
    kinds = {row["kind"] for row in reported(lake, ["live"])}
    assert kinds == {"crowd.crowding", "traffic.congestion"}
