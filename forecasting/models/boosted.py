"""One gradient boosting for all series of a kind: how far each step departs from the usual, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from forecasting.models.base import Base
from forecasting.panel import Panel
from forecasting.past import Past, Told
from forecasting.usual import Rows
from forecasting.vintages import Floats
from lakehouse.calendar import FAR_DAYS

_EARLIEST_SEASONS = 5
"""A training origin has at least so many seasons before it."""
_FEWEST_ROWS = 200
"""With fewer there is nothing to learn, and the usual is the answer."""
_TRIES = 6
_HIGHEST, _LEAST = 3.0, 0.02
"""A row is drawn as often as its height relative to its series' mean says, between these bounds."""
GROUPS = ("calendar", "weather", "level", "trend")
"""The groups of features that a forecast is explained by."""


@dataclass(frozen=True)
class Boosted:
    """Direct for every step ahead, on the log ratio to the usual, from training origins spread over years.

    Rows are drawn at the origin's own hour of the day, so that as much was known then as is known now, and in
    proportion to their height, which weighs errors in the kind's unit at half the cost of weights. `rows`
    bounds the cost, whatever the number of series.
    """

    name: ClassVar[str] = "boosted"
    lasting: ClassVar[bool] = True
    rows: int = 40_000
    trees: int = 120
    rate: float = 0.1
    leaves: int = 20
    least: int = 40
    seed: int = 0

    def fit(self, panel: Panel) -> "Grown | Base":
        """Grow the trees from what the panel knows."""
        past = Past(panel)
        rows = self._drawn(past)
        if len(rows.series) < _FEWEST_ROWS:
            return Base()
        blanked = np.random.default_rng(self.seed).random(len(rows.series)) < 1 / 2
        told, base = past.features(rows, hindsight=~blanked)
        trees = HistGradientBoostingRegressor(
            loss="absolute_error",
            max_iter=self.trees,
            learning_rate=self.rate,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=self.least,
            l2_regularization=1.0,
            early_stopping=False,
            random_state=self.seed,
        )
        wanted = past.at(rows.series, rows.columns) - base
        usable = np.isfinite(wanted)
        told = {name: values for name, values in told.items() if np.isfinite(values[usable]).any()}
        trees.fit(_table(told)[usable], wanted[usable])
        return Grown(trees, tuple(told))

    def _drawn(self, past: Past) -> Rows:
        panel, rng = past.panel, np.random.default_rng(self.seed)
        clock = panel.frequency
        earliest = _EARLIEST_SEASONS * clock.season
        spread = max(min(clock.reach, (panel.steps - earliest) // clock.day), 1)
        bounds = (max(len(panel.ids), 1), spread, panel.horizon)
        series, back, ahead = (rng.integers(0, bound, _TRIES * self.rows) for bound in bounds)
        origins = panel.steps - (back + 1) * clock.day
        known = (
            (origins >= earliest) & np.isfinite(past.at(series, origins + ahead))
            if len(panel.ids)
            else back < 0
        )
        rows = Rows(series[known], origins[known], ahead[known])
        height = past.scale.back(past.at(rows.series, rows.columns - clock.season), rows.series)
        chance = np.clip(np.nan_to_num(height / past.scale.size[rows.series]) + _LEAST, _LEAST, _HIGHEST)
        kept = np.flatnonzero(rng.random(len(chance)) * _HIGHEST < chance)[: self.rows]
        return Rows(rows.series[kept], rows.origins[kept], rows.ahead[kept])


@dataclass(frozen=True)
class Grown:
    """Trees that have seen a past."""

    trees: Any
    names: tuple[str, ...]

    def predict(self, panel: Panel) -> Floats:
        """(n, horizon) in the kind's unit."""
        past, rows = Past(panel), Rows.behind(panel)
        told, base = past.features(rows)
        departure = self.trees.predict(_table(self._as_learnt(told)))
        return past.scale.back(base + departure, rows.series).reshape(len(panel.ids), panel.horizon)

    def parts(self, panel: Panel) -> Mapping[str, Floats]:
        """By group, (n, horizon): the share by which a step is higher than if that group said nothing.

        `habit` is what none of the groups tells: what the trees learnt of such hours in all series.
        """
        past, rows = Past(panel), Rows.behind(panel)
        told = self._as_learnt(past.features(rows)[0])
        whole = self.trees.predict(_table(told))
        shape = (len(panel.ids), panel.horizon)
        without = {group: self.trees.predict(_table(_silenced(told, group))) for group in GROUPS}
        moved = {group: whole - rest for group, rest in without.items()}
        moved["habit"] = whole - np.sum(list(moved.values()), axis=0)
        return {group: np.expm1(effect).reshape(shape) for group, effect in moved.items()}

    def _as_learnt(self, told: Told) -> Told:
        unknown = np.full(len(next(iter(told.values()))), np.nan)
        return {name: told.get(name, unknown) for name in self.names}


def _table(told: Told) -> Floats:
    return np.stack(list(told.values()), axis=-1)


def _silenced(told: Told, group: str) -> Told:
    """What would be told if a group had nothing to tell: an ordinary day, weather unknown, all as usual."""
    return {
        name: _quiet(name, values) if name.startswith(f"{group}.") else values
        for name, values in told.items()
    }


def _quiet(name: str, values: Floats) -> Floats:
    if name.startswith("weather."):
        return np.full_like(values, np.nan)
    return np.full_like(values, FAR_DAYS if "to_eid" in name else 0.0)
