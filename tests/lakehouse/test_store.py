"""The lake: what is committed is whole, once and durable."""

import json
import shutil
from datetime import UTC, date, datetime, timedelta

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lakehouse.log import checkpoints, commits, datafiles
from lakehouse.log.commits import StaleSnapshotError
from lakehouse.problem import BadLake, BadTable
from lakehouse.store import Lake
from lakehouse.tables import TABLES

DAY = date(2026, 11, 23)
START = datetime(2026, 11, 22, 17, tzinfo=UTC)

same_lake = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def hours(values, day=DAY, area_id="33.74", reason=None):
    """Rows of area_hours, one an hour."""
    start = START + (day - DAY)
    return pa.Table.from_pylist(
        [
            {
                "day": day,
                "hour": start + timedelta(hours=number),
                "area_id": area_id,
                "kind": "traffic.flow",
                "seen": value,
                "value": value,
                "cameras_reporting": 1,
                "cameras_total": 1,
                "coverage": 1.0,
                "reason": reason,
                "origin": "pixels",
                "source_version": 1,
            }
            for number, value in enumerate(values)
        ],
        schema=TABLES["area_hours"].schema,
    )


def holidays(*days):
    """Rows of calendar."""
    rows = [
        {"day": day, "kind": "holiday", "name": {"id": "Libur", "en": "Holiday"}, "estimated": False}
        for day in days
    ]
    return pa.Table.from_pylist(rows, schema=TABLES["calendar"].schema)


def values(lake):
    """What area_hours holds, by day and hour."""
    found = lake.read("area_hours").sort_by([("day", "ascending"), ("hour", "ascending")])
    return list(zip(found["day"].to_pylist(), found["value"].to_pylist(), strict=True))


def test_every_table_is_there_and_empty(lake):
    """A new lake has each table with the columns that tables.py says."""
    for name, table in TABLES.items():
        assert lake.read(name).num_rows == 0
        assert pa.schema(lake.table(name).schema().to_arrow()).equals(table.schema)


def test_making_a_lake_again_opens_it(lake):
    """A second `create` changes nothing."""
    lake.append("calendar", holidays(DAY))
    assert Lake.create(lake.root).read("calendar").num_rows == 1


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({}, "there is no lake.json"),
        ({"lake.json": '{"format": 99}'}, "its format is 99"),
        ({"lake.json": "not JSON"}, "does not say which format"),
        ({"lake.json": "[1]"}, "does not say which format"),
    ],
)
def test_what_is_no_lake_is_refused(tmp_path, made, said):
    """A folder without a lake, or with one of another format, is named with the remedy."""
    for name, text in made.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(BadLake, match=said):
        Lake.open(tmp_path)


def test_somebodys_folder_is_not_made_a_lake(tmp_path):
    """A folder that holds other things stays as it is."""
    (tmp_path / "thesis.odt").touch()
    with pytest.raises(BadLake, match=r"thesis\.odt"):
        Lake.create(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.odt"]


def test_an_address_of_another_kind_is_refused():
    """An address is not taken for a folder's name."""
    with pytest.raises(BadLake, match="ftp://city/lake"):
        Lake.open("ftp://city/lake")


def test_what_is_appended_is_read_back(lake):
    """Rows come back as they were given, nested columns too."""
    rows = holidays(DAY, DAY + timedelta(days=1))
    assert lake.append("calendar", rows) == 1
    assert lake.read("calendar").equals(rows)


def test_once_is_once(lake):
    """An append under an app id and a version happens once, version 0 too; a later version happens again."""
    done = [
        lake.append("calendar", holidays(DAY + timedelta(days=n)), once=("founding", v))
        for n, v in enumerate((0, 0, 1))
    ]
    assert done == [1, None, 2]
    assert lake.read("calendar").num_rows == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows.drop_columns("kind"), "kind"),
        (lambda rows: rows.append_column("extra", rows["kind"]), "extra"),
        (lambda rows: rows.set_column(1, "hour", pa.nulls(len(rows), pa.timestamp("us", "UTC"))), "is NULL"),
        (lambda rows: rows.set_column(1, "hour", pa.array(["noon"] * len(rows))), "another type"),
        (
            lambda rows: rows.set_column(5, "value", pa.array([float("nan")] * len(rows))),
            "write the unknown as NULL",
        ),
    ],
    ids=["missing", "unknown", "key", "type", "nan"],
)
def test_rows_that_do_not_fit_are_refused(lake, change, said):
    """A missing, unknown or mistyped column, a key without a value, and NaN are refused; no file stays."""
    with pytest.raises(BadTable, match=said):
        lake.append("area_hours", change(hours([1.0, 2.0])))
    assert [path.name for path in lake.folder("area_hours").path.iterdir()] == ["_delta_log"]


