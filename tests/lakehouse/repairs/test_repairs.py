"""`python -m lakehouse repair`: what check names is mended, or it is said plainly that it cannot be."""

import shutil
import threading
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import test_checks as breaking
from typer.testing import CliRunner

from batch.compacting.compact import compact
from lakehouse import milestones
from lakehouse.__main__ import app
from lakehouse.checks import INVARIANTS
from lakehouse.log import commits, keys
from lakehouse.repairs import GROUND, MENDS, repair
from lakehouse.repairs.keys import LAST
from lakehouse.store import Lake
from lakehouse.tables import TABLES

WAYS = breaking.WAYS | breaking.DEEP
LOSING = {
    "commit empty",
    "commit gone",
    "file gone",
    "file shorter",
    "footer flipped",
    "byte flipped",
    "beyond the mark",
}
"""Ways of breaking a lake after which rows are gone."""

UNSURE = {"commit empty", "commit gone"}
"""Those after which something may be."""

BEHIND = {"gap", "deleted early", "order"}
"""Those of which compaction takes its part first."""

HOPELESS = {
    "table gone", "column gone", "column too many", "split otherwise", "segment flipped", "revision missing",
    "after the end", "rewrite lost a row", "rewrite of other rows", "mark falls",
}  # fmt: skip
"""Those that cannot be mended here."""


def content(lake):
    """Every file of a lake, with its bytes."""
    return {path: path.read_bytes() for path in Path(lake.root).rglob("*") if path.is_file()}


def mend(lake, **options):
    """Repair a lake; what was found."""
    return list(repair(lake, apply=True, **options))


def held(lake, name):
    """The rows of a table, in their order."""
    return lake.read(name).sort_by([(column, "ascending") for column in TABLES[name].key])


@pytest.mark.slow
@pytest.mark.parametrize("way", sorted(WAYS.keys() - HOPELESS - BEHIND))
def test_what_is_broken_is_mended(lake, good, way):
    """A dry run writes nothing; then the lake passes and has what was right, and a second run rests."""
    rule, _, spoil = WAYS[way]
    deep = way in breaking.DEEP
    spoil(lake)
    before = content(lake)
    told = list(repair(lake, deep=deep))
    assert content(lake) == before
    assert rule in {one.rule for one in told}
    assert all(one.mend.do and not one.done for one in told if one.rule == rule)
    if way in LOSING | UNSURE:
        assert any(one.mend.loses for one in mend(lake, deep=deep))
        assert breaking.broken(lake, deep=deep)[0] == rule
    assert all(one.done for one in mend(lake, deep=deep, accept_loss=True))
    assert breaking.broken(lake, deep=deep) is None
    after = content(lake)
    assert mend(lake, deep=deep, accept_loss=True) == []
    assert content(lake) == after
    for name in TABLES:
        ours, theirs = held(lake, name), held(good, name)
        if way not in LOSING | {"nobody's epoch"} and name != "quarantine":
            assert ours.equals(theirs), name
        assert ours.num_rows >= theirs.num_rows - (4 if way in LOSING else 0)


@pytest.mark.parametrize("way", sorted(HOPELESS))
def test_what_cannot_be_mended_is_said_plainly(lake, way):
    """The rule, what is broken and what to do are told, and no file changes."""
    rule, _, spoil = WAYS[way]
    spoil(lake)
    before = content(lake)
    told = [one for one in mend(lake, deep=way in breaking.DEEP) if one.rule == rule]
    assert told
    assert not any(one.done or one.mend.do for one in told)
    assert all(one.mend.broken and one.mend.remedy for one in told)
    assert content(lake) == before or way == "mark falls"


