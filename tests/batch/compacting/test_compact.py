"""Compaction: what landed is in every table, exactly once, whatever happens on the way."""

import os
import threading
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch.compacting import compact as compaction
from batch.compacting import shards
from batch.compacting.backfill import backfill
from batch.compacting.compact import compact, plan
from batch.executor import Executor
from lakehouse import milestones
from lakehouse.landing.segments import SegmentName
from lakehouse.log import commits
from lakehouse.store import Lake
from lakehouse.tables import LANDED

WATERMARKED = ("quarantine", *LANDED)
DAY = date(2026, 11, 23)
MIDNIGHT = datetime(2026, 11, 22, 17, tzinfo=UTC)


def batches(table):
    """Which batches a table's rows are of, each row once."""
    columns = (table[name].to_pylist() for name in ("producer", "epoch", "seq"))
    return sorted(zip(*columns, strict=True))


def segment(lake, receipt):
    """The file of a segment."""
    return lake.landing._folder.path / str(receipt.segment)


@pytest.fixture(scope="session")
def batch(looks, measures):
    """One look and one measure."""
    return {"looks": looks("cam-a", [0], slots=[0]), "measures": measures("cam-a", [0])}


def test_what_landed_is_in_the_tables_and_gone_from_landing(lake, see):
    """Each table has its rows, and landing is empty."""
    see("cam-a", range(5))
    done = compact(lake)
    assert dict(done.rows) == {"observations": 0, "measures": 5, "events": 0, "looks": 30}
    assert (lake.read("looks").num_rows, lake.landing.segments()) == (30, {})


def test_nothing_new_makes_no_new_version(lake, see):
    """Compacting again on unchanged input writes nothing."""
    see("cam-a", range(2))
    compact(lake)
    before = {name: lake.version(name) for name in WATERMARKED}
    assert compact(lake).segments == 0
    assert before == {name: lake.version(name) for name in WATERMARKED}


def test_a_table_for_which_a_segment_has_nothing_moves_on_too(lake, see):
    """Every table's watermark passes every segment, so that deletion never waits for rows."""
    see("cam-a", [0])
    compact(lake)
    assert {lake.table(name).transaction_version("shard-0-e000001") for name in LANDED} == {0}


def test_a_gap_is_not_jumped_over(lake):
    """Of each producer's life, the longest run without a gap is taken."""
    landed = {
        app: [SegmentName(app[0], 1, seq) for seq in seqs]
        for app, seqs in {"a-e000001": [0, 1, 3], "b-e000001": [1, 2]}.items()
    }
    assert [str(name) for name in plan(lake.table("looks"), landed)] == [
        str(SegmentName("a", 1, seq)) for seq in (0, 1)
    ]


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty"])
def test_a_damaged_segment_is_set_aside_with_its_reason(lake, batch, damage):
    """It gets one row in quarantine, every table moves past it, and what follows it is not held up."""
    producer = lake.landing.producer("shard-0")
    receipts = [producer.append(batch) for _ in range(3)]
    file = segment(lake, receipts[1])
    whole = file.read_bytes()
    torn = {"truncated": whole[:-20], "empty": b"", "flipped": bytes([whole[0] ^ 1]) + whole[1:]}
    file.write_bytes(torn[damage])
    done = compact(lake)
    assert (done.segments, done.set_aside) == (2, 1)
    assert [seq for _, _, seq in batches(lake.read("measures"))] == [0, 2]
    (row,) = lake.read("quarantine").to_pylist()
    assert (row["segment"], row["seq"], row["bytes"]) == (file.name, 1, len(torn[damage]))
    assert (file.parent / "damaged" / file.name).exists()
    assert not lake.landing.segments()
    assert compact(lake).set_aside == 0


