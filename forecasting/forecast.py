"""A forecast at a panel's end: rehearsed, chosen, banded and, where a model can tell, explained."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from forecasting.backtest import Rehearsal, origins, rehearse, scores
from forecasting.choose import BLEND, Choice, choose
from forecasting.intervals import LEVELS, Misses, Rehearsed
from forecasting.models import Doubtful, Explained, Model
from forecasting.panel import Panel
from forecasting.scale import Scale
from forecasting.vintages import Floats, Ints

_EDGES = np.concatenate([[0.0], (LEVELS[1:] + LEVELS[:-1]) / 2, [1.0]])
_SHARES = np.diff(_EDGES)
"""The share of all outcomes that each quantile stands for in a mean."""


@dataclass(frozen=True)
class Forecast:
    """`bands` (n, horizon, quantiles) by model, of which `blend` is what is published."""

    panel: Panel
    choice: Choice
    bands: Mapping[str, Floats]
    parts: Mapping[str, Floats]
    rehearsal: Rehearsal
    cpu_s: Mapping[str, float]

    @property
    def published(self) -> Floats:
        """(n, horizon, quantiles); NaN where there is too little to go by."""
        return self.bands[BLEND]


def mean(bands: Floats) -> Floats:
    """(…) the mean of the outcomes that the quantiles (…, quantiles) describe."""
    return bands @ _SHARES


def forecast(panel: Panel, models: Sequence[Model]) -> Forecast:
    """Predict the panel's next `horizon` steps, knowing nothing of them."""
    # Threads of the trees that wait for each other on busy cores cost eight times the CPU of a single one.
    with threadpool_limits(1, user_api="openmp"):
        return _forecast(panel, models)


def _forecast(panel: Panel, models: Sequence[Model]) -> Forecast:
    rehearsal = rehearse(panel, models, origins(panel))
    scale, cpu_s = Scale.of(panel), dict(rehearsal.cpu_s)
    answers, parts, spread = {}, {}, np.ones((len(panel.ids), panel.horizon))
    for model in models:
        began = time.process_time()
        fitted = model.fit(panel)
        answers[model.name] = fitted.predict(panel)
        if isinstance(fitted, Explained):
            parts = dict(fitted.parts(panel))
        if isinstance(fitted, Doubtful) and (rehearsal.spread != 1).any():
            spread = fitted.spread(panel)
        cpu_s[model.name] += time.process_time() - began
    choice = choose(rehearsal, answers)
    said = {**rehearsal.paths, BLEND: choice.path(rehearsal.paths, scale)}
    answers[BLEND] = choice.path(answers, scale)
    bands = {
        name: _misses(panel, rehearsal, said[name]).around(path, spread, scale)
        for name, path in answers.items()
    }
    return Forecast(panel, choice, bands, parts, rehearsal, cpu_s)


def _misses(panel: Panel, rehearsal: Rehearsal, path: Floats) -> Misses:
    past = Rehearsed(rehearsal.truth, path, rehearsal.spread, _first_hours(panel))
    return past.learn(Scale.of(panel), panel.frequency)


def _first_hours(panel: Panel) -> Ints:
    return panel.origins.astype("M8[h]").astype(np.int64) % 24


def rehearsed_scores(made: Forecast) -> pd.DataFrame:
    """The rehearsals' scores by series and model, each origin under the intervals that the others taught."""
    panel, rehearsal = made.panel, made.rehearsal
    scale = Scale.of(panel)
    paths = {**rehearsal.paths, BLEND: made.choice.path(rehearsal.paths, scale)}
    tables = []
    for k, cut in enumerate(rehearsal.cuts):
        others = np.arange(len(rehearsal.cuts)) != k
        taught = replace(rehearsal, truth=rehearsal.truth[others], spread=rehearsal.spread[others])
        bands = {
            name: _misses(panel, taught, path[others]).around(path[k], rehearsal.spread[k], scale)
            for name, path in paths.items()
        }
        tables.append(scores(panel.cut(cut), rehearsal.truth[k], bands))
    if not tables:
        return pd.DataFrame()
    every = pd.concat(tables).groupby(["unique_id", "model"], as_index=False)
    return every.mean(numeric_only=True).assign(n=every["n"].sum()["n"])