@pytest.mark.slow
@pytest.mark.parametrize("way", sorted(BEHIND))
def test_what_compaction_has_to_take_first_is_said_and_then_mended(lake, way):
    """Segments that lie before a gap are taken in, and then it is passed over and noted in quarantine."""
    rule, _, spoil = WAYS[way]
    spoil(lake)
    found = mend(lake, accept_loss=True)
    assert any("batch compact" in one.mend.remedy for one in found if one.rule == rule)
    compact(lake)
    mend(lake, accept_loss=True)
    compact(lake)
    assert breaking.broken(lake, deep=True) is None
    assert mend(lake, deep=True, accept_loss=True) == []
    reasons = lake.read("quarantine")["reason"].to_pylist()
    assert any("it was lost" in reason for reason in reasons) == (way != "order")


def test_a_mark_that_fell_is_raised_again(lake, good):
    """Its rows stay where they are; that it fell stays in the log, and a deep check goes on saying so."""
    WAYS["mark falls"][2](lake)
    assert breaking.broken(lake)[0] == breaking.STAMPS
    assert all(one.done for one in mend(lake))
    assert breaking.broken(lake) is None
    assert held(lake, "looks").equals(held(good, "looks"))
    assert breaking.broken(lake, deep=True)[0] == breaking.MARKS


def test_every_rule_that_is_mended_is_one_of_the_checks():
    """A rule that is renamed keeps its mends."""
    assert {*MENDS, *GROUND} <= {one.rule for one in INVARIANTS}


def test_a_good_lake_is_left_alone(lake):
    """Nothing is found and nothing is written."""
    before = content(lake)
    assert mend(lake, deep=True, accept_loss=True) == []
    assert content(lake) == before


def twice(name, *, last):
    """Rows of a table that were right, and others of the same keys; the later ones are right where `last`."""
    schema = TABLES[name].schema
    plain = next(
        one
        for one in schema
        if one.name not in {*TABLES[name].key, "day"} and not pa.types.is_nested(one.type)
    )
    values = {"string": ("a", "b"), "bool": (False, True)}.get(str(plain.type), (1, 2))
    if pa.types.is_temporal(plain.type):
        values = (breaking.AT, breaking.AT + timedelta(days=1))
    made = []
    for value in values:
        key = {one.name: _sample(one.type) for one in schema if one.name in {"day", *TABLES[name].key}}
        made.append(breaking.table(name, {**key, plain.name: value}))
    return made if last else made[::-1]


def _sample(kind):
    if pa.types.is_date(kind):
        return breaking.DAY
    return breaking.AT if pa.types.is_temporal(kind) else "shard-0" if pa.types.is_string(kind) else 1


@pytest.mark.parametrize("name", [name for name, one in TABLES.items() if not one.landed])
def test_of_two_rows_with_one_key_the_right_one_is_kept(tmp_path, empty_lake, name, monkeypatch):
    """The last one of what is written anew as more is known, the first one of all else; it is said which."""
    lake = Lake.open(shutil.copytree(empty_lake.root, tmp_path / "lake"))
    wrong, right = twice(name, last=name in LAST)
    came = iter(range(1, 99))
    real = breaking.datafiles.milliseconds
    monkeypatch.setattr(breaking.datafiles, "milliseconds", lambda at: real(at) + 60_000 * next(came))
    for rows in (wrong, right) if name in LAST else (right, wrong):
        breaking.put(lake, name, rows)
    (found,) = [one for one in mend(lake) if one.rule == breaking.KEYS]
    assert f"{name}: 1 keys are there more than once" in found.mend.broken
    assert ("the last commit" in found.mend.remedy) == (name in LAST)
    assert lake.read(name).equals(right)


def run(lake, *areas, mean):
    """What a run says of some areas, for three hours."""
    rows = [breaking.forecast(step, area_id=area, mean=mean) for area in areas for step in range(1, 4)]
    breaking.put(lake, "forecasts", breaking.table("forecasts", *rows))
    scores = [breaking.score(area_id=area, model=f"{mean}") for area in areas]
    breaking.put(lake, "scores", breaking.table("scores", *scores))


