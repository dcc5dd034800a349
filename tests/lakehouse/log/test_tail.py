"""Fresh reads and the tail: what was acknowledged a second ago is seen, exactly once."""

from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lakehouse import clock
from lakehouse.landing import rows
from lakehouse.landing.segments import SegmentName, app_id
from lakehouse.log import checkpoints, commits, datafiles
from lakehouse.log.reading import watermark
from lakehouse.scenes import State
from lakehouse.store import Lake
from lakehouse.tables import LANDED, TABLES


def take_in(lake, table):
    """What compaction does for one table, without its care."""
    snapshot = lake.table(table)
    found = [
        name
        for app, names in lake.landing.segments().items()
        for name in names
        if name.seq > watermark(snapshot, app)
    ]
    parts = [lake.landing.read(name).get(table, TABLES[table].schema.empty_table()) for name in found]
    files = datafiles.write(lake.folder(table), TABLES[table], pa.concat_tables(parts), 0) if parts else []
    commits.commit(snapshot, files, {name.app_id: name.seq for name in found})


def empty(lake):
    """Delete what every table has."""
    looks = lake.table("looks")
    for app, names in lake.landing.segments().items():
        lake.landing.delete(name for name in names if name.seq <= watermark(looks, app))


def seqs(table):
    """Which batches a table's rows are of."""
    return sorted(
        zip(table["producer"].to_pylist(), table["epoch"].to_pylist(), table["seq"].to_pylist(), strict=True)
    )


def test_a_fresh_read_sees_what_has_just_landed(lake, batch):
    """Rows are there before any compaction when asked for fresh, and not otherwise."""
    lake.landing.producer("a").append(batch(5))
    assert [lake.read("observations", fresh=fresh).num_rows for fresh in (True, False)] == [5, 0]


def test_a_fresh_read_filters_and_selects(lake, batch):
    """Columns and conditions hold for landed and for compacted rows alike."""
    producer = lake.landing.producer("a")
    producer.append(batch(4))
    take_in(lake, "observations")
    producer.append(batch(4, minute=1))
    where = pc.field("label") == "car"
    found = lake.read("observations", columns=["label", "seq"], where=where, fresh=True)
    assert found.column_names == ["label", "seq"]
    assert sorted(found["seq"].to_pylist()) == [0, 0, 1, 1]


STEPS = st.lists(st.sampled_from(["a", "b", "again", *LANDED, "empty"]), max_size=12)


