"""What days off do to a series that they do not do to the others, by its own earlier ones."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from forecasting.knowing.panel import Flags, Panel
from forecasting.knowing.usual import Rows, usual
from forecasting.knowing.vintages import Floats, Ints

_FLAGS = ("holiday", "leave")
_WEEKEND = 2
"""A holiday on a Sunday takes nobody from work: each flag has two kinds of day."""
_FEWEST = 3
"""So many days of its own a series needs before they are heard."""


@dataclass(frozen=True)
class OffDays:
    """`kinds` (n or 1, T + horizon) numbers the kind of a day off, -1 for other days.

    `pool` (kinds,) is the mean departure on the scale, `own` (n, kinds) each series' mean, `trust` (n, kinds)
    how much that is heard, `counts` (n, kinds) of how many days it is the mean; `keys` sorts those days,
    and `days` are their departures.
    """

    kinds: Ints
    pool: Floats
    own: Floats
    trust: Floats
    counts: Ints
    keys: Ints
    days: Floats

    @classmethod
    def of(cls, panel: Panel, grid: Floats, weights: Floats) -> Self:
        """Learn it from a past on its scale (n, T); hours count by their `weights` (n, T).

        What days off do to all is left to those who learn from all. Of how far a series' own mean lies from
        that, as much is heard as it is larger than its days differ among themselves: where a feast empties
        the streets and the next one fills them, their mean foretold no day (heard in full, errors on days
        off grew by a fifth on pedestrians and counters).
        """
        kinds, shape = _kinds(panel), (len(panel.ids), len(_FLAGS) * _WEEKEND)
        keys, days = _days(panel, kinds, grid, weights)
        counts, sums, squares = (
            np.bincount(keys % np.prod(shape), values, np.prod(shape)).reshape(shape)
            for values in (np.ones(len(keys)), days, days**2)
        )
        pool, own = sums.sum(axis=0) / np.maximum(counts.sum(axis=0), 1), sums / np.maximum(counts, 1)
        noise = np.maximum(squares - counts * own**2, 0) / np.maximum(counts - 1, 1)
        apart = (own - pool) ** 2
        heard = (counts >= _FEWEST) & (apart > noise)
        trust = np.where(heard, 1 - noise / np.where(heard, apart, 1), 0.0)
        return cls(kinds, pool, own, trust, counts.astype(np.int64), keys, days)

    def effect(self, panel: Panel, rows: Rows, young: Flags) -> Floats:
        """(rows,) what a day off adds beyond what it adds to all; a day of the past tells nothing of itself.

        `young` (rows,) says where no day off of the series' own may be known.
        """
        kind = self.kinds[rows.series % len(self.kinds), rows.columns]
        cell = rows.series, np.maximum(kind, 0)
        own = self._besides(_keys(panel, self.kinds, rows.series, rows.columns), cell)
        heard = (kind >= 0) & ~young
        return np.where(heard, self.trust[cell] * (own - self.pool[cell[1]]), 0.0)

    def _besides(self, keys: Ints, cell: tuple[Ints, Ints]) -> Floats:
        """(rows,) a series' own mean without the row's own day."""
        own, counts = self.own[cell], self.counts[cell]
        if not len(self.keys):
            return own
        place = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        itself = (self.keys[place] == keys) & (counts > 1)
        return np.where(itself, (own * counts - self.days[place]) / np.maximum(counts - 1, 1), own)


def _days(panel: Panel, kinds: Ints, grid: Floats, weights: Floats) -> tuple[Ints, Floats]:
    """The keys of the known days off, and how far each lay from the usual of the weeks before it."""
    off = np.broadcast_to(kinds[:, : panel.steps] >= 0, grid.shape) & np.isfinite(grid)
    series, columns = np.nonzero(off)
    starts = np.maximum(columns - _hours(panel, series, columns), 0)
    rows = Rows(series, starts, columns - starts, np.zeros_like(starts))
    departed = grid[off] - usual(grid, panel, rows)
    known = np.isfinite(departed)
    series, columns, departed = series[known], columns[known], departed[known]
    keys, place = np.unique(_keys(panel, kinds, series, columns), return_inverse=True)
    weight = weights[series, columns]
    total, count = (np.bincount(place, values, len(keys)) for values in (departed * weight, weight))
    return keys, total / np.where(count > 0, count, 1)


def _hours(panel: Panel, series: Ints, columns: Ints) -> Ints:
    """Since each day's begin."""
    times = panel.times(series, columns)
    hours: Ints = (times - times.astype("M8[D]")).astype(np.int64) if panel.frequency.day > 1 else columns * 0
    return hours


def _keys(panel: Panel, kinds: Ints, series: Ints, columns: Ints) -> Ints:
    """A number for each day off of each series and kind, the day counting most."""
    width = len(_FLAGS) * _WEEKEND
    kind = np.maximum(kinds[series % len(kinds), columns], 0)
    days = panel.times(series, columns).astype("M8[D]").astype(np.int64)
    keys: Ints = (days * len(panel.ids) + series) * width + kind
    return keys


def _kinds(panel: Panel) -> Ints:
    known = panel.known
    rows = max([len(known[name]) for name in _FLAGS if name in known] or [1])
    kinds = np.full((rows, panel.steps + panel.horizon), -1)
    if panel.frequency.unit == "M" or not len(panel.ids):
        return kinds
    series = np.arange(rows)[:, None]
    days = panel.times(series, np.arange(kinds.shape[1])[None]).astype("M8[D]").astype(np.int64)
    weekend = (days + 3) % 7 >= 5  # noqa: PLR2004 - 1970 began on a Thursday
    for number, name in reversed(list(enumerate(_FLAGS))):
        if name in known:
            kinds = np.where(np.nan_to_num(known[name]) > 0, number * _WEEKEND + weekend, kinds)
    # Lebaran is told by its distance to the feast, and not as a holiday like others.
    return np.where(np.nan_to_num(known["lebaran"]) > 0, -1, kinds) if "lebaran" in known else kinds
