"""The long frame on its grid."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.knowing.panel import Panel
from forecasting.knowing.vintages import Vintages
from lakehouse.problem import BadTable


def _frame(ds, y):
    return pd.DataFrame({"unique_id": "a", "ds": ds, "y": y})


def test_gaps_stay_missing_and_are_no_zeros():
    """An hour that nobody saw is unknown on the grid."""
    panel = Panel.of(_frame(pd.to_datetime(["2026-01-01 00:00", "2026-01-01 03:00"]), [1.0, 4.0]), "h", 2)
    assert np.array_equal(panel.y, [[1, np.nan, np.nan, 4]], equal_nan=True)
    assert panel.future.astype("M8[h]").tolist()[0][0] == pd.Timestamp("2026-01-01 04:00")


def test_order_and_duplicates_do_not_matter():
    """Unsorted rows are sorted, and of two rows for one time the known one counts."""
    ds = pd.to_datetime(["2026-01-01 01:00", "2026-01-01 00:00", "2026-01-01 00:00"])
    assert Panel.of(_frame(ds, [5.0, 2.0, np.nan]), "h", 1).y.tolist() == [[2, 5]]


def test_infinities_and_the_future_are_unknown():
    """What is no number, and what has not happened yet, is not looked at."""
    ds = pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-03", "2199-01-01"])
    assert Panel.of(_frame(ds, [1.0, np.inf, 3.0, 7.0]), "D", 1).y.shape == (1, 3)


def test_times_with_a_zone_keep_their_wall_clock():
    """The hour of the day is the one that people read off their clocks."""
    ds = pd.to_datetime(["2026-01-01 07:00+07:00", "2026-01-01 08:00+07:00"])
    panel = Panel.of(_frame(ds, [1.0, 2.0]), "h", 1)
    assert panel.origins[0] == np.datetime64("2026-01-01T09")


def test_a_missing_column_is_named(long):
    """A frame without y is refused by name."""
    with pytest.raises(BadTable, match="y"):
        Panel.of(long().drop(columns="y"), "h", 24)


def test_an_unknown_frequency_is_refused(long):
    """Only the frequencies that are known are taken."""
    with pytest.raises(BadTable, match="fortnight"):
        Panel.of(long(), "fortnight", 24)


def test_a_cut_panel_holds_nothing_of_what_came_after(long):
    """A model that is given a cut panel cannot see beyond it, its known future apart."""
    frame = long(n=2, days=10).assign(holiday=1.0)
    panel = Panel.of(frame, "h", 24, future=["holiday"])
    past = panel.cut(48)
    assert past.y.shape == (2, panel.steps - 48)
    assert past.known["holiday"].shape == (2, panel.steps - 24)
    assert (past.origins == panel.origins - 48).all()


@given(st.lists(st.booleans(), min_size=9, max_size=40), st.sampled_from(["h", "D"]))
def test_days_near_a_feast_are_counted_to_the_nearest_one(feasts, freq):
    """Every step knows how many days away the nearest day unlike its weekday is, up to six for far."""
    day = 24 if freq == "h" else 1
    steps = pd.date_range("2026-01-01", periods=len(feasts) * day, freq=freq)
    flags = np.repeat(feasts, day).astype(float)
    frame = pd.DataFrame({"unique_id": "a", "ds": steps, "y": 1.0, "holiday": flags})
    panel = Panel.of(frame, freq, 0, future=["holiday"])
    where = np.flatnonzero(feasts)
    away = [min(np.abs(where - one).min(initial=6), 6) for one in range(len(feasts))]
    assert panel.nearest_unlike[0].tolist() == np.repeat(away, day).tolist()
    assert panel.near_unlike[0].tolist() == [days <= 5 for days in np.repeat(away, day)]


def test_what_is_static_is_a_number_of_each_series(long):
    """Words are numbered by the alphabet; a number stays what it is."""
    frame = long(n=2, days=3).assign(lat=-6.9)
    frame["town"] = np.where(frame["unique_id"] == "s0", "north", "east")
    static = Panel.of(frame, "h", 24, static=["town", "lat"]).static
    assert static["town"].tolist() == [1, 0]
    assert static["lat"].tolist() == [-6.9, -6.9]


def test_a_long_past_is_cut_to_what_is_looked_back_over(long):
    """The last steps stay, and so does all that is known of them."""
    frame = long(n=1, days=600, freq="D").assign(holiday=lambda rows: rows["y"])
    panel = Panel.of(frame, "D", 7, future=["holiday"])
    shorter = replace(panel, frequency=replace(panel.frequency, history=100)).recent()
    assert np.array_equal(shorter.y, panel.y[:, -100:])
    assert np.array_equal(shorter.known["holiday"], panel.known["holiday"][:, -107:], equal_nan=True)
    weather = Vintages.of(np.array([5, 9]), np.array([1, 8]), np.array([0.5, 0.9])).since(4)
    assert np.array_equal(weather.at(np.array([1, 5]), np.array([0, 4])), [0.5, 0.9])


def test_weather_counts_from_the_moment_it_was_issued():
    """The newest vintage known at the origin answers; a later one does not exist yet."""
    vintages = Vintages.of(np.array([5, 5, 5]), np.array([1, 3, 6]), np.array([0.1, 0.3, 0.6]))
    asked = vintages.at(np.array([5, 5, 5, 4]), np.array([2, 4, 6, 6]))
    assert np.array_equal(asked, [0.1, 0.3, 0.6, np.nan], equal_nan=True)
    assert vintages.until(4).at(np.array([5]), np.array([9])) == [0.3]