@pytest.mark.slow
@given(STEPS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_compaction_has_done_every_batch_is_read_once(empty_lake, tmp_path_factory, batch, steps):
    """At every step between landing, the tables' commits and deletion, a fresh read has each batch once."""
    lake = Lake.create(tmp_path_factory.mktemp("lake"), empty_lake.now)
    producers = {name: lake.landing.producer(name) for name in ("a", "b")}
    told, position, heard = [], lake.tail().position, []
    for number, step in enumerate(steps):
        if step == "again":
            producers["a"] = lake.landing.producer("a")
        elif step in producers:
            name = producers[step].append(batch(subject=str(number))).segment
            told.append((name.producer, name.epoch, name.seq))
        elif step == "empty":
            for table in LANDED:
                take_in(lake, table)
            empty(lake)
        else:
            take_in(lake, step)
        assert seqs(lake.read("events", fresh=True)) == sorted(told)
        tail = lake.tail(position)
        heard += seqs(tail.rows)
        position = tail.position
        assert len(position) <= 1 + len(lake.landing.segments())
    assert sorted(heard) == sorted(told)


@given(STEPS, st.integers(0, 12), st.booleans())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whoever_comes_back_hears_all_once(empty_lake, tmp_path_factory, batch, steps, left, first_release):
    """From a position of any moment, of the first release too, all that came later is told once."""
    lake = Lake.create(tmp_path_factory.mktemp("lake"), empty_lake.now)
    producers = {name: lake.landing.producer(name) for name in ("a", "b")}
    later, position = [], None
    for number, step in enumerate([*steps, "a"]):
        if number == min(left, len(steps)):
            position = every_life(lake) if first_release else lake.tail().position
        if step == "again":
            producers["b"] = lake.landing.producer("b")
        elif step in producers:
            name = producers[step].append(batch(subject=str(number))).segment
            later += [(name.producer, name.epoch, name.seq)] if position is not None else []
        else:
            for table in LANDED if step == "empty" else [step]:
                take_in(lake, table)
            if step == "empty":
                empty(lake)
    assert seqs(lake.tail(position).rows) == sorted(later)


def every_life(lake):
    """A position as the first release gave it out: of each life that was ever claimed its last batch."""
    landed = {app: names[-1].seq for app, names in lake.landing.segments().items()}
    apps = [app_id(*claim) for claim in lake.landing.claims()]
    return {app: max(landed.get(app, -1), watermark(lake.table("events"), app)) for app in apps}


def test_lives_that_are_over_are_forgotten(lake, batch):
    """After many lives of a producer a position names only those of which something is still in landing."""
    for number in range(30):
        lake.landing.producer("a").append(batch(subject=str(number)))
    before = lake.tail().position
    for table in LANDED:
        take_in(lake, table)
    empty(lake)
    assert lake.tail(before).rows.num_rows == 0
    lake.landing.producer("a").append(batch(subject="new"))
    assert set(lake.tail(before).position) == {"@", "a-e000031"}


def test_a_position_older_than_the_log_goes_on_from_what_is_kept(lake, batch, monkeypatch):
    """Who comes back after the log was cleaned away hears the newest, once, and is not refused."""
    monkeypatch.setattr(checkpoints, "EVERY", 2)
    position = lake.tail().position
    producer = lake.landing.producer("a")
    for number in range(8):
        producer.append(batch(subject=str(number)))
        for table in LANDED:
            take_in(lake, table)
    empty(lake)
    checkpoints.trim(commits.log_folder(lake.table("events")), clock.now() + timedelta(days=1))
    heard = [seq for _, _, seq in seqs(lake.tail(position).rows)]
    assert heard == sorted(set(heard))
    assert heard[-1] == 7


@pytest.mark.parametrize("version", [-1, 10**9])
def test_a_position_that_was_made_up_is_no_failure(lake, batch, version):
    """A version that never was tells what can be told."""
    lake.landing.producer("a").append(batch())
    take_in(lake, "events")
    assert lake.tail({"@": version}).rows.num_rows in {0, 1}


def test_a_tail_begins_now(lake, batch):
    """Without a position nothing is told but where to go on from."""
    lake.landing.producer("a").append(batch())
    tail = lake.tail()
    assert tail.rows.num_rows == 0
    assert tail.position == {"@": 0, "a-e000001": 0}


def test_a_tail_goes_on_after_compaction(lake, batch):
    """Who was away while segments were compacted and deleted misses nothing."""
    producer = lake.landing.producer("a")
    producer.append(batch())
    position = lake.tail().position
    producer.append(batch(subject="missed"))
    for table in LANDED:
        take_in(lake, table)
    empty(lake)
    producer.append(batch(subject="landed"))
    assert [seq for _, _, seq in seqs(lake.tail(position).rows)] == [1, 2]


def test_a_segment_that_vanishes_while_it_is_read_starts_again(lake, batch, monkeypatch):
    """A compaction between the listing and the reading makes no row disappear."""
    lake.landing.producer("a").append(batch())
    real, calls = lake.landing.__class__.read, []

    def read(landing, name, tables=LANDED):
        if not calls:
            calls.append(name)
            for table in LANDED:
                take_in(lake, table)
            empty(lake)
        return real(landing, name, tables)

    monkeypatch.setattr(lake.landing.__class__, "read", read)
    assert lake.read("events", fresh=True).num_rows == 1


def test_a_damaged_segment_hides_no_other(lake, batch):
    """What is beside a damaged segment is still read."""
    producer = lake.landing.producer("a")
    for _ in range(3):
        producer.append(batch())
    torn = lake.landing._folder.path / str(SegmentName("a", 1, 1))
    torn.write_bytes(torn.read_bytes()[:100])
    assert [seq for _, _, seq in seqs(lake.read("events", fresh=True))] == [0, 2]


def test_events_are_told_by_their_last_revision(lake, event):
    """Of an event's revisions, in the table or landed, readers get the last one."""
    producer = lake.landing.producer("a")

    def land(*events):
        producer.append({"events": rows.events(events, {"cam": "33.74"}, {})})

    land(event(1, subject="x"), event(1, subject="y"))
    take_in(lake, "events")
    land(event(2, State.CLOSED, subject="x"))
    found = {(row["revision"], row["state"]) for row in lake.events().to_pylist()}
    assert found == {(2, "closed"), (1, "open")}


def test_a_filter_asks_the_last_revision(lake, event):
    """An event that has closed is not among the open ones, though a revision of it was."""
    producer = lake.landing.producer("a")
    revisions = [event(1), event(2, State.ESCALATED), event(3, State.CLOSED), event(1, subject="still")]
    producer.append({"events": rows.events(revisions, {"cam": "33.74"}, {})})
    still_open = lake.events(where=pc.field("state") != "closed")
    assert still_open["revision"].to_pylist() == [1]
    assert lake.events(where=pc.field("state") == "escalated").num_rows == 0


@pytest.mark.parametrize(("run", "count"), [("live", 1), ("replay-1", 1), ("replay-2", 0)])
def test_a_replay_is_its_own_run(lake, event, run, count):
    """A replay's revisions of the same event are not mixed with the live ones."""
    producer = lake.landing.producer("a")
    for made, last in (("live", 1), ("replay-1", 2)):
        producer.append({"events": rows.events([event(last)], {"cam": "33.74"}, {}, made)})
    assert lake.events(run=run).num_rows == count
