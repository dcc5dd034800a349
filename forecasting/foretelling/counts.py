"""Kinds that come seldom, such as litter: whole numbers, most of them zero, told as quantiles of counts."""

from dataclasses import replace

import numpy as np
import pandas as pd

from forecasting.foretelling.outlook import Outlook
from forecasting.judging.backtest import Rehearsal, scores
from forecasting.judging.intervals import LEVELS
from forecasting.knowing.panel import Panel
from forecasting.knowing.usual import Rows, lagged, mean
from forecasting.knowing.vintages import Floats, Ints

COUNTS = "counts"
_ZEROS = 0.5
"""From this share of zeros on the median says nothing, and a logarithm misleads."""
_WEEKS = 8
_DAY_WEIGHT = 4
"""The mean of the hour of the day weighs as much as so many same hours of the week."""


def seldom(panel: Panel) -> Ints:
    """The numbers of the series that are counts, most of them zero."""
    known = np.isfinite(panel.y)
    zeros = (panel.y == 0).sum(axis=1)
    whole = np.where(known, (panel.y >= 0) & (panel.y % 1 == 0), True).all(axis=1)
    some = known.sum(axis=1)
    return np.flatnonzero(whole & (some > 0) & (zeros >= _ZEROS * some) & (zeros < some))


def counted(outlook: Outlook, panel: Panel, rehearsal: Rehearsal) -> Outlook:
    """The outlook with whole numbers, and their scores, where a kind comes seldom."""
    chosen = seldom(panel)
    if not len(chosen):
        return outlook
    few = panel.only(chosen)
    bands, means, paths = outlook.bands.copy(), outlook.means.copy(), outlook.paths.copy()
    names = outlook.names.astype(object)
    bands[chosen], means[chosen] = quantiles(few)
    names[chosen] = COUNTS
    tables = [outlook.scores]
    for k, cut in enumerate(rehearsal.cuts):
        past = few.cut(cut)
        told, paths[k, chosen] = quantiles(past)
        tables.append(scores(past, rehearsal.truth[k, chosen], {COUNTS: told}))
    every = pd.concat(tables, ignore_index=True).groupby(["unique_id", "model"], as_index=False)
    merged = every.mean(numeric_only=True).assign(n=every["n"].sum()["n"])
    return replace(outlook, bands=bands, means=means, paths=paths, names=names.astype(np.str_), scores=merged)


def quantiles(panel: Panel) -> tuple[Floats, Floats]:
    """(n, horizon, quantiles) whole numbers, and (n, horizon) what is expected.

    The variance over the mean is what it was in the last weeks; a negative binomial count has both.
    """
    from scipy import stats  # noqa: PLC0415 - it takes a second to load

    rate = _rate(panel)
    recent = panel.y[:, -_WEEKS * panel.frequency.season :]
    known = np.isfinite(recent)
    count = np.maximum(known.sum(axis=1), 1)
    middle = np.where(known, recent, 0).sum(axis=1) / count
    variance = np.where(known, (recent - middle[:, None]) ** 2, 0).sum(axis=1) / count
    spread = np.maximum(variance / np.maximum(middle, 1e-9), 1 + 1e-6)[:, None, None]
    size = np.maximum(rate, 1e-9)[..., None] / (spread - 1)
    return np.asarray(stats.nbinom.ppf(LEVELS, size, 1 / spread)), rate


def _rate(panel: Panel) -> Floats:
    clock, rows = panel.frequency, Rows.behind(panel)
    weeks = lagged(panel.y, rows, clock.season, _WEEKS)
    days = mean(lagged(panel.y, rows, clock.day, _WEEKS * clock.season // clock.day))
    known = np.isfinite(weeks)
    total = np.where(known, weeks, 0).sum(axis=1) + _DAY_WEIGHT * np.nan_to_num(days)
    rate: Floats = total / (known.sum(axis=1) + _DAY_WEIGHT)
    return rate.reshape(-1, panel.horizon)
