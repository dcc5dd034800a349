"""How sure a forecast is: split conformal intervals, from how far such forecasts missed in rehearsal."""

from dataclasses import dataclass, replace

import numpy as np

from forecasting.knowing.frequency import Frequency
from forecasting.knowing.scale import ROUNDING, Scale
from forecasting.knowing.vintages import Floats, Ints
from lakehouse.tables import QUANTILES

LEVELS = np.array(QUANTILES)
AS_REHEARSED = np.ones(len(LEVELS))
"""Widths that change nothing."""
_BLOCKS, _PARTS = 4, 6
_POOL_STEPS = 150.0
"""How many misses of its own it takes for a part of the day to weigh as much as what it is shrunk to."""
_SIZE_STEPS = 50.0
_UNTRIED = 0.5
"""Without any rehearsal: the miss on the scale (log, or share of the mean height) that is assumed."""
_NORMAL = np.array([-1.96, -1.645, -1.282, -0.674, 0.0, 0.674, 1.282, 1.645, 1.96])
"""Standard normal quantiles at QUANTILES, for a series that was never rehearsed."""
_SAMPLE = 50_000
"""So many misses of an origin tell enough of how often it lay inside."""
_ALMOST_ALL = 0.999
_LEAST_STRETCH, _MOST_STRETCH = 0.7, 3.0
_ALONE = 1.4
"""The stretch where there was but one origin, which tells nothing of how origins differ: 80 % bands of young
pedestrians, counters, trips and months held 69 % without it, 80 % with it, and 82 % at 1.5."""


@dataclass(frozen=True)
class Misses:
    """`size` (n,) a series' usual miss, and `shape` (n, horizon, quantiles) of misses in that size.

    `most` (n,) is how far on the scale a quantile may lie from the path: as far as anything missed in
    rehearsal, or as much further as it is widened.
    """

    size: Floats
    shape: Floats
    most: Floats

    def widened(self, widths: Floats) -> "Misses":
        """With every quantile (quantiles,) times as far out, be it further than any miss in rehearsal."""
        return replace(self, shape=self.shape * widths, most=self.most * max(widths.max(), 1.0))

    def around(self, path: Floats, spread: Floats, scale: Scale) -> Floats:
        """(n, horizon, quantiles) in the kind's unit: never crossing, and the path in the middle.

        `spread` (n, horizon) is how far off a step is expected to be, in the unit that it was learnt in.
        """
        series = np.arange(len(path))[:, None]
        off = (self.size[:, None] * spread)[..., None] * self.shape
        off = np.clip(off, -self.most[:, None, None], self.most[:, None, None])
        middle = scale.forward(path, series)[..., None]
        bands = np.where(off == 0, path[..., None], scale.back(middle + off, series[..., None]))
        return np.sort(bands, axis=-1)


@dataclass(frozen=True)
class Rehearsed:
    """What was said at K origins and what came: all that intervals are learnt from.

    `truth`, `path` and `spread` are (K, n, horizon); `first_hours` (n,) is the first step's hour of the day.
    """

    truth: Floats
    path: Floats
    spread: Floats
    first_hours: Ints

    def learn(self, scale: Scale, clock: Frequency) -> Misses:
        """Misses by block of the horizon and part of the day, each series' own shrunk to the pool's.

        They are stretched until every origin lies as often as it should in the intervals that the others
        taught: weeks differ more from one another than hours within a week do. So each new origin, every
        time that a forecast is made, makes the next intervals wider or narrower.
        """
        series = np.arange(self.path.shape[1])[:, None]
        off = scale.forward(self.truth, series) - scale.forward(self.path, series)
        off = np.where(np.abs(off) <= ROUNDING, 0.0, off)
        missed, cells = off / self.spread, _cells(self.path.shape[1:], clock, self.first_hours)
        size, shape = _taught(missed, cells)
        return Misses(size, shape * _stretch(missed, cells), _most(off))


def _taught(missed: Floats, cells: tuple[Ints, Ints]) -> tuple[Floats, Floats]:
    """What is unsure lies as far above a path as below: few origins tell of no side that it leans to.

    Most of what looks like a lean is that a few weeks were all busier, or all quieter, than foreseen. What
    never missed, such as a series of zeros, teaches the others nothing.
    """
    size = _sizes(missed)
    shape = _shapes(missed / np.where(size > 0, size, np.nan)[:, None], cells)
    return size, (shape - shape[..., ::-1]) / 2


