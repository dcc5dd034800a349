"""Races that a storm meets now and then, run step by step."""

import os
import shutil
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import batches
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import writers

from batch.compacting import compact as compaction
from batch.compacting.compact import compact
from batch.executor import Executor
from batch.keeping import forget as deletion
from batch.keeping import rewrite as rewriting
from batch.keeping.vacuum import vacuum
from batch.rolling import history
from batch.rolling.rollup import rollup
from lakehouse import milestones
from lakehouse.log import checkpoints, commits
from lakehouse.places.folder import TEMPORARY
from lakehouse.places.places import folder_at
from lakehouse.problem import BrokenLake
from lakehouse.store import Lake

EVER = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
RNG = np.random.default_rng(7)


def land(lake, camera="cam-1", age=timedelta(0)):
    """Land a batch of a camera."""
    made = batches.batch(RNG, [camera], 10, int(RNG.integers(1 << 31)), lake.now() - age)
    return lake.landing.producer("shard-0").append(made)


def test_a_checkpoint_holds_no_commit_that_was_not_synced(lake, monkeypatch):
    """Whoever sees a checkpoint syncs only what came after it, so what came meanwhile is not yet in it."""
    monkeypatch.setattr(checkpoints, "EVERY", 1)
    synced, raced = commits.make_durable, []

    def overtaken(log):
        synced(log)
        if not raced:
            raced.append(True)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(commits, "make_durable", lambda _: None)
                patch.setattr(checkpoints, "EVERY", 1000)
                commits.commit(lake.table("calendar"), [], {"other": 1})

    monkeypatch.setattr(commits, "make_durable", overtaken)
    mine = commits.commit(lake.table("calendar"), [], {"mine": 1})
    log = commits.log_folder(lake.table("calendar"))
    assert checkpoints.last(log) == mine == lake.version("calendar") - 1


def test_a_log_is_trimmed_only_once_its_checkpoints_are_durable(lake, monkeypatch):
    """A checkpoint whose writer was killed before it synced is synced before what it stands for goes."""
    monkeypatch.setattr(checkpoints, "EVERY", 2)
    for number in range(6):
        commits.commit(lake.table("calendar"), [], {"mine": number})
    log, steps = commits.log_folder(lake.table("calendar")), []
    for name in ("sync", "remove"):
        real = getattr(type(log), name)
        monkeypatch.setattr(
            type(log),
            name,
            lambda log, *names, real=real, name=name: (steps.append((name, names)), real(log, *names))[1],
        )
    assert checkpoints.trim(log, lake.now() + timedelta(days=1))
    kept = [f"{version:020d}.checkpoint.parquet" for version in (3, 5)]
    assert steps[0] == ("sync", tuple(kept))
    assert Lake.open(lake.root).version("calendar") == 6


def test_opening_is_not_disturbed_by_another_opening(lake, monkeypatch):
    """Of two that heal the same table at once, the one that finds the hint gone goes on."""
    log = commits.log_folder(lake.table("calendar"))
    monkeypatch.setattr(type(log), "has", lambda *_: True)
    assert checkpoints.heal(log) == []


def test_a_vacuum_takes_no_file_that_quarantine_is_about_to_have(lake, monkeypatch):
    """A compaction that has written its row of quarantine, and is overtaken by a vacuum, plans it again."""
    producer = lake.landing.producer("shard-0")
    producer._folder.create(f"{producer.name}-e{producer.epoch:06d}-{0:012d}.arrow", b"torn")
    real, raced = commits.commit, []

    def overtaken(snapshot, *given, **options):
        if "quarantine" in snapshot.table_uri and not raced:
            raced.append(True)
            vacuum(lake, keep=timedelta(0), tables=["quarantine"])
        return real(snapshot, *given, **options)

    monkeypatch.setattr(compaction.commits, "commit", overtaken)
    compact(lake)
    assert raced
    assert lake.read("quarantine").num_rows == 1


def test_what_a_killed_producer_left_is_swept(lake):
    """A segment that was never finished, and that nobody has touched for an hour, goes with a vacuum."""
    landing = lake.landing._folder
    old, young = (
        landing.path / f"{TEMPORARY}{age}-shard-0-e000001-000000000000.arrow" for age in ("old", "young")
    )
    for file in (old, young):
        file.write_bytes(b"half a segm")
    an_hour_ago = lake.now().timestamp() - 3700
    os.utime(old, (an_hour_ago, an_hour_ago))
    assert vacuum(lake, tables=[]).files == 1
    assert (old.exists(), young.exists()) == (False, True)


def test_a_rewrite_whose_files_a_vacuum_takes_is_planned_again(lake, monkeypatch):
    """What was written from a snapshot before the fence may go before it was read back."""
    for _ in range(4):  # in two days or three, so that one of them has two files
        land(lake)
        compact(lake)
    rows, real, raced = lake.read("looks").num_rows, rewriting._read_back, []

    def overtaken(*given):
        if not raced and vacuum(lake, keep=timedelta(0), tables=["looks"]).files:
            raced.append(True)
        return real(*given)

    monkeypatch.setattr(rewriting, "_read_back", overtaken)
    days = lake.read("looks")["day"].to_pylist()
    for day in sorted(set(days)):
        rewriting.rewrite(lake, "looks", (day, day), Executor.LOCAL, commits.RECLUSTER)
    assert raced
    assert lake.read("looks").num_rows == rows


