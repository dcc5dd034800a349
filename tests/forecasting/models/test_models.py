"""The models, each on series whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from forecasting.knowing.panel import Panel
from forecasting.knowing.usual import Rows
from forecasting.models.boosted import Boosted
from forecasting.models.past import Past
from forecasting.models.prophet import Prophet
from forecasting.models.usual_week import UsualWeek

SMALL = Boosted(rows=4000, bags=2, trees=40)


@pytest.fixture
def weeks(long):
    """Make one hourly series that is constant in each of its weeks."""

    def make(*values):
        y = np.concatenate([np.full(168, float(value)) for value in values])
        return long(n=1, days=7 * len(values)).assign(y=y)

    return make


def test_the_usual_is_the_mean_of_the_last_four_weeks(weeks):
    """Older weeks do not count."""
    panel = Panel.of(weeks(90, 10, 10, 10, 10), "h", 24)
    assert np.allclose(UsualWeek().fit(panel).predict(panel), 10)


def test_the_usual_skips_a_holiday(weeks):
    """A week whose day was a holiday is replaced by the one before."""
    frame = weeks(10, 10, 10, 10, 50).assign(holiday=np.repeat([0.0, 1.0], [4 * 168, 168]))
    panel = Panel.of(frame, "h", 24, future=["holiday"])
    assert np.allclose(UsualWeek().fit(panel).predict(panel), 10)


@pytest.mark.parametrize("hours", [1, 30])
def test_a_young_series_is_answered_by_what_there_is(hours, long):
    """One hour, or a day and a bit, suffices for an answer."""
    panel = Panel.of(long(n=1).head(hours), "h", 24)
    assert np.isfinite(UsualWeek().fit(panel).predict(panel)).all()


def test_boosting_finds_what_the_usual_cannot(long):
    """A level that has just doubled is carried on, where the usual still lags behind."""
    frame = long(n=6, days=84)
    weeks = frame.groupby("unique_id").cumcount() // 168
    factor = 1 + (np.sin(weeks + frame["unique_id"].str[1:].astype(int) * 2) > 0)
    frame["y"] *= factor
    panel = Panel.of(frame, "h", 24)
    past, truth = panel.cut(24), panel.y[:, -24:]
    misses = [np.abs(model.fit(past).predict(past) - truth).mean() for model in (SMALL, UsualWeek())]
    assert misses[0] < 0.7 * misses[1]


def test_boosting_tells_what_moved_the_forecast(long):
    """Its parts multiply to the ratio between the forecast and the usual."""
    panel = Panel.of(long(n=3), "h", 24)
    grown = SMALL.fit(panel)
    parts = grown.parts(panel)
    assert set(parts) == {"calendar", "weather", "level", "trend", "habit"}
    usual, said = UsualWeek().fit(panel).predict(panel), grown.predict(panel)
    product = np.prod([1 + share for share in parts.values()], axis=0)
    assert np.allclose(product, said / usual, atol=0.1)


def test_prophet_follows_the_day_and_only_where_it_is_asked(long):
    """It finds the daily rhythm of the series that it was asked for, and leaves the others alone."""
    panel = Panel.of(long(n=2, days=28), "h", 24)
    past, truth = panel.cut(24), panel.y[:, -24:]
    said = Prophet(frozenset({"s1"})).fit(past).predict(past)
    assert np.isnan(said[0]).all()
    assert np.corrcoef(said[1], truth[1])[0, 1] > 0.9


def test_boosting_leaves_out_what_nothing_is_known_of(long):
    """A feature without a single value, such as last year's in the first year, is no error."""
    frame = long(n=1, days=365, freq="D").assign(y=1.0)
    panel = Panel.of(frame, "D", 1)
    assert np.allclose(Boosted(rows=1500, bags=2, trees=10).fit(panel).predict(panel), 1)


def test_the_same_dates_of_earlier_years_are_told():
    """A festival that always falls on the same date, whatever the weekday, is told a year later."""
    days = pd.date_range("2023-01-01", "2026-08-16", freq="D")
    festival = (days.month == 8) & (days.day == 17)
    frame = pd.DataFrame({"unique_id": "a", "ds": days, "y": np.where(festival, 300.0, 100.0)})
    panel = Panel.of(frame, "D", 2)
    past, rows = Past(panel), Rows.behind(panel)
    told = past.features(rows)[0]["trend.departure_on_date"]
    assert told[0] == pytest.approx(np.log(300 / 100), abs=0.1)
    assert told[1] == pytest.approx(0, abs=0.05)


def test_what_is_told_of_the_end_needs_not_the_whole_past(long):
    """Looking only at the columns that the last origin asks for, the same is told."""
    panel = Panel.of(long(n=3, days=200), "h", 24)
    rows = Rows.behind(panel)
    whole, recent = (Past(panel, since).features(rows)[0] for since in (0, panel.steps))
    assert all(np.allclose(whole[name], recent[name], equal_nan=True) for name in whole)


def test_boosting_is_unsure_where_it_was_far_off(long):
    """Noon was always told well and midnight never: the spread says so."""
    frame = long(n=3, days=200)
    hour = frame["ds"].dt.hour
    noise = np.random.default_rng(0).lognormal(0, 1, len(frame))
    frame["y"] = np.where(hour == 0, frame["y"] * noise, frame["y"])
    panel = Panel.of(frame, "h", 48)
    _, off = Boosted(rows=4000, bags=4, trees=20).fit(panel).doubted(panel)
    assert (off[:, 0] > 2 * off[:, 12]).all()
