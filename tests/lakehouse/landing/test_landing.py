"""Landing: what is acknowledged stays, and what is damaged is noticed."""

import hashlib
import json
import os
import shutil
from datetime import timedelta
from typing import NamedTuple

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.landing import segments
from lakehouse.landing.segments import SegmentName
from lakehouse.places import disk
from lakehouse.places.disk import MIB, reserve_bytes
from lakehouse.problem import BadSegment, BadTable, DiskFull
from lakehouse.store import Lake
from lakehouse.tables import LANDED, TABLES


class Disk(NamedTuple):
    """What a disk says of itself, in bytes."""

    total: int
    used: int
    free: int


@pytest.fixture
def full_disk(monkeypatch):
    """Fill the disk, or free it."""

    def fill(free_mib):
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(100 * 1024 * MIB, 0, free_mib * MIB))

    return fill


def test_a_batch_comes_back_with_its_stamp(lake, batch):
    """A segment's rows carry the producer, the epoch and the number that its name says."""
    receipt = lake.landing.producer("shard-0").append(batch(3))
    assert str(receipt.segment) == "shard-0-e000001-000000000000.arrow"
    found = lake.landing.read(receipt.segment)
    assert {name: table.num_rows for name, table in found.items()} == dict(
        zip(LANDED, (3, 1, 1, 1), strict=True)
    )
    assert all(table.schema == TABLES[name].schema for name, table in found.items())
    assert found["looks"].select(segments.STAMP).to_pylist() == [
        {"producer": "shard-0", "epoch": 1, "seq": 0}
    ]


def test_numbers_are_dense_and_epochs_are_never_shared(lake, batch):
    """A producer counts from 0 without a gap; who claims again gets another epoch."""
    first, second = lake.landing.producer("a"), lake.landing.producer("a")
    for producer in (first, second, first):
        producer.append(batch())
    names = {app: [name.seq for name in found] for app, found in lake.landing.segments().items()}
    assert names == {"a-e000001": [0, 1], "a-e000002": [0]}


def test_an_epoch_claimed_meanwhile_is_passed_over(lake, monkeypatch):
    """Two that read the same epochs at the same time still get two."""
    monkeypatch.setattr(lake.landing.__class__, "claims", lambda _: [])
    assert [lake.landing.producer("a").epoch for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("hours", "count"), [(0, 1), (47.9, 1), (48.1, 0), (-47.9, 1), (-48.1, 0), (24 * 3650, 0)]
)
def test_rows_far_from_their_cameras_clock_are_late(lake, batch, hours, count):
    """What lands more than 48 hours after its camera's clock, or before it, is not read."""
    at = batch()["looks"]["at"][0].as_py() + timedelta(hours=hours)
    late = Lake.open(lake.root, lambda: at)
    name = late.landing.producer("a").append(batch()).segment
    assert [len(rows) for rows in late.landing.read(name).values()][1:] == [count] * 3


def test_a_declared_backfill_is_never_late(lake, batch):
    """Who says that old rows are meant lands them; the segment itself says so."""
    name = lake.landing.producer("a", backfill=True).append(batch(minute=-60 * 24 * 400)).segment
    assert len(lake.landing.read(name)["looks"]) == 1
    assert lake.landing.open(name).backfill


def test_only_the_late_rows_of_a_batch_are_late(lake, batch):
    """A camera with a broken clock keeps nobody out who landed with it."""
    mixed = {name: pa.concat_tables([rows, batch(minute=-60 * 72)[name]]) for name, rows in batch().items()}
    name = lake.landing.producer("a").append(mixed).segment
    sifted = lake.landing.open(name).sifted("observations")
    assert [len(rows) for rows in sifted] == [2, 2]
    assert sifted[0]["at"].to_pylist() == batch()["observations"]["at"].to_pylist()


@given(st.text("ab-e0", min_size=1, max_size=6), st.integers(0, 10**7), st.integers(0, 10**13))
def test_a_segment_name_is_read_back(producer, epoch, seq):
    """A name says producer, epoch and number, whatever the producer is called."""
    name = SegmentName("p" + producer, epoch, seq)
    assert SegmentName.parse(str(name)) == name


@given(st.lists(st.tuples(st.integers(0, 10**5), st.integers(0, 10**6)), min_size=2, max_size=2))
def test_names_sort_as_they_were_written(pairs):
    """A listing in the order of names is in the order of epochs and numbers."""
    first, second = sorted(SegmentName("p", *pair) for pair in pairs)
    assert str(first) <= str(second)


