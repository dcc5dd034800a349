"""How sure a forecast is: split conformal intervals, from how far such forecasts missed in rehearsal."""

from dataclasses import dataclass

import numpy as np

from forecasting.frequency import Frequency
from forecasting.panel import Flags
from forecasting.scale import Scale
from forecasting.vintages import Floats, Ints
from lakehouse.tables import QUANTILES

LEVELS = np.array(QUANTILES)
_BLOCKS, _PARTS = 4, 6
_POOL_STEPS = 150.0
"""How many misses of its own it takes for a part of the day to weigh as much as what it is shrunk to."""
_SIZE_STEPS = 50.0
_UNTRIED = 0.5
"""Without any rehearsal: the miss on the scale (log, or share of the mean height) that is assumed."""
_NORMAL = np.array([-1.96, -1.645, -1.282, -0.674, 0.0, 0.674, 1.282, 1.645, 1.96])
"""Standard normal quantiles at QUANTILES, for a series that was never rehearsed."""


@dataclass(frozen=True)
class Misses:
    """`size` (n,) a series' usual miss, and `shape` (n, horizon, quantiles) of misses in that size."""

    size: Floats
    shape: Floats

    def around(self, path: Floats, scale: Scale) -> Floats:
        """(n, horizon, quantiles) in the kind's unit: never crossing, and the path in the middle."""
        series = np.arange(len(path))[:, None]
        spread = self.size[:, None, None] * self.shape
        spread[..., LEVELS == 0.5] = 0  # noqa: PLR2004 - the median is the path
        middle = scale.forward(path, series)[..., None]
        return np.sort(scale.back(middle + spread, series[..., None]), axis=-1)


def learn(truth: Floats, path: Floats, scale: Scale, clock: Frequency, first_hours: Ints) -> Misses:
    """Misses by block of the horizon and part of the day, each series' own shrunk to the pool's.

    Args:
        truth: (K, n, horizon) what came.
        path: (K, n, horizon) what was said.
        scale: on which misses are alike whatever the height.
        clock: of the panel.
        first_hours: (n,) the hour of the day of the first step.
    """
    series = np.arange(path.shape[1])[:, None]
    missed = scale.forward(truth, series) - scale.forward(path, series)
    size = _sizes(missed)
    cells = _cells(path.shape[1:], clock, first_hours)
    return Misses(size, _shapes(missed / size[:, None], cells))


def _sizes(missed: Floats) -> Floats:
    known = np.isfinite(missed)
    total, count = np.where(known, np.abs(missed), 0).sum(axis=(0, 2)), known.sum(axis=(0, 2))
    pool = total.sum() / count.sum() if count.sum() else _UNTRIED
    size = (total + _SIZE_STEPS * pool) / (count + _SIZE_STEPS)
    return np.where((count > 0) & (total == 0), 1e-9, size)


def _cells(shape: tuple[int, int], clock: Frequency, first_hours: Ints) -> tuple[Ints, Ints]:
    """(n, horizon) which block of the horizon a step lies in, and which part of the day."""
    ahead = np.arange(shape[1])
    blocks = np.minimum(ahead * _BLOCKS // max(shape[1], 1), _BLOCKS - 1)
    hours = (first_hours[:, None] + ahead) % 24 if clock.code == "h" else np.zeros(shape, dtype=np.int64)
    return np.broadcast_to(blocks, shape), hours * _PARTS // 24


def _shapes(units: Floats, cells: tuple[Ints, Ints]) -> Floats:
    blocks, parts = cells
    n, horizon = blocks.shape
    shape = np.empty((n, horizon, len(LEVELS)))
    whole = _shrunk(
        units[np.isfinite(units)], _NORMAL / 0.8
    )  # a normal miss is 0.8 standard deviations large
    for part in range(_PARTS):
        of_part = _shrunk(_known(units, parts == part), whole)
        own = [_shrunk(_known(units[:, [i]], (parts == part)[[i]]), of_part) for i in range(n)]
        for block in range(_BLOCKS):
            here = (parts == part) & (blocks == block)
            wider = _shrunk(_known(units, here), of_part) - of_part
            shape[here] = (np.array(own).reshape(n, 1, len(LEVELS)) + wider + np.zeros((n, horizon, 1)))[here]
    return shape


def _known(units: Floats, here: Flags) -> Floats:
    found = units[:, here]
    return found[np.isfinite(found)]


def _shrunk(sample: Floats, towards: Floats) -> Floats:
    """A sample's quantiles, the outer ones a little further out as its size asks, drawn towards others."""
    if not len(sample):
        return towards
    outer = np.clip(0.5 + (LEVELS - 0.5) * (1 + 1 / len(sample)), 0, 1)
    trust = len(sample) / (len(sample) + _POOL_STEPS)
    return trust * np.quantile(sample, outer) + (1 - trust) * towards
