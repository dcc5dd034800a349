"""Bands learn from how often those that were published held."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from forecasting.judging.intervals import AS_REHEARSED
from forecasting.judging.widths import learnt, widths
from forecasting.publishing import issue
from lakehouse.tables import QUANTILES, TABLES, quantile_column

WANTED = 1 - np.abs(2 * np.array(QUANTILES) - 1)
NORMAL = np.array([-1.96, -1.645, -1.282, -0.674, 0.0, 0.674, 1.282, 1.645, 1.96])
KIND = "traffic.flow"


@pytest.mark.parametrize("noise", [0.7, 1.0, 1.5])
def test_bands_come_back_to_what_they_promise(noise):
    """Where the world is more or less noisy than rehearsed, an 80 % band soon holds nearly 80 % again."""
    rng, days = np.random.default_rng(0), np.empty((0, len(QUANTILES)))
    held = []
    for _ in range(60):
        off = rng.normal(0, noise, 500)[:, None]
        outside = np.abs(off) > np.abs(NORMAL * learnt(days[:28]))
        days = np.vstack([outside.mean(axis=0), days])
        held.append(1 - outside[:, QUANTILES.index(0.9)].mean())
    at_first = abs(held[0] - 0.8)
    assert abs(np.mean(held[-30:]) - 0.8) <= max(0.4 * at_first, 0.02)


@given(arrays.arrays(np.float64, (28, len(QUANTILES)), elements=st.floats(0, 1) | st.just(np.nan)))
def test_whatever_happened_bands_stay_bands(outside):
    """No run of luck or of bad luck makes them vanish or grow without end."""
    found = learnt(outside)
    assert ((found >= 2 / 3) & (found <= 2)).all()


def test_what_held_as_often_as_it_should_changes_nothing():
    """Neither does a past without any issue."""
    assert np.allclose(learnt(np.tile(WANTED, (28, 1))), 1)
    assert np.allclose(learnt(np.full((28, len(QUANTILES)), np.nan)), 1)


def test_before_the_first_issue_bands_are_as_rehearsed(lake, origin):
    """An empty table of forecasts says nothing."""
    assert np.array_equal(widths(lake, KIND, origin), AS_REHEARSED)


def test_the_next_issue_is_wider_where_the_last_ones_were_too_narrow(lake, areas, origin, monkeypatch):
    """Ten days of bands that nothing lay in widen what is published, by what the tables say alone."""
    monkeypatch.setattr(issue, "models", lambda *_: [issue.UsualWeek()])
    before = _bands(lake, areas, origin)
    for back in range(10, 0, -1):
        _publish(lake, areas, origin - timedelta(days=back))
    assert (widths(lake, KIND, origin)[[0, -1]] > 1.5).all()
    after = _bands(lake, areas, origin)
    middle = QUANTILES.index(0.5)
    assert np.array_equal(before[..., middle], after[..., middle])
    assert (np.ptp(after, axis=-1) > 1.2 * np.ptp(before, axis=-1)).all()


def _bands(lake, areas, origin):
    (wanted,) = issue.orders(lake, origin, 24, areas=areas, prophets=0)
    return issue.fill(wanted).outlook.bands


def _publish(lake, areas, issued):
    """An issue whose bands are far from all that comes."""
    steps = [
        {"issued_at": issued, "at": issued + timedelta(hours=ahead), "step": "h", "area_id": area}
        | {"kind": KIND, "scenario": "", "model": "base", "mean": 1e6, "input_version": 0}
        | {quantile_column(q): 1e6 + q for q in QUANTILES}
        for ahead in range(30)
        for area in areas
    ]
    scores = [
        {"issued_at": issued, "area_id": area, "kind": KIND, "model": "base", "chosen": True, "scenario": ""}
        | {"horizon": 30, "n": 0}
        for area in areas
    ]
    for name, rows in (("forecasts", steps), ("scores", scores)):
        lake.append(name, pa.Table.from_pylist(rows, schema=TABLES[name].schema))
