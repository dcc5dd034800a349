"""What is unusual now: the last hours against their own forecast, told once and seldom without cause."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from forecasting.knowing.vintages import Floats
from lakehouse.log.commits import StaleSnapshotError
from lakehouse.log.reading import Reading
from lakehouse.store import Lake
from lakehouse.tables import TABLES

Episode = dict[str, Any]
"""A row of the table `unusual`, before it is told without `told_at`."""

HOUR = timedelta(hours=1)
_LOOKED_BACK = timedelta(hours=30)
_SETTLED = timedelta(hours=6)
"""A forecast that was made shortly before has already seen what goes on, and would call it usual."""
_KEPT = timedelta(days=8)
"""No forecast reaches further."""
_FALSE_A_DAY = 1.0
"""So many tellings a day, over all areas and kinds, may be of hours that were ordinary after all."""
_RAREST = 1 / 720
"""And of one area and kind, an hour a month."""
_ONE, _TWO = (0.045, 3.7), (0.0045, 6.8)
"""How seldom an ordinary hour, or two hours in a row on one side, lie as many half-widths of the 95 % band
from the median: the share at one half-width, and how fast it falls from there. Measured on 676 rehearsed
hours of the synthetic city's areas: 4.5, 0.4 and 0.08 % of hours beyond 1, 1.5 and 2, and 0.45 and 0.015 %
of pairs beyond 1 and 1.5."""


@dataclass(frozen=True)
class Told:
    """What the last hours held: episodes that are told for the first time, and all that go on."""

    new: int
    going: int

    def __str__(self) -> str:
        return f"unusual: {self.new} told for the first time, {self.going} going on"


def tell(lake: Lake, now: datetime) -> Told:
    """Write what is unusual by the end of the last full hour; an episode that goes on keeps its one row."""
    end = now.replace(minute=0, second=0, microsecond=0)
    found = list(episodes(against(lake, end)))
    while True:
        snapshot = lake.table("unusual")
        known = Reading(snapshot).rows().to_pylist()
        rows = merged(known, found, now)
        if rows == known:
            return Told(0, sum(episode["to"] == end for episode in found))
        try:
            lake.replace("unusual", pa.Table.from_pylist(rows, schema=TABLES["unusual"].schema), on=snapshot)
        except StaleSnapshotError:
            continue
        return Told(len(rows) - len(known), sum(episode["to"] == end for episode in found))


def merged(known: list[Episode], found: list[Episode], now: datetime) -> list[Episode]:
    """The known episodes, those that went on until later made longer, and the new ones, told now."""
    rows = [dict(row) for row in known]
    for episode in found:
        before = next((row for row in rows if _same(row, episode)), None)
        if before is None:
            rows.append({**episode, "told_at": now})
        elif episode["to"] > before["to"]:
            before.update({**episode, "from": before["from"]})
    return sorted(rows, key=lambda row: (row["area_id"], row["kind"], row["from"]))


def against(lake: Lake, end: datetime) -> pd.DataFrame:
    """The hours before `end` of which something is known, each with the band it was forecast in.

    The band is of the newest forecast that was made six hours before the hour, or else of the newest
    before it. Columns: area_id, kind, at, value, q025, q05, q50, q95, q975.
    """
    since = end - _LOOKED_BACK
    wanted = (pc.field("hour") >= since) & (pc.field("hour") < end) & pc.field("reason").is_null()
    hours = lake.read("area_hours", columns=["area_id", "kind", "hour", "value"], where=wanted).to_pandas()
    ahead = (pc.field("at") >= since) & (pc.field("at") < end) & (pc.field("scenario") == "")
    ahead &= pc.field("issued_at") >= since - _KEPT
    columns = ["issued_at", "at", "area_id", "kind", "q025", "q05", "q50", "q95", "q975"]
    steps = lake.read("forecasts", columns=columns, where=ahead).to_pandas()
    steps = steps[steps["issued_at"] <= steps["at"]]
    steps = steps.assign(settled=steps["issued_at"] <= steps["at"] - _SETTLED)
    steps = steps.sort_values(["settled", "issued_at"]).drop_duplicates(
        ["area_id", "kind", "at"], keep="last"
    )
    hours = hours.rename(columns={"hour": "at"}).dropna(subset=["value"])
    both: pd.DataFrame = hours.merge(steps, on=["area_id", "kind", "at"])
    return both.sort_values(["area_id", "kind", "at"])


def episodes(hours: pd.DataFrame) -> Iterator[Episode]:
    """Runs of hours on one side of their 90 % band, of which at least one hour is too seldom to be chance.

    Which hours are is decided over all areas and kinds of an hour together, after Benjamini and Hochberg
    (1995), so that many areas do not make many false alarms.
    """
    if not len(hours):
        return
    told = _judged(hours)
    outside = told[told["side"] != 0]
    for _, run in outside.groupby("run"):
        if run["seldom"].any():
            hour = run.iloc[int(run["ratio"].to_numpy().argmax())]
            same = {name: hour[name] for name in ("area_id", "kind", "q05", "q95")}
            first, last = run["at"].min().to_pydatetime(), run["at"].max().to_pydatetime()
            yield {**same, "from": first, "to": last + HOUR, "observed": hour["value"]}


def _judged(hours: pd.DataFrame) -> pd.DataFrame:
    """With `ratio`, how many half-widths off, `side` of the 90 % band, `run` of such hours, and `seldom`."""
    above = hours["value"] > hours["q50"]
    half = np.where(above, hours["q975"] - hours["q50"], hours["q50"] - hours["q025"])
    ratio: Floats = np.abs((hours["value"] - hours["q50"]).to_numpy()) / np.maximum(half, 1e-9)
    side = np.where(hours["value"] > hours["q95"], 1, np.where(hours["value"] < hours["q05"], -1, 0))
    told = hours.assign(ratio=ratio, side=side)
    previous = told.groupby(["area_id", "kind"])[["at", "side", "ratio"]].shift()
    goes_on = (previous["at"] == told["at"] - HOUR) & (previous["side"] == told["side"])
    pair = np.where(goes_on & (told["side"] != 0), np.minimum(ratio, previous["ratio"]), 0.0)
    told["chance"] = 2 * np.minimum(_chance(ratio, _ONE), _chance(pair, _TWO))
    told["run"] = (~goes_on).cumsum()
    told["seldom"] = told.groupby("at")["chance"].transform(_too_seldom) > 0
    return told


def _chance(ratio: Floats, tail: tuple[float, float]) -> Floats:
    """How likely an ordinary hour lies so far off or further; 1 within the band, where nobody asks."""
    share, rate = tail
    return np.where(ratio >= 1, share * np.exp(-rate * (np.maximum(ratio, 1) - 1)), 1.0)


def _too_seldom(chances: "pd.Series[float]") -> Floats:
    """1 for each of an hour's chances that is too small for the number of them."""
    ranked = np.sort(chances.to_numpy())
    bound = _FALSE_A_DAY / 24 * np.arange(1, len(ranked) + 1) / len(ranked)
    passed = np.flatnonzero(ranked <= bound)
    limit = min(ranked[passed[-1]], _RAREST) if len(passed) else -1.0
    return (chances.to_numpy() <= limit).astype(np.float64)


def _same(row: Episode, episode: Episode) -> bool:
    alike = row["area_id"] == episode["area_id"] and row["kind"] == episode["kind"]
    return bool(alike and row["from"] <= episode["to"] and episode["from"] <= row["to"])