def _most(off: Floats) -> Floats:
    """(n,) the furthest miss of each, or that of almost all where it never missed as far."""
    far = np.abs(off[np.isfinite(off)])
    pool = float(np.quantile(far, _ALMOST_ALL)) if len(far) else np.inf
    own = np.where(np.isfinite(off), np.abs(off), 0).max(axis=(0, 2), initial=0)
    most: Floats = np.maximum(own, pool)
    return most


def _stretch(missed: Floats, cells: tuple[Ints, Ints]) -> Floats:
    """(quantiles,) by how much the misses' quantiles lie too near for an origin that they do not know."""
    if len(missed) == 1:
        return np.full(len(LEVELS), _ALONE)
    places = []
    for origin in range(len(missed)):
        size, shape = _taught(np.delete(missed, origin, axis=0), cells)
        bounds = size[:, None, None] * shape
        known = np.isfinite(missed[origin]) & ((missed[origin] != 0) | (size > 0)[:, None])
        some = slice(None, None, 1 + int(known.sum()) // _SAMPLE)
        with np.errstate(invalid="ignore", divide="ignore"):
            places.append(np.abs(missed[origin][known][some, None] / bounds[known][some]))
    if not sum(len(place) for place in places):
        return np.ones(len(LEVELS))
    every = np.nan_to_num(np.concatenate(places))
    found = [np.quantile(every[:, k], abs(2 * q - 1)) for k, q in enumerate(LEVELS)]
    stretch: Floats = np.clip(np.array(found), _LEAST_STRETCH, _MOST_STRETCH)
    return stretch


def _sizes(missed: Floats) -> Floats:
    """(n,) how far off each was in the mean, shrunk to the pool; 0 where it never was."""
    known = np.isfinite(missed)
    total, count = np.where(known, np.abs(missed), 0).sum(axis=(0, 2)), known.sum(axis=(0, 2))
    pool = total.sum() / count[total > 0].sum() if total.any() else _UNTRIED
    size = (total + _SIZE_STEPS * pool) / (count + _SIZE_STEPS)
    return np.where((count > 0) & (total == 0), 0.0, np.maximum(size, 1e-9))


def _cells(shape: tuple[int, int], clock: Frequency, first_hours: Ints) -> tuple[Ints, Ints]:
    """(n, horizon) which block of the horizon a step lies in, and which part of the day."""
    ahead = np.arange(shape[1])
    blocks = np.minimum(ahead * _BLOCKS // max(shape[1], 1), _BLOCKS - 1)
    hours = (first_hours[:, None] + ahead) % 24 if clock.code == "h" else np.zeros(shape, dtype=np.int64)
    return np.broadcast_to(blocks, shape), hours * _PARTS // 24


def _shapes(units: Floats, cells: tuple[Ints, Ints]) -> Floats:
    blocks, parts = cells
    shape = np.empty((*blocks.shape, len(LEVELS)))
    normal = _NORMAL[None] / 0.8  # a normal miss is 0.8 standard deviations large
    whole = _shrunk(units.reshape(1, -1), normal)
    for part in np.unique(parts):
        here = parts == part
        of_part = _shrunk(units[:, here].reshape(1, -1), whole)
        alone = np.where(here, units, np.nan).transpose(1, 0, 2).reshape(len(blocks), -1)
        own = _shrunk(alone, of_part)
        for block in np.unique(blocks):
            cell = here & (blocks == block)
            wider = _shrunk(units[:, cell].reshape(1, -1), of_part) - of_part
            shape[cell] = np.broadcast_to((own + wider)[:, None], shape.shape)[cell]
    return shape


def _shrunk(sample: Floats, towards: Floats) -> Floats:
    """(n, quantiles) of n samples, NaN left out, the outer ones a little further out as a sample's size asks.

    They are drawn towards others, the more the smaller a sample is.
    """
    count = np.isfinite(sample).sum(axis=1)[:, None]
    if not sample.shape[1]:
        return np.broadcast_to(towards, (len(sample), len(LEVELS)))
    in_order = np.sort(sample, axis=1)
    outer = np.clip(0.5 + (LEVELS - 0.5) * (1 + 1 / np.maximum(count, 1)), 0, 1)
    place = outer * np.maximum(count - 1, 0)
    low = place.astype(np.int64)
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    below, above = (np.nan_to_num(np.take_along_axis(in_order, at, 1)) for at in (low, high))
    trust = count / (count + _POOL_STEPS)
    drawn: Floats = trust * (below + (above - below) * (place - low)) + (1 - trust) * towards
    return drawn
