"""Prophet on the logarithm of a series' last weeks, with weekdays, weekends and the city's own calendar."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from forecasting.knowing.panel import Panel
from forecasting.knowing.scale import Scale
from forecasting.knowing.vintages import Floats, Ints

_HOURS = 12 * 168
"""Twelve weeks of hours: a fifth of a year's cost, and no worse a week ahead."""
_FEWEST_SEASONS = 2
_EID = "to_eid"


@dataclass(frozen=True)
class Prophet:
    """Fitted anew at every origin, and only for some series: it costs a thousand times the usual."""

    name: ClassVar[str] = "prophet"
    lasting: ClassVar[bool] = False
    sighted: ClassVar[bool] = True
    ids: frozenset[str] | None = None
    """Which series it is asked for; None: all."""
    hours: int = _HOURS
    """So much of the past it learns from, where steps are hours."""

    def fit(self, panel: Panel) -> "Curves":
        """One curve a series."""
        scale = Scale.of(panel)
        asked = [n for n, name in enumerate(panel.ids) if self.ids is None or name in self.ids]
        curves = {str(panel.ids[n]): _curve(panel, scale, n, self.hours) for n in asked}
        return Curves({name: curve for name, curve in curves.items() if curve is not None})


@dataclass(frozen=True)
class Curves:
    """Fitted curves by series."""

    by_id: Mapping[str, Any]

    def predict(self, panel: Panel) -> Floats:
        """(n, horizon) in the kind's unit; NaN where Prophet was not asked, or had too little."""
        scale, path = Scale.of(panel), np.full((len(panel.ids), panel.horizon), np.nan)
        columns = panel.steps + np.arange(panel.horizon)
        for n, name in enumerate(panel.ids):
            if name in self.by_id:
                found = self.by_id[name].predict(_frame(panel, n, columns))["yhat"].to_numpy(np.float64)
                path[n] = scale.back(found, np.full(panel.horizon, n))
        return path


def _curve(panel: Panel, scale: Scale, series: int, hours: int) -> Any | None:
    clock = panel.frequency
    hourly = clock.code == "h"
    columns = np.arange(max(0, panel.steps - hours) if hourly else 0, panel.steps)
    frame = _frame(panel, series, columns)
    frame["y"] = scale.forward(panel.y[series, columns], np.full(len(columns), series))
    frame = frame.dropna(subset=["y"])
    if len(frame) < _FEWEST_SEASONS * clock.season:
        return None
    days = _days(panel, series, np.arange(columns[0], panel.steps + panel.horizon))
    curve = _new(days, hourly=hourly)
    curve.fit(frame)
    return curve


def _new(days: pd.DataFrame | None, *, hourly: bool) -> Any:
    logging.getLogger("prophet.plot").disabled = True
    from prophet import Prophet as Curve  # noqa: PLC0415 - it takes a second to load

    logging.getLogger("cmdstanpy").disabled = True
    own = (
        {"daily_seasonality": False, "weekly_seasonality": False, "yearly_seasonality": False}
        if hourly
        else {}
    )
    curve = Curve(
        n_changepoints=12, changepoint_prior_scale=0.05, holidays=days, uncertainty_samples=0, **own
    )
    if hourly:
        curve.add_seasonality("weekly", 7, 8)
        curve.add_seasonality("weekday", 1, 10, condition_name="weekday")
        curve.add_seasonality("weekend", 1, 10, condition_name="weekend")
    return curve


def _frame(panel: Panel, series: int, columns: Ints) -> pd.DataFrame:
    ds = pd.DatetimeIndex(panel.times(np.full(len(columns), series), columns).astype("M8[ns]"))
    weekend = ds.day_of_week >= 5  # noqa: PLR2004 - Saturday
    return pd.DataFrame({"ds": ds, "weekend": weekend, "weekday": ~weekend})


def _days(panel: Panel, series: int, columns: Ints) -> pd.DataFrame | None:
    """Prophet's holidays: every flagged day by its flag, and the days around Eid by their distance to it."""
    ds = pd.DatetimeIndex(panel.times(np.full(len(columns), series), columns).astype("M8[ns]")).normalize()
    told = {name: panel.covariate(name, np.full(len(columns), series), columns) for name in panel.known}
    eid = told.pop(_EID, np.zeros(0))
    near = told.pop("lebaran", np.zeros(0)) > 0
    found = [pd.DataFrame({"ds": ds[values == 1], "holiday": name}) for name, values in told.items()]
    if len(eid) and len(near):
        found.append(pd.DataFrame({"ds": ds[near], "holiday": [f"eid{day:+.0f}" for day in eid[near]]}))
    days = pd.concat([frame for frame in found if len(frame)] or [pd.DataFrame()]).drop_duplicates()
    return days if len(days) else None
