"""The usual: what the same hour of the week was in the last weeks, days unlike their weekday left out."""

from dataclasses import dataclass, replace

import numpy as np

from forecasting.knowing.panel import Flags, Panel
from forecasting.knowing.vintages import Floats, Ints

_REACH = 8
"""Seasons that are looked back over to find the ones to average."""
_FADED_REACH, _FADING = 16, 0.75
"""A season counts so much as the one after it: 6 % better than four equal weeks on eight origins of
pedestrians, and 1 % on seven of traffic, bicycles and taxis; 0.7 to 0.8 do as well."""


@dataclass(frozen=True)
class Rows:
    """Questions to a panel, one a row: which series, known until which column, how far ahead (from 0).

    `since` is the column from which the series may be looked at: what a young series knows.
    """

    series: Ints
    origins: Ints
    ahead: Ints
    since: Ints

    @property
    def columns(self) -> Ints:
        """The columns that are asked for."""
        return self.origins + self.ahead

    def of(self, chosen: Ints | Flags) -> "Rows":
        """Some of the rows."""
        return Rows(self.series[chosen], self.origins[chosen], self.ahead[chosen], self.since[chosen])

    def earlier(self, steps: int | Ints) -> "Rows":
        """The same questions so many steps before."""
        return replace(self, origins=self.origins - steps)

    @classmethod
    def behind(cls, panel: Panel) -> "Rows":
        """Every step of every series behind the panel's end, series after series."""
        n = len(panel.ids)
        series = np.repeat(np.arange(n), panel.horizon)
        ahead = np.tile(np.arange(panel.horizon), n)
        since = np.repeat(begins(np.isfinite(panel.y)), panel.horizon)
        return cls(series, np.full(len(series), panel.steps), ahead, since)


def begins(flags: Flags) -> Ints:
    """(n,) the first column that is set in each row; the number of columns where none is."""
    end = np.ones((len(flags), 1), dtype=np.bool_)
    first: Ints = np.concatenate([flags, end], axis=1).argmax(axis=1)
    return first


def lagged(grid: Floats | Flags, rows: Rows, period: int, count: int) -> Floats:
    """(rows, count) the last known values at whole periods before each step; NaN before the beginning."""
    nearest = rows.ahead // period + 1
    columns = rows.columns[:, None] - period * (nearest[:, None] + np.arange(count))
    found = grid[(rows.series % len(grid))[:, None], np.maximum(columns, 0)].astype(np.float64)
    return np.where(columns >= np.maximum(rows.since, 0)[:, None], found, np.nan)


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


def faded(grid: Floats, panel: Panel, rows: Rows) -> Floats:
    """(rows,) each step's value in the seasons before, the older the less; days unlike theirs left out.

    Exponential smoothing of every hour of the week for itself.
    """
    past = lagged(grid, rows, panel.frequency.season, _FADED_REACH)
    usable = np.isfinite(past) & ~(lagged(panel.unlike, rows, panel.frequency.season, _FADED_REACH) > 0)
    weights = np.where(usable, _FADING ** np.arange(_FADED_REACH), 0)
    total = weights.sum(axis=1)
    found = (weights * np.nan_to_num(past)).sum(axis=1) / np.where(total > 0, total, 1)
    return np.where(total > 0, found, np.nan)


def _first(past: Floats, allowed: Flags, count: int) -> Floats:
    usable = np.isfinite(past) & allowed
    return mean(past, usable & (np.cumsum(usable, axis=1) <= count))


def _otherwise(grid: Floats, rows: Rows, found: Floats, day: int, season: int) -> Floats:
    """A series too young for its season is answered by its hour of the day, or else by its level."""
    missing = np.flatnonzero(~np.isfinite(found))
    if not len(missing):
        return found
    few = rows.of(missing)
    daily = mean(lagged(grid, few, day, 28)) if day > 1 else np.full(len(missing), np.nan)
    some, place = np.unique(few.series, return_inverse=True)
    answer, running, few = found.copy(), Running.of(grid[some]), replace(few, series=place)
    recent, ever = (running.mean(few, span) for span in (4 * season, grid.shape[1]))
    level = np.where(np.isfinite(recent), recent, ever)
    answer[missing] = np.where(np.isfinite(daily), daily, level)
    return answer


@dataclass(frozen=True)
class Running:
    """Sums and counts of what is known before each column from `start` on: (n, T - start + 1)."""

    start: int
    sums: Floats
    counts: Ints

    @classmethod
    def of(cls, grid: Floats, start: int = 0) -> "Running":
        """Of the last columns of a grid, (n, T - start)."""
        known = np.isfinite(grid)
        zero = np.zeros((len(grid), 1))
        sums = np.concatenate([zero, np.cumsum(np.where(known, grid, 0), axis=1)], axis=1)
        return cls(start, sums, np.concatenate([zero, np.cumsum(known, axis=1)], axis=1).astype(np.int64))

    def mean(self, rows: Rows, span: int, youth: int = 0) -> Floats:
        """Over the last `span` steps before each origin, the series' first `youth` steps left out."""
        stop = rows.origins - self.start
        first = np.maximum(rows.since, 0) + youth - self.start
        start = np.clip(np.maximum(stop - span, first), 0, stop)
        n = self.counts[rows.series, stop] - self.counts[rows.series, start]
        total = self.sums[rows.series, stop] - self.sums[rows.series, start]
        return np.where(n > 0, total / np.maximum(n, 1), np.nan)
