"""Cold start: a young series is told by its own few weeks, and by what those that resemble it do."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd

from forecasting.judging.backtest import Rehearsal, scores, unbanded
from forecasting.judging.intervals import Misses, Rehearsed
from forecasting.knowing.panel import Flags, Panel
from forecasting.knowing.scale import Scale
from forecasting.knowing.usual import begins, mean
from forecasting.knowing.vintages import Floats, Ints

KIN = "kin"
Families = Mapping[str, Collection[str]]
"""By young series, those that may tell it; one that is not named here may be told by all."""

_COMPLETE = 0.8
"""Who tells others knows at least so much of the last weeks."""
_LIKENESS = 6.0
"""One that is half as unlike counts 64 times: 2 instead of 6 lost 3 % on pedestrians, some of whom walk
like nobody else."""
_OWN_SEASONS = 2.0
"""How many weeks of its own weigh as much as what its other days and its kin say."""
_SLOPE_STEPS = 20.0
"""It is taken to rise and fall as its kin do, until it has more steps of its own than these."""
_LEANS_ON = 3.0
"""An hour that leans on its like is taken to be as sure as the mean of so many."""
_NURSERY = 48
"""So many grown series are told as if they were young, to see how far off that is."""


@dataclass(frozen=True)
class Cold:
    """What is told of the young, by `numbers`: `paths` (young, horizon) and their `bands`.

    `scores` are how such forecasts did where grown series were told as if they were young.
    """

    numbers: Ints
    paths: Floats
    bands: Floats
    scores: pd.DataFrame


def young(panel: Panel) -> Ints:
    """The numbers of the series that have no usual of their own yet, but of which a day is known."""
    known, clock = np.isfinite(panel.y), panel.frequency
    late = begins(known) > panel.steps - clock.averaged * clock.season
    return np.flatnonzero(late & (known.sum(axis=1) >= max(clock.day, 2)))


def cold(
    panel: Panel, said: Floats, rehearsal: Rehearsal, rehearsed: Floats, families: Families, widths: Floats
) -> Cold | None:
    """Tell the young by the grown; None where there are no young, or nobody who could tell them.

    Args:
        panel: what is known.
        said: (n, horizon) what is said of the grown.
        rehearsal: what came.
        rehearsed: (K, n, horizon) what was said of the grown then.
        families: who may tell whom.
        widths: (quantiles,) how much further out than rehearsed their quantiles lie.
    """
    grown = _grown(panel, said)
    tellers = {int(number): _tellers(panel, int(number), grown, families) for number in young(panel)}
    tellers = {number: some for number, some in tellers.items() if len(some)}
    if not tellers:
        return None
    numbers, weeks = np.array(list(tellers)), Weeks.of(panel)
    paths = np.array([weeks.told(said, number, some) for number, some in tellers.items()])
    age = int(np.median(panel.steps - begins(np.isfinite(panel.y[numbers]))))
    nursery = _nursed(panel, rehearsal, rehearsed, age, np.flatnonzero(grown))
    return Cold(
        numbers, paths, nursery.bands(panel, numbers, paths, widths), nursery.scores(panel.ids[numbers])
    )


def _grown(panel: Panel, said: Floats) -> Flags:
    """(n,) who may tell others: of whom the usual is known, and of whom something is said."""
    lately = np.isfinite(panel.y[:, -panel.frequency.averaged * panel.frequency.season :])
    flags: Flags = (lately.mean(axis=1) >= _COMPLETE) & np.isfinite(said).all(axis=1)
    flags[young(panel)] = False
    return flags


def _tellers(panel: Panel, number: int, grown: Flags, families: Families) -> Ints:
    """Those of the grown whose forecasts begin at the same time."""
    name = str(panel.ids[number])
    in_family = np.isin(panel.ids, list(families[name])) if name in families else np.ones_like(grown)
    others = grown & in_family & (panel.origins == panel.origins[number])
    others[number] = False
    return np.flatnonzero(others)


@dataclass(frozen=True)
class Weeks:
    """The last seasons of a panel, on a scale that knows no more than they.

    `known` (n, seasons, season) is NaN where nothing is known, or where the day was unlike its weekday and
    another was not; `usual` (n, season) is their mean; `groups` (season,) numbers the hours of working days
    and of weekends.
    """

    scale: Scale
    known: Floats
    usual: Floats
    groups: Ints

    @classmethod
    def of(cls, panel: Panel) -> Self:
        """As many seasons as the usual is the mean of."""
        clock, steps = panel.frequency, panel.frequency.averaged * panel.frequency.season
        scale = Scale.of(replace(panel, y=panel.y[:, -steps:]))
        grid = scale.forward(panel.y, np.arange(len(panel.ids))[:, None])
        ordinary = np.where(panel.unlike[:, : panel.steps], np.nan, grid)
        alike, every = (_seasons(values, clock.averaged, clock.season) for values in (ordinary, grid))
        known = np.where(np.isfinite(alike).any(axis=1, keepdims=True), alike, every)
        usual = mean(np.moveaxis(known, 1, -1))
        return cls(scale, known, np.where(np.isfinite(usual), usual, mean(usual)[:, None]), _groups(panel))

    def since(self, steps: int) -> Self:
        """As if nothing were known but the last steps."""
        count, season = self.known.shape[1:]
        recent = np.arange(count * season).reshape(count, season) >= count * season - steps
        return replace(self, known=np.where(recent, self.known, np.nan))

    def told(self, said: Floats, number: int, tellers: Ints) -> Floats:
        """(horizon,) what one is expected to be by its own weeks, and by what is `said` of others.

        Its weeks are freed of what was unlike in its kin's same weeks. Each of its hours then leans on the
        same hour of its other days, moved as its kin's days differ, and on its kin's hour at its own level,
        the more, the more it resembles them. It departs from that as its kin will.
        """
        seen = np.isfinite(self.known[number])
        both = np.where(seen, self.known[[number, *tellers]], np.nan)
        own, *others = mean(np.moveaxis(both, 1, -1))
        theirs = np.where(np.isfinite(others), others, self.usual[tellers])
        share = _likeness(own, theirs)
        then, usual = share @ theirs, share @ self.usual[tellers]
        ahead = share @ self.scale.forward(said[tellers], tellers[:, None])
        slope = self._slope(own, then, int(seen.sum()))
        steady, shape = own - slope * (then - usual), slope * (usual - self._over_days(usual))
        typical = self._over_days(steady - shape) + shape
        typical = np.where(np.isfinite(typical), typical, usual + mean(own - then))
        times = seen.sum(axis=0)
        alone = times / (times + _OWN_SEASONS)
        expected = alone * np.nan_to_num(steady) + (1 - alone) * typical
        trust = _trust(own - then, steady - typical, float(times[times > 0].mean()))
        expected = (1 - trust) * expected + trust * (usual + mean(own - then))
        slot = np.arange(len(ahead)) % len(expected)
        path = expected[slot] + slope * (ahead - usual[slot])
        return self.scale.back(path, np.full(len(path), number))

    def _over_days(self, values: Floats) -> Floats:
        """(season,) the mean of each slot's group."""
        same = self.groups[:, None] == np.arange(self.groups.max() + 1)
        return mean(np.where(same, values[:, None], np.nan).T)[self.groups]

    def _slope(self, own: Floats, theirs: Floats, steps: int) -> float:
        """How far it rises and falls from day to day where its kin do, from not at all to as much."""
        off = [
            values - self._over_days(np.where(np.isfinite(own), values, np.nan)) for values in (own, theirs)
        ]
        known = np.isfinite(off[0])
        square = float((off[1][known] ** 2).sum())
        alike = float((off[0][known] * off[1][known]).sum()) / square if square > 0 else 1.0
        few = _SLOPE_STEPS / max(steps, 1)
        return float(np.clip((alike + few) / (1 + few), 0, 1))


