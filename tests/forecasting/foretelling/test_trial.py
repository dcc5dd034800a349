"""A backtest of series without chance, alone and among others."""

import numpy as np
import pandas as pd
import pytest

from forecasting.foretelling import trial
from forecasting.foretelling.trial import Trial
from forecasting.models.boosted import Boosted

DAYS = 200
WEEK = np.array([10, 12, 11, 13, 9, 0, 3.3])[np.arange(DAYS) % 7]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Few trees suffice."""
    monkeypatch.setitem(trial.MODELS, "boosted", lambda: Boosted(rows=1500, bags=2, trees=10))


def _done(**series):
    ds = pd.date_range("2023-01-01", periods=DAYS)
    frame = pd.concat([pd.DataFrame({"unique_id": name, "ds": ds, "y": y}) for name, y in series.items()])
    return Trial("D", 14, 2).run(frame)


def _said(done, name):
    rows = done.forecasts[done.forecasts["unique_id"] == name]
    return rows[[column for column in rows if column.startswith("q")] + ["mean"]].to_numpy()


def _wild():
    """Chance alone."""
    return np.random.default_rng(0).poisson(30, DAYS).astype(float)


@pytest.mark.slow
@pytest.mark.parametrize(
    "series",
    [
        {"zero": 0.0},
        {"other": -4.2, "zero": 0.0},
        {"a": 0.0, "b": 0.1, "c": 7.3, "d": 1e-9, "e": 123456789012345.0},
    ],
)
@pytest.mark.parametrize("company", [{}, {"wild": _wild(), "week": WEEK}])
def test_what_never_was_another_value_is_said_to_stay_exactly_that(series, company):
    """Every quantile of every model is it, all that came lay inside, and no score divides by nothing."""
    done = _done(**series, **company)
    for name, value in series.items():
        assert (_said(done, name) == value).all()
        scores = done.scores[done.scores["unique_id"] == name]
        assert scores[["coverage80", "coverage95"]].eq(1).all().all()
        assert scores[["mase", "rmsse", "sql"]].isna().all().all()
        assert scores["wql"].isna().all() if value == 0 else scores["wql"].eq(0).all()
    assert "undefined" in str(done)


@pytest.mark.slow
def test_a_week_that_repeats_itself_holds_in_bands_without_width():
    """What is lost in rounding on the way to the scale and back is no miss, and zero is zero."""
    done = _done(week=WEEK)
    base = done.forecasts[done.forecasts["model"] == "base"]
    assert np.allclose(base["q025"], base["q975"], rtol=1e-9)
    assert (base.loc[base["q50"] < 1, ["q025", "q50", "q975", "mean"]] == 0).all().all()
    assert done.scores[["coverage80", "coverage95"]].eq(1).all().all()


@pytest.mark.slow
def test_a_tiny_negative_value_is_no_reason_to_leave_the_scale_of_counts():
    """Rounding of others leaves -1e-9 where nothing was: forecasts stay above zero."""
    assert (_said(_done(wild=np.where(np.arange(DAYS) == 5, -1e-9, _wild())), "wild") >= 0).all()


@pytest.mark.slow
def test_series_without_chance_do_not_narrow_the_bands_of_others():
    """Among zeros a series stays as unsure as its chance is: no surer, and no more unsure than alone."""
    alone = _said(_done(wild=_wild()), "wild")
    among = _said(_done(wild=_wild(), week=WEEK, **{f"zero{k}": 0.0 for k in range(5)}), "wild")
    width = [np.median(said[:, 8] - said[:, 0]) for said in (alone, among)]
    chance = 2 * 1.96 * np.sqrt(30)  # what 95 % of Poisson's own values lie within
    assert chance < width[1] < 1.25 * width[0]


@pytest.mark.slow
def test_scores_of_others_are_not_broken_by_a_series_that_has_none():
    """The mean over series leaves out what is undefined."""
    alone, among = (_done(wild=_wild(), **more) for more in ({}, {"zero": 0.0}))
    for done in (alone, among):
        mean = done.scores.groupby("model")["mase"].mean()
        assert mean.between(0.3, 1.5).all()
