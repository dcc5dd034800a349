"""From the lake to the lake: forecasts and scores, published once."""

from datetime import timedelta

import numpy as np
import pyarrow.compute as pc
import pytest

from forecasting import issue, series
from forecasting.executor import Executor
from lakehouse.problem import UnknownArea, UnknownKind
from lakehouse.tables import QUANTILES, quantile_column

HORIZON = 25


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Few trees suffice to see that everything is in its place."""
    monkeypatch.setattr(
        issue, "models", lambda *_: [issue.Base(), issue.Boosted(rows=1500, bags=2, trees=10)]
    )


@pytest.fixture
def run(lake, origin):
    """Issue forecasts in this process."""

    def do(**asked):
        return list(issue.run(lake, issue.orders(lake, origin, HORIZON, **asked), Executor.LOCAL))

    return do


def test_the_running_hour_and_all_that_follow_are_forecast(lake, areas, origin, run):
    """The first step is the hour that runs now, and the horizon stands behind it without a gap."""
    run(areas=areas)
    rows = lake.read("forecasts").to_pandas()
    steps = rows.groupby("area_id")["at"]
    assert set(steps.groups) == set(areas)
    assert (steps.min() == origin).all()
    assert (steps.max() == origin + timedelta(hours=HORIZON - 1)).all()
    assert (steps.nunique() == HORIZON).all()


def test_what_is_published_is_whole(lake, areas, run):
    """Quantiles stand in order, the sentence is there in both languages, and the past's version is named."""
    run(areas=areas)
    rows = lake.read("forecasts").to_pandas()
    quantiles = rows[[quantile_column(q) for q in QUANTILES]].to_numpy()
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert (quantiles >= 0).all()
    assert rows["why"].map(lambda why: "kendaraan" in why["id"] and "vehicles" in why["en"]).all()
    assert set(rows["input_version"]) == {lake.version("area_hours")}
    assert quantiles.max() < 1000  # the running hour and the one after it were not looked at


def test_scores_stand_beside_every_forecast(lake, areas, run):
    """Each area has one published model, and the scores of all that were rehearsed."""
    run(areas=areas)
    scores = lake.read("scores").to_pandas()
    assert scores.groupby("area_id")["chosen"].sum().eq(1).all()
    assert scores.loc[scores["model"] == "base", ["mase", "coverage80", "n"]].notna().all().all()


def test_an_hour_is_issued_once(lake, areas, run):
    """A second run within the hour makes no new version; other areas are added, and none twice."""
    run(areas=areas[:1])
    before = lake.version("forecasts")
    assert run(areas=areas[:1]) == []
    assert lake.version("forecasts") == before
    run(areas=areas)
    rows = lake.read("forecasts", columns=["area_id", "at"]).to_pandas()
    assert not rows.duplicated().any()
    assert set(rows["area_id"]) == set(areas)


def test_a_district_without_data_says_so(lake, areas, run):
    """It gets no forecast, and its score says that there is not enough to go by."""
    filled = run(areas=[*areas, "33.74.16"])
    assert "1 with insufficient data" in str(filled[0])
    told = lake.read("scores", where=pc.field("area_id") == "33.74.16").to_pylist()
    assert [(row["model"], row["chosen"], row["mase"]) for row in told] == [
        ("insufficient data", False, None)
    ]
    assert lake.read("forecasts", where=pc.field("area_id") == "33.74.16").num_rows == 0


def test_the_city_and_its_kecamatan_are_forecast_unless_told_otherwise(lake, origin):
    """One city and sixteen kecamatan, of the kinds that are forecast."""
    orders = issue.orders(lake, origin, HORIZON)
    assert [(order.issue.kind, len(order.areas)) for order in orders] == [("traffic.flow", 17)]


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"areas": ["33.99"]}, UnknownArea),
        ({"kinds": ["traffic.speed"]}, UnknownKind),
        ({"kinds": ["cats"]}, UnknownKind),
    ],
)
def test_unknown_areas_and_kinds_are_refused(lake, asked, problem, origin):
    """What is not in the lake, or is not forecast, is named, and nothing is written."""
    with pytest.raises(problem):
        issue.orders(lake, origin, HORIZON, **asked)
    assert lake.read("forecasts").num_rows == 0


def test_the_panel_knows_the_city_calendar_and_nothing_of_later(lake, areas, origin):
    """Hours are local, the running hour is not looked at, and Eid is counted in days."""
    panel = series.panel(
        lake, "traffic.flow", areas, series.last_full_hour(origin + timedelta(minutes=20)), HORIZON
    )
    assert panel.future[0, 0] == np.datetime64("2026-11-23T10")
    assert np.nanmax(panel.y) < 1000
    assert np.isnan(panel.y[:, 500:520]).all()
    assert {"holiday", "leave", "ramadan", "school", "payday", "event", "to_eid", "lebaran"} == set(
        panel.known
    )


def test_weather_of_later_issues_changes_nothing(lake, areas, origin):
    """A weather forecast issued after the origin does not exist for it."""
    panel = series.panel(lake, "traffic.flow", areas, origin - timedelta(days=2), HORIZON)
    ahead = panel.steps + np.arange(HORIZON)
    known = panel.vintages["rain_mm"].at(ahead, np.full(HORIZON, panel.steps + 10_000))
    assert np.isnan(known).all()


@pytest.mark.ray
def test_kinds_are_forecast_on_a_cluster(lake, monkeypatch, areas, origin):
    """Tasks on Ray publish the same hours as this process does."""
    import ray

    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    ray.init(
        address="local",
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        object_store_memory=200 * 2**20,
    )
    try:
        orders = issue.orders(lake, origin, HORIZON, areas=areas)
        told = [type(one) for one in issue.run(lake, orders, Executor.RAY)]
    finally:
        ray.shutdown()
    assert told == [issue.Filled, issue.Published]
    assert lake.read("forecasts").num_rows == HORIZON * len(areas)
