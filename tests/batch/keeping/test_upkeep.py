"""Keeping a lake in order: nothing is lost by putting it in order, and what is forgotten is gone."""

import shutil
from datetime import UTC, date, datetime, timedelta

import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch.compacting.compact import compact
from batch.executor import Executor
from batch.keeping import rewrite as rewriting
from batch.keeping import vacuum as vacuuming
from batch.keeping.forget import forget
from batch.keeping.recluster import recluster
from batch.keeping.retention import retain
from batch.keeping.vacuum import fence, vacuum
from batch.rolling.rollup import rollup
from lakehouse.log import checkpoints, commits, datafiles
from lakehouse.log.commits import StaleSnapshotError
from lakehouse.log.fingerprint import fingerprint
from lakehouse.log.listing import listed
from lakehouse.problem import BadTable, BadTime, UnknownCamera, UnknownParameter, UnknownVersion
from lakehouse.store import Lake
from lakehouse.tables import LANDED, TABLES

DAY = date(2026, 11, 23)
MIDNIGHT = datetime(2026, 11, 22, 17, tzinfo=UTC)
LATER = MIDNIGHT + timedelta(days=2)
CAMERAS = ("cam-a", "cam-b", "cam-c")
NONE = timedelta(0)


def _fingerprints(lake):
    return {table: fingerprint(lake.read(table)) for table in LANDED}


def _files(lake, table):
    return {one.file.path for one in listed(lake.table(table))}


def _on_disk(lake, table):
    return {one.path for one in lake.folder(table).walk() if not one.path.startswith("_delta_log")}


@pytest.fixture(scope="module")
def untidy(founded, looks, measures, tmp_path_factory):
    """A lake in which every camera's day lies in four files of each table, which nobody writes to."""
    lake = Lake.open(shutil.copytree(founded.root, tmp_path_factory.mktemp("untidy") / "lake"), founded.now)
    for hour in range(4):
        minutes = range(hour * 60, hour * 60 + 3)
        for camera in CAMERAS:
            said = {"looks": looks(camera, minutes), "measures": measures(camera, minutes)}
            lake.landing.producer("shard-0", backfill=True).append(said)
        compact(lake)
    return lake


@pytest.fixture
def scattered(lake, untidy):
    """Such a lake of one's own."""
    shutil.rmtree(lake.root)
    shutil.copytree(untidy.root, lake.root)
    return lake


def test_a_closed_day_becomes_files_of_its_own_cameras(scattered):
    """Afterwards no two files of a day share a camera, and every row is still there, once."""
    before = _fingerprints(scattered)
    done = recluster(scattered, now=LATER, shard_rows=10)
    assert {table for table, _ in done.days} == {"looks", "measures"}
    for table in ("looks", "measures"):
        held = [(one.least["camera_id"], one.greatest["camera_id"]) for one in listed(scattered.table(table))]
        assert sorted(held) == [(camera, camera) for camera in CAMERAS]
    assert _fingerprints(scattered) == before


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("ray")
def test_ray_reclusters_as_this_process_does(scattered, tmp_path):
    """As Ray Data tasks the same files come out."""
    other = Lake.open(shutil.copytree(scattered.root, tmp_path / "other"))
    recluster(scattered, Executor.RAY, now=LATER, shard_rows=10)
    recluster(other, Executor.LOCAL, now=LATER, shard_rows=10)
    assert _files(scattered, "looks") == _files(other, "looks")
    assert _fingerprints(scattered) == _fingerprints(other)


def test_a_day_that_goes_on_is_left_alone(scattered):
    """Only closed days are reclustered; asked again, nothing is left to do."""
    assert not recluster(scattered, now=MIDNIGHT + timedelta(hours=5)).days
    assert recluster(scattered, now=LATER).days
    versions = [scattered.version(table) for table in LANDED]
    assert not recluster(scattered, now=LATER).days
    assert [scattered.version(table) for table in LANDED] == versions


def test_late_rows_come_in_while_a_day_is_rewritten(scattered, see, monkeypatch):
    """A compaction between a rewrite's plan and its commit keeps both: its rows and the rewrite's order."""
    real = rewriting.commits.commit

    def with_a_guest(snapshot, *rest, **about):
        monkeypatch.setattr(rewriting.commits, "commit", real)
        see("cam-a", [300])
        compact(scattered)
        return real(snapshot, *rest, **about)

    monkeypatch.setattr(rewriting.commits, "commit", with_a_guest)
    rows = scattered.read("measures").num_rows
    recluster(scattered, now=LATER)
    assert scattered.read("measures").num_rows == rows + 1


