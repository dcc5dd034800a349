"""Which run is published: live, unless a replay was adopted for that day and analytic."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.runs import HISTORY, LIVE, Runs
from lakehouse.tables import TABLES

DAYS = [date(2026, 11, 22) + timedelta(days=number) for number in range(3)]
ANALYTICS = ["crowd", "traffic", "traffic_signs"]
RUNS = [LIVE, "replay-a", "replay-b"]
START = datetime(2026, 11, 25, tzinfo=UTC)

ADOPTIONS = st.lists(
    st.tuples(st.sampled_from(DAYS), st.sampled_from(ANALYTICS), st.sampled_from(RUNS)), max_size=8
)


def adopted(told):
    """The rows of the table runs after these adoptions, one after the other."""
    rows = [
        {"day": day, "analytic": analytic, "run": run, "adopted_at": START + timedelta(seconds=number)}
        for number, (day, analytic, run) in enumerate(told)
    ]
    return pa.Table.from_pylist(rows[::-1], schema=TABLES["runs"].schema)


@given(ADOPTIONS)
@settings(deadline=None)
def test_of_each_day_and_analytic_one_run_is_published(told):
    """Of measures of every run, those of the last run adopted are published, and live where none was."""
    runs = Runs.of(adopted(told))
    rows = [
        {"day": day, "kind": f"{analytic}.flow", "run": run, "producer": "shard-0"}
        for day in DAYS
        for analytic in ANALYTICS
        for run in RUNS
    ]
    schema = pa.schema({"day": pa.date32(), **dict.fromkeys(("kind", "run", "producer"), pa.string())})
    table = pa.Table.from_pylist(rows, schema=schema)
    last = {(day, analytic): run for day, analytic, run in told}
    expected = [row for row in rows if row["run"] == last.get((row["day"], row["kind"][:-5]), LIVE)]
    assert table.filter(runs.published).to_pylist() == expected
    assert all(runs.run(row["day"], row["kind"][:-5]) == row["run"] for row in expected)


def test_the_synthetic_past_stays_published():
    """It was made from no scene, so that a replay has nothing to put in its place."""
    runs = Runs.of(adopted([(DAYS[0], "traffic", "replay-a")]))
    rows = {"day": pa.array(DAYS[:1] * 2, pa.date32()), "kind": ["traffic.flow"] * 2, "run": [LIVE] * 2}
    table = pa.table({**rows, "producer": [HISTORY, "shard-0"]})
    assert table.filter(runs.published)["producer"].to_pylist() == [HISTORY]
