"""How much wider or narrower than rehearsed bands must be, by how often those that were published held."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from forecasting.judging.intervals import AS_REHEARSED
from forecasting.knowing.scale import snapped
from forecasting.knowing.vintages import Floats
from lakehouse.clock import CITY_ZONE
from lakehouse.store import Lake
from lakehouse.tables import QUANTILES, quantile_column

_WANTED = 1 - np.abs(2 * np.array(QUANTILES) - 1)
"""The share that should lie outside of a quantile and its counterpart; all of it for the median."""
_DAYS, _FEWEST_STEPS = 28, 24
_GAIN, _FADING = 0.4, 0.95
"""By so much a day on which all lay outside that should not have raises the logarithm of the width, and
what a day's experience is worth the day after. Simulated with normal misses, 80 % bands that hold 70 %
hold 77 after a week and 78 after two; where they are right and days differ by 15 %, chance moves their
width by 5 %."""
_NARROWEST, _WIDEST = 2 / 3, 2.0


def widths(lake: Lake, kind: str, issued_at: datetime) -> Floats:
    """(quantiles,) by which the distance from the median is to be multiplied; 1 where nothing is known yet.

    Each day's first issue is held against the hours of the day after it.
    """
    steps = _published(lake, kind, issued_at)
    if not len(steps):
        return AS_REHEARSED
    since, until = steps["at"].min(), min(steps["at"].max() + timedelta(hours=1), issued_at)
    wanted = (pc.field("kind") == kind) & (pc.field("hour") >= since) & (pc.field("hour") < until)
    wanted &= pc.field("reason").is_null()
    hours = lake.read("area_hours", columns=["area_id", "hour", "value"], where=wanted).to_pandas()
    both = steps.merge(hours.dropna().rename(columns={"hour": "at"}), on=["area_id", "at"])
    ages = (issued_at - both["issued_at"]).dt.days.to_numpy()
    value = both["value"].to_numpy()[:, None]
    bands = both[[quantile_column(q) for q in QUANTILES]].to_numpy()
    bands = snapped(bands, value, np.abs(bands))
    outside = (value < np.minimum(bands, bands[:, ::-1])) | (value > np.maximum(bands, bands[:, ::-1]))
    days = np.full((_DAYS + 1, len(QUANTILES)), np.nan)
    for age in np.unique(ages):
        if (ages == age).sum() >= _FEWEST_STEPS:
            days[min(age, _DAYS)] = outside[ages == age].mean(axis=0)
    return learnt(days)


def learnt(outside: Floats) -> Floats:
    """(quantiles,) from (days, quantiles) the shares that lay outside, the latest day first, NaN for unknown.

    Adaptive conformal inference (Gibbs and Candès, 2021), as the tracking of the width itself (Angelopoulos,
    Candès and Tibshirani, 2023): what was published already was as wide as had been learnt until then, so
    that the sum of what went wrong since is all that has to be kept, and the tables keep it.
    """
    wrong = np.where(np.isfinite(outside), outside - _WANTED, 0)
    worth = _GAIN * _FADING ** np.arange(len(outside))
    factors: Floats = np.clip(np.exp(worth @ wrong), _NARROWEST, _WIDEST)
    return factors


def _published(lake: Lake, kind: str, issued_at: datetime) -> pd.DataFrame:
    """The first day's steps of each day's first issue."""
    before = (pc.field("kind") == kind) & (pc.field("scenario") == "")
    before &= (pc.field("issued_at") >= issued_at - timedelta(days=_DAYS)) & (
        pc.field("issued_at") < issued_at
    )
    issues = pd.Series(
        lake.read("scores", columns=["issued_at"], where=before)["issued_at"].unique().to_pandas()
    )
    if not len(issues):
        return pd.DataFrame()
    firsts = issues.groupby(issues.dt.tz_convert(CITY_ZONE).dt.date).min().tolist()
    where = before & pc.field("issued_at").isin(firsts)
    columns = ["issued_at", "area_id", "at", *(quantile_column(q) for q in QUANTILES)]
    steps: pd.DataFrame = lake.read("forecasts", columns=columns, where=where).to_pandas()
    return steps[steps["at"] < steps["issued_at"] + timedelta(days=1)]
