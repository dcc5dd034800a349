"""What an older release made is brought to the format of this one, whatever happens on the way."""

import json
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import next_release
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from next_release import NEXT, STEPS

from batch.compacting.backfill import backfill
from batch.compacting.compact import compact
from batch.keeping.recluster import recluster
from batch.rolling.rollup import rollup
from lakehouse.checks import INVARIANTS
from lakehouse.checks.standing import Standing
from lakehouse.landing import segments
from lakehouse.log import columns, commits, datafiles
from lakehouse.places import card
from lakehouse.problem import BadLake
from lakehouse.store import Lake
from lakehouse.tables import TABLES
from lakehouse.upgrades.upgrade import found, upgrade

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
SWAY = next_release.SWAY.names


@pytest.fixture
def old(first_release, tmp_path):
    """A copy of it, brought to the format of this release."""
    root = str(shutil.copytree(first_release, tmp_path / "lake"))
    list(upgrade(root, apply=True))
    return root


@pytest.fixture
def next_one(old, monkeypatch):  # noqa: ARG001 - it was made before
    """This process is of the next release, as long as the test lasts."""
    with monkeypatch.context() as patch:
        next_release.become(patch)
        yield
    next_release.forget()


@pytest.fixture
def upgraded(old, next_one):  # noqa: ARG001 - the release that it is upgraded to
    """The lake in the next release's format."""
    list(upgrade(old, apply=True, steps=STEPS))
    return Lake.open(old, lambda: NOW)


def said(*words, status=0):
    """What a program printed that ended with a status."""
    done = subprocess.run([sys.executable, *words], check=False, capture_output=True, text=True)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def files(root):
    """Every file of a lake with what it holds."""
    return {path: path.read_bytes() for path in Path(root).rglob("*") if path.is_file()}


def box(**values):
    """A row of observations in the columns of now."""
    at = datetime(2026, 11, 23, 3, 30, tzinfo=UTC)
    row = dict.fromkeys(TABLES["observations"].schema.names, 1)
    words = {"day": at.date(), "at": at, "camera_id": "cam-a", "label": "car", "model_id": "m"}
    row |= words | {"producer": "p"} | values
    return pa.Table.from_pylist([row], TABLES["observations"].schema)


def test_every_format_has_its_step():
    """The steps of this release lead from the first format to its own, and each says what is new."""
    assert sorted(found()) == list(range(2, card.FORMAT + 1))
    assert all(step.about and step.changes for step in found().values())


def test_what_the_first_release_made_is_read_and_goes_on(old):
    """Its tables are whole, what had landed or came late is taken in, and hours are computed."""
    lake = Lake.open(old, lambda: NOW)
    assert lake.read("observations", fresh=True).num_rows == 576
    assert lake.read("forecasts").num_rows == 6
    assert len(lake.read("cameras")) == 2
    compact(lake)
    assert backfill(lake).rows > 0
    compact(lake)
    rollup(lake)
    assert not lake.landing.segments()
    assert lake.read("observations").num_rows == 576 + 24
    flow = (pc.field("kind") == "traffic.flow") & (pc.field("area_id") == "33.74")
    assert pc.sum(lake.read("area_hours", where=flow)["seen"]).as_py() == 5.0 * 13
    for invariant in INVARIANTS:
        invariant.look(Standing(Lake.as_is(old), deep=True))


@pytest.mark.usefixtures("next_one")
def test_a_dry_run_tells_and_changes_nothing(old):
    """Without --apply every step is told, and no byte is another one."""
    before = files(old)
    told = "\n".join(upgrade(old, apply=False, steps=STEPS))
    for part in ("observations gets sway_x (int16), sway_y (int16)", "notes comes new", "--apply"):
        assert part in told
    assert files(old) == before


def test_a_lake_of_today_is_left_alone(old):
    """There is nothing to do, and nothing is done."""
    before = files(old)
    assert "nothing to do" in "".join(upgrade(old, apply=True))
    assert files(old) == before


