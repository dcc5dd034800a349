"""What a panel's past says of a step that is asked for: the features of a model that learns."""

from functools import cached_property

import numpy as np

from forecasting.knowing.panel import Flags, Panel
from forecasting.knowing.scale import Scale
from forecasting.knowing.usual import Rows, Running, begins, faded, lagged, mean, usual
from forecasting.knowing.vintages import Floats, Ints
from forecasting.models.offdays import OffDays
from forecasting.models.smooth import Smooth

Told = dict[str, Floats]
"""Features by name; what stands before the dot is the group that explains."""

_GROWN_SEASONS = 3
"""A series is smoothed once it has so many seasons."""
_FEWEST_OTHERS = 3
_NEIGHBOURS = ("holiday", "leave")
"""Flags whose days before and after matter too."""


class Past:
    """A panel on its scale, with what is needed to answer many rows at once."""

    def __init__(self, panel: Panel, since: int = 0) -> None:
        """Of a panel that is asked for no origin before the column `since`."""
        self.panel = panel
        self.clock = panel.frequency
        self.start = max(since - max(*self.clock.ladder, 2 * self.clock.averaged * self.clock.season), 0)
        self.scale = Scale.of(panel)
        self.grid = self.scale.forward(panel.y, np.arange(len(panel.ids))[:, None])
        self.first = begins(np.isfinite(panel.y))

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
        told["own.age"] = np.minimum(rows.origins - rows.since, self.clock.year).astype(np.float64)
        told |= {f"own.{name}": values[rows.series] for name, values in self.panel.static.items()}
        return told, base

    def off_day(self, rows: Rows) -> Floats:
        """(rows,) what a day off adds on the scale, by what such days did to the series before."""
        young = rows.since > self.first[rows.series]
        return self._off_days.effect(self.panel, rows, young)

    def at(self, series: Ints, columns: Ints, since: Ints | int = 0) -> Floats:
        """The value of these steps on the scale; NaN outside the past."""
        inside = (columns >= np.maximum(since, 0)) & (columns < self.grid.shape[1])
        return np.where(inside, self.grid[series, np.where(inside, columns, 0)], np.nan)

    def smoothed(self, rows: Rows) -> Floats:
        """What exponential smoothing expects; NaN for a series too young for it.

        Hours have two rhythms in one: there each hour of the week is smoothed for itself.
        """
        grown = rows.origins - rows.since >= _GROWN_SEASONS * self.clock.season
        if self._smooth is None:
            return np.where(grown, faded(self.grid, self.panel, rows), np.nan)
        return np.where(grown, self._smooth.ahead(rows), np.nan)

    def _lags(self, rows: Rows, base: Floats) -> Told:
        seasons = lagged(self.grid, rows, self.clock.season, 4)
        told = {f"level.season{k}": seasons[:, k] - base for k in range(4)}
        told["own.spread"] = np.sqrt(mean((seasons - mean(seasons)[:, None]) ** 2))
        told["own.base"] = base
        if self.clock.day > 1:
            days = lagged(self.grid, rows, self.clock.day, 7)
            told |= {"level.yesterday": days[:, 0] - base, "level.days": mean(days) - base}
        told["level.smoothed"] = self.smoothed(rows) - base
        return told | self._others(rows, base)

    def _others(self, rows: Rows, base: Floats) -> Told:
        """What the panel's other series tell: their rhythm at this one's level, and how they depart now."""
        if len(self.panel.ids) < _FEWEST_OTHERS:
            return {}
        rhythm, begins = self._pool
        place = rows.origins + begins[rows.series]
        in_time = Rows(np.zeros_like(place), place, rows.ahead, np.zeros_like(place))
        usual_rhythm = mean(lagged(rhythm, in_time, self.clock.season, 4))
        return {"level.others": self._running.mean(rows, self.clock.season) + usual_rhythm - base}

    def _levels(self, rows: Rows) -> Told:
        ladder = self.clock.ladder
        level, off = self._running, self._departures
        own = level.mean(rows, ladder[4])
        told = {"own.level": own}
        told |= {f"level.last{span}": level.mean(rows, span) - own for span in ladder[:4]}
        told[f"trend.last{ladder[5]}"] = level.mean(rows, ladder[5]) - own
        spans = {max(self.clock.day // 4, 1), self.clock.day, self.clock.season, 4 * self.clock.season}
        youth = self.clock.averaged * self.clock.season
        return told | {f"level.off{span}": off.mean(rows, span, youth) for span in sorted(spans)}

    def _last_year(self, rows: Rows, base: Floats) -> Told:
        clock = self.clock
        if clock.season == clock.year or clock.year >= self.panel.steps:
            return {}
        then = rows.earlier(clock.year)
        before = mean(lagged(self.grid, then, clock.season, clock.averaged))
        near = [
            self.at(rows.series, then.columns + shift, rows.since) for shift in (-clock.day, 0, clock.day)
        ]
        return {
            "trend.departure_then": near[1] - before,
            "trend.around_then": mean(np.stack(near, axis=-1)) - before,
            "trend.growth": base - before,
            "trend.departure_on_date": self._on_date(rows),
        }

    def _on_date(self, rows: Rows) -> Floats:
        """How far the same dates of the two years before lay from what was usual when they were as near."""
        found = []
        for years in (1, 2):
            then = rows.earlier(self._since_date(rows, years))
            before = mean(lagged(self.grid, then, self.clock.season, self.clock.averaged))
            found.append(self.at(then.series, then.columns, then.since) - before)
        return mean(np.stack(found, axis=-1))

    def _since_date(self, rows: Rows, years: int) -> Ints:
        """(rows,) steps since the same date so many years before."""
        days = self.panel.times(rows.series, rows.columns).astype("M8[D]")
        months = days.astype("M8[M]")
        then = (months - 12 * years).astype("M8[D]") + (days - months.astype("M8[D]"))
        since: Ints = (days - then).astype(np.int64) * self.clock.day
        return since

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
        nearest = self._nearest_unlike
        told["calendar.to_unlike"] = nearest[rows.series % len(nearest), rows.columns].astype(np.float64)
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
    def _off_days(self) -> OffDays:
        weights = np.exp(self.grid) if self.scale.counts else np.ones_like(self.grid)
        return OffDays.of(self.panel, self.grid, weights)

    @cached_property
    def _smooth(self) -> Smooth | None:
        return None if self.clock.unit == "h" else Smooth.of(self.grid, self.panel)

    @cached_property
    def _nearest_unlike(self) -> Ints:
        return self.panel.nearest_unlike

    @cached_property
    def _running(self) -> Running:
        return Running.of(self.grid[:, self.start :], self.start)

    @cached_property
    def _departures(self) -> Running:
        """Of how far each known step lay from the mean of the same step in the seasons before it."""
        recent, season = self.grid[:, self.start :], self.clock.season
        known = np.isfinite(recent)
        total, count = np.zeros(recent.shape), np.zeros(recent.shape)
        for shift in range(season, (self.clock.averaged + 1) * season, season):
            total[:, shift:] += np.where(known, recent, 0)[:, :-shift]
            count[:, shift:] += known[:, :-shift]
        before = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        return Running.of(recent - before, self.start)

    @cached_property
    def _pool(self) -> tuple[Floats, Ints]:
        """(1, time) how far the panel lay from its series' own levels, and where in it each series begins.

        Series may end at different times: what counts is when, not how long before the end.
        """
        origins = self.panel.origins.astype(np.int64) // self.clock.stride
        steps, longest = self.grid.shape[1], self.clock.history
        begins = origins - max(int(origins.min()), int(origins.max()) - longest)
        total, count = (np.zeros(steps + longest + 1) for _ in range(2))
        for series in np.flatnonzero(begins >= 0):
            every = np.arange(self.start, steps)
            rows = Rows(np.full_like(every, series), every, every, np.zeros_like(every))
            off = self.grid[series, self.start :] - self._running.mean(rows, self.clock.season)
            place = begins[series] + every
            total[place] += np.nan_to_num(off)
            count[place] += np.isfinite(off)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)[None], begins
