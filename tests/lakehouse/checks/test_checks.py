"""`python -m lakehouse check`: a lake that is as it must be passes, and each way of breaking one is named."""

import itertools
import json
import shutil
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable
from typer.testing import CliRunner

from batch.compacting.compact import compact
from batch.keeping.recluster import recluster
from batch.keeping.vacuum import vacuum
from batch.rolling.rollup import rollup
from lakehouse.__main__ import app
from lakehouse.checks import INVARIANTS, rewrites
from lakehouse.checks.files import REMEDY
from lakehouse.checks.standing import Standing
from lakehouse.checks.values import RULES
from lakehouse.city import cameras
from lakehouse.city.cameras import Camera
from lakehouse.landing import rows
from lakehouse.landing.segments import SegmentName
from lakehouse.log import checkpoints, commits, datafiles
from lakehouse.log.listing import listed
from lakehouse.log.reading import watermark
from lakehouse.places.places import folder_at
from lakehouse.problem import BrokenLake
from lakehouse.scenes import State
from lakehouse.store import Lake
from lakehouse.tables import QUANTILES, TABLES, quantile_column

AT = datetime(2026, 11, 23, 3, tzinfo=UTC)
DAY = date(2026, 11, 23)
APP = "shard-0-e000001"
TORN = f"shard-1-e000001-{0:012d}.arrow"
LEFT = f"{APP}-{3:012d}.arrow"


def table(name, *told):
    """Rows of a table; what is not told is NULL."""
    return pa.Table.from_pylist([dict(one) for one in told], schema=TABLES[name].schema)


def forecast(step=1, **changes):
    """A row of forecasts."""
    quantiles = {quantile_column(level): 10.0 * level for level in QUANTILES}
    return {
        "issued_at": AT, "at": AT + timedelta(hours=step), "step": "h", "area_id": "33.74",
        "kind": "traffic.flow", "scenario": "", "model": "base", "mean": 5.0, "input_version": 1, **quantiles,
        **changes,
    }  # fmt: skip


def score(**changes):
    """A row of scores."""
    told = {"issued_at": AT, "area_id": "33.74", "kind": "traffic.flow", "model": "base", "scenario": ""}
    return {**told, "coverage80": 0.8, "coverage95": 0.95, **changes}


def kind():
    """The one kind that is measured."""
    words = {"id": "Kendaraan", "en": "Vehicles"}
    return {
        "kind": "traffic.flow", "analytic": "traffic", "what": "quantity", "title": words, "unit": words,
        "summed": "sum", "additive": True, "theme": "traffic", "forecast": True, "state": "stable",
        "version": "1",
    }  # fmt: skip


def hung():
    """The one camera."""
    return Camera(
        camera_id="cam", valid_from=AT, name="Cam", owner="Dishub", site="street", area_id="33.74.01",
        lat=-6.98, lon=110.42, source="rtsp://10.1.2.3/live", width=640, height=360,
    )  # fmt: skip


@pytest.fixture(scope="session")
def good(empty_lake, tmp_path_factory, batch, event):
    """A lake in which everything happened that may: a torn segment, a kill before deletion, a backlog."""
    root = shutil.copytree(empty_lake.root, tmp_path_factory.mktemp("good") / "lake")
    lake = Lake.open(root, lambda: AT)
    cameras.register(lake, [hung()])
    lake.append("kinds", table("kinds", kind()))
    landing = Path(lake.root) / "landing"
    producer, unlucky = (lake.landing.producer(name) for name in ("shard-0", "shard-1"))
    for minute in range(4):
        producer.append(batch(minute + 1, f"event-{minute}", minute))
        if minute == 1:
            compact(lake)
    for revision in (1, 2):
        told = [event(revision, subject="half of it was torn")]
        unlucky.append({"events": rows.events(told, {"cam": "33.74"}, {})})
    unlucky.append(batch(1, "late", -60 * 72))
    (landing / TORN).write_bytes((landing / TORN).read_bytes()[:-9])
    left = (landing / LEFT).read_bytes()
    compact(lake)
    (landing / LEFT).write_bytes(left)
    rollup(lake, AT + timedelta(hours=2))
    recluster(lake, days=[DAY])
    lake.append("forecasts", table("forecasts", *(forecast(step) for step in range(1, 4))))
    lake.append("scores", table("scores", score()))
    checkpoints.write(lake.table("looks"), lake.folder("looks") / "_delta_log")
    for minute in (4, 5, 6):
        producer.append(batch(1, f"event-{minute}", minute))
    more = [event(revision=2, state=State.ESCALATED), event(revision=3, state=State.CLOSED)]
    producer.append({"events": rows.events([event(), *more], {"cam": "33.74"}, {})})
    return lake