def test_a_stale_snapshot_is_refused(lake):
    """Of two commits that were planned from the same snapshot and move the same mark, one is refused."""
    first, second = lake.table("calendar"), lake.table("calendar")
    files = datafiles.write(lake.folder("calendar"), TABLES["calendar"], holidays(DAY), 0)
    commits.commit(first, files, {"shard-e000001": 0})
    with pytest.raises(StaleSnapshotError):
        commits.commit(second, files, {"shard-e000001": 0})
    assert lake.read("calendar").num_rows == 1


def test_commits_of_others_do_not_disturb(lake):
    """A commit that moves another mark is carried over what came in between."""
    snapshot = lake.table("calendar")
    lake.append("calendar", holidays(DAY), once=("other", 1))
    files = datafiles.write(lake.folder("calendar"), TABLES["calendar"], holidays(DAY + timedelta(days=1)), 0)
    assert commits.commit(snapshot, files, {"mine": 1}) == 2
    assert lake.read("calendar").num_rows == 2


def test_a_commit_without_files_moves_the_mark(lake):
    """How far a table has come moves even where there was nothing for it."""
    commits.commit(lake.table("looks"), [], {"shard-e000001": 7})
    assert lake.table("looks").transaction_version("shard-e000001") == 7


def test_a_commit_is_synced(lake, synced):
    """The data file, the commit and both folders are synced before an append returns."""
    lake.append("calendar", holidays(DAY))
    names = [path.removeprefix(lake.root + "/calendar") for path in synced]
    assert "_tmp-" in names[0]
    assert names[1:] == ["", *(f"/_delta_log/{n:020d}.json" for n in (0, 1)), "/_delta_log"]


@given(st.lists(st.tuples(st.integers(0, 3), st.lists(st.integers(0, 9), max_size=3)), max_size=6))
@same_lake
def test_replacing_days_leaves_the_others(tmp_path_factory, empty_lake, rewrites):
    """Whatever is rewritten in whatever order, each day holds what was last written for it, once."""
    lake = Lake.open(shutil.copytree(empty_lake.root, tmp_path_factory.mktemp("lake") / "lake"))
    expected = {}
    first = date(2026, 11, 29)  # two days on either side of a month's end
    for offset, numbers in rewrites:
        day = first + timedelta(days=offset)
        lake.replace("area_hours", hours([float(n) for n in numbers], day), days=[day])
        expected[day] = numbers
    assert values(lake) == [(day, float(n)) for day, numbers in sorted(expected.items()) for n in numbers]


def test_the_same_again_makes_no_new_version(lake):
    """Replacing days by what they hold, with the same marks, is no commit."""
    for _ in range(2):
        lake.replace("area_hours", hours([1.0, 2.0]), days=[DAY], marks={"source": 4})
    assert lake.version("area_hours") == 1
    assert lake.replace("area_hours", hours([1.0, 2.0]), days=[DAY], marks={"source": 5}) == 2


def test_replacing_a_whole_table(lake):
    """Without days the table holds these rows and no others."""
    lake.append("calendar", holidays(DAY))
    lake.replace("calendar", holidays(DAY + timedelta(days=1)))
    assert lake.read("calendar")["day"].to_pylist() == [DAY + timedelta(days=1)]


def test_two_rewrites_at_once_do_not_duplicate(lake):
    """A rewrite that was made from a snapshot is refused once another one came in between."""
    lake.append("area_hours", hours([1.0]))
    snapshot = lake.table("area_hours")
    lake.replace("area_hours", hours([2.0]), days=[DAY])
    with pytest.raises(StaleSnapshotError):
        lake.replace("area_hours", hours([3.0]), days=[DAY], on=snapshot)
    assert values(lake) == [(DAY, 2.0)]


