"""One issue of forecasts: what is asked for, forecast shard by shard, made to add up, and published."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from forecasting.executor import Executor
from forecasting.foretelling.counts import counted
from forecasting.foretelling.feast import Feast
from forecasting.foretelling.forecast import forecast
from forecasting.foretelling.kin import Families, young
from forecasting.foretelling.outlook import Outlook
from forecasting.foretelling.reconcile import Sums, reconcile
from forecasting.foretelling.standing import beside
from forecasting.judging.choose import NO_CAMERA, NONE, UNABLE
from forecasting.judging.widths import widths
from forecasting.knowing import series
from forecasting.knowing.families import families
from forecasting.knowing.panel import Panel
from forecasting.knowing.scenario import Scenario
from forecasting.knowing.vintages import Floats
from forecasting.models import Model
from forecasting.models.boosted import Boosted
from forecasting.models.prophet import Prophet
from forecasting.models.smoothing import Smoothing
from forecasting.models.usual_week import UsualWeek
from forecasting.publishing import publish
from forecasting.publishing.publish import Issue
from lakehouse.city import cameras
from lakehouse.city.areas import Areas
from lakehouse.log.commits import StaleSnapshotError
from lakehouse.milestones import reach
from lakehouse.problem import UnknownArea, UnknownKind
from lakehouse.store import Lake

Supposed = tuple[str, str]
"""A kind, and what is supposed of it."""
Standing = dict[str, Floats]
"""By area, the means (steps,) that are published."""

LEVELS = ("city", "kecamatan")
"""The levels that are forecast unless areas are named."""
SHARD_AREAS = 500
"""So many areas of a kind are forecast together: they learn from one another, and fit into memory."""
_RECENT = timedelta(days=28)
RETIRED = "retired"
"""The state of a kind whose analytic is no longer installed."""


@dataclass(frozen=True)
class Order:
    """What one shard forecasts."""

    root: str
    issue: Issue
    areas: tuple[str, ...]
    horizon: int
    prophets: int
    """Prophet is asked for so many of the areas, the largest ones: it is dear."""
    widths: tuple[float, ...]
    """(quantiles,) by how often what was published held; read once for all shards of a kind."""


@dataclass(frozen=True)
class Filled:
    """What came of an order."""

    order: Order
    outlook: Outlook

    def __str__(self) -> str:
        scores = publish.scores(self.outlook, self.order.issue)
        chosen = scores.filter(scores["chosen"])
        models = ", ".join(
            f"{one['values']} {one['counts']}" for one in chosen["model"].value_counts().to_pylist()
        )
        lacking = {why: int((self.outlook.names == why).sum()) for why in UNABLE}
        skill = pc.mean(chosen["mase"]).as_py()
        held = pc.mean(chosen["coverage80"]).as_py()
        text = f"{self.order.issue.kind:<16} {chosen.num_rows} areas ({models or 'none'})"
        text += f", MASE {skill:.2f}" if skill is not None else ""
        text += f", 80 % band held {held:.0%}" if held is not None else ""
        text += f", if {self.order.issue.scenario}" if self.order.issue.scenario else ""
        text += f", {lacking[NONE]} with insufficient data" if lacking[NONE] else ""
        return text + (f", {lacking[NO_CAMERA]} without a camera for it" if lacking[NO_CAMERA] else "")


def orders(
    lake: Lake,
    issued_at: datetime,
    horizon: int,
    *,
    kinds: Collection[str] = (),
    areas: Collection[str] = (),
    prophets: int = 2,
    scenario: str = "",
) -> list[Order]:
    """What is still to be forecast for this time of issue, shard by shard; with a scenario, both.

    Raises:
        UnknownArea: an area is not in the lake.
        UnknownKind: a kind is not in the lake, or is not one that is forecast.
        BadScenario: it supposes what cannot be supposed.
    """
    wanted, rows = _areas(Areas.read(lake), areas), _kinds(lake, kinds)
    version = lake.version("area_hours")
    wider: dict[str, tuple[float, ...]] = {}
    found = []
    for supposed in dict.fromkeys(("", Scenario.of(scenario).name)):
        for row in rows:
            left = sorted(wanted - publish.issued(lake, row["kind"], issued_at, supposed))
            issue = Issue(row["kind"], row["unit"], issued_at, version, bool(row["additive"]), supposed)
            if left and row["kind"] not in wider:
                wider[row["kind"]] = tuple(widths(lake, row["kind"], issued_at).tolist())
            count = -(-len(left) // SHARD_AREAS)
            for number in range(count):
                few = prophets // count + (number < prophets % count)
                found.append(
                    Order(lake.root, issue, tuple(left[number::count]), horizon, few, wider[row["kind"]])
                )
    return found


def _areas(tree: Areas, named: Collection[str]) -> frozenset[str]:
    if not named:
        return frozenset(area.area_id for level in LEVELS for area in tree.at_level(level))
    for area_id in named:
        if area_id not in tree and not area_id.startswith("camera:"):
            raise UnknownArea(area_id, "no area of this lake has this id", "see `/v1/areas`")
    return frozenset(named)


def _kinds(lake: Lake, named: Collection[str]) -> list[dict[str, Any]]:
    """The kinds that are forecast; of those named, the retired ones are left out."""
    rows = {row["kind"]: row for row in lake.read("kinds", where=pc.field("forecast")).to_pylist()}
    for kind in named:
        if kind not in rows:
            known = ", ".join(sorted(rows)) or "nothing"
            raise UnknownKind(kind, f"what is forecast is {known}", "name one of these")
    return [rows[kind] for kind in sorted(named or rows) if rows[kind]["state"] != RETIRED]


def retired(lake: Lake, named: Collection[str] = ()) -> list[str]:
    """The kinds, among those named if any are, that were forecast and that no analytic makes any more."""
    where = pc.field("forecast") & (pc.field("state") == RETIRED)
    kinds = lake.read("kinds", columns=["kind"], where=where)["kind"].to_pylist()
    return sorted(set(kinds) & set(named or kinds))


def fill(order: Order) -> Filled:
    """Forecast some areas of one kind."""
    lake, issue = Lake.open(order.root), order.issue
    panel = _panel(lake, order, order.areas)
    tellers = _tellers(lake, issue, panel)
    if tellers:
        panel = _panel(lake, order, {*order.areas, *(one for family in tellers.values() for one in family)})
    feast = Feast.of(panel)
    made = forecast(feast.without(panel), models(panel, order.prophets), tellers, np.array(order.widths))
    outlook = counted(Outlook.of(made, feast), panel, made.rehearsal)
    outlook = _unwatched(lake, issue, outlook)
    return Filled(order, outlook.only(np.flatnonzero(np.isin(outlook.ids, order.areas))))


def _unwatched(lake: Lake, issue: Issue, outlook: Outlook) -> Outlook:
    """With the areas named that lack a forecast because no camera in them sees the kind."""
    unable = outlook.ids[~outlook.able].tolist()
    if not unable:
        return outlook
    seen = series.watched(lake, issue.kind, unable, issue.issued_at - _RECENT, issue.issued_at)
    without = np.isin(outlook.ids, list(set(unable) - seen))
    return replace(outlook, names=np.where(without, NO_CAMERA, outlook.names))


def _panel(lake: Lake, order: Order, areas: Collection[str]) -> Panel:
    issue = order.issue
    return Scenario.of(issue.scenario).applied(
        series.panel(lake, issue.kind, areas, issue.issued_at, order.horizon)
    )


def _tellers(lake: Lake, issue: Issue, panel: Panel) -> Families:
    """By new camera, those that may tell it."""
    new = panel.ids[young(panel)].tolist()
    if not new:
        return {}
    grown = series.cameras(lake, issue.kind, issue.issued_at - 2 * _RECENT, issue.issued_at - _RECENT)
    return families(new, Areas.read(lake), cameras.read(lake), grown)


def models(panel: Panel, prophets: int) -> list[Model]:
    """Every model that competes, Prophet for the `prophets` largest series only."""
    height = np.nansum(panel.y, axis=1)
    largest = np.argsort(-height)[:prophets]
    few = frozenset(panel.ids[largest][height[largest] > 0].tolist())
    return [UsualWeek(), Boosted(), Smoothing(), *([Prophet(few)] if few else [])]


@dataclass(frozen=True)
class Agreed:
    """What the shards of one kind say together, areas adding up where they can be added.

    Of the areas that are `scored` only, a forecast stands already, and is published no more.
    """

    issue: Issue
    outlook: Outlook
    method: str
    scored: frozenset[str] = frozenset()

    @classmethod
    def of(cls, lake: Lake, shards: Sequence[Filled], before: Standing, now: Standing) -> Self:
        """Make the areas add up, with those too that stand by now.

        What another run published since this one began is its own, scores and all. What stood before then and
        has no scores is of a run that was killed between the two, and gets them here.
        """
        issue, outlook = shards[0].order.issue, Outlook.joined([one.outlook for one in shards])
        new, old = (np.isin(outlook.ids, list(area)) for area in (before.keys() | now.keys(), before))
        rest, scored = outlook.only(np.flatnonzero(~new)), outlook.only(np.flatnonzero(old))
        method = "none"
        if issue.additive and len(rest.ids):
            rest, method = _adding_up(lake, issue, rest, now)
        return cls(issue, Outlook.joined([rest, scored]), method, frozenset(scored.ids.tolist()))

    def parts(self) -> list[Self]:
        """As many areas each as a shard has."""
        count = len(self.outlook.ids)
        chunks = np.array_split(np.arange(count), max(1, -(-count // SHARD_AREAS)))
        return [replace(self, outlook=self.outlook.only(some)) for some in chunks]


@dataclass(frozen=True)
class Published:
    """What was published of one kind: its rows, and the method by which its areas add up."""

    issue: Issue
    rows: Mapping[str, pa.Table]
    method: str
    lost: int = 0
    """How many areas another run had published meanwhile."""

    def __str__(self) -> str:
        lost = f", {self.lost} areas were published by another run meanwhile" if self.lost else ""
        return f"{self.issue.kind:<16} areas add up: {self.method}{lost}"

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The parts of a kind, area after area."""
        first = [pc.min(part.rows["scores"]["area_id"]).as_py() or "" for part in parts]
        ordered = [parts[place] for place in sorted(range(len(parts)), key=first.__getitem__)]
        rows = {name: pa.concat_tables(one.rows[name] for one in ordered) for name in ordered[0].rows}
        return cls(ordered[0].issue, rows, ordered[0].method)