@pytest.fixture
def lake(good, tmp_path):
    """A copy of the good lake, to be broken."""
    return Lake.as_is(shutil.copytree(good.root, tmp_path / "lake"), lambda: AT)


def check(lake, *options):
    """Run the command."""
    return CliRunner().invoke(app, ["check", "--lake", lake.root, *options])


def broken(lake, *, deep=False):
    """The first rule that does not hold, and what is said of it."""
    standing = Standing(lake, deep)
    for invariant in INVARIANTS:
        if deep or not invariant.deep:
            try:
                invariant.look(standing)
            except BrokenLake as problem:
                return invariant.rule, str(problem)
    return None


@pytest.mark.parametrize("options", [[], ["--deep"]], ids=["quick", "deep"])
def test_a_good_lake_passes(good, options):
    """Every rule is printed with what was looked at, and the status is 0."""
    done = check(good, *options)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert [line.split("  ")[0] for line in lines[1:]] == [
        one.rule for one in INVARIANTS if options or not one.deep
    ]
    assert all(line.endswith(" holds") for line in lines[1:])
    assert not options or any(line.split()[4:6] == ["4", "rewrites"] for line in lines)


def test_an_empty_lake_passes(empty_lake):
    """A lake in which nothing happened yet is as it must be."""
    assert broken(empty_lake, deep=True) is None


def test_checking_changes_nothing(lake):
    """No file is written, moved or healed, even where one is damaged."""
    damage_checkpoint(lake)
    before = {path: path.stat().st_mtime_ns for path in Path(lake.root).rglob("*")}
    assert check(lake, "--deep").exit_code == 1
    assert {path: path.stat().st_mtime_ns for path in Path(lake.root).rglob("*")} == before


def test_the_first_broken_rule_ends_it_with_status_1(lake):
    """What holds is printed, then the broken one; the problem names the file, the rule and the remedy."""
    file = data_file(lake, "measures")
    file.unlink()
    done = check(lake)
    assert done.exit_code == 1
    assert done.stdout.splitlines()[-1].startswith("data files are as the log says ")
    assert done.stdout.endswith(" broken\n")
    assert isinstance(done.exception, BrokenLake)
    assert done.exception.value == f"measures/day={DAY}/{file.name}"


def log(lake, name):
    """The folder of a table's log."""
    return Path(lake.root) / name / "_delta_log"


def data_file(lake, name):
    """One data file of a table, not the smallest."""
    files = [lake.folder(name).path / one.file.path for one in listed(lake.table(name))]
    return max(files, key=lambda path: path.stat().st_size)


def put(lake, name, made, marks=None, **lies):
    """Commit rows past everything that watches over them; `lies` are told of their file."""
    files = datafiles.write(lake.folder(name), TABLES[name], made, 0)
    if lies:
        told = json.loads(files[0].stats)
        told |= {word: {**told[word], **lie} if isinstance(lie, dict) else lie for word, lie in lies.items()}
        files = [replace(files[0], stats=json.dumps(told))]
    commits.commit(lake.table(name), files, marks or {})


def change(lake, name, **columns):
    """Write a table anew with other values in its first row."""
    rows = lake.read(name).to_pylist()
    rows[0] |= columns
    before = [one.file for one in listed(lake.table(name))]
    after = datafiles.write(lake.folder(name), TABLES[name], table(name, *rows), 0)
    kept = {file.path for file in before} & {file.path for file in after}
    added, removed = ([file for file in files if file.path not in kept] for files in (after, before))
    commits.commit(lake.table(name), added, {}, removed=removed)