def test_what_was_stored_before_is_null_everywhere(upgraded):
    """Old files, old versions and batches that landed before have the columns of now, as NULL."""
    for found_rows in (
        upgraded.read("observations"),
        upgraded.read("observations", fresh=True),
        upgraded.read("observations", version=1),
    ):
        assert found_rows.schema.names == TABLES["observations"].schema.names
        assert found_rows["sway_x"].null_count == found_rows.num_rows > 0
    assert upgraded.tail({}, "observations").rows["sway_y"].null_count == 576
    assert upgraded.read("notes").num_rows == 0


def test_null_can_be_asked_for(upgraded):
    """A filter on a new column finds the old rows and the new ones, with whatever reader."""
    producer = upgraded.landing.producer("p", backfill=True)
    producer.append({"observations": box(sway_x=-7).drop_columns(["producer", "epoch", "seq"])})
    compact(upgraded)
    none, some = pc.field("sway_x").is_null(), pc.field("sway_x") == -7
    counts = [upgraded.read("observations", where=where).num_rows for where in (none, some, ~some)]
    assert counts == [576, 1, 0]
    snapshot = upgraded.table("observations")
    boxes = snapshot.to_pyarrow_dataset()
    assert duckdb.sql("select count(*) from boxes where sway_x is null").fetchall() == [(576,)]
    assert duckdb.sql("select count(*) from boxes where sway_x = -7").fetchall() == [(1,)]
    assert boxes.count_rows() == 577
    lazy = pl.scan_delta(str(Path(upgraded.root) / "observations"))
    assert lazy.filter(pl.col("sway_x").is_null()).collect().height == 576


def test_old_rows_are_written_anew(upgraded):
    """Compaction of old batches, a backfill of a late one and a recluster keep every row."""
    compact(upgraded)
    backfill(upgraded)
    compact(upgraded)
    assert recluster(upgraded).days
    rows = upgraded.read("observations")
    assert (rows.num_rows, rows["sway_x"].null_count) == (600, 600)
    assert upgraded.read("quarantine")["rows"].null_count == 0
    for invariant in INVARIANTS:
        invariant.look(Standing(Lake.as_is(upgraded.root), deep=True))


@pytest.mark.usefixtures("next_one")
def test_an_upgrade_is_nothing_new_to_a_rollup(old):
    """Columns that come new make no day one of which something changed."""
    before = Lake(old).version("observations")
    list(upgrade(old, apply=True, steps=STEPS))
    after = Lake.open(old).table("observations")
    assert after.version() == before + 2
    assert commits.touched_days(after, before) == set()


@pytest.mark.slow
def test_killed_at_any_point_it_is_carried_on(old, tmp_path, monkeypatch):
    """Wherever it died, nothing opens the lake half changed, and the next run brings it to its end."""
    script = [sys.executable, str(HERE / "next_release.py")]
    deaths, rows = 0, None
    for nth in range(1, 40):
        root = shutil.copytree(old, tmp_path / f"copy-{nth}")
        done = subprocess.run([*script, root, str(nth)], check=False, capture_output=True, text=True)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        deaths += 1
        with pytest.raises(BadLake, match="newer"):
            Lake.open(root)
        with monkeypatch.context() as patch:
            next_release.become(patch)
            if json.loads((root / "lake.json").read_text()).get("unfinished"):
                with pytest.raises(BadLake, match=r"not finished.*upgrade --lake .* --apply"):
                    Lake.open(root)
            list(upgrade(root, apply=True, steps=STEPS))
            lake = Lake.open(root, lambda: NOW)
            order = [(name, "ascending") for name in ("camera_id", "at", "track_id")]
            found_rows = lake.read("observations", fresh=True).sort_by(order)
            rows = rows or found_rows
            assert found_rows.num_rows == 576
            assert found_rows.equals(rows)
            assert not columns.silent(lake.table("observations"), SWAY)
            for invariant in INVARIANTS:
                invariant.look(Standing(Lake.as_is(root), deep=True))
        next_release.forget()
    assert deaths > 5


@pytest.mark.usefixtures("next_one")
def test_an_older_lake_is_told_the_way(old):
    """A newer program names the command that brings the lake to its format."""
    with pytest.raises(BadLake, match=r"python -m lakehouse upgrade --lake"):
        Lake.open(old)
    with pytest.raises(BadLake, match=r"python -m lakehouse upgrade --lake"):
        Lake.create(old)


