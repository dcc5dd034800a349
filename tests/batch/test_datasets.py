"""A table as a Ray Dataset: just the rows that were asked for, from files that are alive."""

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from batch.compacting.compact import compact
from batch.datasets import Rows, _blocks, dataset
from batch.rolling.rollup import rollup
from lakehouse import clock
from lakehouse.landing import rows
from lakehouse.scenes import Event, Severity, State
from lakehouse.store import Lake
from lakehouse.tables import TABLES

HOUSE = Path(__file__).parents[2]
FLOW = pc.field("kind") == "traffic.flow"


@pytest.fixture
def rolled(lake, see):
    """A lake of two days that was rolled up again and again, so that dead files lie beside the live ones."""
    for minute in range(4):
        see("cam-a", [minute])
        see("cam-b", [24 * 60 + minute])
        compact(lake)
        rollup(lake, lake.now() + timedelta(days=3))
    return lake


def test_a_closed_day_of_camera_minutes_is_one_file(rolled):
    """However often a day was summed up, one live file holds it, and the dead ones are nobody's."""
    folder = Path(rolled.root) / "camera_minutes"
    assert len(list(folder.rglob("*.parquet"))) == 8
    assert len(rolled.table("camera_minutes").file_uris()) == 2


def test_files_are_pruned_by_day_and_by_statistics(rolled):
    """Only files that may hold wanted rows are opened."""
    version = rolled.version("camera_minutes")

    def paths(where):
        return Rows(rolled.root, "camera_minutes", version, None, where).paths()

    assert len(paths(None)) == 2
    (first,) = paths(pc.field("day") == date(2026, 11, 23))
    assert first.startswith("day=2026-11-23/")
    assert len(paths(pc.field("camera_id") == "cam-0")) == 0


def test_files_make_few_blocks():
    """Small files are read together, large ones alone."""
    assert _blocks({}) == []
    assert _blocks({f"{number:04}": 1000 for number in range(1190)}) == [[f"{n:04}" for n in range(1190)]]
    assert _blocks({"a": 2**30, "b": 2**30}) == [["a"], ["b"]]


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.usefixtures("ray")
def test_a_dataset_is_what_the_lake_reads(rolled):
    """Columns, days and conditions give the rows that `Lake.read` gives; nothing is an empty dataset."""
    asked = {"columns": ["minute", "camera_id", "value"], "where": FLOW}
    (found,) = dataset(rolled, "camera_minutes", days=[date(2026, 11, 23)], **asked).to_arrow_refs()
    import ray

    order = [("camera_id", "ascending"), ("minute", "ascending")]
    there = FLOW & (pc.field("day") == date(2026, 11, 23))
    wanted = rolled.read("camera_minutes", columns=asked["columns"], where=there)
    assert ray.get(found).cast(wanted.schema).sort_by(order).equals(wanted.sort_by(order))
    assert dataset(rolled, "camera_minutes", days=[date(2020, 1, 1)]).count() == 0
    counts = dataset(rolled, "camera_minutes", where=FLOW).groupby("camera_id").count().take_all()
    assert {row["camera_id"] for row in counts} == {"cam-a", "cam-b"}


@pytest.mark.ray
@pytest.mark.slow
def test_the_job_joins_events_with_the_weather(lake):
    """Each event counts once, under the rain of the hour in which it began."""
    hour = clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)
    weather = [
        {"issued_at": hour - timedelta(hours=back), "at": hour, "rain_mm": mm, "tide_cm": 0.0, "origin": "x"}
        for back, mm in ((5, 0.0), (1, 12.0))
    ]
    lake.append("weather", pa.Table.from_pylist(weather, TABLES["weather"].schema))
    told = [
        Event("cam-a", "zone", "crowd.crowding", "", hour, hour, number, state, Severity.NOTICE, {}, 0.9)
        for number, state in enumerate([State.OPEN, State.CLOSED], 1)
    ]
    landed = {"events": rows.events(told, {"cam-a": "33.74.01"}, {})}
    lake.landing.producer("a", backfill=True).append(landed)
    compact(Lake.open(lake.root))
    words = [sys.executable, "docs/jobs/rain_and_events.py", "--lake", lake.root]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=HOUSE, timeout=200)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split() == ["crowd.crowding", "very", "wet", "1"]
