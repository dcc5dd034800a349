"""A forecast at a panel's end: rehearsed, chosen, banded and, where a model can tell, explained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from forecasting.foretelling.kin import KIN, Cold, Families, cold
from forecasting.judging.backtest import Rehearsal, answer, cpu_s, origins, rehearse, scores, unbanded
from forecasting.judging.choose import BLEND, Choice, choose
from forecasting.judging.intervals import AS_REHEARSED, LEVELS, Misses, Rehearsed
from forecasting.knowing.panel import Panel
from forecasting.knowing.scale import Scale
from forecasting.knowing.vintages import Floats
from forecasting.models import Explained, Model

_ANYONE: Families = {}
_EDGES = np.concatenate([[0.0], (LEVELS[1:] + LEVELS[:-1]) / 2, [1.0]])
_SHARES = np.diff(_EDGES)
"""The share of all outcomes that each quantile stands for in a mean."""


@dataclass(frozen=True)
class Forecast:
    """`bands` (n, horizon, quantiles) by model, of which `blend` is what is published."""

    panel: Panel
    choice: Choice
    bands: Mapping[str, Floats]
    explained: Explained | None
    rehearsal: Rehearsal
    rehearsed: Floats
    """(K, n, horizon) what would have been published at the rehearsed origins."""
    young: Cold | None
    cpu_s: Mapping[str, float]

    @property
    def published(self) -> Floats:
        """(n, horizon, quantiles); NaN where there is too little to go by."""
        return self.bands[BLEND]

    @cached_property
    def parts(self) -> Mapping[str, Floats]:
        """By group of causes, (n, horizon): the share by which it raises a step, if a model can tell."""
        return self.explained.parts(self.panel) if self.explained else {}


def mean(bands: Floats) -> Floats:
    """(…) the mean of the outcomes that the quantiles (…, quantiles) describe."""
    return np.clip(bands @ _SHARES, bands[..., 0], bands[..., -1])


def forecast(
    panel: Panel,
    models: Sequence[Model],
    families: Families = _ANYONE,
    widths: Floats = AS_REHEARSED,
) -> Forecast:
    """Predict the panel's next `horizon` steps, knowing nothing of them.

    Args:
        panel: what is known.
        models: the members of the blend.
        families: who may tell the young.
        widths: (quantiles,) how much further out than rehearsed the published quantiles lie.
    """
    # Threads of the trees that wait for each other on busy cores cost eight times the CPU of a single one.
    with threadpool_limits(1, user_api="openmp"):
        return _forecast(panel, models, families, widths)


def _forecast(panel: Panel, models: Sequence[Model], families: Families, widths: Floats) -> Forecast:
    rehearsal = rehearse(panel, models, origins(panel))
    scale, spent = Scale.of(panel), dict(rehearsal.cpu_s)
    answers, explained, spread = {}, None, np.ones((len(panel.ids), panel.horizon))
    for model in models:
        began = cpu_s()
        fitted = model.fit(panel)
        answers[model.name], off = answer(fitted, panel)
        if off is not None and (rehearsal.spread != 1).any():
            spread = off
        explained = fitted if isinstance(fitted, Explained) else explained
        spent[model.name] += cpu_s() - began
    choice = choose(rehearsal, answers)
    said = {**rehearsal.paths, BLEND: choice.path(rehearsal.paths, rehearsal.near_unlike, scale)}
    answers[BLEND] = choice.path(answers, panel.near_unlike_ahead, scale)
    bands = {
        name: _misses(panel, rehearsal, said[name])
        .widened(widths if name == BLEND else AS_REHEARSED)
        .around(path, spread, scale)
        for name, path in answers.items()
    }
    young = cold(panel, answers[BLEND], rehearsal, said[BLEND], families, widths)
    if young is not None:
        bands[BLEND][young.numbers], said[BLEND][:, young.numbers] = young.bands, np.nan
        choice.names[young.numbers] = KIN
    return Forecast(panel, choice, bands, explained, rehearsal, said[BLEND], young, spent)


def _misses(panel: Panel, rehearsal: Rehearsal, path: Floats) -> Misses:
    past = Rehearsed(rehearsal.truth, path, rehearsal.spread, panel.first_hours)
    return past.learn(Scale.of(panel), panel.frequency)


def rehearsed_scores(made: Forecast) -> pd.DataFrame:
    """The rehearsals' scores by series and model, each origin under the intervals that the others taught.

    With one origin there are no others, and how such intervals did is not known.
    """
    panel, rehearsal = made.panel, made.rehearsal
    scale = Scale.of(panel)
    paths = {**rehearsal.paths, BLEND: made.rehearsed}
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
    merged = every.mean(numeric_only=True).assign(n=every["n"].sum()["n"])
    merged = unbanded(merged) if len(tables) == 1 else merged
    if made.young is None:
        return merged
    others = ~merged["unique_id"].isin(panel.ids[made.young.numbers])
    return pd.concat([merged[others], made.young.scores], ignore_index=True)
