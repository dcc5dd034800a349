"""Forecasts and their scores as rows of the lake, appended once for each time of issue."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from forecasting.foretelling.outlook import Outlook
from forecasting.foretelling.why import Language
from forecasting.judging.choose import BLEND, UNABLE
from forecasting.knowing.vintages import Floats
from lakehouse.clock import CITY_ZONE
from lakehouse.log.reading import Reading
from lakehouse.milestones import reach
from lakehouse.store import Lake
from lakehouse.tables import QUANTILES, TABLES, quantile_column

_SCORES = ("mase", "rmsse", "sql", "wql", "coverage80", "coverage95")


@dataclass(frozen=True)
class Issue:
    """Which forecast this is: of what, made when, from which version of the hours, supposing what."""

    kind: str
    unit: Mapping[Language, str]
    issued_at: datetime
    input_version: int
    additive: bool = False
    scenario: str = ""


def forecasts(outlook: Outlook, issue: Issue) -> pa.Table:
    """Every step of every area that has enough of a past."""
    able = outlook.only(np.flatnonzero(outlook.able))
    horizon = able.at.shape[1]
    flat = able.bands.reshape(-1, len(QUANTILES))
    at = pd.DatetimeIndex(able.at.astype("M8[us]").ravel()).tz_localize(CITY_ZONE)
    table = {
        "issued_at": [issue.issued_at] * len(flat),
        "at": at.tz_convert("UTC"),
        "step": ["h"] * len(flat),
        "area_id": np.repeat(able.ids, horizon).tolist(),
        "kind": [issue.kind] * len(flat),
        "scenario": [issue.scenario] * len(flat),
        "model": np.repeat(able.names, horizon).tolist(),
        **{quantile_column(q): flat[:, number] for number, q in enumerate(QUANTILES)},
        "mean": able.means.ravel(),
        "why": list(able.reasons.sentences(able.median, able.names.tolist(), issue.unit, issue.scenario)),
        "input_version": [issue.input_version] * len(flat),
    }
    return pa.table(table, schema=TABLES["forecasts"].schema)


def scores(outlook: Outlook, issue: Issue) -> pa.Table:
    """How each model did when it was rehearsed; the published one is there even where none could be."""
    names = dict(zip(outlook.ids.tolist(), outlook.names.tolist(), strict=True))
    chosen = pd.DataFrame({"unique_id": list(names), "model": list(names.values())})
    told = chosen.assign(chosen=~chosen["model"].isin(UNABLE))
    if len(outlook.scores):
        told = told.merge(outlook.scores, on=["unique_id", "model"], how="outer")
    told = told.reindex(columns=["unique_id", "model", "chosen", *_SCORES, "n"])
    told["chosen"] = told["chosen"].eq(True)
    tried = told["mase"].notna() & (told["model"] != BLEND)
    told = told[told["chosen"] | tried | told["model"].isin(UNABLE)]
    told["n"] = told["n"].fillna(0).astype(np.int64)
    told = told.rename(columns={"unique_id": "area_id"}).assign(
        issued_at=issue.issued_at, kind=issue.kind, horizon=outlook.at.shape[1], scenario=issue.scenario
    )
    return pa.Table.from_pandas(told, schema=TABLES["scores"].schema, preserve_index=False)


def issued(lake: Lake, kind: str, issued_at: datetime, scenario: str = "") -> frozenset[str]:
    """The areas that have a forecast of this kind, time of issue and scenario already."""
    where = _of(kind, issued_at, scenario)
    return frozenset(lake.read("scores", columns=["area_id"], where=where)["area_id"].to_pylist())


def standing(snapshot: DeltaTable, issue: Issue) -> dict[str, Floats]:
    """By area, the means that a snapshot of forecasts has of an issue, step by step."""
    rows = Reading(snapshot).rows(["area_id", "at", "mean"], _of(issue.kind, issue.issued_at, issue.scenario))
    told = rows.to_pandas().sort_values("at").groupby("area_id")["mean"]
    return {str(area): means.to_numpy() for area, means in told}


def append(lake: Lake, rows: Mapping[str, pa.Table], on: DeltaTable) -> None:
    """Add forecasts that were made to stand beside what a snapshot of that table has, then their scores.

    A forecast's every hour, and an area's every score, are of the run that was first: the rest of a later one
    is left out, see `Lake.append`.

    Raises:
        StaleSnapshotError: another run published meanwhile; nothing was written.
    """
    lake.append("forecasts", rows["forecasts"], on=on)
    reach("publish: forecasts committed")
    lake.append("scores", rows["scores"])


def _of(kind: str, issued_at: datetime, scenario: str) -> pc.Expression:
    at = pc.field("issued_at") == issued_at
    return at & (pc.field("kind") == kind) & (pc.field("scenario") == scenario)
