"""The long frame on its regular grid: many series, the last known step of each in the last column."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.knowing.frame import Frame, Told, judged, untold
from forecasting.knowing.frequency import Frequency, frequency
from forecasting.knowing.vintages import Floats, Ints, Vintages
from lakehouse.clock import now

Flags = npt.NDArray[np.bool_]
Times = npt.NDArray[np.datetime64]

_NEAR_DAYS = 5
"""School holidays, bridge days and travelling lie around a feast."""
_EDGES = ((np.min, -1), (np.max, 1))
UNLIKE = ("holiday", "leave", "lebaran")
"""The flags that make a day unlike its weekday: the usual skips such days."""


@dataclass(frozen=True)
class Panel:
    """n series of T known steps each, and what is known beforehand of the `horizon` steps behind them.

    `y` (n, T) is NaN where nothing is known; column T is the first step to predict, and starts at
    `origins` (n,). `known` maps a covariate that never changes its mind, such as the calendar, to
    (n or 1, T + horizon); `vintages` are those that do, such as the weather; `static` (n,) never changes.
    """

    ids: npt.NDArray[np.str_]
    frequency: Frequency
    origins: Times
    y: Floats
    horizon: int
    known: Mapping[str, Floats] = field(default_factory=dict)
    vintages: Mapping[str, Vintages] = field(default_factory=dict)
    static: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """T, the column of the first step to predict."""
        return int(self.y.shape[1])

    @property
    def constant(self) -> Floats:
        """(n,) the only value that a series has had in two seasons or more; NaN where it had several."""
        known = np.isfinite(self.y)
        low, high = (edge(np.where(known, self.y, -sign * np.inf), axis=1) for edge, sign in _EDGES)
        alike = (low == high) & (known.sum(axis=1) >= 2 * self.frequency.season)
        return np.where(alike, low, np.nan)

    @property
    def unlike(self) -> Flags:
        """(n or 1, T + horizon) whether the day is unlike its weekday."""
        none = np.zeros((1, self.steps + self.horizon), dtype=np.bool_)
        flags = [np.nan_to_num(self.known[name]) != 0 for name in UNLIKE if name in self.known]
        return np.logical_or.reduce([np.broadcast_to(none, flags[0].shape), *flags]) if flags else none

    @property
    def nearest_unlike(self) -> Ints:
        """(n or 1, T + horizon) days to the nearest day unlike its weekday; _NEAR_DAYS + 1: further."""
        flags, day = self.unlike, self.frequency.day
        away = np.where(flags, 0, _NEAR_DAYS + 1)
        for days in range(1, min(_NEAR_DAYS, (flags.shape[1] - 1) // day) + 1):
            steps = days * day
            away[:, steps:] = np.where(flags[:, :-steps], np.minimum(away[:, steps:], days), away[:, steps:])
            away[:, :-steps] = np.where(
                flags[:, steps:], np.minimum(away[:, :-steps], days), away[:, :-steps]
            )
        return away

    @property
    def near_unlike(self) -> Flags:
        """(n or 1, T + horizon) whether a day unlike its weekday is at most _NEAR_DAYS away."""
        near: Flags = self.nearest_unlike <= _NEAR_DAYS
        return near

    @property
    def near_unlike_ahead(self) -> Flags:
        """(n, horizon) the same of the steps to predict."""
        return np.broadcast_to(self.near_unlike[:, self.steps :], (len(self.ids), self.horizon))

    def cut(self, steps: int) -> "Panel":
        """The panel as it was `steps` earlier: what came after is gone, so that no model can see it.

        Before its beginning it is one step of which nothing is known.
        """
        end = max(self.steps - steps, 1)
        y = self.y[:, :end] if steps < self.steps else np.full((len(self.ids), 1), np.nan)
        return replace(
            self,
            y=y,
            known={name: array[:, : end + self.horizon] for name, array in self.known.items()},
            vintages={name: vintages.until(end) for name, vintages in self.vintages.items()},
            origins=self.origins - (self.steps - end) * self.frequency.stride,
        )

    def recent(self) -> "Panel":
        """No more of the past than its frequency is looked back over."""
        start = max(self.steps - self.frequency.history, 0)
        if not start:
            return self
        known = {name: array[:, start:] for name, array in self.known.items()}
        vintages = {name: one.since(start) for name, one in self.vintages.items()}
        return replace(self, y=self.y[:, start:], known=known, vintages=vintages)

    def only(self, chosen: Ints | Flags) -> "Panel":
        """Some of the series, by number."""
        known = {name: array if len(array) == 1 else array[chosen] for name, array in self.known.items()}
        static = {name: array[chosen] for name, array in self.static.items()}
        some = replace(self, ids=self.ids[chosen], origins=self.origins[chosen], y=self.y[chosen])
        return replace(some, known=known, static=static)

    def times(self, series: Ints, columns: Ints) -> Times:
        """When these steps start, in the frequency's own unit."""
        return self.origins[series] + (columns - self.steps) * self.frequency.stride

    @property
    def future(self) -> Times:
        """(n, horizon) when the steps to predict start."""
        return self.times(np.arange(len(self.ids))[:, None], self.steps + np.arange(self.horizon)[None])

    @property
    def first_hours(self) -> Ints:
        """(n,) the hour of the day at which the first step to predict starts."""
        hours: Ints = self.origins.astype("M8[h]").astype(np.int64) % 24
        return hours

    def covariate(self, name: str, series: Ints, columns: Ints) -> Floats:
        """A covariate that is known beforehand; NaN outside the grid."""
        array = self.known[name]
        inside = (columns >= 0) & (columns < array.shape[1])
        return np.where(inside, array[series % len(array), np.where(inside, columns, 0)], np.nan)

    def spread(self, shared: pd.DataFrame) -> "Panel":
        """With more covariates, the same for every series: columns indexed by time."""
        same = bool((self.origins == self.origins[:1]).all())
        series = np.arange(min(1 if same else len(self.ids), len(self.ids)))[:, None]
        times = self.times(series, np.arange(self.steps + self.horizon)[None])
        place = pd.Index(shared.index.to_numpy().astype(times.dtype)).get_indexer(pd.Index(times.ravel()))
        known = {}
        for name in shared.columns:
            column = shared[name].to_numpy(dtype=np.float64)
            known[str(name)] = np.where(place >= 0, column[place], np.nan).reshape(times.shape)
        return replace(self, known={**self.known, **known})

    def informed(self, vintages: Mapping[str, Vintages]) -> "Panel":
        """With covariates that are forecasts themselves; what was issued after the origin is left out."""
        return replace(self, vintages={name: one.until(self.steps) for name, one in vintages.items()})

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        freq: str,
        horizon: int,
        *,
        origin: np.datetime64 | None = None,
        future: Collection[str] = (),
        static: Collection[str] = (),
        spare: int = 0,
    ) -> "Panel":
        """Judge a long frame (unique_id, ds, y and covariates), and lay it on its grid.

        Args:
            frame: sorted or not; y may be missing.
            freq: h, D, MS or QS.
            horizon: steps to predict.
            origin: the first step to predict; nothing at or after it is looked at.
            future: columns of the frame that are known beforehand.
            static: columns that say something of the series; the last value counts, words are numbered.
            spare: so many steps more than the frequency is looked back over, to be cut off again.

        Raises:
            BadTable: a column is missing or holds what cannot be used, or the frequency is unknown.
        """
        read = judged(frame, frequency(freq), future, static)
        return cls.laid(read, horizon, origin=origin, spare=spare)

    @classmethod
    def laid(
        cls,
        frame: Frame,
        horizon: int,
        *,
        origin: np.datetime64 | None = None,
        spare: int = 0,
        told: Told = untold,
    ) -> "Panel":
        """Lay a judged frame on its grid; each series ends at its own last known value, or all at `origin`.

        What lies in the future counts as missing; `told` hears of it, as of a past that is too long.
        """
        clock = frame.clock
        tomorrow = pd.Timestamp(now()).tz_localize(None) + pd.Timedelta(days=1)
        long = _until(frame.long, tomorrow if origin is None else pd.Timestamp(origin), told)
        ids = long["unique_id"].cat.categories.to_numpy(dtype=np.str_)
        codes: Ints = long["unique_id"].cat.codes.to_numpy().astype(np.int64)
        at = long["ds"].to_numpy().astype(f"M8[{clock.unit}]")
        y = long["y"].to_numpy(dtype=np.float64)
        origins = _origins(codes, at, y, len(ids), clock, origin)
        back = (at - origins[codes]).astype(np.int64) // clock.stride
        past, most = -back[np.isfinite(y)].min(initial=0), clock.history + spare
        if past > most:
            told(f"ds: of {past:,} steps the last {most:,} are looked at")
        length = int(np.clip(past, 1, most))
        known = {
            name: _laid(codes, back + length, long[name].to_numpy(np.float64), (len(ids), length + horizon))
            for name in frame.future
        }
        values = _laid(codes, back + length, y, (len(ids), length))
        fixed = {name: _last(codes, back, long[name], len(ids)) for name in frame.static}
        return cls(ids, clock, origins, values, horizon, known, static=fixed)