def test_a_newer_lake_is_refused_by_name(old):
    """An older program says which format it found, and that a newer version reads it; it changes nothing."""
    card.Card(card.FORMAT + 3).write(Lake(old)._folder)
    before = files(old)
    for opening in (Lake.open, Lake.create, lambda root: list(upgrade(root, apply=True))):
        with pytest.raises(BadLake, match=rf"format is {card.FORMAT + 3}.*or a newer one"):
            opening(old)
    assert files(old) == before


def test_an_older_program_that_still_runs_writes_nothing(old, monkeypatch):
    """What was opened before an upgrade can neither commit nor set aside what a newer version lands."""
    running = Lake.open(old, lambda: NOW)
    planned = running.table("observations")
    made = datafiles.write(running.folder("observations"), TABLES["observations"], box(), 0)
    with monkeypatch.context() as patch:
        next_release.become(patch)
        list(upgrade(old, apply=True, steps=STEPS))
        rows = box(sway_x=3).drop_columns(["producer", "epoch", "seq"])
        Lake.open(old).landing.producer("new", backfill=True).append({"observations": rows})
    next_release.forget()
    with pytest.raises(commits.StaleSnapshotError):
        commits.commit(planned, made, {"x": 1})
    with pytest.raises(BadLake, match="newer"):
        commits.commit(running.table("observations"), made, {"x": 1})
    with pytest.raises(BadLake, match="newer"):
        compact(running)
    assert len(running.landing.segments()["new-e000001"]) == 1


@pytest.mark.usefixtures("next_one")
def test_two_upgrades_at_once_do_no_harm(old, monkeypatch):
    """Of two that add the same columns one is refused, finds them there, and both end well."""
    real, raced = columns.add, []

    def overtaken(snapshot, new):
        if not raced:
            raced.append(True)
            list(upgrade(old, apply=True, steps=STEPS))
        return real(snapshot, new)

    monkeypatch.setattr(columns, "add", overtaken)
    list(upgrade(old, apply=True, steps=STEPS))
    assert Lake.open(old).read("observations")["sway_x"].null_count == 480
    names = [field.name for field in Lake.open(old).table("observations").schema().fields]
    assert len(names) == len(set(names)) == len(TABLES["observations"].schema.names)


@pytest.mark.usefixtures("next_one")
def test_columns_are_durable(old, synced):
    """The commit that adds columns, and what it says of files, are synced before the card says so."""
    before = Lake(old).version("observations")
    list(upgrade(old, apply=True, steps=STEPS))
    log = [path for path in synced if path.endswith(".json") and "observations" in path]
    assert {Path(path).name for path in log} >= {f"{before + number:020d}.json" for number in (1, 2)}
    assert synced.index(log[-1]) < max(at for at, path in enumerate(synced) if path.endswith("/lake"))


@pytest.mark.usefixtures("next_one")
def test_a_key_is_never_made_up():
    """A batch that lacks a column of the key is no older one, and is refused."""
    rows = box().drop_columns(["producer", "epoch", "seq", "track_id"])
    data = segments.encode({"observations": rows}, landed_at=0)
    name = segments.SegmentName("x", 1, 0)
    with pytest.raises(segments.BadSegment, match="another version"):
        segments.decode(name, data).rows("observations")


@pytest.mark.slow
def test_in_a_bucket_it_is_the_same(bucket):
    """A lake in an object store goes the same way, and is refused by the same words."""
    said("-c", f"from lakehouse.store import Lake; Lake.create({bucket!r})")
    assert f"is of format {NEXT}" in said(str(HERE / "next_release.py"), bucket, "0")
    assert "a newer one" in said("-m", "lakehouse", "check", "--lake", bucket, status=1)


def test_the_command_tells_what_it_would_do(old):
    """`python -m lakehouse upgrade` says of a lake of today that there is nothing to do."""
    assert "nothing to do" in said("-m", "lakehouse", "upgrade", "--lake", old)
