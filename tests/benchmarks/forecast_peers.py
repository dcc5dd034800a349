"""What a planner could run instead: Prophet as it comes, tuned on logarithms or shares, MSTL and AutoETS."""

import logging
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import numpy as np
import pandas as pd

from forecasting.judging.backtest import cpu_s
from forecasting.judging.intervals import LEVELS
from forecasting.knowing.panel import Panel

YEAR_HOURS = 365 * 24
SAMPLES = 300
STATSFORECAST = Path(".venv-peers/bin/python")
"""The interpreter of tests/benchmarks/peers.txt."""


def timed(work):
    """What the work gave, and the CPU seconds that it took."""
    began = cpu_s()
    return work(), cpu_s() - began


class Prophet:
    """Prophet as it comes, on a year of hours or on all days and months."""

    name: ClassVar[str] = "prophet_default"
    log: ClassVar[bool] = False

    def run(self, panel: Panel) -> tuple[np.ndarray, float]:
        """The bands, and CPU seconds."""
        return timed(lambda: self.bands(panel))

    def bands(self, panel: Panel) -> np.ndarray:
        """(n, horizon, quantiles), its own intervals with the path in the middle."""
        columns = np.arange(panel.steps + panel.horizon)[None]
        times = panel.times(np.arange(len(panel.ids))[:, None], columns).astype("M8[ns]")
        kept = YEAR_HOURS if panel.frequency.unit == "h" else panel.steps
        signed = bool((panel.y[np.isfinite(panel.y)] < 0).any())
        found = []
        for series, (y, ds) in enumerate(zip(panel.y, times, strict=True)):
            frame = pd.DataFrame({"ds": ds, "weekend": pd.DatetimeIndex(ds).day_of_week >= 5})
            frame = frame.assign(weekday=~frame["weekend"])
            log = self.log and not signed
            past = frame[: panel.steps].assign(y=np.log1p(y) if log else y)[-kept:].dropna()
            curve = self.curve(panel, ds, series).fit(past)
            ahead = frame[panel.steps :]
            path = curve.predict(ahead)["yhat"].to_numpy()
            band = np.quantile(curve.predictive_samples(ahead)["yhat"], LEVELS, axis=1).T
            band[:, LEVELS == 0.5] = path[:, None]
            band = np.expm1(np.minimum(band, 50)) if log else band
            found.append(np.sort(band if signed else np.maximum(band, 0), axis=-1))
        return np.array(found)

    def curve(self, panel, ds, series):  # noqa: ARG002 - its heirs look at them
        """As it comes."""
        return _curve()


class Tuned(Prophet):
    """The logarithm, few changepoints, the country's holidays, days of its own for weekends."""

    name: ClassVar[str] = "prophet_tuned"
    log: ClassVar[bool] = True
    mode: ClassVar[str] = "additive"

    def curve(self, panel, ds, series):
        """With the holidays that everyone is told of."""
        days = None
        if "holiday" in panel.known:
            columns = np.arange(len(ds))
            flags = panel.covariate("holiday", np.full_like(columns, series), columns) > 0
            free = pd.DatetimeIndex(ds[flags]).normalize().unique()
            days = pd.DataFrame({"ds": free, "holiday": "holiday"})
        own = {"n_changepoints": 12, "changepoint_prior_scale": 0.05}
        own |= {"holidays": days, "seasonality_mode": self.mode}
        if panel.frequency.unit != "h":
            return _curve(**own)
        rhythms = dict.fromkeys(("daily_seasonality", "weekly_seasonality", "yearly_seasonality"), False)
        made = _curve(**own, **rhythms).add_seasonality("weekly", 7, 8)
        made.add_seasonality("weekdays", 1, 10, condition_name="weekday")
        return made.add_seasonality("weekends", 1, 10, condition_name="weekend")


class Multiplicative(Tuned):
    """The same on the plain values, of which each rhythm is a share."""

    name: ClassVar[str] = "prophet_multiplicative"
    log: ClassVar[bool] = False
    mode: ClassVar[str] = "multiplicative"


class Country(Prophet):
    """As it comes with its own country holidays, from which it drops a feast of an estimated date."""

    name: ClassVar[str] = "prophet_country"

    def curve(self, panel, ds, series):  # noqa: ARG002 - it knows its calendar
        """Of Indonesia."""
        made = _curve()
        made.add_country_holidays("ID")
        return made


def _curve(**options):
    logging.getLogger("prophet.plot").disabled = True
    from prophet import Prophet as Curve

    logging.getLogger("cmdstanpy").disabled = True
    return Curve(uncertainty_samples=SAMPLES, **options)


@dataclass(frozen=True)
class Statsforecast:
    """MSTL or AutoETS with their own intervals, in an environment of their own."""

    name: str

    def run(self, panel: Panel) -> tuple[np.ndarray, float]:
        """(n, horizon, quantiles) and CPU seconds; gaps are filled with the season before: they bear none."""
        season, hourly = panel.frequency.season, panel.frequency.unit == "h"
        kept = 10 * season if hourly else 730
        y = np.array([_filled(one, season) for one in panel.y])[:, -kept:]
        seasons = [24, 168] if hourly else [season]
        with TemporaryDirectory() as folder:
            asked, answer = Path(folder) / "asked.npz", Path(folder) / "answer.npz"
            levels = [50, 80, 90, 95]
            told = {"y": y, "seasons": seasons, "horizon": panel.horizon, "levels": levels}
            np.savez(asked, model=self.name, **told)
            script = Path(__file__).with_name("statsforecast_peer.py")
            subprocess.run([STATSFORECAST, "-W", "ignore", script, asked, answer], check=True)
            found = np.load(answer)
            return np.sort(found["bands"], axis=-1), float(found["cpu_s"])


def _filled(y: np.ndarray, season: int) -> np.ndarray:
    """From the first known step on; before it nothing."""
    filled = y.copy()
    first = int(np.flatnonzero(np.isfinite(y))[0])
    for step in first + np.flatnonzero(~np.isfinite(y[first:])):
        filled[step] = filled[step - season] if step - season >= first else np.nanmean(y)
    return filled


def able(names):
    """Those of these peers that can run here: statsforecast needs an environment with an older pandas."""
    known = {one.name: one() for one in (Prophet, Tuned, Multiplicative)}
    if not STATSFORECAST.parents[1].joinpath(".ready").exists():
        return [known[name] for name in names if name in known]
    return [known.get(name) or Statsforecast(name) for name in names]
