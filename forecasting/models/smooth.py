"""Exponential smoothing of a whole panel at once: level, damped trend and season at every origin."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from forecasting.knowing.panel import Flags, Panel
from forecasting.knowing.usual import Rows, begins, mean
from forecasting.knowing.vintages import Floats, Ints

_DAMPINGS = np.array([0.0, 0.8, 0.9, 0.97])
"""Of the trend, a step; 0: none."""
_LEVELS, _SLOPES, _SEASONS = (0.05, 0.15, 0.3, 0.5, 0.8), (0.05, 0.2), (0.05, 0.15, 0.4)
_SHARPNESS = 20.0
"""How fast a setting loses its say as its squared errors grow above the best one's: a mean over settings
was 5 to 7 % better than the best setting alone on two of three origins of monthly series."""
_FIRST_SEASONS = 4


def _settings() -> tuple[Floats, Floats, Floats, Ints]:
    """(settings,) level, slope and season gains, and which damping goes with them."""
    flat = [(a, 0.0, c, 0) for a, c in product(_LEVELS, _SEASONS)]
    sloped = [(a, b, c, k) for a, b, c, k in product(_LEVELS, _SLOPES, _SEASONS, range(1, len(_DAMPINGS)))]
    level, slope, season, damping = np.array(flat + sloped).T
    return level, level * slope, season * (1 - level), damping.astype(np.int64)


@dataclass(frozen=True)
class Smooth:
    """The states before each column of a grid (n, T), each a mean over many settings of the gains.

    `level` is (n, T + 1), `slope` (n, T + 1, dampings), `season` (n, T + 1, season). A setting is heard the
    more, the better it foretold the next step until then.

    Holt and Winters' additive method with a damped trend (Hyndman and Athanasopoulos, Forecasting:
    Principles and Practice, 3rd edition, 8.3 and 8.7).
    """

    level: Floats
    slope: Floats
    season: Floats

    @classmethod
    def of(cls, grid: Floats, panel: Panel) -> "Smooth":
        """Of values on a scale; what is unknown or unlike its weekday teaches nothing."""
        usable = np.isfinite(grid) & ~np.broadcast_to(panel.unlike[:, : grid.shape[1]], grid.shape)
        return _filtered(grid, usable, panel.frequency.season)

    def ahead(self, rows: Rows) -> Floats:
        """(rows,) what each step is expected to be when its origin begins."""
        at = rows.series, rows.origins
        reach = np.cumsum(_DAMPINGS[:, None] ** np.arange(1, rows.ahead.max(initial=0) + 2), axis=1)
        trend = (self.slope[at] * reach[:, rows.ahead].T).sum(axis=-1)
        expected: Floats = self.level[at] + trend + self.season[(*at, rows.columns % self.season.shape[-1])]
        return expected


def _filtered(grid: Floats, usable: Flags, period: int) -> Smooth:
    alpha, beta, gamma, damping = _settings()
    phi, kinds = _DAMPINGS[damping], np.eye(len(_DAMPINGS))[damping]
    n, steps = grid.shape
    first = begins(usable)
    levels, seasons = _start(grid, usable, first, period)
    level, slope = np.repeat(levels[:, None], len(phi), 1), np.zeros((n, len(phi)))
    season, missed = np.repeat(seasons[:, None], len(phi), 1), np.zeros((n, len(phi)))
    found = Smooth(
        np.empty((n, steps + 1)), np.empty((n, steps + 1, len(_DAMPINGS))), np.empty((n, steps + 1, period))
    )
    for column in range(steps + 1):
        say = _say(missed)
        found.level[:, column] = (say * level).sum(axis=1)
        found.slope[:, column] = (say * slope) @ kinds
        found.season[:, column] = np.einsum("ng,ngp->np", say, season)
        if column == steps:
            break
        ahead = level + phi * slope
        off = np.where(usable[:, [column]], grid[:, [column]] - ahead - season[..., column % period], 0)
        missed += np.where((column >= first + period)[:, None], off**2, 0)
        level = np.where((column >= first)[:, None], ahead + alpha * off, level)
        slope = phi * slope + beta * off
        season[..., column % period] += gamma * off
    return found


def _say(missed: Floats) -> Floats:
    least = np.maximum(missed.min(axis=1, keepdims=True), 1e-12)
    say: Floats = np.exp(np.maximum(-_SHARPNESS * (missed / least - 1), -500))
    say /= say.sum(axis=1, keepdims=True)
    return say


def _start(grid: Floats, usable: Flags, first: Ints, period: int) -> tuple[Floats, Floats]:
    """(n,) the first season's mean, and (n, period) how the first seasons' steps lay off their own means."""
    columns = first[:, None] + np.arange(_FIRST_SEASONS * period)
    inside, columns = columns < grid.shape[1], np.minimum(columns, max(grid.shape[1] - 1, 0))
    known = inside & np.take_along_axis(usable, columns, 1)
    early = np.where(known, np.take_along_axis(grid, columns, 1), np.nan)
    seasons = early.reshape(len(grid), _FIRST_SEASONS, period)
    means = mean(seasons)
    off = np.nan_to_num(mean(np.moveaxis(seasons - means[..., None], 1, -1)))
    placed = np.zeros_like(off)
    np.put_along_axis(placed, (first[:, None] + np.arange(period)) % period, off, 1)
    return np.nan_to_num(means[:, 0]), placed