def flip(path, place):
    """Change one byte of a file."""
    data = bytearray(path.read_bytes())
    data[place] ^= 0xFF
    path.write_bytes(bytes(data))


def damage_checkpoint(lake):
    """Cut a checkpoint short."""
    (path,) = log(lake, "looks").glob("*.checkpoint.parquet")
    path.write_bytes(path.read_bytes()[:-50])


def other_columns(lake, name, schema, **options):
    """Put a table of another contract in the place of one."""
    shutil.rmtree(Path(lake.root) / name)
    DeltaTable.create(str(Path(lake.root) / name), schema, **options)


def without(schema, column):
    """A schema with one column less."""
    return schema.remove(schema.get_field_index(column))


def batches(lake, name):
    """Some rows of a landed table, to be committed once more."""
    return lake.read(name, where=pc.field("seq") == 2)


def stamped(lake, name, **stamp):
    """The same under another stamp."""
    return table(name, *({**row, **stamp} for row in batches(lake, name).to_pylist()))


def copy_segment(lake, seq, name):
    """Let a segment appear under another name."""
    landing = Path(lake.root) / "landing"
    (landing / name).parent.mkdir(exist_ok=True)
    shutil.copy(landing / f"{APP}-{seq:012d}.arrow", landing / name)


def remove_segment(lake, seq):
    """Lose a segment."""
    (Path(lake.root) / "landing" / f"{APP}-{seq:012d}.arrow").unlink()


def fewer(lake, name):
    """Lose the rows of a batch whose segment is still there."""
    kept = lake.read(name, where=pc.field("seq") != 3)
    lake.replace(name, kept, days=[DAY])


def reopen(lake):
    """Let an event be closed, and go on."""
    first = lake.read("events").to_pylist()[0]
    change(lake, "events", state="closed")
    put(lake, "events", table("events", {**first, "revision": 2}))


(
    CHECKPOINTS,
    CONTRACT,
    MARKS,
    FILES,
    REWRITES,
    ORDER,
    STAMPS,
    DENSE,
    WHOLE,
    ASIDE,
    TAKEN,
    KEYS,
    VALUES,
    EVENTS,
) = (invariant.rule for invariant in INVARIANTS)

