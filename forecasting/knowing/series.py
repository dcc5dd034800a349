"""From the tables to a panel: areas' hours of one kind, the calendar, the weather as it was expected."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from forecasting.knowing.frequency import FREQUENCIES
from forecasting.knowing.panel import Panel
from forecasting.knowing.vintages import Vintages
from lakehouse.city.calendar import day_flags
from lakehouse.clock import CITY_ZONE
from lakehouse.store import Lake

HOUR = FREQUENCIES["h"]
WEATHER = ("rain_mm", "tide_cm")
_LEBARAN_DAYS = 7
"""So many days before and after Eid no day is like its weekday."""


def last_full_hour(at: datetime) -> datetime:
    """The end of the last hour that is over: the origin of a forecast made at `at`."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def read(lake: Lake, kind: str, areas: Collection[str], origin: datetime) -> pd.DataFrame:
    """The long frame of a kind's hours before the origin, in city time; y is NaN where too little was seen.

    Every area has at least one row, be it unknown, so that none is forgotten.
    """
    since = origin - timedelta(hours=HOUR.history)
    wanted = (pc.field("kind") == kind) & pc.field("area_id").isin(sorted(areas))
    wanted &= (pc.field("hour") >= since) & (pc.field("hour") < origin)
    table = lake.read(
        "area_hours", columns=["hour", "area_id", "value"], where=wanted & pc.field("reason").is_null()
    )
    known = table.rename_columns(["ds", "unique_id", "y"]).to_pandas()
    last = pd.DataFrame({"ds": origin - timedelta(hours=1), "unique_id": sorted(areas), "y": np.nan})
    known["ds"], last["ds"] = _city_time(known["ds"]), _city_time(last["ds"])
    frame: pd.DataFrame = pd.concat([last, known], ignore_index=True)
    return frame


def cameras(lake: Lake, kind: str, since: datetime, until: datetime) -> frozenset[str]:
    """The camera areas of which something is known in [since, until)."""
    wanted = (pc.field("kind") == kind) & pc.starts_with(pc.field("area_id"), "camera:")
    wanted &= (pc.field("hour") >= since) & (pc.field("hour") < until) & pc.field("value").is_valid()
    return frozenset(lake.read("area_hours", columns=["area_id"], where=wanted)["area_id"].to_pylist())


def watched(
    lake: Lake, kind: str, areas: Collection[str], since: datetime, until: datetime
) -> frozenset[str]:
    """Which of the areas had a camera that sees the kind in [since, until), be it that it told nothing."""
    wanted = (pc.field("kind") == kind) & pc.field("area_id").isin(sorted(areas))
    wanted &= (pc.field("hour") >= since) & (pc.field("hour") < until) & (pc.field("cameras_total") > 0)
    return frozenset(lake.read("area_hours", columns=["area_id"], where=wanted)["area_id"].to_pylist())


def panel(lake: Lake, kind: str, areas: Collection[str], origin: datetime, horizon: int) -> Panel:
    """What is known at the origin of a kind in these areas, and of the days and the weather to come."""
    start = np.datetime64(origin.astimezone(CITY_ZONE).replace(tzinfo=None), "h")
    laid = Panel.of(read(lake, kind, areas, origin), "h", horizon, origin=start)
    times = laid.times(np.zeros(1, np.int64), np.arange(laid.steps + horizon))
    return laid.spread(calendar(times)).informed(weather(lake, origin, laid))


def calendar(hours: np.ndarray) -> pd.DataFrame:
    """What is known of the days in which these local hours lie, and whether they are around Eid."""
    days, place = np.unique(hours.astype("M8[D]"), return_inverse=True)
    flags = day_flags([day.item() for day in days]).astype(np.float64)
    flags["lebaran"] = (flags["to_eid"].abs() <= _LEBARAN_DAYS).astype(np.float64)
    return flags.iloc[place].set_axis(hours, axis=0)


def weather(lake: Lake, origin: datetime, panel: Panel) -> dict[str, Vintages]:
    """Rain and tide with the moment at which they were known; nothing that was issued after the origin."""
    table = lake.read("weather", where=pc.field("issued_at") <= origin)
    first = origin - timedelta(hours=panel.steps)
    columns, known = (_hours_since(first, table[name]) for name in ("at", "issued_at"))
    inside = (columns >= 0) & (columns < panel.steps + panel.horizon)
    return {
        name: Vintages.of(columns[inside], known[inside], table[name].to_numpy().astype(np.float64)[inside])
        for name in WEATHER
    }


def _hours_since(first: datetime, at: object) -> np.ndarray:
    hours = np.asarray(at).astype("M8[h]").astype(np.int64)
    return hours - int(first.timestamp()) // 3600


def _city_time(at: pd.Series) -> pd.Series:
    local: pd.Series = at.dt.tz_convert(CITY_ZONE).dt.tz_localize(None).astype("datetime64[us]")
    return local
