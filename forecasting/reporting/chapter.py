"""One kind of one area as a report tells it: its hours, its forecast, its score, and what was told of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow.compute as pc

from forecasting.foretelling.why import Language
from forecasting.reporting.chart import Story
from lakehouse.city.areas import Area, Areas
from lakehouse.clock import CITY_ZONE
from lakehouse.store import Lake

LEVELS = ("city", "kecamatan")
_PAST = timedelta(days=7)
_HOURS = ["area_id", "kind", "hour", "value", "coverage", "origin"]
_SHOWN = ("holiday", "leave", "lebaran", "ramadan", "event", "school", "payday")
"""What of the calendar is marked, the strongest first."""


@dataclass(frozen=True)
class Chapter:
    """One kind of one area: its hours, its forecast, its score, and what was told of it; times are local."""

    area: Area
    kind: Mapping[str, Any]
    hours: pd.DataFrame
    steps: pd.DataFrame
    score: Mapping[str, Any] | None
    unusual: Sequence[tuple[datetime, datetime]]
    days: Mapping[date, Sequence[Mapping[str, str]]]
    issued_at: datetime

    def story(self, language: Language) -> Story:
        """What its picture shows."""
        days = {day: [(each["kind"], each[language]) for each in marks] for day, marks in self.days.items()}
        past = self.hours[["at", "value"]]
        return Story(past, self.steps, days, self.unusual, self.issued_at)


def chapters(lake: Lake) -> Iterator[Chapter]:
    """Those of the newest forecasts, area by area; none where nothing was forecast."""
    tree = Areas.read(lake)
    areas = {area.area_id: area for level in LEVELS for area in tree.at_level(level)}
    main = (pc.field("scenario") == "") & pc.field("area_id").isin(sorted(areas))
    issues = lake.read("forecasts", columns=["issued_at"], where=main)["issued_at"]
    issued_at = pc.max(issues).as_py()
    if issued_at is None:
        return
    of_issue = main & (pc.field("issued_at") == issued_at)
    steps = _local(lake.read("forecasts", where=of_issue).to_pandas(), "at")
    scores = lake.read("scores", where=of_issue & pc.field("chosen")).to_pylist()
    since = issued_at - _PAST
    recent = (
        pc.field("area_id").isin(sorted(areas)) & (pc.field("hour") >= since) & (pc.field("hour") < issued_at)
    )
    hours = _local(lake.read("area_hours", columns=_HOURS, where=recent).to_pandas(), "hour")
    told = lake.read("unusual", where=pc.field("to") > since).to_pylist()
    kinds = {row["kind"]: row for row in lake.read("kinds").to_pylist()}
    scored = {(row["area_id"], row["kind"]): row for row in scores}
    marked = _days(lake, _naive(since).date(), steps["at"].max().date())
    grid = pd.date_range(_naive(since), _naive(issued_at), freq="h", inclusive="left")
    steps = steps[steps["kind"].isin(list(kinds))]
    for (area_id, kind), ahead in steps.groupby(["area_id", "kind"]):
        past = hours[(hours["area_id"] == area_id) & (hours["kind"] == kind)].set_index("at")
        yield Chapter(
            areas[str(area_id)],
            kinds[kind],
            past.reindex(grid).rename_axis("at").reset_index(),
            ahead.sort_values("at").reset_index(drop=True),
            scored.get((area_id, kind)),
            [
                (_naive(row["from"]), _naive(row["to"]))
                for row in told
                if (row["area_id"], row["kind"]) == (area_id, kind)
            ],
            marked,
            _naive(issued_at),
        )


def _days(lake: Lake, first: date, last: date) -> dict[date, list[dict[str, str]]]:
    """By day what the calendar says of it, the strongest first."""
    where = (pc.field("day") >= first) & (pc.field("day") <= last)
    found: dict[date, list[dict[str, str]]] = {}
    rows = lake.read("calendar", where=where).to_pylist()
    for row in sorted(rows, key=lambda row: (row["day"], _SHOWN.index(row["kind"]))):
        found.setdefault(row["day"], []).append({"kind": row["kind"], **row["name"]})
    return found


def _local(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """With the instants of a column as city time under the name `at`."""
    at = rows[column].dt.tz_convert(CITY_ZONE).dt.tz_localize(None)
    return rows.drop(columns=column).assign(at=at)


def _naive(at: datetime) -> datetime:
    return at.astimezone(CITY_ZONE).replace(tzinfo=None)
