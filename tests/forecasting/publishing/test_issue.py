"""From the lake to the lake: forecasts and scores, published once."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from forecasting.executor import Executor
from forecasting.foretelling.reconcile import METHODS
from forecasting.knowing import series
from forecasting.publishing import issue, unusual
from lakehouse.city import cameras
from lakehouse.city.cameras import Camera
from lakehouse.clock import city_day
from lakehouse.problem import UnknownArea, UnknownKind
from lakehouse.tables import QUANTILES, TABLES, quantile_column

HORIZON = 25


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Few trees suffice to see that everything is in its place."""
    monkeypatch.setattr(
        issue, "models", lambda *_: [issue.UsualWeek(), issue.Boosted(rows=1500, bags=2, trees=10)]
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


@pytest.mark.slow
def test_a_district_without_data_says_why(lake, areas, run):
    """It gets no forecast; its score says that no camera sees the kind there, or that too little is known."""
    row = lake.read("area_hours").slice(0, 1).to_pylist()[0]
    rows = [row | {"area_id": "33.74.15", "value": None, "seen": 0.0, "reason": "less than half was seen"}]
    lake.append("area_hours", pa.Table.from_pylist(rows, TABLES["area_hours"].schema))
    recent = lake.read("area_hours", where=pc.field("area_id") == areas[0])["hour"].to_pylist()[-3]
    rows = [rows[0] | {"hour": recent, "day": city_day(recent)}]
    lake.append("area_hours", pa.Table.from_pylist(rows, TABLES["area_hours"].schema))
    filled = run(areas=[*areas, "33.74.15", "33.74.16"])
    assert "1 with insufficient data, 1 without a camera for it" in str(filled[0])
    lacking = pc.field("area_id").isin(["33.74.15", "33.74.16"])
    told = lake.read("scores", where=lacking).sort_by("area_id").to_pylist()
    assert [(row["model"], row["chosen"], row["mase"]) for row in told] == [
        ("insufficient data", False, None),
        ("no camera", False, None),
    ]
    assert lake.read("forecasts", where=lacking).num_rows == 0


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


@pytest.mark.slow
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
        orders = issue.orders(lake, origin, HORIZON, areas=areas[:2], prophets=0)
        told = [type(one) for one in issue.run(lake, orders, Executor.RAY)]
    finally:
        ray.shutdown()
    assert told == [issue.Filled, issue.Published]
    assert lake.read("forecasts").num_rows == HORIZON * 2


@pytest.fixture
def hang(lake, origin):
    """Hang cameras in the first kecamatan, with a share of its hours each and a past of so many days."""
    return lambda **pasts: _hang(lake, origin, pasts)


def _hang(lake, origin, pasts):
    site = {"valid_from": origin, "name": "x", "owner": "x", "site": "street", "lat": 0.0, "lon": 0.0}
    site |= {"area_id": "33.74.01.1001", "source": "x", "width": 1, "height": 1}
    cameras.register(lake, [Camera(camera_id=name, **site) for name in pasts])
    rows = lake.read("area_hours", where=pc.field("area_id") == "33.74.01").to_pandas()
    parts = [
        rows[rows["hour"] >= origin - timedelta(days=days)].assign(
            area_id=f"camera:{name}", value=lambda kept: kept["value"] / 2
        )
        for name, days in pasts.items()
    ]
    lake.append("area_hours", pa.Table.from_pandas(pd.concat(parts), TABLES["area_hours"].schema, False))


@pytest.mark.slow
def test_what_is_expected_adds_up_from_the_cameras(lake, hang, origin):
    """A kecamatan whose cameras are all forecast is their sum, hour by hour; the method is told."""
    hang(old=70, other=70)
    orders = issue.orders(lake, origin, HORIZON, areas=["33.74.01", "camera:old", "camera:other"])
    *_, published = issue.run(lake, orders, Executor.LOCAL)
    assert published.method in METHODS
    means = lake.read("forecasts").to_pandas().pivot_table(index="at", columns="area_id", values="mean")
    cameras_sum = means[[area for area in means if area.startswith("camera:")]].sum(axis=1)
    assert np.allclose(means["33.74.01"], cameras_sum, rtol=1e-6)


@pytest.mark.slow
def test_a_new_camera_is_forecast_by_its_kin_though_they_were_not_asked_for(lake, hang, run):
    """Its kin are read and forecast, and only what was asked for is published."""
    hang(old=70, other=70, new=7)
    run(areas=["camera:new"])
    rows = lake.read("forecasts").to_pandas()
    assert set(rows["area_id"]) == {"camera:new"}
    assert set(rows["model"]) == {"kin"}
    assert "nearby" in rows["why"].iloc[0]["en"]
    (score,) = lake.read("scores").to_pylist()
    assert (score["model"], score["chosen"]) == ("kin", True)
    assert score["mase"] > 0
    assert score["n"] > 0


@pytest.mark.slow
def test_many_areas_are_forecast_in_several_shards(lake, areas, origin, monkeypatch):
    """The shards share the areas and Prophet's turns, and publish what one shard would."""
    monkeypatch.setattr(issue, "SHARD_AREAS", 2)
    orders = issue.orders(lake, origin, HORIZON, areas=areas, prophets=3)
    assert [(len(order.areas), order.prophets) for order in orders] == [(2, 2), (1, 1)]
    list(issue.run(lake, orders, Executor.LOCAL))
    rows = lake.read("forecasts").to_pandas()
    assert set(rows["area_id"]) == set(areas)
    assert not rows.duplicated(["area_id", "at"]).any()
    assert lake.read("scores", where=pc.field("chosen")).num_rows == len(areas)


@pytest.mark.slow
def test_parts_that_come_in_any_order_are_published_area_after_area(areas, run):
    """A cluster hands them back as they are done."""
    *_, whole = run(areas=areas)
    asked = [pc.field("area_id") == area for area in sorted(areas, reverse=True)]
    parts = [
        replace(whole, rows={name: table.filter(one) for name, table in whole.rows.items()}) for one in asked
    ]
    joined = issue.Published.joined(parts)
    assert joined.rows["forecasts"].equals(whole.rows["forecasts"])
    assert joined.rows["scores"]["area_id"].to_pylist() == sorted(whole.rows["scores"]["area_id"].to_pylist())


def _retire(lake):
    """Beside the stable kind there is one of which the analytic was taken out of the installation."""
    (row,) = lake.read("kinds", where=pc.field("kind") == "traffic.flow").to_pylist()
    rows = [row | {"kind": "parking.taken", "state": "retired"}]
    lake.append("kinds", pa.Table.from_pylist(rows, TABLES["kinds"].schema))


def test_a_retired_kind_is_left_out_and_told(lake, origin):
    """Its row stays in the lake; nothing is forecast of it, named or not, and nothing fails."""
    _retire(lake)
    kinds = [order.issue.kind for order in issue.orders(lake, origin, HORIZON)]
    assert kinds == ["traffic.flow"]
    assert issue.orders(lake, origin, HORIZON, kinds=["parking.taken"]) == []
    assert issue.retired(lake) == issue.retired(lake, ["parking.taken"]) == ["parking.taken"]
    assert issue.retired(lake, ["traffic.flow"]) == []


def test_a_run_again_within_the_hour_reads_no_widths_and_writes_nothing(
    lake, origin, areas, run, monkeypatch
):
    """A loop may ask as often as it likes."""
    run(areas=areas)
    unusual.tell(lake, origin)
    before = {name: lake.version(name) for name in ("forecasts", "scores", "unusual")}

    def refuse(*_):
        raise AssertionError

    monkeypatch.setattr(issue, "widths", refuse)
    assert run(areas=areas) == []
    unusual.tell(lake, origin)
    assert {name: lake.version(name) for name in before} == before