@pytest.mark.parametrize("order", [1, -1])
def test_a_doubled_forecast_is_kept_as_the_run_told_it_that_made_the_totals(tmp_path, empty_lake, order):
    """Whoever came first, the run of most areas keeps all of its hours, the other what it alone has."""
    lake = Lake.open(shutil.copytree(empty_lake.root, tmp_path / "lake"))
    runs = [(("33.74", "33.74.01", "33.74.02"), 2.0), (("33.74.01", "camera:x"), 7.0)][::order]
    for areas, mean in runs:
        run(lake, *areas, mean=mean)
    assert breaking.broken(lake)[0] == breaking.KEYS
    (found,) = mend(lake)
    assert "with which the totals were made" in found.mend.remedy
    told = lake.read("forecasts").to_pandas().groupby("area_id")["mean"].agg(["size", "min", "max"])
    assert told.loc["33.74.01"].tolist() == [3, 2.0, 2.0]
    assert told.loc["camera:x"].tolist() == [3, 7.0, 7.0]
    assert breaking.broken(lake) is None


def test_a_key_twice_in_one_file_is_kept_once(lake):
    """A rewrite put both into one file, so that nobody knows which came first."""
    rows = lake.read("kinds")
    breaking.put(
        lake, "kinds", pa.concat_tables([rows, breaking.table("kinds", breaking.kind() | {"version": "2"})])
    )
    assert breaking.broken(lake)[0] == breaking.KEYS
    mend(lake)
    assert lake.read("kinds").num_rows == 1


@pytest.mark.slow
@pytest.mark.parametrize("how", ["empty", "torn", "missing"])
@pytest.mark.parametrize("version", [0, 1])
def test_a_commit_of_which_nothing_is_left_is_filled_in(lake, how, version):
    """Its table opens again, with the rows of its file; what else it said is given up, and that is told."""
    for number in range(3):
        lake.append("models", breaking.table("models", {"model_id": f"m{number}", "at": breaking.AT}))
    place = breaking.log(lake, "models") / f"{version:020d}.json"
    spoil = {
        "empty": lambda: place.write_bytes(b""),
        "torn": lambda: place.write_bytes(place.read_bytes()[:-9]),
    }
    spoil.get(how, place.unlink)()
    assert breaking.broken(lake)[0] == breaking.CONTRACT
    before = content(lake)
    (dry,) = [one for one in repair(lake) if one.rule == breaking.CONTRACT]
    assert content(lake) == before
    assert bool(dry.mend.loses) == (version > 0)
    assert all(one.done for one in mend(lake, accept_loss=True))
    assert breaking.broken(lake) is None
    assert sorted(lake.read("models")["model_id"].to_pylist()) == ["m0", "m1", "m2"]
    assert mend(lake, accept_loss=True) == []


def test_older_checkpoints_that_are_torn_are_set_aside_too(lake):
    """Not only the newest one: opening a lake goes no further than to the first that is whole."""
    log = breaking.log(lake, "looks")
    (whole,) = log.glob("*.checkpoint.parquet")
    (log / f"{0:020d}.checkpoint.parquet").write_bytes(whole.read_bytes()[:-50])
    Lake.open(lake.root)
    assert breaking.broken(lake)[0] == breaking.CHECKPOINTS
    mend(lake)
    assert breaking.broken(lake) is None


class Killed(BaseException):
    """The end of a process, which no handler catches."""


@pytest.mark.slow
@pytest.mark.parametrize("nth", range(6))
def test_a_repair_that_was_killed_is_continued(lake, good, nth):
    """Wherever it dies, the next one goes on, and the lake ends as if nothing had happened."""
    for way in ("rows lost", "area twice", "rows twice", "checkpoint torn", "aside"):
        WAYS[way][2](lake)
    left = list(range(nth + 1))

    def die(milestone):
        if milestone.startswith(("commit: ", "append: ")) and left and not left.pop():
            raise Killed

    milestones.watchers.append(die)
    try:
        with pytest.raises(Killed):
            mend(lake)
    finally:
        milestones.watchers.clear()
    assert all(one.done for one in mend(lake))
    assert breaking.broken(lake, deep=True) is None
    for name in ("areas", "measures", "looks"):
        assert held(lake, name).equals(held(good, name))


