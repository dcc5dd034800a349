"""The usual: what the same hour of the week was in the last weeks, days unlike their weekday left out."""

from dataclasses import dataclass

import numpy as np

from forecasting.panel import Flags, Panel
from forecasting.vintages import Floats, Ints

_REACH = 8
"""Seasons that are looked back over to find the ones to average."""


@dataclass(frozen=True)
class Rows:
    """Questions to a panel, one a row: which series, known until which column, how far ahead (from 0)."""

    series: Ints
    origins: Ints
    ahead: Ints

    @property
    def columns(self) -> Ints:
        """The columns that are asked for."""
        return self.origins + self.ahead

    @classmethod
    def behind(cls, panel: Panel) -> "Rows":
        """Every step of every series behind the panel's end, series after series."""
        n = len(panel.ids)
        series = np.repeat(np.arange(n), panel.horizon)
        ahead = np.tile(np.arange(panel.horizon), n)
        return cls(series, np.full(len(series), panel.steps), ahead)


def lagged(grid: Floats | Flags, rows: Rows, period: int, count: int) -> Floats:
    """(rows, count) the last known values at whole periods before each step; NaN before the beginning."""
    nearest = rows.ahead // period + 1
    columns = rows.columns[:, None] - period * (nearest[:, None] + np.arange(count))
    found = grid[(rows.series % len(grid))[:, None], np.maximum(columns, 0)].astype(np.float64)
    return np.where(columns >= 0, found, np.nan)


def mean(values: Floats, among: Flags | None = None) -> Floats:
    """The mean over the last axis of what is known; NaN where nothing is."""
    known = np.isfinite(values) if among is None else np.isfinite(values) & among
    count = known.sum(axis=-1)
    return np.where(count > 0, np.where(known, values, 0).sum(axis=-1) / np.maximum(count, 1), np.nan)


def usual(grid: Floats, panel: Panel, rows: Rows) -> Floats:
    """(rows,) the usual value of each step in the units of `grid` (n, T), known before its origin."""
    clock = panel.frequency
    past = lagged(grid, rows, clock.season, _REACH)
    unlike = lagged(panel.unlike, rows, clock.season, _REACH) > 0
    found = _first(past, ~unlike, clock.averaged)
    found = np.where(np.isfinite(found), found, _first(past, np.ones_like(unlike), clock.averaged))
    return _otherwise(grid, rows, found, clock.day, clock.season)


def _first(past: Floats, allowed: Flags, count: int) -> Floats:
    usable = np.isfinite(past) & allowed
    return mean(past, usable & (np.cumsum(usable, axis=1) <= count))


def _otherwise(grid: Floats, rows: Rows, found: Floats, day: int, season: int) -> Floats:
    """A series too young for its season is answered by its hour of the day, or else by its level."""
    missing = np.flatnonzero(~np.isfinite(found))
    if not len(missing):
        return found
    few = Rows(rows.series[missing], rows.origins[missing], rows.ahead[missing])
    daily = mean(lagged(grid, few, day, 28)) if day > 1 else np.full(len(missing), np.nan)
    answer = found.copy()
    answer[missing] = np.where(np.isfinite(daily), daily, _level(grid, few, 4 * season))
    return answer


def _level(grid: Floats, rows: Rows, span: int) -> Floats:
    level = np.full(len(rows.series), np.nan)
    pairs, which = np.unique(np.stack([rows.series, rows.origins]), axis=1, return_inverse=True)
    for number, (series, origin) in enumerate(pairs.T):
        past = grid[series, :origin]
        past = past[np.isfinite(past)]
        if len(past):
            level[which.ravel() == number] = past[-span:].mean()
    return level