def test_an_object_that_goes_while_it_is_compared_is_put_again(bucket, monkeypatch):
    """Of a killed writer there may be the same file, which a vacuum takes just then."""
    place = folder_at(bucket)
    place.create("file", b"the same")
    real, raced = type(place).read, []

    def gone(one, name):
        if not raced:
            raced.append(one.remove(name))
        return real(one, name)

    monkeypatch.setattr(type(place), "read", gone)
    place.create("file", b"the same")
    assert place.read("file") == b"the same"


def test_a_file_that_is_gone_for_good_is_said(lake):
    """A reader waits for no newer version where the newest one itself lacks a file."""
    land(lake)
    compact(lake)
    for file in (lake.folder("looks").path).rglob("*-g*.parquet"):
        file.unlink()
    with pytest.raises(BrokenLake, match="looks"):
        lake.read("looks")


def test_a_deletion_that_was_killed_is_brought_to_its_end(lake, monkeypatch):
    """A camera of which only derived rows are left is still known to the deletion that is run again."""
    land(lake)
    compact(lake)
    rollup(lake)
    real = deletion._leave_out

    def killed(lake, table, *given):
        if table == "camera_minutes":
            raise KeyboardInterrupt
        return real(lake, table, *given)

    with monkeypatch.context() as patch:
        patch.setattr(deletion, "_leave_out", killed)
        with pytest.raises(KeyboardInterrupt):
            deletion.forget(lake, "cam-1", *EVER)
    assert not lake.read("looks").num_rows
    deletion.forget(lake, "cam-1", *EVER)
    assert not lake.read("camera_minutes", where=pc.field("camera_id") == "cam-1").num_rows


def test_what_comes_in_during_a_deletion_is_deleted_too(lake, monkeypatch):
    """A row that lands while a camera is forgotten does not make the deletion fail."""
    land(lake)
    real, raced = deletion.vacuum, []

    def overtaken(*given, **options):
        if not raced:
            raced.append(land(lake))
        return real(*given, **options)

    monkeypatch.setattr(deletion, "vacuum", overtaken)
    deletion.forget(lake, "cam-1", *EVER)
    assert raced
    assert not lake.read("looks", fresh=True).num_rows


class Killed(BaseException):
    """The end of a process, which no handler catches."""


def die(milestone):
    """Be killed once something is committed."""
    if milestone.startswith("commit: ") and milestone.endswith(" written"):
        raise Killed


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A lake to which each verb has written once."""
    made = Lake.create(tmp_path_factory.mktemp("written") / "lake")
    batches.found(made)
    writers.seed(made)
    for verb in writers.VERBS.values():
        verb(made, np.random.default_rng(1))
    return made


@pytest.mark.parametrize("killed", [False, True], ids=["done", "killed"])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("verb", writers.VERBS)
def test_a_verb_that_is_overtaken_by_its_like_writes_each_key_once(
    written, tmp_path, monkeypatch, verb, seed, killed
):
    """Another one commits just before, and is killed then or not: no key is twice, no series mixed."""
    lake, work = Lake.open(shutil.copytree(written.root, tmp_path / "lake")), writers.VERBS[verb]
    real, raced = commits.commit, []

    def overtaken(snapshot, *given, **options):
        if not raced:
            raced.append(True)
            milestones.watchers.extend([die] * killed)
            with suppress(Killed):
                work(Lake.open(lake.root), np.random.default_rng(seed + 100))
            milestones.watchers.clear()
        return real(snapshot, *given, **options)

    monkeypatch.setattr(commits, "commit", overtaken)
    work(lake, np.random.default_rng(seed + 200))
    work(lake, np.random.default_rng(seed + 200))
    assert writers.wrong(lake) == []


@pytest.mark.parametrize("verbs", [("founding", "append"), ("append", "founding")], ids=" beside ".join)
def test_two_writers_of_one_table_do_not_double_each_others_rows(lake, monkeypatch, verbs):
    """A table is fenced, not a verb."""
    (first, then), real, raced = (writers.VERBS[verb] for verb in verbs), commits.commit, []

    def overtaken(snapshot, *given, **options):
        if not raced and "calendar" in snapshot.table_uri:
            raced.append(True)
            then(Lake.open(lake.root), np.random.default_rng(1))
        return real(snapshot, *given, **options)

    monkeypatch.setattr(commits, "commit", overtaken)
    first(lake, np.random.default_rng(2))
    assert raced
    assert writers.wrong(lake) == []


def test_a_past_that_is_loaded_beside_a_rollup_has_no_hour_twice(lake, monkeypatch):
    """Days that a rollup brought while the past was made are left as they are, whole."""
    rows = lake.read("area_hours").slice(0, 0)
    land(lake)
    compact(lake)
    rollup(lake)
    theirs = lake.read("area_hours")
    lake.replace("area_hours", rows)
    real, raced = commits.commit, []

    def overtaken(snapshot, *given, **options):
        if not raced:
            raced.append(True)
            Lake.open(lake.root).append("area_hours", theirs)
        return real(snapshot, *given, **options)

    monkeypatch.setattr(commits, "commit", overtaken)
    city = theirs.filter(pc.field("area_id") == "33.74")
    more = city.set_column(2, "area_id", pa.repeat("33.74.16", city.num_rows))
    assert history._append(lake, pa.concat_tables([theirs, more])) == 0
    assert lake.read("area_hours").num_rows == theirs.num_rows
