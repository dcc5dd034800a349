"""Forecasts that add up: cameras to kelurahan, kelurahan to kecamatan, kecamatan to the city."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse

from forecasting.foretelling.outlook import Outlook
from forecasting.judging.intervals import LEVELS
from forecasting.knowing.scale import snapped
from forecasting.knowing.vintages import Floats, Ints
from lakehouse.city.areas import Areas

NONE, BOTTOM_UP = "none", "bottom-up"
METHODS = (BOTTOM_UP, "wls_struct", "wls_var", "mint_shrink")
"""As hierarchicalforecast names them. Its ols treats a camera like the city: bands held 4 points less."""
_DENSE = 300
"""Up to so many areas mint_shrink, which knows how their misses go together, stays cheap."""
_COMPLETE = 48
"""It needs so many steps at which the miss of every area is known."""
_LEAST = 1e-3
"""Misses are at least so large, in the kind's unit: what never missed would be believed blindly."""
_THINNED = 7
"""Methods are compared at every seventh step, which comes to every hour of the day."""
_WORTH = 1.05
"""Forecasts that add up may cost so much in rehearsed error, and no more."""
_BIAS = (0.5, 2.0)
"""No forecast is corrected by more than this."""


@dataclass(frozen=True)
class Sums:
    """Which areas are the sum of which others: `matrix` (n, bottoms), and `depth` (n,) below the top."""

    matrix: sparse.csr_matrix
    bottoms: Ints
    depth: Ints

    @classmethod
    def of(cls, ids: Collection[str], tree: Areas, cameras: Collection[str]) -> "Sums":
        """The sums among areas (n,).

        An area is a sum only where the areas just below it that are forecast hold all of its cameras;
        otherwise it stands for itself.

        Args:
            ids: the areas that are forecast, cameras among them.
            tree: every area of the lake.
            cameras: the camera areas that measure the kind.
        """
        place = {area: number for number, area in enumerate(ids)}
        held = _held(place, tree, cameras)
        parts: dict[str, list[str]] = {area: [] for area in place}
        for area in place:
            above = next((up for up in _path(tree, area)[1:] if up in place), None)
            if above:
                parts[above].append(area)
        whole = {
            area
            for area, below in parts.items()
            if held[area] and held[area] == set().union(*(held[part] for part in below))
        }
        bottoms = [area for area in place if area not in whole]
        column = {area: number for number, area in enumerate(bottoms)}

        def columns(area: str) -> list[int]:
            return [column[area]] if area in column else [at for part in parts[area] for at in columns(part)]

        cells = [(place[area], at) for area in place for at in columns(area)]
        rows, at = np.array(cells, dtype=np.int64).reshape(-1, 2).T
        shape = (len(place), len(bottoms))
        depth = np.array([len(_path(tree, area)) for area in place], dtype=np.int64)
        matrix = sparse.csr_matrix((np.ones(len(rows)), (rows, at)), shape=shape)
        return cls(matrix, np.array([place[area] for area in bottoms], dtype=np.int64), depth)

    @property
    def trivial(self) -> bool:
        """Whether nothing is the sum of anything."""
        return self.matrix.shape[0] == self.matrix.shape[1]

    def added(self, bottom: Floats) -> Floats:
        """(n, steps) from the bottoms' values."""
        return np.asarray(self.matrix @ bottom)

    def reconciled(self, path: Floats, method: str, missed: Floats) -> Floats:
        """(n, steps) the path made to add up, never below zero.

        Args:
            path: (n, steps).
            method: one of METHODS, or NONE.
            missed: (n, m) how far such paths missed, NaN where that is not known.
        """
        if method == NONE:
            return path
        if method == BOTTOM_UP:
            return self.added(path[self.bottoms])
        order = np.concatenate([np.setdiff1d(np.arange(len(path)), self.bottoms), self.bottoms])
        known = _spread(missed, path) if method == "wls_var" else _complete(missed)
        found = _traced(method, self.matrix[order], path[order], known[order])
        return self.added(np.maximum(found[-len(self.bottoms) :], 0))

    def methods(self, missed: Floats) -> tuple[str, ...]:
        """Those that are fit for so many areas and known misses (n, m)."""
        complete = _complete(missed)
        dense = len(missed) <= _DENSE and complete.shape[1] >= _COMPLETE
        return METHODS if dense and (complete.std(axis=1) > _LEAST).all() else METHODS[:-1]