def test_of_two_rewrites_at_once_one_plans_again(scattered, monkeypatch):
    """A recluster that another one overtook starts again, and nothing is there twice."""
    before = _fingerprints(scattered)
    real = rewriting.commits.commit

    def overtaken(snapshot, *rest, **about):
        monkeypatch.setattr(rewriting.commits, "commit", real)
        recluster(Lake(scattered.root), now=LATER, shard_rows=10)
        return real(snapshot, *rest, **about)

    monkeypatch.setattr(rewriting.commits, "commit", overtaken)
    recluster(scattered, now=LATER)
    assert _fingerprints(scattered) == before


def test_a_rewrite_that_reads_too_little_changes_nothing(scattered, monkeypatch):
    """Shards that do not add up to what the log says are refused before the commit."""
    monkeypatch.setattr(rewriting, "_ranges", lambda *_: [("cam-a", "cam-b")])
    before = _files(scattered, "looks")
    with pytest.raises(BadTable, match="what was read is not what is there"):
        recluster(scattered, now=LATER)
    assert _files(scattered, "looks") == before


def test_a_rewrite_that_writes_something_else_changes_nothing(scattered, monkeypatch):
    """Files are read back, and must hold just the rows that were read."""
    real = datafiles.write
    monkeypatch.setattr(
        rewriting.datafiles,
        "write",
        lambda where, table, rows, *rest: real(where, table, rows.slice(1), *rest),
    )
    before = _files(scattered, "measures")
    with pytest.raises(BadTable, match="what was written"):
        recluster(scattered, now=LATER)
    assert _files(scattered, "measures") == before


def test_a_recluster_says_what_it_kept(scattered):
    """The commit carries the count and the fingerprint of its rows."""
    recluster(scattered, now=LATER)
    table = scattered.table("measures")
    actions = commits.read_commit(commits.log_folder(table), table.version())
    told = next(action["commitInfo"] for action in actions if "commitInfo" in action)
    rows = scattered.read("measures").drop_columns(["day"])
    assert told["matakota"] == "recluster"
    assert told["matakota.rows"] == str(rows.num_rows)
    assert told["matakota.fingerprint"] == format(fingerprint(rows), "016x")


def test_order_and_age_change_no_aggregate(scattered):
    """After a recluster and after forgetting by age, area hours are what they were."""
    rollup(scattered, LATER)
    before = fingerprint(scattered.read("area_hours").drop_columns(["source_version"]))
    recluster(scattered, now=LATER)
    retain(scattered, {"measures": 1, "looks": 1}, now=LATER + timedelta(days=9))
    assert scattered.read("looks").num_rows == 0
    rollup(scattered, LATER)
    assert fingerprint(scattered.read("area_hours").drop_columns(["source_version"])) == before


def test_what_is_old_is_forgotten_to_the_day(scattered):
    """A table keeps today and so many days before; younger rows and other tables stay."""
    rows = scattered.read("looks").num_rows
    assert not retain(scattered, {"measures": 2}, now=LATER).forgotten["measures"][1]
    assert retain(scattered, {"measures": 1}, now=LATER + timedelta(days=1)).forgotten["measures"][1] > 0
    assert scattered.read("measures").num_rows == 0
    assert scattered.read("looks").num_rows == rows


def test_a_kind_is_forgotten_alone(scattered, see):
    """Rows of another kind in the same files stay, each once."""
    see("cam-a", range(5), kind="crowd.people")
    compact(scattered)
    people = scattered.read("measures", where=pc.field("kind") == "crowd.people")
    done = retain(scattered, {"measures/traffic.flow": 1}, now=LATER + timedelta(days=2))
    assert done.forgotten["measures/traffic.flow"][1] == 36
    assert fingerprint(scattered.read("measures")) == fingerprint(people)
    assert not retain(scattered, {"measures/traffic.flow": 1}, now=LATER + timedelta(days=2)).forgotten[
        "measures/traffic.flow"
    ][1]


@pytest.mark.parametrize(
    ("keep", "said"),
    [({"cameras": 9}, "cameras"), ({"looks/x": 9}, "looks"), ({"looks": 0}, "at least one day")],
)
def test_what_cannot_age_is_refused(lake, keep, said):
    """A table without an age, a kind where there is none, and no days at all are named."""
    with pytest.raises(UnknownParameter, match=said):
        retain(lake, keep)


def test_vacuum_deletes_what_no_wanted_version_holds(scattered):
    """Old files stay while their versions are wanted, and go when they are not."""
    before = _on_disk(scattered, "looks")
    recluster(scattered, now=LATER)
    vacuum(scattered)
    assert before < _on_disk(scattered, "looks")
    assert scattered.read("looks", version=4).num_rows == scattered.read("looks").num_rows
    vacuum(scattered, keep=NONE)
    assert _on_disk(scattered, "looks") == _files(scattered, "looks")


