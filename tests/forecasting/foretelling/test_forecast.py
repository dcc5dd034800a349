"""A forecast at an origin: no leak, no crossing, no exception."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.foretelling.forecast import forecast, mean, rehearsed_scores
from forecasting.judging.backtest import origins
from forecasting.judging.choose import BLEND, NONE, choose
from forecasting.judging.intervals import Rehearsed
from forecasting.knowing.panel import Panel
from forecasting.knowing.scale import Scale
from forecasting.models.boosted import Boosted
from forecasting.models.smoothing import Smoothing
from forecasting.models.usual_week import UsualWeek

MODELS = (UsualWeek(), Boosted(rows=1500, bags=2, trees=10), Smoothing())


@pytest.mark.parametrize(("freq", "days"), [("h", 60), ("D", 200), ("MS", 90)])
def test_permuting_what_came_after_the_origin_changes_no_forecast(long, freq, days):
    """Nothing after the origin reaches a model, an interval or a choice, also where three series pool."""
    frame = long(n=3, days=days, freq=freq)
    frame["ds"] -= pd.DateOffset(years=8)
    shuffled = frame.copy()
    after = frame["ds"] >= frame["ds"].max() - 47 * pd.tseries.frequencies.to_offset(freq)
    shuffled.loc[after, "y"] = np.random.default_rng(1).permutation(frame.loc[after, "y"])
    made = [forecast(Panel.of(one, freq, 24).cut(48), MODELS) for one in (frame, shuffled)]
    cut = forecast(Panel.of(frame[~after], freq, 24), MODELS)
    for other in (made[1], cut):
        assert all(np.array_equal(made[0].bands[name], other.bands[name]) for name in made[0].bands)


def test_every_model_is_rehearsed_and_the_best_is_published(long):
    """The published path has the least rehearsed error, and every score is there."""
    made = forecast(Panel.of(long(n=4, days=84), "h", 48), MODELS)
    scores = rehearsed_scores(made)
    assert set(scores["model"]) == {"base", "boosted", "smoothing", BLEND}
    best = scores.pivot_table(index="unique_id", columns="model", values="mase")
    assert (best[BLEND] <= best["base"] * 1.05).all()
    assert scores[["mase", "rmsse", "sql", "wql", "coverage80", "coverage95"]].notna().all().all()


def test_origins_leave_the_clock_as_it_is_now(long):
    """Rehearsals begin at the same hour of the day as the forecast, and end before it."""
    cuts = origins(Panel.of(long(n=1, days=84), "h", 49))
    assert all(cut % 24 == 0 and cut >= 49 for cut in cuts)
    assert len(cuts) == 4


def test_what_is_young_is_rehearsed_after_its_first_season(long):
    """Ten days of hours are rehearsed, a week is not; the band of ten days is narrower than a mere guess."""
    ten, seven = (Panel.of(long(n=4, days=days), "h", 24) for days in (10, 7))
    assert origins(ten) == (72, 48, 24)
    assert origins(seven) == ()
    counts = [len(origins(Panel.of(long(n=1, days=days), "h", 24))) for days in range(7, 30)]
    assert min(counts[3:]) >= 2
    tried, guessed = (np.ptp(forecast(one, MODELS).published, axis=-1).mean() for one in (ten, seven))
    assert tried < 0.7 * guessed


def test_a_single_rehearsal_tells_nothing_of_the_band(long):
    """How far off the path was is told; how often the band held is not, since that origin taught it."""
    scores = rehearsed_scores(forecast(Panel.of(long(n=2, days=16), "h", 169), (UsualWeek(),)))
    assert scores["mase"].notna().all()
    assert scores[["sql", "wql", "coverage80", "coverage95"]].isna().all(axis=None)


def test_a_model_that_is_half_as_bad_again_is_vetoed(long):
    """A wild model has no part in what is published."""
    made = forecast(Panel.of(long(n=2, days=70), "h", 24), (UsualWeek(),))
    wild = {**made.rehearsal.paths, "wild": made.rehearsal.paths["base"] * 5}
    rehearsal = replace(made.rehearsal, paths=wild)
    answers = {"base": made.bands["base"][..., 4], "wild": made.bands["base"][..., 4] * 5}
    choice = choose(rehearsal, answers)
    assert choice.names.tolist() == ["base", "base"]
    assert (choice.weights[..., 1] == 0).all()


def test_the_better_a_model_was_the_louder_it_is_heard(long):
    """Of two as good each has half a say; one with half as much error again of the other's has less."""
    made = forecast(Panel.of(long(n=4, days=70), "h", 24), (UsualWeek(),))
    truth, path = made.rehearsal.truth, made.rehearsal.paths["base"]
    worse = truth + 1.2 * (path - truth)
    rehearsal = replace(made.rehearsal, paths={"base": path, "twin": path, "worse": worse})
    rehearsal = replace(rehearsal, blind=frozenset())
    weights = choose(rehearsal, dict.fromkeys(("base", "twin", "worse"), path[0])).weights[:, 0]
    assert np.allclose(weights.sum(axis=1), 1)
    assert np.allclose(weights[:, 0], weights[:, 1])
    assert (weights[:, 2] < 0.6 * weights[:, 1]).all()