@pytest.mark.slow
def test_a_repair_beside_writers_loses_and_doubles_nothing(lake, batch):
    """Batches land and are taken in, and rows are appended to the table that is being mended."""
    producer, over, failures = lake.landing.producer("shard-2"), threading.Event(), []

    def work():
        number = 0
        try:
            while not over.wait(0.02) or number < 3:
                number += 1
                producer.append(batch(1, f"another {number}", 10 + number))
                compact(lake)
                day = breaking.DAY + timedelta(days=number)
                lake.append("calendar", breaking.table("calendar", {"day": day, "kind": "event"}))
        except Exception as error:  # noqa: BLE001 - a thread's failure is the test's
            failures.append(error)

    event = {"day": breaking.DAY, "kind": "event"}
    for estimated in (True, False):
        breaking.put(lake, "calendar", breaking.table("calendar", event | {"estimated": estimated}))
    breaking.put(lake, "measures", breaking.stamped(lake, "measures", value=7.0))
    thread = threading.Thread(target=work)
    thread.start()
    try:
        found = mend(lake)
    finally:
        over.set()
        thread.join()
    assert not failures
    assert {one.rule for one in found} == {breaking.KEYS}
    assert breaking.broken(Lake.as_is(lake.root, lambda: breaking.AT)) is None
    days = lake.read("calendar")["day"].to_pylist()
    assert sorted(days) == [breaking.DAY + timedelta(days=number) for number in range(len(days))]
    assert lake.read("looks", where=pc.field("producer") == "shard-2").num_rows == len(days) - 1


@pytest.mark.slow
def test_what_a_compaction_takes_in_meanwhile_is_not_taken_out(lake, monkeypatch):
    """Rows of a batch beyond the mark are its table's own once compaction has taken the batch in."""
    early = lake.landing.read(breaking.SegmentName("shard-0", 1, 4))
    breaking.put(lake, "measures", early["measures"])
    real, raced = commits.commit, []

    def overtaken(*given, **options):
        if not raced:
            raced.append(True)
            compact(Lake.open(lake.root, lambda: breaking.AT))
        return real(*given, **options)

    monkeypatch.setattr(commits, "commit", overtaken)
    mend(lake)
    mend(lake)
    assert raced
    assert breaking.broken(lake, deep=True) is None
    assert lake.read("measures", where=pc.field("seq") == 4).num_rows == early["measures"].num_rows


@pytest.mark.slow
def test_the_command_says_what_it_would_do_and_does_it(lake):
    """Without --apply its status is 1 and nothing is written; with it, check passes afterwards."""
    WAYS["area twice"][2](lake)
    before = content(lake)
    words = ["repair", "--lake", lake.root]
    dry = CliRunner().invoke(app, words)
    assert (dry.exit_code, content(lake) == before) == (1, True)
    assert "areas: 1 keys are there more than once, such as area_id 33.74" in dry.output
    assert "with --apply: keeps the rows of the first commit" in dry.output
    assert dry.output.endswith("1 found, 0 mended, 1 left\n")
    done = CliRunner().invoke(app, [*words, "--apply"])
    assert done.exit_code == 0, done.output
    assert done.output.endswith("1 found, 1 mended, 0 left\n")
    again = CliRunner().invoke(app, [*words, "--apply"])
    assert (again.exit_code, again.output) == (0, "0 found, 0 mended, 0 left\n")
    keys.must_differ("areas", lake.read("areas"))


def test_loss_is_given_up_only_when_it_is_accepted(lake):
    """A file that is gone stays in the log until somebody says that no copy of it exists."""
    WAYS["file gone"][2](lake)
    words = ["repair", "--lake", lake.root, "--apply"]
    kept = CliRunner().invoke(app, words)
    assert kept.exit_code == 1
    assert "left, without --accept-loss: takes the file out of the table" in kept.output
    assert "gives up 4 rows of looks" in kept.output
    assert CliRunner().invoke(app, [*words, "--accept-loss"]).exit_code == 0
    assert (
        commits.told(commits.read_commit(lake.folder("looks") / "_delta_log", lake.version("looks")))[""]
        == "repair"
    )
