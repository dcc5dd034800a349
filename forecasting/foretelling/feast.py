"""Lebaran, aligned by the feast: what it did in earlier years is taken out of a past, and put back ahead."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np

from forecasting.judging.intervals import LEVELS
from forecasting.knowing.panel import Panel
from forecasting.knowing.scale import ROUNDING, Scale
from forecasting.knowing.usual import Rows, mean, usual
from forecasting.knowing.vintages import Floats

_DAYS = 7
"""So many days before and after Eid are told apart by their distance to it."""
_REMEMBERED = 3
"""The effect is the mean of so many earlier feasts, where there are so many."""
_MEDIAN = int(np.flatnonzero(LEVELS == 0.5)[0])  # noqa: PLR2004 - the median


@dataclass(frozen=True)
class Feast:
    """What the days around Eid add on the scale (n, T + horizon), and of how many feasts that is the mean.

    It is 0 on other days, and where no earlier feast is known. NaN marks the first feast that is known:
    it teaches the later ones, and no model should learn from it a second time.
    """

    scale: Scale
    effect: Floats
    feasts: Floats

    @classmethod
    def of(cls, panel: Panel) -> Self:
        """Learn it from what the panel knows."""
        scale, n, width = Scale.of(panel), len(panel.ids), panel.steps + panel.horizon
        effect, feasts = np.zeros((n, width)), np.zeros((n, width))
        span = (2 * _DAYS + 1) * panel.frequency.day
        earlier: list[Floats] = []
        starts = list(_starts(panel))
        for start in starts:
            columns = start + np.arange(span)
            inside = (columns >= 0) & (columns < width)
            told = np.stack(earlier[-_REMEMBERED:] or [np.full((n, span), np.nan)], axis=-1)
            known = mean(told)
            known = np.where(np.isfinite(known), known, mean(known.T)[None])
            unknown = np.nan if start < starts[-1] else 0.0
            effect[:, columns[inside]] = np.where(np.isfinite(known), known, unknown)[:, inside]
            feasts[:, columns[inside]] = np.isfinite(told).sum(axis=-1)[:, inside]
            earlier.append(_departures(panel, scale, start, span))
        return cls(scale, np.where(np.abs(effect) <= ROUNDING, 0.0, effect), feasts)

    @cached_property
    def idle(self) -> bool:
        """Whether there is nothing to take out or to put back."""
        return not np.any(self.effect)

    def without(self, panel: Panel) -> Panel:
        """The panel as if there had been no feast."""
        if self.idle:
            return panel
        series = np.arange(len(panel.ids))[:, None]
        effect = self.effect[:, : panel.steps]
        ordinary = self.scale.back(self.scale.forward(panel.y, series) - effect, series)
        return replace(panel, y=np.where(effect == 0, panel.y, ordinary))

    def ahead(self, horizon: int) -> Floats:
        """(n, horizon) what it adds on the scale to the steps to predict."""
        return np.nan_to_num(self.effect[:, self.effect.shape[1] - horizon :])

    def upon(self, bands: Floats) -> Floats:
        """Bands (n, horizon, quantiles) with the feast, wider by what the mean of few feasts is unsure of."""
        if self.idle:
            return bands
        series, horizon = np.arange(len(bands))[:, None, None], bands.shape[1]
        scaled, effect = self.scale.forward(bands, series), self.ahead(horizon)[..., None]
        feasts = np.maximum(self.feasts[:, -horizon:], 1)[..., None]
        wider = np.where(effect != 0, np.sqrt(1 + 1 / feasts), 1.0)
        middle = scaled[..., [_MEDIAN]]
        upon = np.sort(self.scale.back(middle + (scaled - middle) * wider + effect, series), axis=-1)
        return np.where(effect == 0, bands, upon)


def _starts(panel: Panel) -> Iterator[int]:
    """The column at which each feast's days begin, be it before the panel or with its Eid behind the end."""
    if "to_eid" not in panel.known or panel.frequency.unit == "M":
        return
    day, columns = panel.frequency.day, np.arange(panel.steps + panel.horizon)
    to_eid = panel.covariate("to_eid", np.zeros_like(columns), columns).astype(np.int64)
    times = panel.times(np.zeros_like(columns), columns)
    morning = times == times.astype("M8[D]")
    yield from (int(column) - _DAYS * day for column in np.flatnonzero(morning & (to_eid == 0)))
    last = np.flatnonzero(morning)[-1] if morning.any() else 0
    if -_DAYS <= to_eid[last] < 0:
        yield int(last) - (int(to_eid[last]) + _DAYS) * day


def _departures(panel: Panel, scale: Scale, start: int, span: int) -> Floats:
    """(n, span) how far the days of one feast lay from the usual of the weeks before them; NaN if unknown."""
    n, known = len(panel.ids), int(np.clip(panel.steps - start, 0, span))
    told = np.full((n, span), np.nan)
    if start < panel.frequency.season or not known:
        return told
    grid = scale.forward(panel.y, np.arange(n)[:, None])
    series, ahead = np.repeat(np.arange(n), known), np.tile(np.arange(known), n)
    rows = Rows(series, np.full(n * known, start), ahead, np.zeros(n * known, np.int64))
    told[:, :known] = grid[:, start : start + known] - usual(grid, panel, rows).reshape(n, known)
    return told