@pytest.mark.slow
def test_no_damage_of_any_byte_stops_compaction(lake, measures, monkeypatch):
    """A segment that was cut off anywhere, or in which any byte changed, is set aside like any other."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    producer = lake.landing.producer("shard-0")
    first = producer.append({"measures": measures("cam-a", [0])})
    whole = segment(lake, first).read_bytes()
    torn = [whole[:place] for place in range(len(whole))]
    torn += [
        whole[:place] + bytes([byte ^ (1 + place % 255)]) + whole[place + 1 :]
        for place, byte in enumerate(whole)
    ]
    for seq, data in enumerate(torn, 1):
        (lake.landing._folder.path / str(SegmentName("shard-0", 1, seq))).write_bytes(data)
    done = compact(lake)
    assert (done.segments, done.set_aside, done.late) == (1, len(torn), 0)
    assert batches(lake.read("measures")) == [("shard-0", 1, 0)]
    assert lake.read("quarantine").num_rows == len(torn)
    assert not lake.landing.segments()


def test_a_shard_that_is_large_unpacked_is_written_in_pieces(lake, batch, monkeypatch):
    """A worker holds only so many rows at a time, and takes them all."""
    monkeypatch.setattr(shards, "MOST_BYTES", 1)
    producer = lake.landing.producer("shard-0")
    for _ in range(3):
        producer.append(batch)
    compact(lake)
    assert batches(lake.read("measures")) == [("shard-0", 1, seq) for seq in range(3)]
    assert len(_paths(lake, "measures")) == 3


@pytest.fixture
def land(lake, looks, measures):
    """Land a look and a measure of a camera in time, and those of another minute."""

    def append(minute=None, producer="shard-0", **how):
        minutes = [0] if minute is None else [0, minute]
        said = {
            "looks": looks("cam-a", minutes, slots=[0]),
            "measures": measures("cam-a", minutes),
        }
        return lake.landing.producer(producer, **how).append(said)

    return append


THREE_DAYS = 3 * 24 * 60
TEN_YEARS = 3650 * 24 * 60


@pytest.mark.parametrize("minute", [-THREE_DAYS, THREE_DAYS, TEN_YEARS])
def test_late_rows_are_kept_out_and_told(lake, land, minute):
    """Rows far from when they landed are in no table; quarantine says how many and why; nothing is lost."""
    receipt = land(minute)
    done = compact(lake)
    assert (done.segments, done.set_aside, done.late) == (0, 1, 1)
    assert [lake.read(name).num_rows for name in ("looks", "measures")] == [1, 1]
    (row,) = lake.read("quarantine").to_pylist()
    assert (row["segment"], row["rows"], row["bytes"]) == (str(receipt.segment), 2, receipt.bytes)
    assert row["reason"] == "1 of 2 measures and 1 of 2 looks lie more than 48 h from when they landed"
    assert (lake.landing.segments(), lake.landing.late()) == ({}, [receipt.segment])


def test_late_rows_that_are_landed_again_are_in_the_tables(lake, land):
    """A backfill brings just the late rows, once, in their own day."""
    land(-THREE_DAYS)
    land(-THREE_DAYS, producer="shard-1")
    compact(lake)
    assert str(backfill(lake, "shard-1")).startswith("landed 2 late rows of 1 segments again")
    assert backfill(lake, "shard-1").segments == 0
    compact(lake)
    assert sorted(lake.read("looks")["day"].to_pylist()) == [DAY - timedelta(days=3), DAY, DAY]
    assert [name.producer for name in lake.landing.late()] == ["shard-0"]


def test_a_late_segment_that_rots_is_left_where_it_lies(lake, land):
    """A backfill that cannot read a segment says so and goes on with the others."""
    names = [land(-THREE_DAYS).segment, land(-THREE_DAYS).segment]
    compact(lake)
    (lake.landing._folder.path / "late" / str(names[0])).write_bytes(b"torn")
    assert backfill(lake).segments == 1
    assert lake.landing.late() == names[:1]


def test_old_rows_that_are_meant_are_taken(lake, land):
    """A declared backfill is never late."""
    land(-THREE_DAYS, backfill=True)
    assert compact(lake).late == 0
    assert lake.read("looks").num_rows == 2


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("land"), st.sampled_from([None, -THREE_DAYS, TEN_YEARS])),
            st.tuples(st.just("compact"), st.integers(0, 8)),
            st.tuples(st.just("backfill"), st.integers(0, 3)),
        ),
        max_size=8,
    )
)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_late_rows_are_never_in_a_table_and_never_lost(tmp_path_factory, looks, steps):
    """However often jobs are killed, a late row is nowhere before its backfill, and there once after it."""
    lake = Lake.create(tmp_path_factory.mktemp("lake"), lambda: MIDNIGHT)
    producer = lake.landing.producer("shard-0")
    meant, brought = [], False
    for step, how in steps:
        if step == "land":
            meant += [0] if how is None else [0, how]
            producer.append({"looks": looks("cam-a", [0] if how is None else [0, how], slots=[0])})
        else:
            _killed(how, partial(compact if step == "compact" else backfill, lake))
        brought |= step == "backfill"
        assert brought or set(minutes(lake.read("looks", fresh=True))) <= {0}
    compact(lake)
    while lake.landing.late() or lake.landing.segments():
        backfill(lake)
        compact(lake)
    assert minutes(lake.read("looks")) == sorted(meant)


def _killed(nth, job):
    """Do a job that ends at its n-th milestone (0: that is not killed)."""
    reached = []

    def watch(name):
        reached.append(name)
        if len(reached) == nth:
            raise PowerCutError

    milestones.watchers.append(watch)
    try:
        job()
    except PowerCutError:
        pass
    finally:
        milestones.watchers.remove(watch)


def minutes(rows):
    """The minutes that rows of looks are of."""
    return sorted(int((at - MIDNIGHT).total_seconds()) // 60 for at in rows["at"].to_pylist())


POINTS = ("write_shard", "commit", "make_durable", "delete", "set_aside")


class PowerCutError(Exception):
    """The process ended here."""


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.sampled_from(POINTS), st.integers(1, 6)), max_size=4),
    st.integers(1, 4),
)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_killed_anywhere_and_run_again_it_is_exactly_once(tmp_path_factory, batch, cuts, count):
    """However often a compaction ends midway, before or after a step, every batch is there once."""
    lake = Lake.create(tmp_path_factory.mktemp("lake"), lambda: MIDNIGHT)
    producer = lake.landing.producer("shard-0")
    receipts = [producer.append(batch) for _ in range(count)]
    segment(lake, receipts[0]).write_bytes(b"torn")
    expected = [("shard-0", 1, seq) for seq in range(1, count)]
    for point, nth in cuts:
        with pytest.MonkeyPatch.context() as patch:
            _cut(patch, point, nth)
            try:
                compact(lake, shard_bytes=1)
            except PowerCutError:
                assert batches(lake.read("measures", fresh=True)) == expected
    compact(lake)
    for name in ("looks", "measures"):
        assert batches(lake.read(name)) == expected
    assert lake.read("quarantine").num_rows == 1
    assert not lake.landing.segments()


def _cut(patch, point, nth):
    """End the process at the n-th call of a step: odd ones before it, even ones after it."""
    owner = {"write_shard": compaction, "commit": commits, "make_durable": commits}
    place = owner.get(point) or compaction.Lake("").landing.__class__
    real, calls = getattr(place, point), []

    def step(*args, **options):
        calls.append(point)
        if len(calls) == nth and nth % 2:
            raise PowerCutError
        done = real(*args, **options)
        if len(calls) == nth:
            raise PowerCutError
        return done

    patch.setattr(place, point, step)


def test_watermarks_never_fall(lake, batch):
    """A commit that was planned before another one came in between is refused, and planned again."""
    producer = lake.landing.producer("shard-0")
    producer.append(batch)
    real, raced = compaction.plan, []

    def planned(snapshot, landed):
        found = real(snapshot, landed)
        if not raced:
            raced.append(True)
            producer.append(batch)
            compact(Lake(lake.root))
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compaction, "plan", planned)
        compact(lake)
    assert batches(lake.read("looks")) == [("shard-0", 1, 0), ("shard-0", 1, 1)]
    assert lake.table("looks").transaction_version("shard-0-e000001") == 1


def test_what_lands_meanwhile_waits_for_the_next_compaction(lake, batch, monkeypatch):
    """A batch that lands between two tables goes into none of them, and is not deleted."""
    producer = lake.landing.producer("shard-0")
    producer.append(batch)
    real = compaction.plan
    monkeypatch.setattr(compaction, "plan", lambda *given: (producer.append(batch), real(*given))[1])
    compact(lake)
    monkeypatch.undo()
    landed = [("shard-0", 1, seq) for seq in range(5)]
    assert batches(lake.read("looks")) == batches(lake.read("measures")) == landed[:1]
    compact(lake)
    assert batches(lake.read("looks")) == batches(lake.read("measures")) == landed


def test_two_compactions_at_once_lose_and_double_nothing(lake, batch):
    """Compactions that race with each other and with producers leave every batch exactly once."""
    told, failures = [], []

    def produce(name):
        producer = lake.landing.producer(name)
        for _ in range(8):
            found = producer.append(batch).segment
            told.append((found.producer, found.epoch, found.seq))

    def take_in():
        try:
            for _ in range(5):
                compact(Lake(lake.root), shard_bytes=1)
        except Exception as error:  # noqa: BLE001 - a thread's failure is the test's
            failures.append(error)

    threads = [threading.Thread(target=produce, args=(name,)) for name in ("a", "b")]
    threads += [threading.Thread(target=take_in) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    compact(lake)
    assert not failures
    assert batches(lake.read("looks")) == batches(lake.read("measures")) == sorted(told)
    assert not lake.landing.segments()


def test_rows_are_sorted_within_their_files(lake, see):
    """A day's file is in the order in which it is read: by camera, then time."""
    see("cam-b", range(3))
    see("cam-a", range(3), producer="shard-1")
    compact(lake)
    found = lake.read("looks", columns=["camera_id", "at"])
    assert found.sort_by([("camera_id", "ascending"), ("at", "ascending")]).equals(found)