def _until(long: pd.DataFrame, end: pd.Timestamp, told: Told) -> pd.DataFrame:
    """What lies behind the end has not happened yet."""
    late = (long["ds"] > end) & long["y"].notna()
    if late.any():
        told(f"y: {late.sum():,} values lie in the future, first {long['ds'][late].min()}: not looked at")
    return long.assign(y=long["y"].where(~late))


def _origins(
    codes: Ints, at: Times, y: Floats, n: int, clock: Frequency, origin: np.datetime64 | None
) -> Times:
    unit = f"M8[{clock.unit}]"
    if origin is not None:
        return np.full(n, origin.astype(unit))
    never = np.iinfo(np.int64).min
    last = np.full(n, never)
    seen = np.isfinite(y)
    np.maximum.at(last, codes[seen], at[seen].astype(np.int64))
    last[last == never] = last.max(initial=never) if seen.any() else 0
    return (last + clock.stride).astype(unit)


def _last(codes: Ints, columns: Ints, column: pd.Series, n: int) -> Floats:
    """(n,) a series' last value of a column that never changes."""
    found, order = np.full(n, np.nan), np.argsort(columns, kind="stable")
    found[codes[order]] = column.to_numpy(np.float64)[order]
    return found


def _laid(codes: Ints, columns: Ints, numbers: Floats, shape: tuple[int, int]) -> Floats:
    grid = np.full(shape, np.nan)
    inside = (columns >= 0) & (columns < shape[1])
    grid[codes[inside], columns[inside]] = numbers[inside]
    return grid
