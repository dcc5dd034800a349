"""What if: other weather, other days, and nothing else."""

import numpy as np
import pytest

from forecasting.executor import Executor
from forecasting.knowing import series
from forecasting.knowing.scenario import Scenario
from forecasting.publishing import issue
from lakehouse.problem import BadScenario

HORIZON = 25


@pytest.fixture
def panel(lake, areas, origin):
    """Ten weeks of hours, and a day to predict."""
    return series.panel(lake, "traffic.flow", areas, origin, HORIZON)


def test_rain_is_supposed_for_every_hour_ahead_and_for_none_before(panel):
    """It is the newest that is known of the future; what was known of the past stands."""
    wet = Scenario.of("rain=20mm").applied(panel)
    ahead, now = panel.steps + np.arange(HORIZON), np.full(HORIZON, panel.steps)
    assert (wet.vintages["rain_mm"].at(ahead, now) == 20).all()
    assert (wet.vintages["rain_mm"].at(ahead - HORIZON, now) == 0).all()
    assert (wet.cut(24).vintages["rain_mm"].values == 0).all()


def test_a_day_can_be_named(panel):
    """Rain on one day leaves the others as they were expected, and a holiday is that day's alone."""
    told = Scenario.of("rain=20mm@2026-11-24,holiday=2026-11-24").applied(panel)
    ahead, now = panel.steps + np.arange(HORIZON), np.full(HORIZON, panel.steps)
    tomorrow = panel.future[0].astype("M8[D]") == np.datetime64("2026-11-24")
    assert (told.vintages["rain_mm"].at(ahead, now)[tomorrow] == 20).all()
    assert (told.vintages["rain_mm"].at(ahead, now)[~tomorrow] == 0).all()
    assert np.array_equal(told.known["holiday"][0, -HORIZON:] == 1, tomorrow)


def test_nothing_supposed_changes_nothing(panel):
    """The empty scenario is the forecast itself."""
    assert Scenario.of("").applied(panel).vintages.keys() == panel.vintages.keys()
    assert Scenario.of(" ").name == ""


def test_the_order_of_the_parts_does_not_matter():
    """The same suppositions have the same name."""
    assert Scenario.of("tide=110cm, rain=5mm").name == Scenario.of("rain=5mm,tide=110cm").name


@pytest.mark.parametrize(
    "text", ["rain", "rain=20", "rain=20cm", "snow=3mm", "holiday=soon", "rain=20mm@soon", "event="]
)
def test_what_cannot_be_supposed_is_refused(text):
    """The part is named, with what can be written."""
    with pytest.raises(BadScenario):
        Scenario.of(text)


def test_a_day_that_is_not_forecast_is_refused(panel):
    """A holiday after the horizon would change nothing, so it is no scenario."""
    with pytest.raises(BadScenario, match="2026-11-23"):
        Scenario.of("holiday=2027-01-01").applied(panel)


@pytest.mark.slow
def test_a_scenario_is_a_second_forecast_beside_the_first(lake, areas, origin, monkeypatch):
    """Both are there under their own names, each once, and the sentence says what is supposed."""
    monkeypatch.setattr(issue, "models", lambda *_: [issue.UsualWeek(), issue.Boosted(rows=1500, trees=10)])
    asked = {"areas": areas, "scenario": "rain=20mm"}
    done = list(issue.run(lake, issue.orders(lake, origin, HORIZON, **asked), Executor.LOCAL))
    assert len([one for one in done if isinstance(one, issue.Published)]) == 2
    rows = lake.read("forecasts").to_pandas()
    assert rows.groupby("scenario").size().to_dict() == {
        name: HORIZON * len(areas) for name in ("", "rain=20mm")
    }
    supposed = rows["scenario"] != ""
    assert rows.loc[supposed, "why"].map(lambda why: why["en"].startswith("If rain=20mm: ")).all()
    assert not rows.loc[~supposed, "why"].map(lambda why: why["en"].startswith("If")).any()
    assert set(lake.read("scores")["scenario"].to_pylist()) == {"", "rain=20mm"}
    assert issue.orders(lake, origin, HORIZON, **asked) == []
    later = issue.orders(lake, origin, HORIZON, areas=areas, scenario="rain=1mm")
    assert [order.issue.scenario for order in later] == ["rain=1mm"]


@pytest.mark.slow
def test_boosting_hears_the_supposed_rain(long):
    """Where rain has always halved the traffic, supposed rain halves the forecast."""
    from forecasting.knowing.panel import Panel
    from forecasting.knowing.vintages import Vintages
    from forecasting.models.boosted import Boosted

    frame = long(n=4, days=120)
    hours = frame.groupby("unique_id").cumcount().to_numpy()
    rain = np.random.default_rng(0).random(hours.max() + 1) < 0.2
    frame["y"] *= np.where(rain[hours], 0.5, 1.0)
    panel = Panel.of(frame, "h", 24)
    columns = np.arange(panel.steps + 24)
    known = np.minimum(columns + 1, panel.steps)
    wet = Vintages.of(columns, known, np.append(rain * 20.0, np.zeros(24)))
    panel = panel.informed({"rain_mm": wet})
    model = Boosted(rows=6000, trees=60)
    dry, supposed = (model.fit(one).predict(one) for one in (panel, Scenario.of("rain=20mm").applied(panel)))
    assert supposed.sum() == pytest.approx(dry.sum() / 2, rel=0.15)