WAYS = {
    "checkpoint torn": (CHECKPOINTS, "looks/_delta_log/00", damage_checkpoint),
    "hint empty": (
        CHECKPOINTS,
        "looks/_delta_log/_last",
        lambda lake: (log(lake, "looks") / "_last_checkpoint").write_text(""),
    ),
    "table gone": (
        CONTRACT,
        "'kinds': it does not open",
        lambda lake: shutil.rmtree(Path(lake.root) / "kinds"),
    ),
    "log torn": (
        CONTRACT,
        f"'scores/_delta_log/{0:020d}.json': it is missing, empty or torn",
        lambda lake: (log(lake, "scores") / f"{0:020d}.json").write_text('{"x'),
    ),
    "commit empty": (
        CONTRACT,
        f"'areas/_delta_log/{1:020d}.json': it is missing, empty or torn",
        lambda lake: (log(lake, "areas") / f"{1:020d}.json").write_bytes(b""),
    ),
    "commit gone": (
        CONTRACT,
        f"'areas/_delta_log/{1:020d}.json': it is missing, empty or torn",
        lambda lake: (
            (log(lake, "areas") / f"{2:020d}.json").write_text("{}")
            and (log(lake, "areas") / f"{1:020d}.json").unlink()
        ),
    ),
    "column gone": (
        CONTRACT,
        "'runs.run': it is absent, and the contract says string",
        lambda lake: other_columns(lake, "runs", without(TABLES["runs"].schema, "run")),
    ),
    "column too many": (
        CONTRACT,
        "'runs.extra': it is int8, and the contract says absent",
        lambda lake: other_columns(lake, "runs", TABLES["runs"].schema.append(pa.field("extra", pa.int8()))),
    ),
    "split otherwise": (
        CONTRACT,
        "'runs': it is split by",
        lambda lake: other_columns(lake, "runs", TABLES["runs"].schema, partition_by=["day"]),
    ),
    "file gone": (FILES, "it is not there", lambda lake: data_file(lake, "looks").unlink()),
    "file shorter": (
        FILES,
        "bytes, and the log says",
        lambda lake: data_file(lake, "looks").write_bytes(b"x"),
    ),
    "footer flipped": (FILES, "it cannot be read", lambda lake: flip(data_file(lake, "looks"), -1)),
    "row count": (
        FILES,
        "it holds 1 rows, and the log says 4",
        lambda lake: put(lake, "looks", batches(lake, "looks"), numRecords=4),
    ),
    "minimum": (
        FILES,
        "kind goes from",
        lambda lake: put(lake, "kinds", table("kinds", kind()), minValues={"kind": "x"}),
    ),
    "order": (
        ORDER,
        "'looks': it has shard-0-e000001 up to 4, and events",
        lambda lake: commits.commit(lake.table("looks"), [], {APP: 4}),
    ),
    "beyond the mark": (
        STAMPS,
        "rows of batch 9 of shard-0-e000001",
        lambda lake: put(lake, "measures", stamped(lake, "measures", seq=9)),
    ),
    "nobody's epoch": (
        STAMPS,
        "nobody claimed that epoch",
        lambda lake: put(lake, "measures", stamped(lake, "measures", epoch=8), {"shard-0-e000008": 2}),
    ),
    "gap": (DENSE, f"{APP}-{5:012d}.arrow", lambda lake: remove_segment(lake, 5)),
    "deleted early": (
        DENSE,
        f"{APP}-{8:012d}.arrow",
        lambda lake: [
            commits.commit(lake.table(name), [], {APP: 8}) for name in ("observations", "measures")
        ],
    ),
    "segment flipped": (
        WHOLE,
        f"{APP}-{4:012d}.arrow",
        lambda lake: flip(Path(lake.root) / "landing" / f"{APP}-{4:012d}.arrow", 40),
    ),
    "nobody's segment": (
        WHOLE,
        "nobody claimed",
        lambda lake: copy_segment(lake, 4, f"ghost-e000001-{0:012d}.arrow"),
    ),
    "aside": (
        ASIDE,
        f"{APP}-{0:012d}.arrow",
        lambda lake: copy_segment(lake, 4, f"damaged/{APP}-{0:012d}.arrow"),
    ),
    "rows lost": (
        TAKEN,
        f"{LEFT}': measures has taken it in with 0 rows, and it holds 1",
        lambda lake: fewer(lake, "measures"),
    ),
    "rows twice": (
        KEYS,
        "'measures': 1 keys are there more than once, such as camera_id cam",
        lambda lake: put(lake, "measures", stamped(lake, "measures", value=7.0)),
    ),
    "area twice": (
        KEYS,
        "'areas': 1 keys are there more than once, such as area_id 33.74",
        lambda lake: put(lake, "areas", table("areas", {"area_id": "33.74", "name": "x"})),
    ),
    "revision missing": (
        EVENTS,
        "revision 1 is missing before revision 3",
        lambda lake: change(lake, "events", revision=3),
    ),
    "after the end": (EVENTS, "revision 2 comes after the event was closed", reopen),
}


@pytest.mark.parametrize(("rule", "said", "spoil"), WAYS.values(), ids=WAYS)
def test_a_broken_lake_is_named(lake, rule, said, spoil):
    """Each way of breaking a lake breaks the rule that it should, and the table, file or segment is named."""
    spoil(lake)
    found, told = broken(lake) or ("nothing", "")
    assert found == rule, told
    assert said in told


