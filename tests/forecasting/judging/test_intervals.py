"""Intervals: as wide as forecasts like these missed, and wider where a step is doubtful."""

import numpy as np
import pytest

from forecasting.judging.intervals import LEVELS, Rehearsed
from forecasting.knowing.frequency import frequency
from forecasting.knowing.scale import Scale

SCALE = Scale(counts=True, size=np.full(20, 100.0))
SHAPE = (6, 20, 28)


def _held(truth, bands, outer):
    return ((truth >= bands[..., outer]) & (truth <= bands[..., -1 - outer])).mean()


def _band(truth, spread):
    path = np.full_like(truth, 100.0)
    past = Rehearsed(truth[:-1], path[:-1], spread[:-1], np.zeros(20, dtype=int))
    return past.learn(SCALE, frequency("D")).around(path[-1], spread[-1], SCALE)


@pytest.mark.slow
def test_where_weeks_differ_the_band_is_wider_than_within_a_week():
    """When each origin is off as a whole, a new one still lies in its band about as often as it should."""
    held = []
    for seed in range(200):  # weeks differ so much that fewer would tell nothing
        rng = np.random.default_rng(seed)
        off = rng.normal(0, 0.2, (SHAPE[0], 1, 1)) + rng.normal(0, 0.1, SHAPE)
        truth = 100 * np.exp(off)
        held.append(_held(truth[-1], _band(truth, np.ones(SHAPE)), 2))
    assert np.mean(held) == pytest.approx(0.82, abs=0.03)


def test_a_doubtful_step_gets_a_wider_band():
    """A step that is expected to be three times as far off has a band of three times the width."""
    rng = np.random.default_rng(0)
    spread = np.where(np.arange(SHAPE[2]) % 7 == 6, 0.3, 0.1) * np.ones(SHAPE)
    truth = 100 * np.exp(rng.normal(0, 1, SHAPE) * spread)
    band = np.log(_band(truth, spread))
    width = band[..., -3] - band[..., 2]
    assert width[:, 6].mean() == pytest.approx(3 * width[:, 5].mean(), rel=0.15)


def test_without_a_rehearsal_there_is_a_wide_band():
    """It is finite, holds the path and spans half of it."""
    band = _band(np.empty((1, *SHAPE[1:])), np.ones((1, *SHAPE[1:])))
    assert np.isfinite(band).all()
    assert (band[..., 0] < 60).all()
    assert (band[..., -1] > 160).all()


def test_a_run_of_busy_weeks_does_not_make_the_band_lean():
    """Where every rehearsed week was busier than foreseen, the next one may be quieter by as much."""
    rng = np.random.default_rng(0)
    truth = 100 * np.exp(np.abs(rng.normal(0, 0.2, SHAPE)))
    band = np.log(_band(truth, np.ones(SHAPE)) / 100 + 0.05)
    middle = np.log(1.05)
    assert band[..., 0] == pytest.approx(2 * middle - band[..., -1])
    assert band[..., LEVELS == 0.5] == pytest.approx(middle)


def test_a_single_origin_is_not_taken_for_all():
    """Where but one week was rehearsed, an 80 % band is wider than 80 % of that week's misses ask for."""
    truth = 100 * np.exp(np.random.default_rng(0).normal(0, 0.1, (2, *SHAPE[1:])))
    assert _held(truth[0], _band(truth, np.ones(truth.shape)), 2) > 0.87


def test_a_band_that_is_widened_goes_beyond_all_that_was_missed():
    """Where bands held too rarely the world misses by more than it ever did in rehearsal."""
    truth = 100 * np.exp(np.random.default_rng(0).normal(0, 0.1, SHAPE))
    past = Rehearsed(truth, np.full_like(truth, 100.0), np.ones(SHAPE), np.zeros(20, dtype=int))
    misses = past.learn(SCALE, frequency("D"))
    path, spread = np.full(SHAPE[1:], 100.0), np.full(SHAPE[1:], 10.0)
    furthest, further = (
        np.log(one.around(path, spread, SCALE)[..., -1] / 100 + 0.05).max() - np.log(1.05)
        for one in (misses, misses.widened(np.full(len(LEVELS), 1.5)))
    )
    assert further == pytest.approx(1.5 * furthest)