def _traced(method: str, matrix: sparse.csr_matrix, path: Floats, missed: Floats) -> Floats:
    from hierarchicalforecast.methods import MinTrace, MinTraceSparse  # noqa: PLC0415 - a second to load

    known = {} if method == "wls_struct" else {"y_insample": missed, "y_hat_insample": np.zeros_like(missed)}
    if method == "mint_shrink":
        trace = MinTrace(method)
        return np.asarray(trace.fit_predict(S=matrix.toarray(), y_hat=path, **known)["mean"])
    return np.asarray(MinTraceSparse(method).fit_predict(S=matrix, y_hat=path, **known)["mean"])


def reconcile(outlook: Outlook, sums: Sums) -> tuple[Outlook, str]:
    """Make expected values add up by the method that did best in rehearsal; its name comes with them.

    Means add and medians do not: of crowds that gather now and then, the sum of the kecamatan's medians
    missed the city six times as far as its own forecast. So each area's mean is reconciled, freed before of
    the bias that it had in rehearsal, and its quantiles move with it in proportion. The published model's
    scores change as much as this changed them over the same rehearsals.
    """
    if sums.trivial:
        return outlook, NONE
    expected = _Expected.of(outlook)
    method = best(expected, sums)
    if method == NONE:
        return outlook, NONE
    means = sums.reconciled(expected.now, method, _beside(expected.missed))
    factor = _ratio(means, expected.now)
    factors = [
        _ratio(sums.reconciled(path, method, _beside(expected.missed, k)), path)
        for k, path in enumerate(expected.said)
    ]
    paths = outlook.paths * np.array(factors).reshape(outlook.paths.shape)
    changed = replace(outlook, bands=outlook.bands * factor[..., None], paths=paths, means=means)
    return replace(changed, scores=_rescored(outlook, changed)), method


@dataclass(frozen=True)
class _Expected:
    """Expected values `now` (n, horizon), as `said` (K, n, horizon) in rehearsal, and the truth then."""

    now: Floats
    said: Floats
    truth: Floats

    @classmethod
    def of(cls, outlook: Outlook) -> "_Expected":
        above = _ratio(outlook.means, outlook.median)
        said = np.where(np.isfinite(outlook.paths), outlook.paths * above, outlook.means)
        lift = _lift(outlook.truth, np.where(np.isfinite(outlook.paths), said, np.nan))[:, None]
        return cls(outlook.means * lift, said * lift, outlook.truth)

    @property
    def missed(self) -> Floats:
        """(K, n, horizon) how far they were off."""
        return self.truth - self.said


def best(expected: _Expected, sums: Sums) -> str:
    """The method with the least squared error in rehearsal, levels counting alike; NONE where all cost much.

    At each past origin a method knows only how far forecasts missed at the others.
    """
    few = np.s_[..., ::_THINNED]
    own = _mean(expected.missed[few] ** 2)
    errors = {}
    for method in sums.methods(_beside(expected.missed, 0)):
        paths = [
            sums.reconciled(path, method, _beside(expected.missed, k))
            for k, path in enumerate(expected.said[few])
        ]
        off = expected.truth[few] - np.array(paths).reshape(expected.truth[few].shape)
        ratio = np.sqrt(_mean(off**2) / np.where(own > 0, own, np.nan))
        errors[method] = _mean_of(_mean_of(ratio[sums.depth == depth]) for depth in np.unique(sums.depth))
    tried = {method: error for method, error in errors.items() if np.isfinite(error)}
    if not tried:
        return "wls_struct"
    method = min(tried, key=lambda name: tried[name])
    return method if tried[method] <= _WORTH else NONE


def _lift(truth: Floats, said: Floats) -> Floats:
    """(n,) what was there per what was said in rehearsal; the pool's where an area was never rehearsed."""
    both = np.isfinite(truth) & np.isfinite(said)
    there, told = (np.where(both, values, 0).sum(axis=(0, 2)) for values in (truth, said))
    pool = there.sum() / told.sum() if told.sum() > 0 else 1.0
    return np.clip(np.where(told > 0, there / np.where(told > 0, told, 1), pool), *_BIAS)


def _ratio(above: Floats, below: Floats) -> Floats:
    """1 where there is nothing to divide by."""
    some = below > 0
    return np.where(some, above / np.where(some, below, 1), 1.0)


