"""Runs of one hour that overlap, in part or whole, killed or not: each is published once, and adds up."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from forecasting.executor import Executor
from forecasting.publishing import issue
from lakehouse import milestones
from lakehouse.city import cameras
from lakehouse.city.cameras import Camera
from lakehouse.log import keys
from lakehouse.store import Lake
from lakehouse.tables import TABLES

HORIZON = 25
CITY, PARTS = "33.74", ("33.74.01", "33.74.02")


class Killed(BaseException):
    """The end of a process, which no handler catches."""


@pytest.fixture(scope="module")
def founded(small_lake, origin, tmp_path_factory):
    """A lake of two kecamatan, a camera in each, whose city is their sum."""
    lake = small_lake(tmp_path_factory.mktemp("founded") / "lake")
    site = {"valid_from": origin, "name": "x", "owner": "x", "site": "street", "lat": 0.0, "lon": 0.0}
    hung = [
        Camera(camera_id=f"c{n}", area_id=f"{area}.1001", source="x", width=1, height=1, **site)
        for n, area in enumerate(PARTS)
    ]
    cameras.register(lake, hung)
    schema = TABLES["area_hours"].schema
    hours = lake.read("area_hours", where=pc.field("area_id").isin(PARTS)).to_pandas()
    leaves = hours.assign(
        area_id=hours["area_id"].map({area: f"camera:c{n}" for n, area in enumerate(PARTS)})
    )
    total = hours.groupby("hour", as_index=False)["value"].sum(min_count=2)
    city = hours[hours["area_id"] == PARTS[0]].drop(columns="value").merge(total).assign(area_id=CITY)
    every = pd.concat([hours, leaves, city])
    lake.replace("area_hours", pa.Table.from_pandas(every, schema, preserve_index=False))
    return lake


@pytest.fixture
def lake(founded, tmp_path):
    """Such a lake of one's own."""
    return Lake.open(shutil.copytree(founded.root, tmp_path / "lake"))


@pytest.fixture
def at():
    """Let something be done at the first pass of a milestone."""

    def do(milestone, work):
        left = [work]
        milestones.watchers.append(lambda point: point == milestone and left and left.pop()())

    yield do
    milestones.watchers.clear()


@pytest.fixture(scope="module")
def known():
    """What was forecast, by what was asked for: every lake here is the same."""
    return {}


@pytest.fixture
def small(monkeypatch, known):
    """The plainest model suffices, and the same areas are forecast once."""
    real = issue.fill

    def fill(order):
        asked = order.areas, order.horizon
        if asked not in known:
            known[asked] = real(order)
        return replace(known[asked], order=order)

    monkeypatch.setattr(issue, "models", lambda *_: [issue.UsualWeek()])
    monkeypatch.setattr(issue, "fill", fill)


def forecast(lake, origin, *areas, horizon=HORIZON, scenario=""):
    """Issue forecasts in this process; what was published of each kind."""
    orders = issue.orders(lake, origin, horizon, areas=areas, scenario=scenario)
    told = issue.run(Lake.open(lake.root), orders, Executor.LOCAL)
    return [one for one in told if isinstance(one, issue.Published)]


def means(lake, scenario=""):
    """What is expected, a column an area; every key is there once, and each area one chosen score."""
    for name in ("forecasts", "scores"):
        keys.must_differ(name, lake.read(name))
    scores, rows = (
        lake.read(name, where=pc.field("scenario") == scenario).to_pandas()
        for name in ("scores", "forecasts")
    )
    chosen = scores.groupby("area_id")["chosen"].sum()
    assert dict(chosen[chosen > 0]) == dict.fromkeys(rows["area_id"], 1)
    return rows.pivot_table(index="at", columns="area_id", values="mean")


def adds_up(told):
    """Whether the city is the sum of its parts wherever all of them are known."""
    known = told[[CITY, *PARTS]].dropna()
    return len(known) and np.allclose(known[CITY], known[list(PARTS)].sum(axis=1))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("moment", ["publish: agreed", "append: planned", "publish: forecasts committed"])
