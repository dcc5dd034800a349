"""Keys: a row is new, or it is left out, whoever writes and whenever."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lakehouse import milestones
from lakehouse.log import keys
from lakehouse.log.commits import StaleSnapshotError
from lakehouse.problem import BadTable
from lakehouse.store import Lake
from lakehouse.tables import LANDED, QUANTILES, TABLES, quantile_column

AT = datetime(2026, 11, 23, 3, tzinfo=UTC)


def sample(kind, number):
    """A value of a type; other numbers give other values."""
    if pa.types.is_temporal(kind):
        return (AT + timedelta(days=number)).date() if pa.types.is_date(kind) else AT + timedelta(days=number)
    if pa.types.is_string(kind):
        return f"{number:03}"
    return number if pa.types.is_integer(kind) else None


def rows(name, *numbers):
    """Rows of a table, whose keys are as different as their numbers; what no key needs is NULL."""
    schema, needed = TABLES[name].schema, {"day", *TABLES[name].key}
    columns = {
        one.name: [sample(one.type, n) if one.name in needed else None for n in numbers] for one in schema
    }
    return pa.table(columns, schema=schema)


def forecasts(area, hours, mean):
    """Some hours of one area's forecast."""
    made = [
        {
            "issued_at": AT, "at": AT + timedelta(hours=hour), "step": "h", "area_id": area, "kind": "k",
            "scenario": "", "model": "base", "mean": mean, "input_version": 1,
            **{quantile_column(level): level for level in QUANTILES},
        }
        for hour in hours
    ]  # fmt: skip
    return pa.Table.from_pylist(made, schema=TABLES["forecasts"].schema)


@pytest.fixture
def meanwhile():
    """Let something be done at the first pass of a milestone."""

    def do(milestone, work):
        left = [work]

        def watch(point):
            if point == milestone and left:
                left.pop()()

        milestones.watchers.append(watch)

    yield do
    milestones.watchers.clear()


@pytest.mark.parametrize("name", TABLES)
def test_a_key_is_written_once_in_every_table(lake, name):
    """Rows that are there are left out, those that are not come in, and nothing new is no new version."""
    lake.append(name, rows(name, 1, 2))
    assert lake.append(name, rows(name, 3, 2, 1)) == 2
    assert lake.append(name, rows(name, 2, 3)) is None
    found = lake.read(name).select(TABLES[name].key)
    assert found.num_rows == 3
    keys.must_differ(name, lake.read(name))


@pytest.mark.parametrize("name", TABLES)
def test_two_that_write_the_same_at_once_write_it_once(lake, meanwhile, name):
    """What is claimed between a writer's look at the keys and its commit makes it look again."""
    meanwhile("append: planned", lambda: Lake.open(lake.root).append(name, rows(name, 1, 2)))
    lake.append(name, rows(name, 2, 3))
    keys.must_differ(name, lake.read(name))
    assert lake.read(name).num_rows == 3


def test_who_planned_from_a_snapshot_is_refused_and_has_written_nothing(lake, meanwhile):
    """With the snapshot that rows were made from, another writer's commit is told and nothing is left out."""
    meanwhile("append: planned", lambda: Lake.open(lake.root).append("runs", rows("runs", 7)))
    with pytest.raises(StaleSnapshotError):
        lake.append("runs", rows("runs", 1), on=lake.table("runs"))
    assert lake.read("runs").num_rows == 1


def test_a_forecast_is_of_one_run_from_its_first_hour_to_its_last(lake):
    """A later run of the same area adds no hour to it, not even one that it lacks; other areas come in."""
    lake.append("forecasts", forecasts("a", range(4), 1.0))
    later = pa.concat_tables([forecasts("a", range(8), 2.0), forecasts("b", range(8), 2.0)])
    lake.append("forecasts", later)
    found = lake.read("forecasts").to_pandas().groupby("area_id")["mean"].agg(["size", "max"])
    assert found.loc["a"].tolist() == [4, 1.0]
    assert found.loc["b"].tolist() == [8, 2.0]


@pytest.mark.parametrize("write", ["append", "replace"])
def test_a_key_that_is_given_twice_is_refused(lake, write):
    """The table and the key are named, and nothing is written."""
    with pytest.raises(BadTable, match="area_id 001 is there 2 times"):
        getattr(lake, write)("areas", rows("areas", 1, 2, 1))
    assert lake.version("areas") == 0


def test_days_that_are_not_replaced_get_no_row(lake):
    """A row of another day would stand beside the one that is there."""
    lake.append("area_hours", rows("area_hours", 1, 2))
    with pytest.raises(BadTable, match="which is not replaced"):
        lake.replace("area_hours", rows("area_hours", 1, 2), days=[(AT + timedelta(days=1)).date()])


def test_what_can_hold_no_such_key_is_not_opened(lake):
    """Files are skipped by their bounds: one that is gone is not missed by rows of other times."""
    lake.append("weather", rows("weather", 1))
    for file in lake.folder("weather").path.glob("*.parquet"):
        file.unlink()
    assert lake.append("weather", rows("weather", 5)) == 2


@pytest.mark.slow
@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=6, unique=True), min_size=1, max_size=5))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_written_in_whatever_order_each_key_is_there_once(tmp_path_factory, parts):
    """A table ends with just the keys that anybody wrote; who brought nothing new made no version."""
    lake = Lake.create(tmp_path_factory.mktemp("keys") / "lake")
    versions = [lake.append("calendar", rows("calendar", *part)) for part in parts]
    seen = [set().union(*parts[:place]) for place in range(len(parts) + 1)]
    assert [version is not None for version in versions] == [
        before < after for before, after in pairwise(seen)
    ]
    keys.must_differ("calendar", lake.read("calendar"))
    assert lake.read("calendar").num_rows == len(seen[-1])


def test_landed_tables_are_among_them():
    """Every table of the lake is held to this, and each has a key that its claim is a part of."""
    assert set(LANDED) < set(TABLES)
    assert all(table.key and set(table.claim) <= set(table.key) for table in TABLES.values())
