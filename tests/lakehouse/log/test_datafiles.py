"""Data files: rows in their table's order, in groups that say what they hold."""

from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakehouse.landing import rows
from lakehouse.log import datafiles
from lakehouse.scenes import State
from lakehouse.tables import TABLES


@pytest.fixture
def written(lake, monkeypatch):
    """Write rows as one file in groups of four; return it as Parquet and what it holds."""
    monkeypatch.setattr(datafiles, "ROW_GROUP", 4)

    def write(table, landed):
        stamp = {"producer": "a", "epoch": 1, "seq": 0}
        made = [{**row, **stamp} for row in landed.to_pylist()]
        (file,) = datafiles.write(
            lake.folder(table), TABLES[table], pa.Table.from_pylist(made, TABLES[table].schema), 0
        )
        data = pa.BufferReader(lake.folder(table).read(file.path))
        return pq.ParquetFile(data), made

    return write


def _bounds(parquet, column):
    place = parquet.schema_arrow.get_field_index(column)
    groups = (parquet.metadata.row_group(group) for group in range(parquet.num_row_groups))
    return [(one.min, one.max) for one in (group.column(place).statistics for group in groups)]


def test_a_camera_and_a_time_can_be_skipped(written, scene):
    """Boxes lie by camera and track, and each group says which cameras and instants it holds."""
    at = scene().at
    seen = [scene(2, at + timedelta(seconds=n), name) for n in range(4) for name in ("cam-b", "cam-a")]
    parquet, _ = written("observations", rows.observations(seen, "model"))
    assert _bounds(parquet, "camera_id") == [("cam-a", "cam-a")] * 2 + [("cam-b", "cam-b")] * 2
    assert _bounds(parquet, "at") == [(at, at + timedelta(seconds=3))] * 4
    assert parquet.read()["track_id"].to_pylist()[:8] == [1 << 32] * 4 + [(1 << 32) + 1] * 4


def test_every_row_is_read_back_as_it_was(written, event):
    """Texts, NULLs and maps survive, whichever words and columns a group lacks."""
    revisions = [event(n, State.CLOSED if n % 2 else State.OPEN, subject=str(n)) for n in range(1, 11)]
    parquet, made = written("events", rows.events(revisions, {"cam": "33.74"}, {}))
    found = sorted(parquet.read().to_pylist(), key=lambda row: row["revision"])
    expected = [{name: value for name, value in row.items() if name != "day"} for row in made]
    assert found == expected
