"""Forecasts that come later, made to add up with those that stand and that nothing changes any more."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from forecasting.foretelling.outlook import Outlook
from forecasting.foretelling.reconcile import Sums
from forecasting.knowing.vintages import Floats, Ints
from lakehouse.city.areas import Areas


def beside(
    outlook: Outlook, standing: Mapping[str, Floats], tree: Areas, cameras: Collection[str]
) -> Outlook:
    """What comes later made to add up with what stands.

    The areas without parts inside an area that stands share, in proportion to their own forecasts, what it
    stands at less its parts that stand too (forecast proportions: Athanasopoulos, Ahmed and Hyndman 2009).
    Areas that have nothing to do with it stay as they are, and so does every step that it does not reach.

    Args:
        outlook: n areas, none of which stands.
        standing: by area, the means (steps,) of what stands, from the first step on.
        tree: every area of the lake.
        cameras: the camera areas that measure the kind.
    """
    means, ends = outlook.means.copy(), sorted({len(told) for told in standing.values()})
    for start, stop in pairwise([0, *ends]):
        there = {area: told[start:stop] for area, told in standing.items() if len(told) >= stop}
        part = means[:, start:stop]
        there = {area: told[: part.shape[1]] for area, told in there.items()}
        sums = Sums.of([*outlook.ids.tolist(), *there], tree, cameras)
        part[:] = _held(part, list(there.values()), sums)
    factor = np.where(outlook.means > 0, means / np.where(outlook.means > 0, outlook.means, 1), 1.0)
    return replace(outlook, bands=outlook.bands * factor[..., None], means=means)


def _held(later: Floats, standing: Sequence[Floats], sums: Sums) -> Floats:
    """(n, steps) of those that come later, behind which in the sums come those that stand."""
    count = len(later)
    path = np.concatenate([later, np.stack(standing)])
    stand = np.arange(count, len(path))
    shared = np.asarray(sums.matrix[stand].sum(axis=0)).ravel() > 0
    touched = np.asarray(sums.matrix @ shared)[:count] > 0
    return np.where(touched[:, None], sums.added(_bottoms(path, stand, sums))[:count], later)


def _bottoms(path: Floats, stand: Ints, sums: Sums) -> Floats:
    """(bottoms, steps) of a path (n, steps), such that the areas that stand add up: the innermost first."""
    bottom, settled = path[sums.bottoms].copy(), np.zeros(len(sums.bottoms), np.bool_)
    for area in sorted(stand, key=lambda area: sums.matrix[area].nnz):
        inside = np.zeros_like(settled)
        inside[sums.matrix[area].indices] = True
        loose = inside & ~settled
        left = np.maximum(path[area] - bottom[inside & settled].sum(axis=0), 0)
        whole = bottom[loose].sum(axis=0)
        even = 1 / max(loose.sum(), 1)
        bottom[loose] = left * np.where(whole > 0, bottom[loose] / np.where(whole > 0, whole, 1), even)
        settled |= inside
    return bottom
