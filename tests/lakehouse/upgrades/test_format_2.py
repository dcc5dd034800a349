"""A lake of the first release gets how its boxes move, and loses nothing on the way."""

import json
import shutil
import signal
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable

from batch.compacting.backfill import backfill
from batch.compacting.compact import compact
from batch.keeping.recluster import recluster
from batch.replaying.footage import BOX_COLUMNS, LOOK_COLUMNS, Footage
from batch.replaying.projector import Span
from batch.replaying.replay import replay
from batch.rolling.rollup import rollup
from lakehouse.checks import INVARIANTS
from lakehouse.checks.standing import Standing
from lakehouse.landing import rows
from lakehouse.log import columns
from lakehouse.problem import BadLake
from lakehouse.scenes import UNMEASURED, Scene
from lakehouse.store import Lake
from lakehouse.upgrades.upgrade import upgrade

HERE = Path(__file__).parent
DAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 5, tzinfo=UTC)
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
VELOCITY = ["vx", "vy"]
STORED, LANDED, LATE = 480, 96, 24
"""The boxes of the first release's lake: in its table, in landing, and late."""


@pytest.fixture
def old(first_release, tmp_path):
    """A copy of the first release's lake, as it was."""
    return shutil.copytree(first_release, tmp_path / "lake")


@pytest.fixture
def lake(old):
    """The lake, brought to this release's format."""
    list(upgrade(old, apply=True))
    return Lake.open(old, lambda: NOW)


def moving(velocities, at=NOON):
    """A batch of one scene, the velocities of whose boxes these are."""
    count = len(velocities)
    boxes, labels = np.tile(np.int16([1, 2, 3, 4]), (count, 1)), np.full(count, "car")
    ids, sure = np.arange(count) + (9 << 32), np.full(count, 90, np.uint8)
    return {
        "observations": rows.observations(
            [Scene("cam-a", at, boxes, labels, sure, ids, np.int16(velocities))], "m"
        )
    }


def goes_on(lake, boxes):
    """Every rule holds, and so many boxes are there, of which the first release's are NULL."""
    found = lake.read("observations", fresh=True)
    assert found.num_rows == boxes
    assert found["vx"].null_count == found["vy"].null_count == boxes
    for invariant in INVARIANTS:
        invariant.look(Standing(Lake.as_is(lake.root), deep=True))


def files(root):
    """Every file of a lake with what it holds."""
    return {path: path.read_bytes() for path in Path(root).rglob("*") if path.is_file()}


def test_a_lake_of_format_1_is_told_the_way(old):
    """Until it is upgraded this release opens none, and names the command."""
    with pytest.raises(BadLake, match=r"format is 1, and this version reads format 2.*lakehouse upgrade"):
        Lake.open(old)


def test_the_step_is_told_before_it_is_made(old):
    """Without --apply the columns are named, and no byte is another one."""
    before = files(old)
    told = "\n".join(upgrade(old, apply=False))
    assert "observations gets vx (int16), vy (int16): NULL in every row that is there" in told
    assert files(old) == before


def test_no_row_is_written_anew(old):
    """Data files and landed batches stay as they are, to the byte; the card says format 2."""
    kept = {path: data for path, data in files(old).items() if path.suffix in {".parquet", ".arrow"}}
    list(upgrade(old, apply=True))
    after = files(old)
    assert {path: data for path, data in after.items() if path.suffix in {".parquet", ".arrow"}} == kept
    assert json.loads(after[old / "lake.json"])["format"] == 2


def test_batches_that_the_first_release_landed_are_taken_in(lake):
    """They have no such columns; they are read fresh, compacted and counted with NULL, late ones too."""
    names = [name for listed in lake.landing.segments().values() for name in listed]
    for name in names:
        streams = lake.landing.open(name).streams
        assert not {*VELOCITY} & set(pa.ipc.open_stream(streams["observations"]).schema.names)
    assert lake.read("observations").num_rows == STORED
    refused = lake.read("quarantine")
    goes_on(lake, STORED + LANDED)
    compact(lake)
    assert lake.read("observations").num_rows == STORED + LANDED
    assert backfill(lake).rows > 0
    compact(lake)
    goes_on(lake, STORED + LANDED + LATE)
    assert lake.read("quarantine").equals(refused)


