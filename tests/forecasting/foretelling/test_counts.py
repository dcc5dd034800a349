"""What comes seldom: whole numbers, most of them zero."""

import numpy as np
import pandas as pd
import pytest

from forecasting.foretelling.counts import COUNTS, counted, quantiles, seldom
from forecasting.foretelling.feast import Feast
from forecasting.foretelling.forecast import forecast
from forecasting.foretelling.outlook import Outlook
from forecasting.knowing.panel import Panel
from forecasting.models.usual_week import UsualWeek


def _litter(rate=0.3, days=84, seed=0):
    rng = np.random.default_rng(seed)
    ds = pd.date_range("2026-01-05", periods=days * 24, freq="h")
    busy = np.where((ds.hour >= 8) & (ds.hour < 20), 2 * rate, 0.05 * rate)
    return pd.DataFrame({"unique_id": "litter", "ds": ds, "y": rng.poisson(busy).astype(float)})


def test_only_whole_numbers_that_are_mostly_zero_come_seldom(long):
    """Busy counts, shares and what is always zero do not."""
    share = _litter().assign(unique_id="share", y=lambda rows: rows["y"] / 2)
    never = _litter().assign(unique_id="never", y=0.0)
    panel = Panel.of(pd.concat([_litter(), share, never, long(n=1)]), "h", 24)
    assert panel.ids[seldom(panel)].tolist() == ["litter"]


def test_quantiles_are_counts_and_hold_as_often_as_they_say():
    """Whole, in order, and at most a tenth of the hours to come lies above q90; the median is zero."""
    panel = Panel.of(_litter(), "h", 168)
    bands, rate = quantiles(panel.cut(168))
    truth = panel.y[:, -168:]
    assert (bands % 1 == 0).all()
    assert (np.diff(bands, axis=-1) >= 0).all()
    assert (truth > bands[..., 6]).mean() <= 0.1
    assert (truth > bands[..., 8]).mean() <= 0.04
    assert np.median(bands[..., 4]) == 0
    assert rate.mean() == pytest.approx(panel.y.mean(), rel=0.2)


def test_it_is_published_with_its_own_scores():
    """Under its own name, with scores from the same rehearsals as the other models."""
    panel = Panel.of(_litter(), "h", 48)
    made = forecast(panel, [UsualWeek()])
    outlook = counted(Outlook.of(made, Feast.of(panel)), panel, made.rehearsal)
    assert outlook.names.tolist() == [COUNTS]
    scores = outlook.scores.set_index("model")
    assert scores.loc[COUNTS, "sql"] <= scores.loc["base", "sql"]
    assert scores.loc[COUNTS, "n"] == scores.loc["base", "n"]


def test_what_is_always_the_same_zero_is_left_to_the_others():
    """Nothing at all has no spread to be told."""
    panel = Panel.of(_litter().assign(y=0.0), "h", 24)
    made = forecast(panel, [UsualWeek()])
    outlook = Outlook.of(made, Feast.of(panel))
    assert counted(outlook, panel, made.rehearsal) is outlook