def test_files_are_skipped_by_their_bounds(lake):
    """A filter by time opens only the files that can hold such rows."""
    for offset in (0, 31, 62):
        lake.append("area_hours", hours([1.0], DAY + timedelta(days=offset)))
    dataset = lake.table("area_hours").to_pyarrow_dataset()
    kept = [*dataset.get_fragments(filter=pc.field("hour") > START + timedelta(days=40))]
    assert len(kept) == 1


@pytest.mark.parametrize(
    "where",
    [
        pc.field("reason").is_null(),
        pc.field("reason") == "not looked at",
        pc.field("value") > 1,
        pc.field("value").is_null(),
        (pc.field("origin") == "pixels") & (pc.field("hour") >= START + timedelta(hours=1)),
    ],
    ids=str,
)
def test_a_filter_finds_what_it_finds_without_bounds(lake, where):
    """Whatever column is asked for, NULLs included, skipping files loses no row."""
    lake.append("area_hours", hours([1.0, 2.0]))
    lake.append("area_hours", hours([None, None], area_id="33.74.01", reason="not looked at"))
    lake.append(
        "area_hours", pa.concat_tables([hours([3.0], area_id="a"), hours([None], area_id="b", reason="x")])
    )
    found = lake.read("area_hours", where=where)
    assert found.num_rows == lake.read("area_hours").filter(where).num_rows > 0


def test_a_version_is_read_as_it_was(lake):
    """An older version reads as it stood."""
    lake.append("calendar", holidays(DAY))
    lake.replace("calendar", holidays(DAY + timedelta(days=1)))
    assert lake.read("calendar", version=1)["day"].to_pylist() == [DAY]


def test_other_tools_read_the_tables(lake):
    """DuckDB and Polars find the same rows."""
    lake.append("area_hours", hours([1.0, 2.5, None]))
    dataset = lake.table("area_hours").to_pyarrow_dataset()
    found = duckdb.from_arrow(dataset).aggregate("sum(value) as total, count(*) as hours").fetchall()
    assert found == [(3.5, 3)]
    assert pl.scan_delta(f"{lake.root}/area_hours").select(pl.col("value").sum()).collect().item() == 3.5


@pytest.fixture
def checkpointed(lake, monkeypatch):
    """A lake whose calendar has a checkpoint at version 3 and one commit after it."""
    monkeypatch.setattr(checkpoints, "EVERY", 3)
    for number in range(4):
        lake.append("calendar", holidays(DAY + timedelta(days=number)))
    return lake


def log_of(lake):
    """The calendar's log."""
    return lake.folder("calendar").path / "_delta_log"


def test_checkpoints_are_written_as_versions_grow(checkpointed):
    """A checkpoint stands every so many versions, and the hint names it."""
    assert [path.name[:20] for path in log_of(checkpointed).glob("*.checkpoint.parquet")] == [f"{2:020d}"]
    assert json.loads((log_of(checkpointed) / "_last_checkpoint").read_text())["version"] == 2


@pytest.mark.parametrize("damage", ["empty", "torn", "empty hint", "no checkpoint"])
def test_a_damaged_checkpoint_is_healed(checkpointed, damage):
    """A checkpoint that a power cut left empty or torn is set aside on opening, and no row is lost."""
    log = log_of(checkpointed)
    (checkpoint,) = log.glob("*.checkpoint.parquet")
    if damage == "empty":
        checkpoint.write_bytes(b"")
    elif damage == "torn":
        checkpoint.write_bytes(checkpoint.read_bytes()[:-40])
    elif damage == "no checkpoint":
        checkpoint.unlink()
    else:
        (log / "_last_checkpoint").write_bytes(b"")
    assert Lake.open(checkpointed.root).read("calendar").num_rows == 4
    checkpointed.append("calendar", holidays(DAY + timedelta(days=9)))
    assert Lake.open(checkpointed.root).read("calendar").num_rows == 5


def test_a_sound_checkpoint_is_left_alone(checkpointed):
    """Opening a lake that is well changes nothing in it."""
    before = sorted(path.name for path in log_of(checkpointed).iterdir())
    Lake.open(checkpointed.root)
    assert sorted(path.name for path in log_of(checkpointed).iterdir()) == before