@pytest.mark.parametrize("first", [PARTS[:1], (CITY,), (CITY, *PARTS), ("camera:c0",)], ids=str)
def test_a_run_that_is_overtaken_publishes_the_rest(lake, origin, at, moment, first):
    """Whatever another run publishes meanwhile stands; what is left adds up with it, and that is told."""
    before = {}

    def overtake():
        forecast(lake, origin, *first)
        before.update(means(lake) if moment != "publish: forecasts committed" else {})

    at(moment, overtake)
    (published,) = forecast(lake, origin, CITY, *PARTS, "camera:c0")
    told = means(lake)
    assert set(told) == {CITY, *PARTS, "camera:c0"}
    assert adds_up(told)
    for area, values in before.items():
        assert told[area].equals(values)
    lost = 0 if moment == "publish: forecasts committed" else len(first)
    assert published.lost == lost
    assert ("by another run meanwhile" in str(published)) == bool(lost)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("moment", ["publish: agreed", "append: planned", "publish: forecasts committed"])
def test_a_run_that_was_killed_is_brought_to_its_end(lake, origin, at, moment):
    """Whoever comes next publishes what is missing, forecasts or scores, and nothing twice."""

    def die():
        raise Killed

    at(moment, die)
    with pytest.raises(Killed):
        forecast(lake, origin, PARTS[0])
    forecast(lake, origin, CITY, *PARTS)
    told = means(lake)
    assert set(told) == {CITY, *PARTS}
    assert adds_up(told)
    assert issue.orders(lake, origin, HORIZON, areas=[CITY, *PARTS]) == []


@pytest.mark.usefixtures("small")
def test_a_part_that_was_published_before_is_in_the_total(lake, origin):
    """A district that was asked for by itself, and the city that is forecast afterwards, add up."""
    forecast(lake, origin, PARTS[0])
    alone = means(lake)[PARTS[0]]
    forecast(lake, origin, CITY, *PARTS)
    told = means(lake)
    assert told[PARTS[0]].equals(alone)
    assert adds_up(told)


@pytest.mark.usefixtures("small")
def test_a_shorter_run_is_not_made_longer_by_another(lake, origin, at):
    """Its hours stay its own; where it does not reach, the others stay as they are."""
    at("publish: agreed", lambda: forecast(lake, origin, PARTS[0], horizon=6))
    forecast(lake, origin, CITY, *PARTS)
    told = means(lake)
    assert told[PARTS[0]].count() == 6
    assert told[CITY].count() == HORIZON
    assert adds_up(told)


@pytest.mark.usefixtures("small")
def test_a_district_without_data_is_scored_once(lake, origin, at):
    """Of two runs that both find that there is not enough to go by, one says so."""
    at("publish: agreed", lambda: forecast(lake, origin, "33.74.16"))
    forecast(lake, origin, CITY, "33.74.16")
    keys.must_differ("scores", lake.read("scores"))
    assert lake.read("scores").to_pandas().groupby("area_id").size().loc["33.74.16"] == 1


@pytest.mark.slow
def test_two_commands_at_once_publish_each_forecast_once(lake, origin):
    """The whole city, and a district under a scenario, started at the same moment as their users do."""
    at = (origin + timedelta(minutes=10)).isoformat()
    words = [sys.executable, "-m", "forecasting", "run", "--lake", lake.root, "--horizon=24h", f"--at={at}"]
    more = [f"--areas={PARTS[0]}", "--kinds=traffic.flow", "--scenario=holiday=2026-11-24"]
    without = {**os.environ, "MATAKOTA_PROPHETS": "0"}
    started = [subprocess.Popen([*words, *some], env=without) for some in ([], more)]
    assert [one.wait(timeout=280) for one in started] == [0, 0]
    told = means(lake)
    assert {CITY, *PARTS} <= set(told)
    assert adds_up(told)
    assert set(means(lake, "holiday=2026-11-24")) == {PARTS[0]}
