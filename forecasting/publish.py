"""Forecasts and their scores as rows of the lake, appended once for each time of issue."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from forecasting.choose import BLEND, NONE
from forecasting.forecast import Forecast, mean, rehearsed_scores
from forecasting.why import Language, sentences
from lakehouse.calendar import CITY_ZONE
from lakehouse.store import Lake
from lakehouse.tables import QUANTILES, TABLES, quantile_column

_SCORES = ("mase", "rmsse", "sql", "wql", "coverage80", "coverage95")


@dataclass(frozen=True)
class Issue:
    """Which forecast this is: what it is of, when it was made, and from which version of the hours."""

    kind: str
    unit: Mapping[Language, str]
    issued_at: datetime
    input_version: int


def forecasts(made: Forecast, issue: Issue) -> pa.Table:
    """Every step of every area that has enough of a past."""
    panel, published = made.panel, made.published
    able = np.repeat(made.choice.names != NONE, panel.horizon)
    flat = published.reshape(-1, len(QUANTILES))
    at = pd.DatetimeIndex(panel.future.astype("M8[us]").ravel()).tz_localize(CITY_ZONE)
    table = {
        "issued_at": [issue.issued_at] * len(flat),
        "at": at.tz_convert("UTC"),
        "step": [panel.frequency.code] * len(flat),
        "area_id": np.repeat(panel.ids, panel.horizon).tolist(),
        "kind": [issue.kind] * len(flat),
        "scenario": [""] * len(flat),
        "model": np.repeat(made.choice.names, panel.horizon).tolist(),
        **{quantile_column(q): flat[:, number] for number, q in enumerate(QUANTILES)},
        "mean": mean(flat),
        "why": list(sentences(made, issue.unit)),
        "input_version": [issue.input_version] * len(flat),
    }
    return pa.table(table, schema=TABLES["forecasts"].schema).filter(pa.array(able))


def scores(made: Forecast, issue: Issue) -> pa.Table:
    """How each model did when it was rehearsed; the published one is there even where none could be."""
    panel = made.panel
    names = dict(zip(panel.ids.tolist(), made.choice.names.tolist(), strict=True))
    chosen = pd.DataFrame({"unique_id": list(names), "model": list(names.values())})
    told = chosen.assign(chosen=chosen["model"] != NONE)
    found = rehearsed_scores(made)
    if len(found):
        told = told.merge(found, on=["unique_id", "model"], how="outer")
    told = told.reindex(columns=["unique_id", "model", "chosen", *_SCORES, "n"])
    told["chosen"] = told["chosen"].eq(True)
    tried = told["mase"].notna() & (told["model"] != BLEND)
    told = told[told["chosen"] | tried | (told["model"] == NONE)]
    told["n"] = told["n"].fillna(0).astype(np.int64)
    told = told.rename(columns={"unique_id": "area_id"})
    told = told.assign(issued_at=issue.issued_at, kind=issue.kind, horizon=panel.horizon, scenario="")
    return pa.Table.from_pandas(told, schema=TABLES["scores"].schema, preserve_index=False)


def issued(lake: Lake, kind: str, issued_at: datetime) -> frozenset[str]:
    """The areas that have a forecast of this kind and time of issue already."""
    where = (pc.field("issued_at") == issued_at) & (pc.field("kind") == kind)
    return frozenset(lake.read("scores", columns=["area_id"], where=where)["area_id"].to_pylist())


def append(lake: Lake, rows: Mapping[str, pa.Table], issued_at: datetime) -> bool:
    """Add forecasts, then scores, each in one commit; False where this very issue was there before."""
    about = sorted(set(zip(*(rows["scores"][name].to_pylist() for name in ("kind", "area_id")), strict=True)))
    digest = sha256(repr(about).encode()).hexdigest()[:12]
    once = (f"issue-{issued_at:%Y%m%dT%H}-{digest}", 1)
    done = [lake.append(name, rows[name], once=once) for name in ("forecasts", "scores")]
    return done != [None, None]