def _path(tree: Areas, area: str) -> tuple[str, ...]:
    return tree.path(area) if area in tree else (area,)


def _held(ids: Collection[str], tree: Areas, cameras: Collection[str]) -> Mapping[str, set[str]]:
    """The cameras within each area."""
    held: dict[str, set[str]] = {area: set() for area in ids}
    for camera in {*cameras, *(area for area in ids if area.startswith("camera:"))}:
        for area in _path(tree, camera):
            if area in held:
                held[area].add(camera)
    return held


def _beside(missed: Floats, left_out: int | None = None) -> Floats:
    """(n, m) the misses of every rehearsal but one."""
    kept = [one for k, one in enumerate(missed) if k != left_out]
    n = missed.shape[1]
    return np.concatenate(kept, axis=1) if kept else np.full((n, 1), np.nan)


def _spread(missed: Floats, path: Floats) -> Floats:
    """(n, 2) misses as large as each area's usual one; in proportion to its height where none is known."""
    height = np.maximum(np.abs(path).mean(axis=1), _LEAST)
    known = np.isfinite(missed)
    squares = np.where(known, missed**2, 0).sum(axis=1)
    own = np.sqrt(squares / np.maximum(known.sum(axis=1), 1))
    share = np.median(own[own > 0] / height[own > 0]) if (own > 0).any() else 1.0
    spread = np.where(own > 0, own, share * height) + _LEAST
    return np.asarray(spread[:, None] * np.array([2.0, 0.0]))


def _complete(missed: Floats) -> Floats:
    """(n, m) the misses at the steps where every area's is known, raised by their spread.

    Raised, because the library takes residuals that sum up to nothing for those of an overfitted model.
    """
    known = missed[:, np.isfinite(missed).all(axis=0)]
    return known + known.std(axis=1, keepdims=True) if known.size else known


def _mean(values: Floats) -> Floats:
    """(n,) over origins and steps of (K, n, steps); NaN where nothing is known."""
    known = np.isfinite(values)
    count = known.sum(axis=(0, 2))
    return np.where(count > 0, np.where(known, values, 0).sum(axis=(0, 2)) / np.maximum(count, 1), np.nan)


def _mean_of(values: Iterable[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else np.nan


def _rescored(before: Outlook, after: Outlook) -> pd.DataFrame:
    """The published models' scores, each changed as its loss changed over the rehearsals."""
    scores = before.scores
    if not len(scores):
        return scores
    losses = [_losses(outlook, before) for outlook in (before, after)]
    place = pd.Index(after.ids).get_indexer(pd.Index(scores["unique_id"]))
    published = (scores["model"].to_numpy() == after.names[place]) & (place >= 0)
    told = scores.copy()
    for name, column in losses[0].items():
        now = losses[1][name]
        known = np.isfinite(column) & np.isfinite(now)
        if name.startswith("coverage"):
            moved = np.clip(told[name] + np.where(known, now - column, 0)[place], 0, 1)
        else:
            moved = told[name] * np.where(known, _ratio(now, column), 1)[place]
        told[name] = np.where(published, moved, told[name])
    return told


def _losses(outlook: Outlook, before: Outlook) -> dict[str, Floats]:
    """(n,) the losses behind each score, under bands as wide as those that are published."""
    paths, truth = outlook.paths, outlook.truth
    shape = before.bands / np.where(before.median > 0, before.median, np.nan)[..., None]
    bands = np.where(np.isfinite(shape), paths[..., None] * shape, before.bands)
    bands = snapped(bands, truth[..., None], np.abs(bands))
    off = truth[..., None] - bands
    pinball = np.where(np.isfinite(off), np.maximum(LEVELS * off, (LEVELS - 1) * off), np.nan).mean(axis=-1)
    unknown = ~np.isfinite(truth - paths)

    def held(low: int) -> Floats:
        inside = (truth >= bands[..., low]) & (truth <= bands[..., -1 - low])
        return _mean(np.where(unknown, np.nan, inside))

    return {
        "mase": _mean(np.abs(truth - paths)),
        "rmsse": np.sqrt(_mean((truth - paths) ** 2)),
        "sql": _mean(pinball),
        "wql": _mean(pinball),
        "coverage80": held(2),
        "coverage95": held(0),
    }
