"""A small real disk that fills up: refused early, said and counted, and nothing acknowledged is lost."""

import os
import shutil
import subprocess
from contextlib import suppress
from datetime import UTC, datetime

import batches
import numpy as np
import pytest
from deltalake.exceptions import DeltaError

from batch.compacting.compact import compact
from lakehouse import milestones
from lakehouse.city.cameras import Camera
from lakehouse.places import disk
from lakehouse.places.disk import MIB
from lakehouse.problem import DiskFull
from lakehouse.scenes import Scene, unmeasured
from lakehouse.store import Lake
from serving.watching.sink import Sink

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
CAMERA = Camera(
    camera_id="cam-1",
    valid_from=START,
    version=1,
    name="Simpang",
    owner="Dishub",
    site="street",
    area_id="33.74",
    lat=-6.98,
    lon=110.42,
    source="test",
    width=640,
    height=360,
)


@pytest.fixture
def place(tmp_path):
    """A disk of 300 MiB, of which a lake leaves 256 MiB alone."""
    if os.geteuid() or not shutil.which("mount"):
        pytest.skip("it takes root to mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", folder], check=True)
    yield folder
    # Lazily: what still holds a file of it must not leave it mounted below the tests' folder.
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def ballast(place):
    """Fill the disk until so many bytes are free; None takes everything away again."""
    file = place / "ballast"

    def leave(free):
        file.unlink(missing_ok=True)
        if free is not None:
            with file.open("wb") as opened:
                os.posix_fallocate(opened.fileno(), 0, shutil.disk_usage(place).free - free)

    return leave


@pytest.fixture
def small_lake(place):
    """A lake on the small disk."""
    return Lake.create(place / "lake", lambda: START)


def scene(boxes):
    """A scene of so many boxes."""
    corners, ones = np.zeros((boxes, 4), np.int16), np.ones(boxes)
    labels, ids = np.array(["car"] * boxes), np.arange(boxes)
    return Scene("cam-1", START, corners, labels, ones.astype(np.uint8), ids, unmeasured(boxes))


def test_a_nearly_full_disk_is_refused_early_and_resumes_alone(small_lake, ballast, place, caplog):
    """The sink says it and counts what it refuses; with room again all that it accepted is in the tables."""
    sink = Sink(small_lake.landing.producer("shard-0"), "a1", group_rows=10, most_rows=30, retry_s=0)
    sink.put(CAMERA, scene(10))
    ballast(250 * MIB)
    accepted = 10 + sum(12 * sink.put(CAMERA, scene(12)) for _ in range(4))
    assert sink.blocked
    assert "MiB are free, and a reserve is left alone" in caplog.text
    assert (accepted, sink.refused) == (34, 24)
    assert shutil.disk_usage(place).free >= 249 * MIB
    compact(small_lake)
    ballast(None)
    sink.close()
    compact(small_lake)
    assert small_lake.read("observations").num_rows == sink.landed == accepted


@pytest.fixture
def landed(small_lake):
    """How many looks have landed on the small disk, with as many boxes as make a file of some size."""
    rng, producer, rows = np.random.default_rng(1), small_lake.landing.producer("shard-0"), 0
    for number in range(6):
        tables = batches.batch(rng, ["cam-1", "cam-2"], 2000, number, START)
        producer.append(tables)
        rows += tables["looks"].num_rows
    return rows


def test_a_compaction_leaves_a_reserve_too(small_lake, ballast, landed):
    """It is refused later than landing is, says so, and is done once there is room."""
    ballast(100 * MIB)
    with pytest.raises(DiskFull, match="100 MiB are free"):
        compact(small_lake)
    assert small_lake.read("looks", fresh=True).num_rows == landed
    ballast(None)
    compact(small_lake)
    assert small_lake.read("looks").num_rows == landed


@pytest.mark.parametrize(
    "point", ["compact: observations written", "compact: looks written", "commit: looks written"]
)
def test_a_disk_without_a_byte_left_loses_nothing(small_lake, ballast, landed, monkeypatch, point):
    """Wherever a compaction is when the last byte is gone, it is done again, exactly once."""
    monkeypatch.setattr(disk, "reserve_bytes", lambda _: 0)
    filled = []

    def fill(reached):
        if reached == point and not filled:
            filled.append(reached)
            ballast(0)

    monkeypatch.setattr(milestones, "watchers", [fill])
    with suppress(DiskFull, DeltaError, OSError):
        compact(small_lake)
    assert filled
    assert Lake.open(small_lake.root).read("looks", fresh=True).num_rows == landed
    monkeypatch.setattr(milestones, "watchers", [])
    ballast(None)
    compact(small_lake)
    assert Lake.open(small_lake.root).read("looks").num_rows == landed
    assert not small_lake.landing.segments()