def test_vacuum_takes_no_file_that_is_about_to_be_committed(scattered, see):
    """What a compaction wrote before a vacuum is refused, written again, and then not deleted."""
    see("cam-a", [400])
    snapshot, landed = scattered.table("looks"), scattered.landing.segments()
    (name,) = (name for names in landed.values() for name in names)
    rows = scattered.landing.read(name)["looks"]
    old = datafiles.write(scattered.folder("looks"), TABLES["looks"], rows, commits.generation(snapshot))
    vacuum(scattered, keep=NONE)
    assert old[0].path not in _on_disk(scattered, "looks")
    with pytest.raises(StaleSnapshotError):
        commits.commit(snapshot, old, {name.app_id: name.seq})
    compact(scattered)
    assert fingerprint(scattered.read("looks", where=pc.field("seq") == name.seq)) != 0


def test_a_file_written_after_the_fence_survives(scattered, see, monkeypatch):
    """A compaction that runs between a vacuum's fence and its sweep loses nothing."""
    real = vacuuming.fence

    def then_compact(lake, table):
        snapshot = real(lake, table)
        see("cam-b", [500], producer=f"late-{table}")
        compact(lake)
        return snapshot

    monkeypatch.setattr(vacuuming, "fence", then_compact)
    vacuum(scattered, keep=NONE, tables=("looks", "measures"))
    assert scattered.read("looks").num_rows == 36 * 6 + 12
    assert _files(scattered, "looks") <= _on_disk(scattered, "looks")


def test_the_fence_refuses_every_rewriter(scattered):
    """Whoever planned a rewrite before it must plan again."""
    snapshot = scattered.table("measures")
    fence(scattered, "measures")
    with pytest.raises(StaleSnapshotError):
        commits.commit(snapshot, (), commits.rewriting(snapshot))


def test_orphans_and_abandoned_writes_are_deleted(scattered, monkeypatch):
    """A file that was never committed goes, one that is being written stays for an hour."""
    looks = scattered.read("looks").slice(0, 3)
    (orphan,) = datafiles.write(scattered.folder("looks"), TABLES["looks"], looks, 0)
    young = scattered.folder("looks").path / "_tmp-1"
    young.write_bytes(b"")
    vacuum(scattered)
    assert orphan.path not in _on_disk(scattered, "looks")
    assert young.exists()
    monkeypatch.setattr(vacuuming, "_ABANDONED", NONE)
    vacuum(scattered)
    assert not young.exists()


def test_somebody_elses_file_is_left_alone(scattered):
    """A file that no writer of ours named is not garbage."""
    other = scattered.folder("looks").path / "notes.txt"
    other.write_text("not ours")
    vacuum(scattered, keep=NONE)
    assert other.exists()


def test_old_commits_leave_the_log_and_the_table_opens(scattered, monkeypatch):
    """The log shrinks to what comes after the last but one checkpoint, and nothing is lost."""
    monkeypatch.setattr(checkpoints, "EVERY", 2)
    for number in range(6):
        commits.commit(scattered.table("looks"), (), {"x": number})
    before, version = _fingerprints(scattered), scattered.version("looks")
    log = commits.log_folder(scattered.table("looks"))
    done = vacuum(scattered, keep=NONE)
    assert done.commits > 0
    assert f"{0:020d}.json" not in log.names()
    assert len([name for name in log.names() if name.endswith(".parquet")]) == 2
    again = Lake.open(scattered.root)
    assert _fingerprints(again) == before
    assert again.version("looks") > version
    newest = max(name for name in log.names(".parquet"))
    (log.path / newest).write_bytes(b"")
    assert _fingerprints(Lake.open(scattered.root)) == before


@pytest.mark.parametrize("trimmed", [False, True], ids=["files", "log"])
def test_a_version_that_was_vacuumed_is_unknown(scattered, monkeypatch, trimmed):
    """Who asks for it is told so, whether its files are gone or its commit too."""
    monkeypatch.setattr(checkpoints, "EVERY", 2 if trimmed else 100)
    recluster(scattered, now=LATER)
    for number in range(6):
        commits.commit(scattered.table("looks"), (), {"x": number})
    vacuum(scattered, keep=NONE)
    with pytest.raises(UnknownVersion, match="older than what is kept"):
        scattered.read("looks", version=4)
    with pytest.raises(UnknownVersion):
        scattered.read("looks", version=4000)


def test_a_reader_whose_files_are_vacuumed_reads_a_newer_version(scattered, monkeypatch):
    """A read that a deletion overtakes starts again, and sees all that is left."""
    real = Lake.table

    def then_vacuum(lake, name, version=None):
        snapshot = real(lake, name, version)
        monkeypatch.setattr(Lake, "table", real)
        recluster(lake, now=LATER)
        vacuum(lake, keep=NONE)
        return snapshot

    rows = scattered.read("looks").num_rows
    monkeypatch.setattr(Lake, "table", then_vacuum)
    assert scattered.read("looks").num_rows == rows