def tell(part: Agreed) -> Published:
    """Every hour of every area in figures and in a sentence."""
    new = np.flatnonzero(~np.isin(part.outlook.ids, list(part.scored)))
    rows = {
        "forecasts": publish.forecasts(part.outlook.only(new), part.issue),
        "scores": publish.scores(part.outlook, part.issue),
    }
    return Published(part.issue, rows, part.method)


def run(lake: Lake, wanted: Sequence[Order], executor: Executor) -> Iterator[Filled | Published]:
    """Fill the orders and publish them together, once all are filled; yields each as it is done."""
    before = _standing(lake.table("forecasts"), wanted)
    filled: list[Filled] = []
    for one in executor.run(fill, wanted):
        filled.append(one)
        yield one
    yield from publish_all(lake, filled, before, executor)


def publish_all(
    lake: Lake, filled: Sequence[Filled], before: Mapping[Supposed, Standing], executor: Executor
) -> list[Published]:
    """Publish what was filled beside what stands, in one commit of forecasts and one of scores.

    Where another run publishes meanwhile, its areas are left out and the others are made to add up again.

    Args:
        lake: where.
        filled: every shard.
        before: what stood when the orders were begun, by kind and scenario.
        executor: what the hours are told by.
    """
    shards: dict[Supposed, list[Filled]] = defaultdict(list)
    for one in filled:
        shards[_supposed(one.order)].append(one)
    now, done = None, list[Published]()
    while shards:
        snapshot = lake.table("forecasts")
        found = _standing(snapshot, [one.order for one in filled])
        if now is None or found.keys() != now.keys() or any(found[of].keys() != now[of].keys() for of in now):
            now, done = found, _told(lake, shards, before, found, executor)
        rows = {name: pa.concat_tables(one.rows[name] for one in done) for name in ("forecasts", "scores")}
        reach("publish: agreed")
        try:
            publish.append(lake, rows, snapshot)
        except StaleSnapshotError:
            continue
        break
    return done


