"""How loudly each model is heard in a series' forecast: as it did where it was rehearsed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.judging.backtest import Rehearsal
from forecasting.knowing.panel import Flags
from forecasting.knowing.scale import ROUNDING, Scale
from forecasting.knowing.vintages import Floats

BASE, BLEND = "base", "blend"
NONE, NO_CAMERA = "insufficient data", "no camera"
UNABLE = (NONE, NO_CAMERA)
"""Why an area has no forecast: too little is known of it, or no camera in it sees the kind."""
_VETO = 1.5
"""A model whose errors are so many times the usual's is not trusted with that series."""
_WORST = 4.0
_EARNEST = 12.0
"""A model with 6 % more error than the best is heard half as loudly, and with 21 % more not at all.

Softer weights lost on trips of New York (1.46 at 4, 1.42 at 8, 1.38 from 12 on) and on months (1.447, 1.437,
1.427 at 16), and gained 2 % on six series of mobility.
"""
_WHISPER = 0.1
_BLIND = 1.3
"""Near a day unlike its weekday a model that does not see it is taken for so much worse than where it was
rehearsed, mostly on ordinary days: 5 % better on pedestrians, 3 % on other hours, and between
1.2 % better and 1.3 % worse on sets of days."""
_SHRINK = 32.0
"""How many rehearsals of its own it takes for a series to be heard as loudly as the pool: choosing by
its own few rehearsals alone cost 1 to 12 % on eight of ten sets of real series."""


@dataclass(frozen=True)
class Choice:
    """`weights` (n, 2, models) of the members, on ordinary days and near unlike ones; a name for each."""

    members: tuple[str, ...]
    weights: Floats
    names: npt.NDArray[np.str_]

    def path(self, paths: Mapping[str, Floats], near_unlike: Flags, scale: Scale) -> Floats:
        """(…, n, horizon) the members' paths in their weights, averaged on the scale: among them, always.

        `near_unlike` (…, n, horizon) says which weights count.
        """
        series = np.arange(len(self.weights))[:, None]
        scaled = np.stack([scale.forward(paths[member], series) for member in self.members], axis=-1)
        share = np.where(np.isfinite(scaled), self.weights[series, near_unlike.astype(np.int64)], 0)
        weight = share.sum(axis=-1)
        total = (share * np.nan_to_num(scaled)).sum(axis=-1)
        found = scale.back(np.where(weight > 0, total / np.maximum(weight, 1e-9), np.nan), series)
        said = np.stack([paths[member] for member in self.members], axis=-1)
        low = np.where(share > 0, said, np.inf).min(axis=-1)
        return np.clip(found, low, np.where(share > 0, said, -np.inf).max(axis=-1))

    def say(self, member: str, near_unlike: Flags) -> Floats:
        """(n, horizon) one member's weight in each step."""
        series = np.arange(len(self.weights))[:, None]
        weights: Floats = self.weights[series, near_unlike.astype(np.int64), self.members.index(member)]
        return weights


def choose(rehearsal: Rehearsal, answers: Mapping[str, Floats]) -> Choice:
    """How loudly each model is heard in what is published, series by series.

    The better a model was in rehearsal, relative to the best, the louder; a series' own experience counts as
    many times as it was rehearsed, the pool's _SHRINK times. What is vetoed, far behind the best or has no
    answer now is left out. Without any rehearsal it is the usual.
    """
    members = tuple(rehearsal.paths)
    able = np.stack([np.isfinite(answers[member]).all(axis=1) for member in members], axis=-1)
    ratio = _ratios(rehearsal.truth, [rehearsal.paths[member] for member in members], members.index(BASE))
    ratio = np.where(able & np.isfinite(ratio), ratio, np.inf)
    ratio[:, members.index(BASE)] = np.where(able[:, members.index(BASE)], 1.0, np.inf)
    blind = np.isin(members, list(rehearsal.blind))
    weights = np.stack([_weights(ratio, np.where(blind, worse, 1.0)) for worse in (1.0, _BLIND)], axis=1)
    several = (weights[:, 0] > 0).sum(axis=1) > 1
    names = np.where(several, BLEND, np.array(members)[np.argmax(weights[:, 0], axis=1)])
    return Choice(members, weights, np.where(able.any(axis=1), names, NONE))


def _weights(ratio: Floats, worse: Floats) -> Floats:
    """(n, models) by the error of each model over the usual's, taken for so much `worse` (models,)."""
    trusted = np.where(ratio < _VETO, ratio * worse, np.inf)
    best = np.where(np.isfinite(trusted).any(axis=1), trusted.min(axis=1), 1.0)[:, None]
    loud = (best / trusted) ** _EARNEST
    loud = np.where(loud >= _WHISPER, loud, 0)
    weights: Floats = loud / np.maximum(loud.sum(axis=1, keepdims=True), 1e-9)
    return weights


def _ratios(truth: Floats, paths: Sequence[Floats], base: int = 0) -> Floats:
    """(n, models) a model's absolute error over the usual's, shrunk to the pool's; NaN if never tried.

    Where the usual is exact nothing is learnt from others that are too, and no more than _WORST from those
    that are not: a series without chance does not judge for all.
    """
    errors = np.stack([_error(truth, path) for path in paths], axis=-1)
    least = ROUNDING * np.fmax(_error(truth, np.zeros_like(truth)), 1e-100)[:, None]
    own = np.log(np.maximum(errors, least) / np.maximum(errors[:, [base]], least))
    own = np.where(errors + errors[:, [base]] > least, np.clip(own, -np.log(_WORST), np.log(_WORST)), np.nan)
    tried = np.isfinite(own)
    pool = np.where(tried, own, 0).sum(axis=0) / np.maximum(tried.sum(axis=0), 1)
    trust = len(truth) / (len(truth) + _SHRINK)
    anywhere = np.where(tried.any(axis=0), pool, np.nan)
    return np.exp(np.where(tried, trust * np.nan_to_num(own) + (1 - trust) * pool, anywhere))


def _error(truth: Floats, path: Floats) -> Floats:
    both = np.isfinite(truth) & np.isfinite(path)
    count = both.sum(axis=(0, 2))
    total = np.where(both, np.abs(truth - path), 0).sum(axis=(0, 2))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
