"""One issue of forecasts: what is asked for, forecast kind by kind, and published."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forecasting import publish, series
from forecasting.executor import Executor
from forecasting.forecast import forecast
from forecasting.models import Model
from forecasting.models.base import Base
from forecasting.models.boosted import Boosted
from forecasting.models.prophet import Prophet
from forecasting.panel import Panel
from forecasting.why import Language
from lakehouse.areas import Areas
from lakehouse.problem import UnknownArea, UnknownKind
from lakehouse.store import Lake

LEVELS = ("city", "kecamatan")
"""The levels that are forecast unless areas are named."""


@dataclass(frozen=True)
class Order:
    """What one shard forecasts."""

    root: str
    issue: publish.Issue
    areas: tuple[str, ...]
    horizon: int
    prophets: int
    """Prophet is asked for so many areas of the kind, the largest ones: it is dear."""


@dataclass(frozen=True)
class Filled:
    """What came of an order: rows by table."""

    order: Order
    rows: Mapping[str, pa.Table]

    def __str__(self) -> str:
        scores = self.rows["scores"]
        chosen = scores.filter(scores["chosen"])
        models = ", ".join(
            f"{one['values']} {one['counts']}" for one in chosen["model"].value_counts().to_pylist()
        )
        lacking = len(self.order.areas) - chosen.num_rows
        skill = pc.mean(chosen["mase"]).as_py()
        held = pc.mean(chosen["coverage80"]).as_py()
        text = f"{self.order.issue.kind:<16} {chosen.num_rows} areas ({models or 'none'})"
        text += f", MASE {skill:.2f}, 80 % band held {held:.0%}" if skill is not None else ""
        return text + (f", {lacking} with insufficient data" if lacking else "")


def orders(
    lake: Lake,
    issued_at: datetime,
    horizon: int,
    *,
    kinds: Collection[str] = (),
    areas: Collection[str] = (),
    prophets: int = 2,
) -> list[Order]:
    """What is still to be forecast for this time of issue, kind by kind.

    Raises:
        UnknownArea: an area is not in the lake.
        UnknownKind: a kind is not in the lake, or is not one that is forecast.
    """
    wanted, units = _areas(Areas.read(lake), areas), _units(lake, kinds)
    version = lake.version("area_hours")
    found = []
    for kind, unit in units.items():
        left = tuple(sorted(wanted - publish.issued(lake, kind, issued_at)))
        issue = publish.Issue(kind, unit, issued_at, version)
        found += [Order(lake.root, issue, left, horizon, prophets)] if left else []
    return found


def _areas(tree: Areas, named: Collection[str]) -> frozenset[str]:
    if not named:
        return frozenset(area.area_id for level in LEVELS for area in tree.at_level(level))
    for area_id in named:
        if area_id not in tree and not area_id.startswith("camera:"):
            raise UnknownArea(area_id, "no area of this lake has this id", "see `/v1/areas`")
    return frozenset(named)


def _units(lake: Lake, named: Collection[str]) -> dict[str, Mapping[Language, str]]:
    rows = lake.read("kinds", where=pc.field("forecast")).to_pylist()
    units = {row["kind"]: row["unit"] for row in rows}
    for kind in named:
        if kind not in units:
            raise UnknownKind(
                kind, f"what is forecast is {', '.join(sorted(units)) or 'nothing'}", "name one of these"
            )
    return {kind: units[kind] for kind in sorted(named or units)}


def fill(order: Order) -> Filled:
    """Forecast one kind."""
    lake, issue = Lake.open(order.root), order.issue
    panel = series.panel(lake, issue.kind, order.areas, issue.issued_at, order.horizon)
    made = forecast(panel, models(panel, order.prophets))
    return Filled(order, {"forecasts": publish.forecasts(made, issue), "scores": publish.scores(made, issue)})


def models(panel: Panel, prophets: int) -> list[Model]:
    """Every model that competes, Prophet for the `prophets` largest series only."""
    height = np.nansum(panel.y, axis=1)
    largest = np.argsort(-height)[:prophets]
    few = frozenset(panel.ids[largest][height[largest] > 0].tolist())
    return [Base(), Boosted(), *([Prophet(few)] if few else [])]


def run(lake: Lake, wanted: Sequence[Order], executor: Executor) -> Iterator[Filled]:
    """Fill the orders and publish them together, once all are filled; yields each as it is done."""
    filled = []
    for one in executor.run(fill, wanted):
        filled.append(one)
        yield one
    if filled:
        rows = {name: pa.concat_tables(one.rows[name] for one in filled) for name in ("forecasts", "scores")}
        publish.append(lake, rows, wanted[0].issue.issued_at)