def test_large_landings_are_cut_into_shards(lake, batch):
    """Segments of more than the shard size become several files, still in one commit."""
    producer = lake.landing.producer("shard-0")
    receipts = [producer.append(batch) for _ in range(3)]
    compact(lake, shard_bytes=receipts[0].bytes + 1)
    assert len(lake.table("looks").file_uris()) == 2
    assert lake.version("looks") == 1


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("ray")
def test_ray_writes_what_this_process_writes(lake, batch, tmp_path):
    """Compaction as Ray Data tasks leaves the same tables, damaged segments included."""
    other = Lake.create(tmp_path / "other", lake.now)
    for made in (lake, other):
        producer = made.landing.producer("shard-0")
        receipts = [producer.append(batch) for _ in range(4)]
        segment(made, receipts[2]).write_bytes(b"torn")
    done = compact(lake, Executor.RAY, shard_bytes=receipts[0].bytes)
    compact(other, Executor.LOCAL, shard_bytes=receipts[0].bytes)
    assert (done.segments, done.set_aside) == (3, 1)
    for name in ("looks", "measures"):
        order = [("seq", "ascending"), ("camera_id", "ascending")]
        assert lake.read(name).sort_by(order).equals(other.read(name).sort_by(order))
        assert _paths(lake, name) == _paths(other, name)


def _paths(lake, name):
    return sorted(pa.table(lake.table(name).get_add_actions())["path"].to_pylist())
