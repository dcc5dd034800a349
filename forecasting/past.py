"""What a panel's past says of a step that is asked for: the features of a model that learns."""

from functools import cached_property

import numpy as np

from forecasting.panel import Flags, Panel
from forecasting.scale import Scale
from forecasting.usual import Rows, lagged, mean, usual
from forecasting.vintages import Floats, Ints

Told = dict[str, Floats]
"""Features by name; what stands before the dot is the group that explains."""

_NEIGHBOURS = ("holiday", "leave")
"""Flags whose days before and after matter too."""


class Past:
    """A panel on its scale, with what is needed to answer many rows at once."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self.clock = panel.frequency
        self.scale = Scale.of(panel)
        self.grid = self.scale.forward(panel.y, np.arange(len(panel.ids))[:, None])

    def features(self, rows: Rows, hindsight: Flags | None = None) -> tuple[Told, Floats]:
        """What is told of each row, and its usual value on the scale.

        `hindsight` says for which rows the weather may be what it turned out to be before the panel's end:
        a model may learn from that, as long as nothing is forecast with it.
        """
        base = usual(self.grid, self.panel, rows)
        told = self._lags(rows, base) | self._levels(rows) | self._last_year(rows, base)
        told |= self._rhythm(rows) | self._calendar(rows) | self._weather(rows, hindsight)
        told["rhythm.ahead"] = rows.ahead.astype(np.float64)
        told["own.series"] = rows.series.astype(np.float64)
        return told, base

    def at(self, series: Ints, columns: Ints) -> Floats:
        """The value of these steps on the scale; NaN outside the past."""
        inside = (columns >= 0) & (columns < self.grid.shape[1])
        return np.where(inside, self.grid[series, np.where(inside, columns, 0)], np.nan)

    def _lags(self, rows: Rows, base: Floats) -> Told:
        seasons = lagged(self.grid, rows, self.clock.season, 4)
        told = {f"level.season{k}": seasons[:, k] - base for k in range(4)}
        told["own.spread"] = np.sqrt(mean((seasons - mean(seasons)[:, None]) ** 2))
        told["own.base"] = base
        if self.clock.day > 1:
            days = lagged(self.grid, rows, self.clock.day, 7)
            told |= {"level.yesterday": days[:, 0] - base, "level.days": mean(days) - base}
        return told

    def _levels(self, rows: Rows) -> Told:
        ladder = self.clock.ladder
        own = self._mean_of(self._sums, rows, ladder[4])
        told = {"own.level": own}
        told |= {f"level.last{span}": self._mean_of(self._sums, rows, span) - own for span in ladder[:4]}
        told[f"trend.last{ladder[5]}"] = self._mean_of(self._sums, rows, ladder[5]) - own
        spans = {max(self.clock.day // 4, 1), self.clock.day, self.clock.season, 4 * self.clock.season}
        return told | {f"level.off{s}": self._mean_of(self._departures, rows, s) for s in sorted(spans)}

    def _last_year(self, rows: Rows, base: Floats) -> Told:
        clock = self.clock
        if clock.season == clock.year or clock.year >= self.panel.steps:
            return {}
        then = Rows(rows.series, rows.origins - clock.year, rows.ahead)
        before = mean(lagged(self.grid, then, clock.season, clock.averaged))
        near = [self.at(rows.series, then.columns + shift) for shift in (-clock.day, 0, clock.day)]
        return {
            "trend.departure_then": near[1] - before,
            "trend.around_then": mean(np.stack(near, axis=-1)) - before,
            "trend.growth": base - before,
        }

    def _rhythm(self, rows: Rows) -> Told:
        """Where the step lies in the day, the week and the year."""
        times = self.panel.times(rows.series, rows.columns)
        days = times.astype("M8[D]").astype(np.int64)
        told = {"rhythm.month": times.astype("M8[M]").astype(np.int64) % 12}
        if self.clock.unit != "M":
            told["rhythm.weekday"] = (days + 3) % 7  # 1970 began on a Thursday
            told["rhythm.yearday"] = days - times.astype("M8[Y]").astype("M8[D]").astype(np.int64)
            told["rhythm.monthday"] = days - times.astype("M8[M]").astype("M8[D]").astype(np.int64)
        if self.clock.unit == "h":
            hour = times.astype(np.int64) % 24
            told |= {"rhythm.hour": hour, "rhythm.week_hour": told["rhythm.weekday"] * 24 + hour}
        return {name: values.astype(np.float64) for name, values in told.items()}

    def _calendar(self, rows: Rows) -> Told:
        told: Told = {}
        for name, array in self.panel.known.items():
            told[f"calendar.{name}"] = self.panel.covariate(name, rows.series, rows.columns)
            before = lagged(array, rows, self.clock.season, self.clock.averaged)
            told[f"calendar.{name}_before"] = mean(before)
            for days in (-2, -1, 1, 2) if name in _NEIGHBOURS else ():
                columns = rows.columns + days * self.clock.day
                told[f"calendar.{name}{days:+d}"] = self.panel.covariate(name, rows.series, columns)
        return told

    def _weather(self, rows: Rows, hindsight: Flags | None) -> Told:
        told: Told = {}
        for name, vintages in self.panel.vintages.items():
            expected = vintages.at(rows.columns, rows.origins)
            if hindsight is not None:
                turned_out = vintages.at(rows.columns, np.full_like(rows.origins, self.panel.steps))
                expected = np.where(np.isnan(expected) & hindsight, turned_out, expected)
            told[f"weather.{name}"] = expected
        return told

    @cached_property
    def _sums(self) -> tuple[Floats, Floats]:
        return _running(self.grid)

    @cached_property
    def _departures(self) -> tuple[Floats, Floats]:
        """Of how far each known step lay from the mean of the same step in the seasons before it."""
        before = np.full((*self.grid.shape, self.clock.averaged), np.nan)
        for number in range(self.clock.averaged):
            shift = (number + 1) * self.clock.season
            before[:, shift:, number] = self.grid[:, : max(self.grid.shape[1] - shift, 0)]
        return _running(self.grid - mean(before))

    @staticmethod
    def _mean_of(running: tuple[Floats, Floats], rows: Rows, span: int) -> Floats:
        """The mean over the last `span` steps before the origin; NaN where none is known."""
        sums, counts = running
        start, stop = np.maximum(rows.origins - span, 0), rows.origins
        n = counts[rows.series, stop] - counts[rows.series, start]
        total = sums[rows.series, stop] - sums[rows.series, start]
        return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def _running(grid: Floats) -> tuple[Floats, Floats]:
    """Sums and counts of what is known before each column."""
    known = np.isfinite(grid)
    zero = np.zeros((len(grid), 1))
    sums = np.cumsum(np.where(known, grid, 0), axis=1)
    return np.concatenate([zero, sums], axis=1), np.concatenate([zero, np.cumsum(known, axis=1)], axis=1)