def _trust(apart: Floats, scatter: Floats, times: float) -> float:
    """How much of its kin's hours is taken: its own noise over that and how strange they are to it.

    The weight of the prior in an empirical Bayes estimate, in variances; an hour was seen so many `times`.
    """
    noise = float(mean(scatter**2))
    strange = max(float(mean((apart - mean(apart)) ** 2)) - noise, 0)
    unsure = noise / (_LEANS_ON * times)
    return unsure / (unsure + strange + 1e-9)


def _seasons(grid: Floats, count: int, season: int) -> Floats:
    """(n, count, season) the last seasons of a grid, unknown before it begins."""
    lacking = max(count * season - grid.shape[1], 0)
    whole = np.pad(grid, ((0, 0), (lacking, 0)), constant_values=np.nan)
    return whole[:, -count * season :].reshape(len(grid), count, season)


def _groups(panel: Panel) -> Ints:
    clock = panel.frequency
    slots = np.arange(clock.season)
    if clock.unit == "M":
        return np.zeros_like(slots)
    days = panel.times(np.zeros_like(slots), panel.steps - clock.season + slots).astype("M8[D]")
    weekend = (days.astype(np.int64) + 3) % 7 >= 5  # noqa: PLR2004 - 1970 began on a Thursday
    return slots % clock.day + clock.day * weekend