SPOILT = {
    "day is not the city's date": {"day": DAY + timedelta(days=1)},
    "coverage is not in 0-1": {"coverage": 1.5},
    "coverage80 is not in 0-1": {"coverage80": -0.1},
    "coverage95 is not in 0-1": {"coverage95": 1.1},
    "coverage is 0": {"coverage": 0.0, "value": 0.0, "reason": None},
    "cameras_reporting is 0": {"cameras_reporting": 0, "value": 0.0, "coverage": 1.0, "reason": None},
    "value is NULL": {"value": None, "reason": None},
    "there is a value": {"value": 3.0, "coverage": 1.0, "cameras_reporting": 1, "reason": "not looked at"},
    "its quantiles cross": {"q25": 9.9},
    "one of vx and vy is NULL": {"vx": 7, "vy": None},
    "vx is -32768": {"vx": -32768},
    "vy is -32768": {"vy": -32768},
}
"""Values that break the rules which begin so; the others are broken by NULL."""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.table}, {rule.says}")
def test_a_row_that_says_what_it_may_not_is_named(lake, rule):
    """Each rule for rows is broken by one row, and the table, the rule and the row are named."""
    spoilt = [columns for says, columns in SPOILT.items() if rule.says.startswith(says)]
    change(lake, rule.table, **(spoilt[0] if spoilt else {rule.columns[0]: None}))
    found, told = broken(lake)
    assert found == VALUES
    assert told.startswith(f"'{rule.table}/")
    assert f"{rule.says} in 1 rows, such as {TABLES[rule.table].key[0]} " in told