def _told(
    lake: Lake,
    shards: Mapping[Supposed, Sequence[Filled]],
    before: Mapping[Supposed, Standing],
    now: Mapping[Supposed, Standing],
    executor: Executor,
) -> list[Published]:
    agreed = [Agreed.of(lake, some, before[of], now[of]) for of, some in sorted(shards.items())]
    told: dict[Supposed, list[Published]] = defaultdict(list)
    for part in executor.run(tell, [part for one in agreed for part in one.parts()]):
        told[part.issue.kind, part.issue.scenario].append(part)
    return [
        replace(
            Published.joined(parts),
            lost=sum(len(one.outlook.ids) for one in shards[of]) - len(one.outlook.ids),
        )
        for (of, parts), one in zip(sorted(told.items()), agreed, strict=True)
    ]


def _standing(forecasts: DeltaTable, wanted: Iterable[Order]) -> dict[Supposed, Standing]:
    """What a snapshot of forecasts has of the issues of some orders, by kind and scenario."""
    issues = {_supposed(order): order.issue for order in wanted}
    return {of: publish.standing(forecasts, issue) for of, issue in issues.items()}


def _supposed(order: Order) -> Supposed:
    return order.issue.kind, order.issue.scenario


def _adding_up(lake: Lake, issue: Issue, outlook: Outlook, standing: Standing) -> tuple[Outlook, str]:
    able, unable = (outlook.only(np.flatnonzero(chosen)) for chosen in (outlook.able, ~outlook.able))
    watching, tree = (
        series.cameras(lake, issue.kind, issue.issued_at - _RECENT, issue.issued_at),
        Areas.read(lake),
    )
    able, method = reconcile(able, Sums.of(able.ids.tolist(), tree, watching))
    if standing and len(able.ids):
        able, method = beside(able, standing, tree, watching), f"{method}, with what stood"
    return Outlook.joined([able, unable]), method