def test_a_damaged_segment_is_always_noticed(lake, batch):
    """A segment that was cut off anywhere, or in which any byte changed, is refused as a whole."""
    name = lake.landing.producer("p").append({"measures": batch()["measures"]}).segment
    whole = lake.landing._folder.read(str(name))
    assert len(segments.decode(name, whole).rows("measures")) == 1
    for place, byte in enumerate(whole):
        changed = bytes([byte ^ (1 + place % 255)])
        for torn in (whole[:place], whole[:place] + changed + whole[place + 1 :]):
            with pytest.raises(BadSegment, match="p-e000001-000000000000"):
                segments.decode(name, torn)


def test_rows_of_another_table_are_no_rows(lake, batch):
    """A whole segment that holds something else under a table's name is bad, and no surprise."""
    data = segments.encode({"looks": batch()["measures"]}, landed_at=0)
    for read in (lake.landing.check, lake.landing.read):
        lake.landing._folder.create(str(SegmentName("p", 1, 0)), data)
        with pytest.raises(BadSegment, match="columns of looks"):
            read(SegmentName("p", 1, 0))


def test_a_segment_of_the_first_version_is_read(lake, batch):
    """What landed before an upgrade, with streams that were compressed a column at a time, is not lost."""
    looks = batch()["looks"].replace_schema_metadata(None)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, looks.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(looks)
    stream = sink.getvalue().to_pybytes()
    index = json.dumps({"looks": (0, len(stream))}).encode()
    body = stream + index + len(index).to_bytes(8, "little")
    name = SegmentName("old", 1, 0)
    lake.landing._folder.create(str(name), body + hashlib.sha256(body).digest() + b"MATAKOTA")
    assert lake.landing.read(name)["looks"].select(looks.column_names).to_pylist() == looks.to_pylist()


def test_rows_that_do_not_fit_land_nowhere(lake, batch):
    """A wrong column, an unknown table or a key without a value is refused before anything is written."""
    producer = lake.landing.producer("a")
    looks = batch()["looks"]
    without = looks.set_column(
        looks.schema.get_field_index("at"), "at", pa.nulls(1, looks.schema.field("at").type)
    )
    for wrong in ({"looks": looks.drop_columns("health")}, {"areas": looks}, {"looks": without}):
        with pytest.raises(BadTable):
            producer.append(wrong)
    assert not lake.landing.segments()


def test_a_name_that_no_file_can_carry_is_refused(lake):
    """A producer's name stands in file names, so it holds no separators."""
    with pytest.raises(BadTable, match=r"\.\./x"):
        lake.landing.producer("../x")


def test_a_nearly_full_disk_refuses_and_resumes_alone(lake, batch, full_disk):
    """Before the disk is full nothing is accepted; once there is space the same producer goes on."""
    producer = lake.landing.producer("a")
    full_disk(free_mib=100)
    with pytest.raises(DiskFull, match="100 MiB are free"):
        producer.append(batch())
    assert not lake.landing.segments()
    full_disk(free_mib=50_000)
    assert producer.append(batch()).segment.seq == 0


def test_what_frees_the_disk_may_still_write(lake, full_disk):
    """Tables leave half of landing's reserve alone, so that compaction can empty landing."""
    full_disk(free_mib=4 * 1024)
    lake.folder("looks").create("x", b"x")
    with pytest.raises(DiskFull):
        lake.landing.producer("a").append({})


def test_a_write_that_fails_leaves_nothing(lake, batch, monkeypatch):
    """When the disk fills up within a write, that is said, and no file stays behind."""
    producer = lake.landing.producer("a")

    def fail(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(DiskFull):
            producer.append(batch())
    assert [path.name for path in lake.landing._folder.path.iterdir()] == ["epochs"]
    assert producer.append(batch()).segment.seq == 0


def test_a_number_is_not_used_twice_when_the_last_sync_fails(lake, batch, monkeypatch):
    """A batch that stands there without being acknowledged keeps its number: it may have been read."""
    producer = lake.landing.producer("a")
    with monkeypatch.context() as patch:
        patch.setattr(disk.Disk, "sync", lambda *_: (_ for _ in ()).throw(OSError(5, "I/O error")))
        with pytest.raises(OSError, match="I/O"):
            producer.append(batch())
    assert producer.append(batch()).segment.seq == 1


@pytest.mark.parametrize(("disk_gib", "reserve_mib"), [(1, 256), (20, 1024), (4000, 5 * 1024)])
def test_the_reserve_follows_the_disk(disk_gib, reserve_mib):
    """5 % of the disk are left alone, at least 256 MiB and at most 5 GiB."""
    assert reserve_bytes(disk_gib * 1024 * MIB) == reserve_mib * MIB


def test_a_batch_is_synced_before_it_is_acknowledged(lake, batch, synced):
    """The file, and then the folder that lists it, are synced before `append` returns."""
    lake.landing.producer("a").append(batch())
    file, listing = synced[-2:]
    assert "_tmp-" in file
    assert listing.endswith("/landing")
