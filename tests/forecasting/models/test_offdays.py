"""A day off does to each series what its own days off did before."""

import numpy as np
import pandas as pd
import pytest

from forecasting.knowing.panel import Panel
from forecasting.knowing.scenario import Scenario
from forecasting.knowing.usual import Rows
from forecasting.models.boosted import Boosted
from forecasting.models.offdays import OffDays
from forecasting.models.past import Past
from forecasting.models.usual_week import UsualWeek

DAYS, HORIZON = 400, 7
SUPPOSED = "2026-02-11"
MODEL = Boosted(rows=8000, bags=2, trees=40)


def _panel(raised=1.7, others=1.0, n=12, holidays=10, seed=0):
    """Districts of which one has its holidays `raised`; the holidays are Mondays to Thursdays."""
    rng, day = np.random.default_rng(seed), np.arange(DAYS + HORIZON)
    start = np.datetime64("2025-01-06")
    off = np.zeros(len(day))
    off[rng.choice(day[(day % 7 < 4) & (day > 30) & (day < DAYS - 7)], holidays, replace=False)] = 1
    frames = []
    for k in range(n):
        factor = np.where(off[:DAYS] == 1, raised if k == 0 else others, 1.0)
        height = (2000 + 500 * k) * np.where(day[:DAYS] % 7 >= 5, 0.7, 1.0)
        frames.append(
            pd.DataFrame(
                {"unique_id": f"k{k:02d}", "ds": start + day[:DAYS], "y": rng.poisson(height * factor)}
            )
        )
    panel = Panel.of(pd.concat(frames), "D", HORIZON, origin=start + DAYS)
    times = panel.times(np.zeros(1, np.int64), np.arange(panel.steps + HORIZON))
    return panel.spread(pd.DataFrame({"holiday": off[-len(times) :]}, index=times))


def _what_if(panel):
    """(n,) by which share a supposed holiday raises its day."""
    supposed = Scenario.of(f"holiday={SUPPOSED}").applied(panel)
    (place,) = np.flatnonzero(panel.future[0].astype("M8[D]") == np.datetime64(SUPPOSED))
    model = MODEL.fit(panel)
    return model.predict(supposed)[:, place] / model.predict(panel)[:, place] - 1


@pytest.mark.parametrize("others", [1.0, 0.8])
def test_a_supposed_holiday_raises_a_district_as_its_own_did(others):
    """Be its neighbours' holidays like other days, or even quieter."""
    effect = _what_if(_panel(others=others))
    assert 0.55 <= effect[0] <= 0.85
    assert np.allclose(effect[1:], others - 1, atol=0.08)


def test_a_supposed_holiday_lowers_a_district_as_its_own_did():
    """Traffic halves where visits rise."""
    effect = _what_if(_panel(raised=0.5))
    assert -0.6 <= effect[0] <= -0.4


def test_a_district_without_holidays_of_its_own_is_told_by_the_others():
    """Two days of its own tell too little."""
    panel = _panel(raised=1.4, others=1.4)
    young = panel.y.copy()
    young[0, :-30] = np.nan
    effect = _what_if(Panel(panel.ids, panel.frequency, panel.origins, young, panel.horizon, panel.known))
    assert 0.25 <= effect[0] <= 0.55


def test_the_reason_is_the_calendar():
    """What an own holiday does is said of the calendar, and all causes together lead from the usual."""
    supposed = Scenario.of(f"holiday={SUPPOSED}").applied(_panel())
    (place,) = np.flatnonzero(supposed.future[0].astype("M8[D]") == np.datetime64(SUPPOSED))
    model = MODEL.fit(supposed)
    parts = model.parts(supposed)
    assert parts["calendar"][0, place] == pytest.approx(0.7, abs=0.2)
    moved = np.sum([np.log1p(part) for part in parts.values()], axis=0)
    said, usual = model.predict(supposed), UsualWeek().predict(supposed)
    assert np.allclose(said, usual * np.exp(moved), rtol=0.1)


def test_a_day_tells_nothing_of_itself():
    """While a model learns, a holiday is told by the mean of its series' other holidays."""
    panel = _panel()
    grid = Past(panel).grid
    off = OffDays.of(panel, grid, np.exp(grid))
    (first, *_) = np.flatnonzero(panel.known["holiday"][0, : panel.steps])
    rows = Rows(np.array([0]), np.array([first]), np.array([0]), np.array([0]))
    own = off.days[off.keys // off.pool.size % len(panel.ids) == 0]
    told = off.effect(panel, rows, np.array([False]))
    assert told / off.trust[0, 0] + off.pool[0] == pytest.approx(own[1:].mean())
    assert own[1:].mean() != pytest.approx(own.mean())
