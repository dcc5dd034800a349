"""One gradient boosting for all series of a kind: how far each step departs from the usual, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from forecasting.knowing.panel import Flags, Panel
from forecasting.knowing.usual import Rows
from forecasting.knowing.vintages import Floats, Ints
from forecasting.models.past import Past, Told
from forecasting.models.usual_week import UsualWeek
from lakehouse.city.calendar import FAR_DAYS

_EARLIEST_SEASONS = 5
"""A training origin has at least so many seasons before it, where the panel is long enough."""
_FEWEST_ROWS = 200
"""With fewer there is nothing to learn, and the usual is the answer."""
_FEWEST_HELD = 50
_TRIES = 12
_ROWS_A_VALUE = 8
"""A small panel has no more to tell: so many rows are drawn for each of its known values."""
_HIGHEST, _LEAST = 3.0, 0.02
"""A row is drawn as often as its height relative to its series' mean says, between these bounds."""
_YOUNG, _YOUTH_SEASONS = 0.15, 6
"""So many rows are told only what a young series would know, for those that have no kin to tell them."""
_UNLIKE = 4.0
"""How often a row near a day unlike its weekday is drawn for one of an ordinary day, since there are few of
them: 6 % better in a week of Christmas, 1 to 2 % in other weeks of hours, and on counters no more different
than another draw of rows."""
_BLOCK_DAYS, _FEWEST_BLOCKS = 28, 16
_SPREAD_ROWS, _SPREAD_TREES = 20_000, 50
GROUPS = ("calendar", "weather", "level", "trend")
"""The groups of features that a forecast is explained by."""


@dataclass(frozen=True)
class Asked:
    """Rows with what is told of them, and the two values that a boosting may depart from.

    `off_day` is what a day off does to the series: one that is unlike the others would not be heard among
    them, since a tree needs many rows to tell it apart.
    """

    told: Told
    usual: Floats
    smoothed: Floats
    off_day: Floats

    @classmethod
    def of(cls, past: Past, rows: Rows, hindsight: Flags | None = None) -> "Asked":
        """Look the rows up in the past."""
        told, usual = past.features(rows, hindsight)
        smoothed = past.smoothed(rows)
        off_day = past.off_day(rows)
        told["calendar.off_day"] = off_day
        return cls(told, usual, np.where(np.isfinite(smoothed), smoothed, usual), off_day)

    def only(self, chosen: Flags) -> "Asked":
        """Some of the rows."""
        told = {name: values[chosen] for name, values in self.told.items()}
        return Asked(told, self.usual[chosen], self.smoothed[chosen], self.off_day[chosen])

    def without(self, group: str) -> "Asked":
        """If a group of features had nothing to tell."""
        off_day = np.zeros_like(self.off_day) if group == "calendar" else self.off_day
        return replace(self, told=_silenced(self.told, group), off_day=off_day)

    def anchor(self, number: int) -> Floats:
        """What a boosting departs from: every other one from the smoothed value."""
        return (self.smoothed if number % 2 else self.usual) + self.off_day

    def table(self, names: Sequence[str]) -> Floats:
        """(rows, names)."""
        unknown = np.full(len(self.usual), np.nan)
        return np.stack([self.told.get(name, unknown) for name in names], axis=-1)


@dataclass(frozen=True)
class Lesson:
    """What is told of some rows, and their values."""

    asked: Asked
    value: Floats

    @classmethod
    def of(cls, asked: Asked, value: Floats, chosen: Flags) -> "Lesson":
        """Some of the rows."""
        return cls(asked.only(chosen), value[chosen])

    def tells(self, name: str) -> bool:
        """Whether anything is known of a feature here."""
        return bool(np.isfinite(self.asked.told[name]).any())


