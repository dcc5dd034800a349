"""Which model's forecast a series gets: the one that did best where it was rehearsed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.backtest import Rehearsal
from forecasting.scale import Scale
from forecasting.vintages import Floats

BASE, BLEND = "base", "blend"
NONE = "insufficient data"
_VETO = 1.5
"""A model whose errors are so many times the usual's is not trusted with that series."""
_SHRINK = 8.0
"""How many rehearsals of its own it takes for a series to be heard as loudly as the pool: choosing by
its own few rehearsals alone cost 1 to 12 % on eight of ten sets of real series."""


@dataclass(frozen=True)
class Choice:
    """`weights` (n, models) of the members in what is published, and the name that this bears."""

    members: tuple[str, ...]
    weights: Floats
    names: npt.NDArray[np.str_]

    def path(self, paths: Mapping[str, Floats], scale: Scale) -> Floats:
        """(…, n, horizon) the members' paths in their weights, averaged on the scale."""
        series = np.arange(len(self.weights))[:, None]
        scaled = np.stack([scale.forward(paths[member], series) for member in self.members], axis=-1)
        share = np.where(np.isfinite(scaled), self.weights[:, None, :], 0)
        weight = share.sum(axis=-1)
        total = (share * np.nan_to_num(scaled)).sum(axis=-1)
        return scale.back(np.where(weight > 0, total / np.maximum(weight, 1e-9), np.nan), series)


def choose(rehearsal: Rehearsal, scale: Scale, answers: Mapping[str, Floats]) -> Choice:
    """The model, or equal blend of models, with the least error for each series.

    A series' own experience counts as many times as it was rehearsed, the pool's _SHRINK times; what is
    vetoed or has no answer now is left out. Without any rehearsal it is the usual.
    """
    members = tuple(rehearsal.paths)
    able = np.stack([np.isfinite(answers[member]).all(axis=1) for member in members], axis=-1)
    ratio = _ratios(rehearsal.truth, [rehearsal.paths[member] for member in members])
    trusted = able & (ratio < _VETO)
    trusted[:, members.index(BASE)] = able[:, members.index(BASE)]
    blend = trusted / np.maximum(trusted.sum(axis=1, keepdims=True), 1)
    blended = Choice(members, blend, np.array([])).path(rehearsal.paths, scale)
    contest = _ratios(rehearsal.truth, [*rehearsal.paths.values(), blended], members.index(BASE))
    allowed = np.column_stack([trusted, trusted.sum(axis=1) > 1])
    best = np.argmin(np.where(allowed, contest, np.inf), axis=1)
    best = np.where(np.isfinite(contest).any(axis=1), best, members.index(BASE))
    weights = np.where((best == len(members))[:, None], blend, np.eye(len(members) + 1)[best][:, :-1])
    names = np.array([*members, BLEND])[best]
    return Choice(members, weights, np.where(able.any(axis=1), names, NONE))


def _ratios(truth: Floats, paths: Sequence[Floats], base: int = 0) -> Floats:
    """(n, models) a model's absolute error over the usual's, shrunk to the pool's; NaN where not tried."""
    errors = np.stack([_error(truth, path) for path in paths], axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        own = np.log(errors / errors[:, [base]])
    own = np.where(np.isfinite(own), own, np.nan)
    tried = np.isfinite(own)
    pool = np.where(tried, own, 0).sum(axis=0) / np.maximum(tried.sum(axis=0), 1)
    trust = len(truth) / (len(truth) + _SHRINK)
    return np.exp(np.where(tried, trust * own + (1 - trust) * pool, np.nan))


def _error(truth: Floats, path: Floats) -> Floats:
    both = np.isfinite(truth) & np.isfinite(path)
    count = both.sum(axis=(0, 2))
    total = np.where(both, np.abs(truth - path), 0).sum(axis=(0, 2))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
