"""What is unusual: told once, and seldom without cause."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from forecasting.publishing.unusual import episodes, tell
from lakehouse.clock import city_day
from lakehouse.store import Lake
from lakehouse.tables import QUANTILES, TABLES, quantile_column

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SPREAD = [70.0, 75.0, 80.0, 93.0, 100.0, 107.0, 120.0, 125.0, 130.0]
"""A band of nine quantiles around 100; half of its 95 % is 30."""


@pytest.fixture
def lake(tmp_path):
    """An empty lake."""
    return Lake.create(tmp_path / "lake")


def _forecast(lake, issued=NOW - 24 * HOUR, middle=100.0, scenario=""):
    items = [
        {
            "issued_at": issued,
            "at": issued + ahead * HOUR,
            "step": "h",
            "area_id": "33.74",
            "kind": "traffic.flow",
            "scenario": scenario,
            "model": "base",
            "mean": middle,
            "input_version": 0,
            **{quantile_column(q): middle / 100 * value for q, value in zip(QUANTILES, SPREAD, strict=True)},
        }
        for ahead in range(48)
    ]
    lake.append("forecasts", pa.Table.from_pylist(items, schema=TABLES["forecasts"].schema))


def _hours(lake, values, until=NOW, reason=None):
    """The last hours before `until`; None is unknown."""
    items = [
        {
            "day": city_day(until - back * HOUR),
            "hour": until - back * HOUR,
            "area_id": "33.74",
            "kind": "traffic.flow",
            "seen": value or 0.0,
            "value": value,
            "coverage": 1.0,
            "reason": reason if value is not None else "not looked at",
            "origin": "pixels",
            "source_version": 0,
        }
        for back, value in zip(range(len(values), 0, -1), values, strict=True)
    ]
    lake.append("area_hours", pa.Table.from_pylist(items, schema=TABLES["area_hours"].schema))


def _told(lake):
    return lake.read("unusual").to_pylist()


def test_an_hour_far_outside_its_band_is_told(lake):
    """With its band, what was observed, and when it was told."""
    _forecast(lake)
    _hours(lake, [100.0, 100.0, 260.0])
    assert tell(lake, NOW).new == 1
    (row,) = _told(lake)
    assert (row["from"], row["to"], row["told_at"]) == (NOW - HOUR, NOW, NOW)
    assert (row["observed"], row["q05"], row["q95"]) == (260.0, 75.0, 125.0)


def test_an_episode_that_goes_on_is_one_row(lake):
    """An hour later it is longer, with what was furthest out; it was told when it was told."""
    _forecast(lake)
    _hours(lake, [100.0, 240.0])
    tell(lake, NOW)
    _hours(lake, [260.0], until=NOW + HOUR)
    told = tell(lake, NOW + HOUR)
    assert (told.new, told.going) == (0, 1)
    (row,) = _told(lake)
    assert (row["from"], row["to"], row["told_at"], row["observed"]) == (NOW - HOUR, NOW + HOUR, NOW, 260.0)


def test_looking_again_makes_no_new_version(lake):
    """The same hours are told once."""
    _forecast(lake)
    _hours(lake, [260.0])
    tell(lake, NOW)
    before = lake.version("unusual")
    tell(lake, NOW + timedelta(minutes=10))
    assert lake.version("unusual") == before


def test_hours_just_outside_the_band_are_told_when_there_are_two(lake):
    """One hour at half again the band is chance; two in a row on the same side are not."""
    _forecast(lake)
    _hours(lake, [100.0, 146.0, 100.0, 54.0, 146.0, 100.0])
    assert tell(lake, NOW).new == 0
    _hours(lake, [148.0, 148.0], until=NOW + 2 * HOUR)
    assert tell(lake, NOW + 2 * HOUR).new == 1


def test_what_is_unknown_is_not_unusual(lake):
    """A gap is no zero, and an hour that still runs is not judged."""
    _forecast(lake)
    _hours(lake, [None, None])
    _hours(lake, [0.0], until=NOW + HOUR, reason="running")
    assert tell(lake, NOW + HOUR).new == 0


def test_a_forecast_that_saw_it_coming_is_not_asked(lake):
    """The band is of the forecast made six hours before, not of one that already knew; a scenario's never."""
    _forecast(lake)
    _forecast(lake, issued=NOW - 2 * HOUR, middle=260.0)
    _forecast(lake, issued=NOW - 23 * HOUR, middle=260.0, scenario="rain=20mm")
    _hours(lake, [260.0])
    assert tell(lake, NOW).new == 1


def test_many_ordinary_areas_are_seldom_told():
    """Of 200 areas that are outside their 90 % band in a tenth of a week's hours, about one a day is told."""
    rng, hours, areas = np.random.default_rng(0), 168, 200
    band = dict(zip(("q025", "q05", "q50", "q95", "q975"), (68.0, 75.0, 100.0, 135.0, 146.0), strict=True))
    values = 100 * np.exp(0.19 * rng.normal(size=hours * areas))
    frame = pd.DataFrame(
        {"area_id": np.repeat(np.arange(areas).astype(str), hours), "kind": "k", "value": values}
    )
    frame = frame.assign(at=np.tile(pd.date_range(NOW, periods=hours, freq="h"), areas), **band)
    outside = (frame["value"] > 135) | (frame["value"] < 75)
    assert outside.mean() > 0.1
    assert len(list(episodes(frame))) <= 2 * hours / 24


def test_a_blackout_is_found_among_many_areas():
    """An area that falls to a tenth is told, and no other."""
    areas = 300
    frame = pd.DataFrame({"area_id": np.arange(areas).astype(str), "kind": "k", "at": pd.Timestamp(NOW)})
    frame = frame.assign(q025=70.0, q05=75.0, q50=100.0, q95=125.0, q975=130.0, value=100.0)
    frame.loc[7, "value"] = 10.0
    frame.loc[9, "value"] = 131.0
    assert [episode["area_id"] for episode in episodes(frame)] == ["7"]