def test_a_deletion_request_leaves_nothing(scattered, see):
    """What a camera saw in a time is in no table, no old file and no segment; all else is untouched."""
    rollup(scattered, LATER)
    see("cam-a", [61])  # landed, and not yet compacted
    others = {t: scattered.read(t, where=pc.field("camera_id") != "cam-a") for t in ("looks", "measures")}
    since, until = MIDNIGHT + timedelta(hours=1), MIDNIGHT + timedelta(hours=2)
    done = forget(scattered, "cam-a", since, until)
    assert done.rows["measures"] == 4
    assert done.rows["looks"] == 24
    left = scattered.read("measures", where=pc.field("camera_id") == "cam-a")["minute"].to_pylist()
    assert len(left) == 9
    assert not [at for at in left if since <= at < until]
    for table, rows in others.items():
        assert fingerprint(scattered.read(table, where=pc.field("camera_id") != "cam-a")) == fingerprint(rows)
        assert _on_disk(scattered, table) == _files(scattered, table)
    rollup(scattered, LATER)
    where = (pc.field("camera_id") == "cam-a") & (pc.field("minute") == since)
    (minute,) = scattered.read("camera_minutes", where=where).to_pylist()
    assert (minute["value"], minute["reason"]) == (None, "not looked at")


def test_late_rows_that_were_set_aside_go_with_a_deletion(lake, looks, measures):
    """Of a segment in landing/late the camera's rows are forgotten, and another camera's stay."""
    rows = {"looks": looks("cam-a", [0]), "measures": measures("cam-b", [0])}
    lake.landing.producer("slow").append(rows)
    five_days_on = Lake.open(lake.root, lambda: MIDNIGHT + timedelta(days=5))
    five_days_on.landing.producer("late").append(rows)
    compact(lake)
    (name,) = lake.landing.late()
    assert forget(lake, "cam-a", MIDNIGHT, LATER).rows["late"] == 6
    lake.landing.land_again(name)
    compact(lake)
    assert lake.read("measures").num_rows == 2
    assert lake.read("looks").num_rows == 0


def test_a_damaged_segment_goes_with_a_deletion(scattered, see):
    """Nobody can tell what is in it, so it is deleted."""
    receipt = see("cam-a", [62])
    path = scattered.landing._folder.path / str(receipt.segment)
    path.write_bytes(path.read_bytes()[:-9])
    assert forget(scattered, "cam-a", MIDNIGHT, LATER).segments == 1
    assert not [*(scattered.landing._folder.path / "damaged").glob("*.arrow")]


@pytest.mark.parametrize(
    ("camera", "hours", "error"),
    [("nobody", 1, UnknownCamera), ("cam-a", 0, BadTime)],
    ids=["camera", "time"],
)
def test_a_deletion_that_makes_no_sense_is_refused(scattered, camera, hours, error):
    """An unknown camera and an empty time are named, and nothing is deleted."""
    before = _fingerprints(scattered)
    with pytest.raises(error):
        forget(scattered, camera, MIDNIGHT, MIDNIGHT + timedelta(hours=hours))
    assert _fingerprints(scattered) == before


STEPS = ("land", "compact", "recluster", "retain", "vacuum", "rollup")


@pytest.mark.slow
@given(st.lists(st.sampled_from(STEPS), max_size=12))
@settings(deadline=None, max_examples=12)
def test_whatever_is_done_in_whatever_order_no_row_is_lost(tmp_path_factory, founded, looks, measures, steps):
    """Landing, compacting, reclustering, forgetting what is too old, and vacuuming keep every young row."""
    lake = Lake.open(shutil.copytree(founded.root, tmp_path_factory.mktemp("any") / "lake"), founded.now)
    landed = 0
    for step in steps:
        if step == "land":
            said = {"looks": looks("cam-a", [landed]), "measures": measures("cam-a", [landed])}
            lake.landing.producer(f"p{landed % 2}").append(said)
            landed += 1
        elif step == "compact":
            compact(lake)
        elif step == "recluster":
            recluster(lake, now=LATER, shard_rows=5)
        elif step == "retain":
            retain(lake, {"measures": 2, "looks": 2}, now=LATER)
        elif step == "vacuum":
            vacuum(lake, keep=NONE)
        else:
            rollup(lake, LATER)
    rows = lake.read("measures", fresh=True)["minute"].to_pylist()
    assert sorted(rows) == [MIDNIGHT + timedelta(minutes=number) for number in range(landed)]
