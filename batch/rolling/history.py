"""The synthetic past: closed days of area hours from a city whose truth is known, loaded once."""

import time
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from batch.rolling.hours import Array, Leaves, area_rows, usual_of_past
from batch.rolling.minutes import Kind, Pair, ways
from batch.rolling.sight import SEEN, UNSEEN, midnight
from lakehouse.clock import city_day
from lakehouse.log.commits import StaleSnapshotError
from lakehouse.log.reading import Reading, watermark
from lakehouse.runs import HISTORY
from lakehouse.settings import COVERAGE_FLOOR
from lakehouse.store import Lake
from lakehouse.synthetic import City
from lakehouse.synthetic.observed import Observed

MARK = "synthetic-history"


@dataclass(frozen=True)
class Loaded:
    """What was loaded: the days, the rows of area_hours, and the seconds it took."""

    start: date
    stop: date
    hours: int
    seconds: float

    def __str__(self) -> str:
        days = f"from {self.start} until {self.stop}"
        return f"loaded {self.hours:,} synthetic area hours {days} in {self.seconds:.1f} s"


def load(
    lake: Lake,
    city: City,
    observed: Observed,
    months: int,
    kinds: Mapping[str, Kind],
    floor: float = COVERAGE_FLOOR,
) -> Loaded | None:
    """Load so many months of closed days as a detector would have seen them, once in a lake's life.

    They end at the local midnight from which the last days have landed as measures and looks. Days that
    area_hours has are left as they are. None where this was done before.
    """
    began = time.monotonic()
    if watermark(lake.table("area_hours"), MARK) >= 1:
        return None
    stop = _stop(lake)
    start = _months_before(stop, months)
    paths = {camera_id: city.areas.path(camera.area_id) for camera_id, camera in city.cameras.items()}
    rows = area_rows(_leaves(city, observed, start, stop, kinds), kinds, paths, 0, floor)
    hours = _append(lake, rows)
    return None if hours is None else Loaded(start, stop, hours, time.monotonic() - began)


def _append(lake: Lake, rows: pa.Table) -> int | None:
    """Add the days that area_hours does not have, once; how many rows these are, None where it was done."""
    while True:
        target = lake.table("area_hours")
        there = pc.unique(Reading(target).rows(["day"])["day"])
        new = rows.filter(pc.invert(pc.is_in(rows["day"], there)))
        try:
            return new.num_rows if lake.append("area_hours", new, once=(MARK, 1), on=target) else None
        except StaleSnapshotError:
            continue


def _leaves(city: City, observed: Observed, start: date, stop: date, kinds: Mapping[str, Kind]) -> Leaves:
    """Every hour of every camera and kind of the city, as it would have been seen."""
    hours = _hours(start, stop)
    pairs: list[Pair] = [(camera, kind) for camera in city.cameras for kind in city.kinds_of(camera)]
    seen = np.stack([city.observed_hours(camera, kind, hours, observed) for camera, kind in pairs])
    coverage = np.stack([city.coverage(camera, hours) for camera, _ in pairs])
    coverage = np.where(np.isnan(seen), 0.0, coverage)
    return Leaves(
        pairs=tuple(pairs),
        hours=hours,
        seen=np.nan_to_num(seen),
        n=(coverage > 0).astype(float),
        coverage=coverage,
        usual=usual_of_past(_values(seen, coverage, pairs, kinds)),
        reasons=np.where(coverage > 0, SEEN, UNSEEN).astype(np.int8),
        pixels=np.zeros(seen.shape, np.bool_),
        synthetic=np.ones(seen.shape, np.bool_),
        elapsed=np.ones(len(hours)),
        running=np.zeros(len(hours), np.bool_),
    )


def _values(seen: Array, coverage: Array, pairs: list[Pair], kinds: Mapping[str, Kind]) -> Array:
    """What the cameras' whole hours are worth: counts made up for what was missed, means as they are."""
    counted = ways(pairs, kinds)[0][:, None]
    return np.divide(
        seen, np.where(counted, coverage, 1.0), out=np.full_like(seen, np.nan), where=coverage > 0
    )


def _hours(start: date, stop: date) -> NDArray[np.datetime64]:
    first, last = (int(midnight(day).timestamp()) // 3600 for day in (start, stop))
    return np.arange(first, last).astype("datetime64[h]").astype("datetime64[us]")


def _stop(lake: Lake) -> date:
    """The first day that has landed history; today where none has."""
    landed = lake.read("looks", columns=["day"], where=pc.field("producer") == HISTORY, fresh=True)
    return pc.min(landed["day"]).as_py() or city_day(lake.now())


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