def test_old_and_new_boxes_lie_in_one_file(lake):
    """Compacted and reclustered together with what is measured now, each keeps what it had."""
    lake.landing.producer("new", backfill=True).append(moving([(7, -8), (UNMEASURED, UNMEASURED)]))
    compact(lake)
    assert recluster(lake).days
    assert len(lake.table("observations").file_uris()) == 1
    found = lake.read("observations")
    known = found.filter(pc.field("vx").is_valid())
    assert (found.num_rows, known.select(VELOCITY).to_pylist()) == (
        STORED + LANDED + 2,
        [{"vx": 7, "vy": -8}],
    )
    for invariant in INVARIANTS:
        invariant.look(Standing(Lake.as_is(lake.root), deep=True))


QUESTIONS = {
    "vx is null": (pc.field("vx").is_null(), STORED + LANDED + 1),
    "vx is not null": (pc.field("vx").is_valid(), 3),
    "vx > 0": (pc.field("vx") > 0, 2),
    "vx = -900": (pc.field("vx") == -900, 1),
    "vy > 5000": (pc.field("vy") > 5000, 0),
    "vx is null or vx > 100": (pc.field("vx").is_null() | (pc.field("vx") > 100), STORED + LANDED + 2),
}
"""What may be asked of old and new boxes together, and of how many it holds."""


@pytest.mark.parametrize(("asked", "where", "count"), [(one, *told) for one, told in QUESTIONS.items()])
def test_no_reader_loses_a_row_to_statistics(lake, asked, where, count):
    """A filter on velocity over files with and without it finds all of them, whoever reads."""
    batch = moving([(7, -8), (-900, 40), (500, 0), (UNMEASURED, UNMEASURED)])
    lake.landing.producer("new", backfill=True).append(batch)
    assert lake.read("observations", where=where, fresh=True).num_rows == count
    compact(lake)
    place = Path(lake.root) / "observations"
    assert len(DeltaTable(place).file_uris()) > 1
    boxes = DeltaTable(place).to_pyarrow_dataset()
    assert lake.read("observations", where=where).num_rows == count
    assert boxes.count_rows(filter=where) == count
    assert duckdb.from_arrow(boxes).filter(asked).shape[0] == count
    assert pl.scan_delta(str(place)).filter(pl.sql_expr(asked)).collect().height == count


def test_hours_of_boxes_without_velocities_are_rolled_up(lake):
    """The hours are those that the first release's measures make."""
    compact(lake)
    backfill(lake)
    compact(lake)
    rollup(lake)
    flow = (pc.field("kind") == "traffic.flow") & (pc.field("area_id") == "33.74")
    assert pc.sum(lake.read("area_hours", where=flow)["seen"]).as_py() == 5.0 * 13


def test_scenes_of_before_are_replayed_unmeasured(lake):
    """Every box is there, nothing is known of how it moved, and an analytic runs over it."""
    compact(lake)
    boxes = lake.read("observations", columns=BOX_COLUMNS, where=pc.field("camera_id") == "cam-a")
    looks = lake.read("looks", columns=LOOK_COLUMNS, where=pc.field("camera_id") == "cam-a")
    span = NOON - timedelta(days=1), NOON + timedelta(days=1)
    scenes = [scene for _, scene in Footage("cam-a").scenes(looks, boxes, *span)]
    assert sum(map(len, scenes)) >= boxes.num_rows > 0
    assert all((scene.velocities == UNMEASURED).all() for scene in scenes)
    done = replay(lake, "traffic", Span(DAY, DAY + timedelta(days=1)))
    assert done.cameras == 2
    assert done.measures > 0


@pytest.mark.slow
def test_killed_at_any_point_it_is_carried_on(old, tmp_path):
    """Wherever it died, nothing opens the lake half changed, and the next run brings it to its end."""
    deaths = 0
    for nth in range(1, 40):
        root = shutil.copytree(old, tmp_path / f"copy-{nth}")
        done = subprocess.run(
            [sys.executable, str(HERE / "dying.py"), root, str(nth)],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        deaths += 1
        card = json.loads((root / "lake.json").read_text())
        assert card["format"] == 2
        if card.get("unfinished"):
            with pytest.raises(BadLake, match=r"not finished.*upgrade --lake .* --apply"):
                Lake.open(root)
        list(upgrade(root, apply=True))
        lake = Lake.open(root, lambda: NOW)
        goes_on(lake, STORED + LANDED)
        assert not columns.silent(lake.table("observations"), VELOCITY)
    assert deaths > 5
