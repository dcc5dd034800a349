"""Rolling origins: what each model would have said in the past, and how far that was from what came."""

import resource
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from utilsforecast import losses

from forecasting.knowing.panel import Flags, Panel
from forecasting.knowing.scale import ROUNDING, Scale, snapped
from forecasting.knowing.vintages import Floats
from forecasting.models import Doubtful, Fitted, Model
from lakehouse.tables import QUANTILES, quantile_column

_SCALED = ("mase", "rmsse", "sql")
_OF_BANDS = ("sql", "wql", "coverage80", "coverage95")
SCORES = ("mase", "rmsse", *_OF_BANDS)


@dataclass(frozen=True)
class Rehearsal:
    """K past origins: `truth` (K, n, horizon), what each model said of it, and the CPU seconds that took.

    `spread` (K, n, horizon) is how far off a step was expected to be, where a model can tell; else 1.
    `near_unlike` (K, n, horizon) says whether a day unlike its weekday was near, which `blind` models do
    not see.
    """

    cuts: tuple[int, ...]
    truth: Floats
    paths: Mapping[str, Floats]
    cpu_s: Mapping[str, float]
    spread: Floats
    near_unlike: Flags
    blind: frozenset[str]


def cpu_s() -> float:
    """CPU seconds of this process and of its children that have ended: Prophet fits each curve in one."""
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def origins(panel: Panel) -> tuple[int, ...]:
    """How many steps before the panel's end a forecast is rehearsed, the earliest first.

    Whole days apart, so that as much of the day is known as now, and with two seasons before each, or where
    that leaves fewer than two, with one: two origins tell how they differ. None where too little is left.
    """
    clock = panel.frequency
    first = -(-panel.horizon // clock.day) * clock.day
    apart = max(first // clock.overlap // clock.day, 1) * clock.day
    wanted = [first + number * apart for number in reversed(range(clock.rehearsals))]
    grown, young = (
        tuple(cut for cut in wanted if panel.steps - cut >= seasons * clock.season) for seasons in (2, 1)
    )
    return grown if len(grown) > 1 else young


def rehearse(panel: Panel, models: Sequence[Model], cuts: Sequence[int]) -> Rehearsal:
    """Ask every model at every cut, steps before the panel's end; a lasting one is fitted once."""
    pasts = [panel.cut(cut) for cut in cuts]
    windows = [(past.steps, past.steps + panel.horizon) for past in pasts]
    shape = (len(cuts), len(panel.ids), panel.horizon)
    truth = np.array([panel.y[:, start:stop] for start, stop in windows]).reshape(shape)
    paths, spent, spread = {}, {}, np.ones(shape)
    for model in models:
        began = cpu_s()
        said = [answer(fitted, past) for fitted, past in zip(_fitted(model, pasts), pasts, strict=True)]
        paths[model.name] = np.array([path for path, _ in said]).reshape(shape)
        doubts = [off for _, off in said if off is not None]
        if doubts and len(doubts) == len(pasts):
            spread = np.array(doubts)
        spent[model.name] = cpu_s() - began
    near = np.broadcast_to(panel.near_unlike, (len(panel.ids), panel.steps + panel.horizon))
    near = np.array([near[:, start:stop] for start, stop in windows], dtype=np.bool_).reshape(shape)
    blind = frozenset(model.name for model in models if not model.sighted)
    return Rehearsal(tuple(cuts), truth, paths, spent, spread, near, blind)


def answer(fitted: Fitted, panel: Panel) -> tuple[Floats, Floats | None]:
    """What a model says behind the panel's end, and how far off it is wont to be there, if it can tell.

    What never was anything else is said to stay so: what others do is no reason to expect another value.
    """
    path, off = fitted.doubted(panel) if isinstance(fitted, Doubtful) else (fitted.predict(panel), None)
    constant = np.broadcast_to(panel.constant[:, None], path.shape)
    return np.where(np.isfinite(constant) & np.isfinite(path), constant, path), off


def _fitted(model: Model, pasts: Sequence[Panel]) -> list[Fitted]:
    if model.lasting and pasts:
        return [model.fit(pasts[0])] * len(pasts)
    return [model.fit(past) for past in pasts]


def scores(past: Panel, truth: Floats, bands: Mapping[str, Floats]) -> pd.DataFrame:
    """How good the forecasts behind one origin were: a row a series and model, with n, the steps compared.

    A score that divides by nothing is undefined: what is scaled by how much a past changed from one season
    to the next where it never did, and wql where all that came was 0.

    Args:
        past: what was known at the origin.
        truth: (n, horizon), NaN where it is not known.
        bands: by model (n, horizon, quantiles).
    """
    told, models = _wide(past, truth, bands), list(bands)
    train = _train(past)
    scale = {"seasonality": past.frequency.scale, "train_df": train}
    columns = {model: [f"{model}-{quantile_column(q)}" for q in QUANTILES] for model in models}
    levels = np.array(QUANTILES)
    found = {
        "mase": losses.mase(told, models, **scale),
        "rmsse": losses.rmsse(told, models, **scale),
        "sql": losses.scaled_mqloss(told, columns, levels, **scale),
        "wql": losses.scaled_crps(told, columns, levels),
        "coverage80": losses.coverage(told, models, 80),
        "coverage95": losses.coverage(told, models, 95),
    }
    tall = [table.melt("unique_id", models, "model", name) for name, table in found.items()]
    table = pd.concat([part.set_index(["unique_id", "model"]) for part in tall], axis=1).reset_index()
    counted = told.groupby("unique_id").size().rename("n")
    moved, came = _moved(past), np.nansum(np.abs(truth), axis=1)
    heights = ROUNDING * Scale.of(past).size
    series = table["unique_id"].to_numpy()
    table.loc[(moved <= heights)[series], list(_SCALED)] = np.nan
    table.loc[(came <= heights)[series], "wql"] = np.nan
    finite: pd.DataFrame = table.replace([np.inf, -np.inf], np.nan).merge(counted, on="unique_id")
    return finite.assign(unique_id=past.ids[finite["unique_id"]])


def unbanded(scored: pd.DataFrame) -> pd.DataFrame:
    """The scores of paths alone, where there was one origin: the only band is taught by it, and untried."""
    return scored.assign(**dict.fromkeys(_OF_BANDS, np.nan))


def _wide(past: Panel, truth: Floats, bands: Mapping[str, Floats]) -> pd.DataFrame:
    """What utilsforecast compares, series as numbers; quantiles stand under its names for levels too."""
    ds = past.future.astype("M8[ns]").ravel()
    told = {"unique_id": np.repeat(np.arange(len(past.ids)), past.horizon), "ds": ds, "y": truth.ravel()}
    size = Scale.of(past).size[:, None, None]
    for model, band in bands.items():
        flat = snapped(band, truth[..., None], size).reshape(-1, len(QUANTILES))
        told |= {f"{model}-{quantile_column(q)}": flat[:, k] for k, q in enumerate(QUANTILES)}
        told |= {model: flat[:, QUANTILES.index(0.5)]}
        for level, low, high in ((80, 0.1, 0.9), (95, 0.025, 0.975)):
            told[f"{model}-lo-{level}"] = flat[:, QUANTILES.index(low)]
            told[f"{model}-hi-{level}"] = flat[:, QUANTILES.index(high)]
    return pd.DataFrame(told).dropna(subset=["y"])


def _moved(past: Panel) -> Floats:
    """(n,) how far values lay from those a season before, the largest; 0 where there are no two."""
    lag = past.frequency.scale
    moved = np.abs(past.y[:, lag:] - past.y[:, :-lag])
    largest: Floats = np.where(np.isfinite(moved), moved, 0).max(axis=1, initial=0)
    return largest


def _train(past: Panel) -> pd.DataFrame:
    n, steps = past.y.shape
    series = np.repeat(np.arange(n), steps)
    ds = past.times(series, np.tile(np.arange(steps), n)).astype("M8[ns]")
    return pd.DataFrame({"unique_id": series, "ds": ds, "y": past.y.ravel()})