def test_near_a_feast_those_who_see_the_calendar_are_heard_alone(long):
    """Of two as good on ordinary days, the one that knows no calendar falls silent near a feast."""
    made = forecast(Panel.of(long(n=2, days=70), "h", 24), (UsualWeek(),))
    path = made.rehearsal.paths["base"]
    rehearsal = replace(made.rehearsal, paths={"base": path, "seer": path * 1.001})
    answers = {"base": path[0], "seer": path[0] + 9.0}
    choice, ordinary = choose(rehearsal, answers), np.zeros(path[0].shape, dtype=np.bool_)
    near = ordinary.copy()
    near[:, 12:] = True
    scale = Scale.of(made.panel)
    mixed, alone = (choice.path(answers, where, scale) for where in (ordinary, near))
    assert np.allclose(alone[:, 12:], answers["seer"][:, 12:])
    assert np.allclose(alone[:, :12], mixed[:, :12])
    assert (mixed < answers["seer"]).all()


def test_no_band_reaches_further_than_anything_ever_missed(long):
    """A series that rose from nothing has wide bands, but none a million times its height."""
    panel = Panel.of(long(n=6, days=40), "h", 24)
    rng = np.random.default_rng(0)
    path = np.full((4, 6, 24), 100.0)
    truth = path * np.exp(rng.normal(0, 0.2, path.shape))
    truth[:, 0], path[:, 0] = 100.0, 0.0
    spread = np.full(path.shape, 0.2)
    scale = Scale.of(panel)
    misses = Rehearsed(truth, path, spread, np.zeros(6, dtype=int)).learn(scale, panel.frequency)
    far = misses.around(np.full((6, 24), 100.0), np.full((6, 24), 2.0), scale)
    furthest = np.abs(
        scale.forward(truth, np.arange(6)[:, None]) - scale.forward(path, np.arange(6)[:, None])
    )
    allowed = scale.forward(np.full(6, 100.0), np.arange(6)) + furthest.max(axis=(0, 2)).max()
    assert (scale.forward(far, np.arange(6)[:, None, None]) <= allowed[:, None, None] + 1e-9).all()
    assert np.isfinite(far).all()


def test_a_young_series_hears_those_who_did_well_in_the_others(long):
    """It was never rehearsed itself, so the pool's experience is its own."""
    made = forecast(Panel.of(long(n=3, days=70), "h", 24), (UsualWeek(),))
    truth, path = made.rehearsal.truth.copy(), made.rehearsal.paths["base"]
    better = truth + 0.5 * (path - truth)
    truth[:, 2] = np.nan
    rehearsal = replace(made.rehearsal, truth=truth, paths={"base": path, "better": better})
    choice = choose(rehearsal, {"base": path[0], "better": better[0]})
    assert choice.names.tolist() == ["better"] * 3


