"""What holidays, Ramadan, Lebaran and the trend do to a synthetic site's usual week."""

from datetime import date
from functools import lru_cache

import numpy as np
import pandas as pd

from lakehouse.city.calendar import day_flags
from lakehouse.synthetic.chance import Floats, Ints
from lakehouse.synthetic.slots import UTC_OFFSET_S

_OFFSET_H = UTC_OFFSET_S // 3600
_EPOCH_DAY = date(2025, 1, 1).toordinal() - date(1970, 1, 1).toordinal()

_HOLIDAY = {"commute": 0.70, "market": 1.05, "home": 0.90, "leisure": 1.35, "gate": 1.70}
_LEAVE = {"commute": 0.78, "market": 1.04, "home": 0.92, "leisure": 1.30, "gate": 1.55}
_SCHOOL = {"commute": 0.94, "market": 1.0, "home": 0.97, "leisure": 1.10, "gate": 1.25}
_PAYDAY = {"commute": 1.02, "market": 1.10, "home": 1.02, "leisure": 1.08, "gate": 1.0}
_EVENT = {"commute": 1.05, "market": 1.05, "home": 1.0, "leisure": 1.45, "gate": 1.25}
_TREND_A_YEAR = {"commute": 0.04, "market": 0.02, "home": 0.03, "leisure": 0.05, "gate": 0.09}

_TO_EID = np.array([-15, -8, -7, -4, -2, -1, 0, 1, 2, 4, 6, 8, 10, 15])
_LEBARAN = {
    "commute": [1.0, 1.0, 1.08, 1.18, 1.10, 0.85, 0.45, 0.60, 0.72, 0.85, 1.05, 1.10, 1.0, 1.0],
    "market": [1.0, 1.10, 1.20, 1.40, 1.55, 1.40, 0.25, 0.40, 0.65, 0.85, 0.95, 1.0, 1.0, 1.0],
    "home": [1.0, 1.0, 1.05, 1.08, 1.12, 1.10, 1.00, 1.10, 1.05, 1.02, 1.0, 1.0, 1.0, 1.0],
    "leisure": [1.0, 1.0, 1.05, 1.05, 1.10, 1.20, 0.90, 1.60, 1.80, 1.70, 1.40, 1.10, 1.0, 1.0],
    "gate": [1.0, 0.9, 0.85, 0.85, 0.85, 0.80, 0.70, 1.90, 2.20, 2.00, 1.60, 1.15, 1.0, 1.0],
}
"""By days from Eid: people come home before it, visit one another on it, and go out after it."""

_OWN_DAYS = 7

_RAMADAN = {
    "commute": "85 95 160 200 190 130 90 85 88 95 95 95 92 92 95 105 118 122 62 75 105 112 110 105",
    "market": "90 95 120 150 130 105 90 88 92 96 98 98 98 98 105 125 145 150 70 70 95 100 98 95",
    "home": "95 105 190 260 230 150 85 85 92 96 96 96 94 94 98 108 120 128 70 80 110 118 112 105",
    "leisure": "110 100 120 150 140 110 70 60 58 56 55 55 55 58 66 90 140 160 70 85 125 135 130 120",
    "gate": "100 100 100 100 100 100 60 55 55 55 55 55 55 58 62 75 90 90 50 80 120 120 110 100",
}
"""Per cent of the usual by the hour: early meals, slow days, a rush before sunset, late evenings."""

_FASTING = {shape: np.array([int(part) for part in text.split()]) / 100 for shape, text in _RAMADAN.items()}


def special(shape: str, hours: range) -> Floats:
    """The factor (n,) on the usual week of a shape; `hours` counts hours since 1970 (UTC)."""
    local = np.arange(hours.start, hours.stop) + _OFFSET_H
    first, last = int(local[0]) // 24, int(local[-1]) // 24
    factors: Floats = _by_hour(shape, first, last)[local - first * 24]
    return factors


@lru_cache(maxsize=128)
def _by_hour(shape: str, first: int, last: int) -> Floats:
    """The factor of every hour from the first to the last day, counted since 1970."""
    days = np.arange(first, last + 1)
    flags = _flags(first, last)
    day = _trend(shape, days) * _days(shape, flags)
    hour = np.where(flags["ramadan"].to_numpy()[:, None] > 0, _FASTING[shape], 1.0)
    factors: Floats = (day[:, None] * hour).ravel()
    return factors


@lru_cache(maxsize=32)
def _flags(first: int, last: int) -> pd.DataFrame:
    start = date(1970, 1, 1).toordinal()
    return day_flags(date.fromordinal(start + day) for day in range(first, last + 1))


def _trend(shape: str, days: Ints) -> Floats:
    trend: Floats = np.exp(_TREND_A_YEAR[shape] * (days - _EPOCH_DAY).astype(np.float64) / 365.25)
    return trend


def _days(shape: str, flags: pd.DataFrame) -> Floats:
    """Near Eid its own factors hold, elsewhere those of holidays, leave, school, payday and events."""
    to_eid = flags["to_eid"].to_numpy()
    near = np.interp(to_eid, _TO_EID, _LEBARAN[shape])
    usual = np.ones(len(flags))
    for column, factors in (("holiday", _HOLIDAY), ("leave", _LEAVE)):
        usual = np.where(flags[column].to_numpy() > 0, factors[shape], usual)
    for column, factors in (("school", _SCHOOL), ("payday", _PAYDAY), ("event", _EVENT)):
        usual = usual * np.where(flags[column].to_numpy() > 0, factors[shape], 1.0)
    told: Floats = np.where(np.abs(to_eid) <= _OWN_DAYS, near, usual * near)
    return told
