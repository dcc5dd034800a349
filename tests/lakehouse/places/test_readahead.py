"""A process that read a bucket ends when Arrow has done reading, and ends well."""

import io
import os
import subprocess
import sys

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from lakehouse.places import readahead
from lakehouse.places.bucket import Bucket

LEAVES_A_SCAN = """
import sys
import pyarrow.dataset as ds
from lakehouse.places.bucket import Bucket
place = Bucket(sys.argv[1])
print(ds.dataset(place.names(".parquet"), filesystem=place.filesystem(), format="parquet").head(1).num_rows)
"""

HOLDS_AN_OBJECT = """
import sys
from lakehouse.places import readahead
from lakehouse.places.bucket import Bucket
readahead.PATIENCE_S = 0.2
held = Bucket(sys.argv[1]).filesystem().open_input_file("0.parquet")
print(held.size() > 0)
"""


@pytest.fixture
def many_groups(bucket):
    """A bucket with twelve files of twenty row groups, far more than a scan's first batch needs."""
    place, data = Bucket(bucket), io.BytesIO()
    rows = pa.table({"n": pa.array(range(2000)), "text": ["x" * 100] * 2000})
    pq.write_table(rows, data, row_group_size=100)
    for number in range(12):
        place.replace(f"{number}.parquet", data.getvalue())
    return place


def _ended(script, place):
    return subprocess.run(
        [sys.executable, "-c", script, place.uri],
        capture_output=True, text=True, check=False, timeout=120, env={**os.environ},
    )  # fmt: skip


@pytest.mark.parametrize("time", range(3))
def test_a_process_that_left_a_scan_before_its_end_ends_well(many_groups, time):
    """The first row was enough: nothing aborts, though Arrow reads ahead."""
    done = _ended(LEAVES_A_SCAN, many_groups)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", ""), time


def test_an_object_that_is_never_let_go_does_not_hold_a_process(many_groups):
    """The end waits for reads, and not for ever."""
    done = _ended(HOLDS_AN_OBJECT, many_groups)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


def test_a_whole_scan_leaves_nothing_open(many_groups):
    """What was read to its end is let go."""
    scan = ds.dataset(many_groups.names(".parquet"), filesystem=many_groups.filesystem(), format="parquet")
    assert scan.to_table().num_rows == 12 * 2000
    readahead._end_after_reads()
    assert not len(readahead._open)


def test_a_prefix_has_one_filesystem(bucket):
    """Its last holder is never a thread of Arrow's."""
    assert Bucket(bucket).filesystem() is Bucket(bucket).filesystem()