def test_intervals_hold_as_often_as_they_say(long):
    """On new misses of the same kind, 80 % and 95 % bands hold 80 % and 95 % of the time."""
    panel = Panel.of(long(n=10, days=30), "h", 168)
    rng, scale = np.random.default_rng(0), Scale.of(panel)
    path = np.full((5, 10, 168), 100.0)
    truth = path * np.exp(rng.normal(0, 0.2, path.shape))
    alike = np.ones_like(path)
    past = Rehearsed(truth[:4], path[:4], alike[:4], np.zeros(10, dtype=int))
    bands = past.learn(scale, panel.frequency).around(path[4], alike[4], scale)
    held = [((truth[4] >= bands[..., low]) & (truth[4] <= bands[..., -1 - low])).mean() for low in (2, 0)]
    assert held == pytest.approx([0.80, 0.95], abs=0.03)


def test_the_mean_of_a_band_is_the_mean_of_its_outcomes():
    """Quantiles of a uniform outcome have its mean."""
    levels = np.array([0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975])
    assert mean(levels) == pytest.approx(0.5)


def test_without_any_past_the_answer_is_insufficient_data(long):
    """A series of which nothing is known gets no figure, and the others get theirs."""
    frame = pd.concat([long(n=1), pd.DataFrame({"unique_id": ["x"], "ds": ["2026-02-01"], "y": [np.nan]})])
    made = forecast(Panel.of(frame.assign(ds=pd.to_datetime(frame["ds"])), "h", 24), MODELS)
    assert made.choice.names[1] == NONE
    assert np.isnan(made.published[1]).all()
    assert np.isfinite(made.published[0]).all()


_NUMBERS = st.floats(-1, 1e6) | st.sampled_from([0.0, np.nan, np.inf, -np.inf])
_SERIES = st.one_of(
    st.lists(_NUMBERS, min_size=1, max_size=60),
    st.builds(lambda value, count: [value] * count, st.floats(0, 1e9), st.integers(1, 900)),
)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.lists(_SERIES, min_size=1, max_size=4), st.sampled_from(["h", "D", "MS", "QS"]), st.integers(1, 30))
def test_no_series_is_too_bad_for_an_answer(many, freq, horizon):
    """Short, constant, infinite or zero: quantiles are finite, never cross, and counts stay above 0."""
    frames = [
        pd.DataFrame(
            {"unique_id": f"s{k}", "ds": pd.date_range("2019-01-01", periods=len(y), freq=freq), "y": y}
        )
        for k, y in enumerate(many)
    ]
    frame = pd.concat(frames)
    made = forecast(Panel.of(frame, freq, horizon), MODELS)
    known = frame["y"].where(np.isfinite(frame["y"])).groupby(frame["unique_id"]).count() > 0
    published = made.published[known.loc[made.panel.ids].to_numpy()]
    assert np.isfinite(published).all()
    assert (np.diff(published, axis=-1) >= 0).all()
    finite = frame["y"][np.isfinite(frame["y"])]
    assert (finite < 0).any() or (published >= 0).all()


@pytest.mark.slow
def test_a_thousand_series_of_every_length_are_answered_at_once():
    """From one day to three months, in any order, with gaps and zones: all finite, none below zero."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 90, 1000)
    ids = np.repeat([f"s{k:04d}" for k in range(1000)], lengths)
    back = np.concatenate([np.arange(length) for length in lengths])
    ds = pd.Timestamp("2026-03-01", tz="Asia/Jakarta") - pd.to_timedelta(back, unit="D")
    frame = pd.DataFrame({"unique_id": ids, "ds": ds, "y": rng.poisson(20.0, len(ids))}).sample(frac=0.9)
    made = forecast(Panel.of(frame, "D", 14), MODELS)
    assert made.published.shape == (frame["unique_id"].nunique(), 14, 9)
    assert np.isfinite(made.published).all()
    assert (made.published >= 0).all()
    assert (np.diff(made.published, axis=-1) >= 0).all()


def test_a_panel_without_a_past_has_no_answer(long):
    """Cut back to before its beginning it knows nothing, and says so."""
    made = forecast(Panel.of(long(n=2, days=2), "h", 24).cut(99), MODELS)
    assert made.choice.names.tolist() == [NONE, NONE]
    assert np.isnan(made.published).all()


def test_an_empty_frame_gives_an_empty_forecast():
    """No series, no rows, no exception."""
    nothing = pd.DataFrame({"unique_id": [], "ds": pd.to_datetime([]), "y": []})
    assert forecast(Panel.of(nothing, "h", 24), MODELS).published.shape == (0, 24, 9)