@dataclass(frozen=True)
class Boosted:
    """Direct for every step ahead, on the log ratio to the usual, from training origins spread over years.

    The mean of a few boostings, each of its own rows; where there is a smoothed value, every other one
    departs from that instead of the usual. Each leaves out a part of the weeks, another one each, on which it
    is seen how far off it is. Rows are drawn at the origin's own hour of the day, so that as
    much was known then as is known now, and in proportion to their height, which weighs errors in the kind's
    unit at half the cost of weights. `rows` bounds the cost, whatever the number of series.
    """

    name: ClassVar[str] = "boosted"
    lasting: ClassVar[bool] = True
    sighted: ClassVar[bool] = True
    rows: int = 25_000
    bags: int = 4
    trees: int = 120
    rate: float = 0.1
    leaves: int = 20
    least: int = 40
    seed: int = 0

    def fit(self, panel: Panel) -> "Grown | UsualWeek":
        """Grow the trees from what the panel knows."""
        past = Past(panel, panel.steps - panel.frequency.reach * panel.frequency.day)
        lessons = [self._lesson(past, number) for number in range(self.bags)]
        if any(
            len(taught.value) < _FEWEST_ROWS or len(held.value) < _FEWEST_HELD for taught, held in lessons
        ):
            return UsualWeek()
        names = tuple(
            name for name in lessons[0][0].asked.told if all(taught.tells(name) for taught, _ in lessons)
        )
        bags = [self._grown(taught, names, number) for number, (taught, _) in enumerate(lessons)]
        return Grown(bags, _sizes(bags, [held for _, held in lessons], names), names)

    def _lesson(self, past: Past, number: int) -> tuple["Lesson", "Lesson"]:
        """Rows of a bag's own: those that it learns from, and those of the weeks that it may not know."""
        rng = np.random.default_rng([self.seed, number])
        rows = self._drawn(past, rng)
        blanked = rng.random(len(rows.series)) < 1 / 2
        asked, value = Asked.of(past, rows, ~blanked), past.at(rows.series, rows.columns)
        usable = np.isfinite(value - asked.usual)
        held = _blocks(past, rows) % self.bags == number
        return Lesson.of(asked, value, usable & ~held), Lesson.of(asked, value, usable & held)

    def _grown(self, lesson: "Lesson", names: Sequence[str], number: int) -> Any:
        trees = _trees(
            loss="absolute_error",
            max_bins=63,
            max_iter=self.trees,
            learning_rate=self.rate,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=self.least,
            l2_regularization=1.0,
            early_stopping=False,
            random_state=self.seed + number,
        )
        return trees.fit(lesson.asked.table(names), lesson.value - lesson.asked.anchor(number))

    def _drawn(self, past: Past, rng: np.random.Generator) -> Rows:
        panel, clock = past.panel, past.clock
        n = len(panel.ids)
        earliest = min(_EARLIEST_SEASONS * clock.season, max(panel.steps // 3, clock.day))
        spread = max(min(clock.reach, (panel.steps - earliest) // clock.day), 1)
        wanted = min(self.rows, _ROWS_A_VALUE * int(np.isfinite(panel.y).sum()))
        count = _TRIES * wanted if n else 0
        series, back, ahead = (rng.integers(0, bound, count) for bound in (max(n, 1), spread, panel.horizon))
        origins = panel.steps - (back + 1) * clock.day
        known = (origins >= earliest) & np.isfinite(past.at(series, origins + ahead))
        rows = self._aged(past, Rows(series[known], origins[known], ahead[known], series[known]), rng)
        height = past.scale.back(past.at(rows.series, rows.columns - clock.season), rows.series)
        chance = np.clip(np.nan_to_num(height / past.scale.size[rows.series]) + _LEAST, _LEAST, _HIGHEST)
        unlike = panel.near_unlike
        chance *= np.where(unlike[rows.series % len(unlike), rows.columns], _UNLIKE, 1)
        # The smallest of exponential variates over weights are a weighted draw without putting back.
        drawn = np.argsort(rng.exponential(size=len(chance)) / chance, kind="stable")[:wanted]
        return rows.of(np.sort(drawn))

    @staticmethod
    def _aged(past: Past, rows: Rows, rng: np.random.Generator) -> Rows:
        """Of some rows only the last weeks are known, of the others all since their series began."""
        clock, count = past.clock, len(rows.series)
        since = past.first[rows.series]
        youth = rng.integers(1, _YOUTH_SEASONS * clock.season // clock.day + 1, count) * clock.day
        young = np.maximum(since, rows.origins - youth)
        return Rows(rows.series, rows.origins, rows.ahead, np.where(rng.random(count) < _YOUNG, young, since))


def _trees(**options: Any) -> Any:
    """Trees that have seen nothing yet."""
    from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415 - a second to load

    return HistGradientBoostingRegressor(**options)


@dataclass(frozen=True)
class Grown:
    """Trees that have seen a past."""

    bags: Sequence[Any]
    sizes: Any
    names: tuple[str, ...]

    def predict(self, panel: Panel) -> Floats:
        """(n, horizon) in the kind's unit."""
        return self.doubted(panel)[0]

    def doubted(self, panel: Panel) -> tuple[Floats, Floats]:
        """The same, and (n, horizon) how far off on the scale it will be at most, four times of five."""
        past, shape = Past(panel, panel.steps), (len(panel.ids), panel.horizon)
        rows = Rows.behind(panel)
        asked = Asked.of(past, rows)
        off = np.maximum(self.sizes.predict(asked.table(self.names)), _LEAST)
        return past.scale.back(self._said(asked), rows.series).reshape(shape), off.reshape(shape)

    def parts(self, panel: Panel) -> Mapping[str, Floats]:
        """By group, (n, horizon): the share by which a step is higher than if that group said nothing.

        `habit` is what none of the groups tells: what the trees learnt of such hours in all series.
        """
        asked = Asked.of(Past(panel, panel.steps), Rows.behind(panel))
        whole, shape = self._said(asked), (len(panel.ids), panel.horizon)
        silent = {group: asked.without(group) for group in GROUPS}
        moved = {group: whole - self._said(rest) for group, rest in silent.items()}
        moved["habit"] = whole - asked.usual - np.sum(list(moved.values()), axis=0)
        return {group: np.expm1(effect).reshape(shape) for group, effect in moved.items()}

    def _said(self, asked: Asked) -> Floats:
        table = asked.table(self.names)
        said = [asked.anchor(number) + trees.predict(table) for number, trees in enumerate(self.bags)]
        mean: Floats = np.mean(said, axis=0)
        return mean


def _blocks(past: Past, rows: Rows) -> Ints:
    """(rows,) which block of days a row's step lies in; a short past has shorter blocks."""
    day = past.clock.day
    days = min(_BLOCK_DAYS, past.panel.steps // (day * _FEWEST_BLOCKS))
    blocks: Ints = rows.columns // (max(days, 1) * day)
    return blocks


def _sizes(bags: Sequence[Any], held: Sequence[Lesson], names: Sequence[str]) -> Any:
    """How far off a boosting is in weeks of which it has seen nothing."""
    tables, off = [], []
    for number, (trees, lesson) in enumerate(zip(bags, held, strict=True)):
        few = Lesson.of(lesson.asked, lesson.value, np.arange(len(lesson.value)) < _SPREAD_ROWS // len(bags))
        tables.append(few.asked.table(names))
        off.append(np.abs(few.value - few.asked.anchor(number) - trees.predict(tables[-1])))
    sizes = _trees(
        loss="quantile",
        quantile=0.8,
        max_iter=_SPREAD_TREES,
        max_leaf_nodes=15,
        min_samples_leaf=100,
        early_stopping=False,
        random_state=0,
    )
    return sizes.fit(np.concatenate(tables), np.concatenate(off) + _LEAST)


def _silenced(told: Told, group: str) -> Told:
    """What would be told if a group had nothing to tell: an ordinary day, weather unknown, all as usual."""
    return {
        name: _quiet(name, values) if name.startswith(f"{group}.") else values
        for name, values in told.items()
    }


def _quiet(name: str, values: Floats) -> Floats:
    if name.startswith("weather."):
        return np.full_like(values, np.nan)
    return np.full_like(values, FAR_DAYS if "to_eid" in name else 0.0)