@pytest.mark.slow
def test_whatever_byte_of_a_file_changes_is_found(lake):
    """A deep check names the file; a quick one may not see it, and is never at a loss for words."""
    file = data_file(lake, "observations")
    whole = file.read_bytes()
    for place in range(0, len(whole), len(whole) // 12):
        flip(file, place)
        rule, told = broken(lake, deep=True)
        assert (rule, file.name in told) == (FILES, True)
        assert (broken(lake) or (FILES,))[0] in {FILES, STAMPS, TAKEN, KEYS, VALUES}
        file.write_bytes(whole)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_quantile_that_is_no_number_is_named(lake, number):
    """NaN and infinity are no forecast."""
    change(lake, "forecasts", q50=number)
    assert broken(lake)[0] in {VALUES, FILES}


def test_a_replay_lands_in_any_order(lake, batch):
    """A batch of a replay that is ahead of another one is no gap, but one that was deleted too early is."""
    run = lake.landing.producer("replay-0123").name
    told = {name: rows for name, rows in batch(1, "replayed", 20).items() if name in {"measures", "events"}}
    lake.landing.again(SegmentName(run, 1, 2)).append(told)
    assert broken(lake) is None
    commits.commit(lake.table("observations"), [], {f"{run}-e000001": 1})
    assert broken(lake)[0] == DENSE


@pytest.mark.slow
def test_a_lake_in_a_bucket_is_checked(good, bucket):
    """The same rules hold, and are found broken, where the lake lies in an object store."""
    there = folder_at(bucket)
    for path in Path(good.root).rglob("*"):
        if path.is_file():
            there.create(str(path.relative_to(good.root)), path.read_bytes())
    lake = Lake.as_is(bucket)
    assert broken(lake, deep=True) is None
    path = listed(lake.table("measures"))[0].file.path
    lake.folder("measures").remove(path)
    assert broken(lake) == (FILES, f"'measures/{path}': it is not there, and the log names it; {REMEDY}")


def rewritten(lake, lost=0, **figures):
    """Commit as a recluster what lost so many rows, and told such figures."""
    before = listed(lake.table("looks"))
    after = datafiles.write(lake.folder("looks"), TABLES["looks"], lake.read("looks").slice(lost), 9)
    kept = {one.file.path for one in before} & {file.path for file in after}
    added = [file for file in after if file.path not in kept]
    removed = [one.file for one in before if one.file.path not in kept]
    about = commits.because(commits.RECLUSTER, **figures)
    commits.commit(lake.table("looks"), added, {}, removed=removed, about=about)


DEEP = {
    "rewrite lost a row": (REWRITES, "rows in the place of", lambda lake: rewritten(lake, 1, rows=3)),
    "rewrite of other rows": (
        REWRITES,
        "have the fingerprint",
        lambda lake: rewritten(lake, rows=lake.read("looks").num_rows, fingerprint="0" * 16),
    ),
    "mark falls": (
        MARKS,
        "lets the mark of shard-0-e000001 fall from 3 to 1",
        lambda lake: commits.commit(lake.table("looks"), [], {APP: 1}),
    ),
    "byte flipped": (
        FILES,
        "it is named by its content's sha256",
        lambda lake: flip(data_file(lake, "looks"), 6),
    ),
}


@pytest.mark.parametrize(("rule", "said", "spoil"), DEEP.values(), ids=DEEP)
def test_a_deep_check_reads_more(lake, rule, said, spoil):
    """What no footer and no newest snapshot shows is found when every column and every commit is read."""
    spoil(lake)
    found, told = broken(lake, deep=True)
    assert found == rule
    assert said in told


TOLD = {
    "nothing": {},
    "its rows": {"rows": 4},
    "its fingerprint": {"fingerprint": "0" * 16},
    "no number": {"rows": "many", "fingerprint": "0" * 16},
}


@pytest.mark.parametrize("figures", TOLD.values(), ids=TOLD)
def test_a_rewrite_that_tells_less_is_held_against_the_log(lake, figures):
    """A recluster that tells no rows or no fingerprint passes with as many rows as before, and no other."""
    rewritten(lake, **figures)
    assert broken(lake, deep=True) is None
    rewritten(lake, 1, **figures)
    rule, told = broken(lake, deep=True)
    assert (rule, "rows in the place of" in told) == (REWRITES, True)


@pytest.mark.parametrize(
    ("figures", "proved"), [({}, 4), ({"rows": 0}, 4), ({"rows": 0, "fingerprint": "0" * 16}, 5)]
)
def test_a_rewrite_that_moved_no_row_is_as_good(lake, figures, proved):
    """A recluster without a file is counted, and proved where it told the fingerprint of no rows."""
    commits.commit(lake.table("looks"), [], {}, about=commits.because(commits.RECLUSTER, **figures))
    told = f"5 rewrites of {len(TABLES)} tables, {proved} by their fingerprint"
    assert rewrites.kept(Standing(lake, deep=True)) == told


def test_files_without_statistics_are_not_counted(lake):
    """Delta lets a writer say no number of rows: what cannot be counted is not called lost."""
    before = [one.file for one in listed(lake.table("looks"))]
    mute = [replace(file, path=f"{file.path}.gone", stats="") for file in before]
    about = commits.because(commits.RECLUSTER)
    commits.commit(lake.table("looks"), mute, {}, removed=before, about=about)
    commits.commit(lake.table("looks"), before, {}, removed=mute, about=about)
    assert rewrites.kept(Standing(lake, deep=True)).startswith("6 rewrites ")


@pytest.mark.slow
def test_others_may_write_meanwhile(lake, batch):
    """While batches land and are taken in, and files are rewritten and deleted, every rule holds."""
    over, failures = threading.Event(), []

    def working(work):
        def go_on():
            try:
                while not over.wait(0.05):
                    work()
            except Exception as error:  # noqa: BLE001 - a thread's failure is the test's
                failures.append(error)

        return threading.Thread(target=go_on)

    producer, minutes = lake.landing.producer("shard-2"), itertools.count(10)

    def land():
        minute = next(minutes)
        producer.append(batch(2, f"another {minute}", minute))

    def put_in_order():
        recluster(lake, days=[DAY])
        vacuum(lake, keep=timedelta(0))

    threads = [working(work) for work in (land, lambda: compact(lake), put_in_order)]
    for thread in threads:
        thread.start()
    try:
        found = [broken(Lake.as_is(lake.root), deep=deep) for deep in (False, True) * 4]
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert not failures
    assert found == [None] * 8
    assert watermark(lake.table("looks"), "shard-2-e000001") > 0
