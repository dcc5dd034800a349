"""Exponential smoothing of a whole panel."""

import numpy as np
import pandas as pd
import pytest

from forecasting.knowing.panel import Panel
from forecasting.knowing.usual import Rows
from forecasting.models.naive import Naive
from forecasting.models.smooth import Smooth
from forecasting.models.smoothing import Smoothing


@pytest.fixture
def monthly():
    """Two series of months that rise from year to year, with a season; the second begins late."""
    ds = pd.date_range("2012-01-01", periods=132, freq="MS")
    season = 1 + 0.4 * np.sin(np.arange(132) * np.pi / 6)
    y = np.stack([100 * 1.01 ** np.arange(132) * season, 50 * season])
    y[1, :30] = np.nan
    frame = pd.DataFrame({"unique_id": np.repeat(["a", "b"], 132), "ds": np.tile(ds, 2), "y": y.ravel()})
    return Panel.of(frame, "MS", 24)


def _missed(model, panel):
    past, truth = panel.cut(24), panel.y[:, -24:]
    return np.abs(model.fit(past).predict(past) - truth).mean(axis=1)


def test_it_follows_a_trend_and_a_season(monthly):
    """Where months rise, it is far nearer than last year's; where nothing changes, it misses nothing."""
    smoothing, naive = _missed(Smoothing(), monthly), _missed(Naive(), monthly)
    assert smoothing[0] < 0.4 * naive[0]
    assert smoothing[1] < 0.5


def test_a_state_knows_only_what_came_before_it(monthly):
    """Changing everything from a column on changes no forecast from that column or an earlier one."""
    changed = monthly.y.copy()
    changed[:, 100:] = changed[:, 100:][:, ::-1] * 3
    rows = Rows(*(np.array(part) for part in ([0, 1, 0], [100, 100, 90], [0, 23, 5], [0, 30, 0])))
    before, after = (Smooth.of(grid, monthly).ahead(rows) for grid in (monthly.y, changed))
    assert np.array_equal(before, after)


def test_a_day_unlike_its_weekday_teaches_it_nothing(long):
    """A holiday of ten times the people leaves the days after it as they were."""
    frame = long(n=1, days=140, freq="D")
    holiday = frame.index == len(frame) - 3
    with_feast = frame.assign(holiday=holiday.astype(float), y=frame["y"] * np.where(holiday, 10, 1))
    quiet = Panel.of(frame.assign(holiday=holiday.astype(float)), "D", 7, future=["holiday"])
    loud = Panel.of(with_feast, "D", 7, future=["holiday"])
    said = [Smooth.of(panel.y, panel).ahead(Rows.behind(panel)) for panel in (quiet, loud)]
    assert np.allclose(*said)


def test_of_hours_the_last_weeks_count_most(long):
    """After eight weeks of 10 and one of 20 it expects more than the mean of four weeks, and less than 20."""
    y = np.concatenate([np.full(8 * 168, 10.0), np.full(168, 20.0)])
    panel = Panel.of(long(n=1, days=63).assign(y=y), "h", 24)
    said = Smoothing().fit(panel).predict(panel)
    assert (said > 10 * 2**0.25).all()
    assert (said < 20).all()


@pytest.mark.parametrize("freq", ["h", "D"])
def test_a_young_series_is_answered_by_the_usual(long, freq):
    """A few steps suffice for an answer."""
    panel = Panel.of(long(n=1, freq=freq).head(5), freq, 30)
    assert np.isfinite(Smoothing().fit(panel).predict(panel)).all()


def test_naive_is_the_same_step_of_the_last_season(long):
    """Two weeks ahead it still says what the last week was."""
    panel = Panel.of(long(n=2, days=70, freq="D"), "D", 14)
    said = Naive().fit(panel).predict(panel)
    assert np.array_equal(said, np.tile(panel.y[:, -7:], 2))