def _likeness(own: Floats, theirs: Floats) -> Floats:
    """(tellers,) by how much each counts: the less its week's shape is unlike, the more."""
    known = np.isfinite(own)
    shapes = [values - values.mean(axis=-1, keepdims=True) for values in (own[known], theirs[:, known])]
    near = (np.abs(shapes[0] - shapes[1]).mean(axis=1) + 1e-3) ** -_LIKENESS
    share: Floats = near / near.sum()
    return share


@dataclass(frozen=True)
class Nursery:
    """Grown series, told as if they were young at every rehearsed origin: (K, some, horizon)."""

    panel: Panel
    rehearsed: Rehearsed
    cuts: tuple[int, ...]

    def bands(self, panel: Panel, numbers: Ints, paths: Floats, widths: Floats) -> Floats:
        """(young, horizon, quantiles) around the young's paths, as wide as the nursery's misses ask."""
        taught = self._taught(np.ones(len(self.cuts), dtype=np.bool_))
        missing = taught.size[taught.size > 0]
        size = np.full(len(numbers), missing.mean() if len(missing) else 1.0)
        shape = np.broadcast_to(taught.shape.mean(axis=0), (*paths.shape, taught.shape.shape[-1]))
        misses = replace(taught, size=size, shape=shape, most=np.full(len(numbers), taught.most.max()))
        return misses.widened(widths).around(paths, np.ones(paths.shape), Scale.of(panel.only(numbers)))

    def scores(self, ids: np.ndarray) -> pd.DataFrame:
        """The same for each of the young: the mean over the nursery, each origin under the others' bands."""
        tables, scale = [], Scale.of(self.panel)
        for k, cut in enumerate(self.cuts):
            path = self.rehearsed.path[k]
            bands = self._taught(np.arange(len(self.cuts)) != k).around(path, np.ones(path.shape), scale)
            tables.append(scores(self.panel.cut(cut), self.rehearsed.truth[k], {KIN: bands}))
        if not tables:
            return pd.DataFrame()
        every = pd.concat(tables) if len(tables) > 1 else unbanded(tables[0])
        mean_score = every.mean(numeric_only=True).to_dict() | {"model": KIN, "n": every["n"].sum()}
        return pd.DataFrame([{"unique_id": name, **mean_score} for name in ids])

    def _taught(self, origins: Flags) -> Misses:
        past = self.rehearsed
        some = Rehearsed(past.truth[origins], past.path[origins], past.spread[origins], past.first_hours)
        return some.learn(Scale.of(self.panel), self.panel.frequency)


def _nursed(panel: Panel, rehearsal: Rehearsal, rehearsed: Floats, age: int, grown: Ints) -> Nursery:
    some = grown[:: max(-(-len(grown) // _NURSERY), 1)]
    paths = np.full((len(rehearsal.cuts), len(some), panel.horizon), np.nan)
    for k, cut in enumerate(rehearsal.cuts):
        past, said = panel.cut(cut), rehearsed[k]
        then, weeks = _grown(past, said), Weeks.of(past).since(age)
        for place, number in enumerate(some):
            others = _tellers(past, int(number), then, {})
            if then[number] and len(others) and np.isfinite(weeks.known[number]).any():
                paths[k, place] = weeks.told(said, int(number), others)
    truth, few = rehearsal.truth[:, some], panel.only(some)
    return Nursery(few, Rehearsed(truth, paths, np.ones(paths.shape), few.first_hours), rehearsal.cuts)
