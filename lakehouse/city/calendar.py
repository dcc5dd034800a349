"""City time, and the days that differ."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from lakehouse.city.feasts import Named, city_events, eids, fast_before, joint_leave, public_holidays
from lakehouse.tables import TABLES

if TYPE_CHECKING:
    from lakehouse.store import Lake

FAR_DAYS = 15
"""Days further from Eid than this are all alike."""

_HOMECOMING_DAYS = 7
_PAYDAYS = {1: ("Gajian pegawai negeri", "Civil servants' payday"), 25: ("Gajian", "Payday")}
_SCHOOL_BREAKS = (((6, 22), (7, 12)), ((12, 21), (12, 31)), ((1, 1), (1, 4)))
"""The breaks of the schools of Central Java, about; the exact days are set every year."""


@lru_cache(maxsize=20)
def _year(year: int) -> Mapping[str, Mapping[date, Named]]:
    """By kind, what differs on the days of one year."""
    return {
        "holiday": _by_day(public_holidays(year)),
        "leave": _by_day(joint_leave(year)),
        "ramadan": _by_day(_fasting(year)),
        "lebaran": _by_day(_homecoming(year)),
        "school": _by_day(_breaks(year)),
        "payday": _by_day(Named(date(year, m, d), *_PAYDAYS[d]) for m in range(1, 13) for d in _PAYDAYS),
        "event": _by_day(city_events(year)),
    }


def _by_day(named: Iterable[Named]) -> dict[date, Named]:
    return {entry.day: entry for entry in named}


def _around(year: int) -> list[Named]:
    """Every Eid whose fast or homecoming may touch the year."""
    return [eid for near in (year - 1, year, year + 1) for eid in eids(near)]


def _fasting(year: int) -> Iterator[Named]:
    for eid in _around(year):
        first, estimated = fast_before(eid.day)
        for number in range((eid.day - first).days):
            day = first + timedelta(days=number)
            if day.year == year:
                yield Named(day, f"Ramadan hari ke-{number + 1}", f"Ramadan, day {number + 1}", estimated)


def _homecoming(year: int) -> Iterator[Named]:
    for eid in _around(year):
        for offset in range(-_HOMECOMING_DAYS, _HOMECOMING_DAYS + 1):
            day = eid.day + timedelta(days=offset)
            if day.year == year:
                yield Named(day, f"Lebaran H{offset:+d}", f"Eid {offset:+d} days", eid.estimated)


def _breaks(year: int) -> Iterator[Named]:
    for first, last in _SCHOOL_BREAKS:
        start, stop = date(year, *first), date(year, *last)
        for number in range((stop - start).days + 1):
            yield Named(start + timedelta(days=number), "Libur sekolah", "School break", estimated=True)


def days(start: date, stop: date) -> pa.Table:
    """The rows of the table `calendar` from `start` until before `stop`."""
    rows = [
        {
            "day": day,
            "kind": kind,
            "name": {"id": entry.id, "en": entry.en},
            "estimated": entry.estimated,
        }
        for year in range(start.year, stop.year + 1)
        for kind, entries in _year(year).items()
        for day, entry in entries.items()
        if start <= day < stop
    ]
    rows.sort(key=lambda row: (row["day"], row["kind"]))
    return pa.Table.from_pylist(rows, schema=TABLES["calendar"].schema)


def day_flags(days: Iterable[date]) -> pd.DataFrame:
    """What is known of each day (n rows, in the given order), as numbers for a model.

    Columns: `holiday`, `leave`, `ramadan`, `school`, `payday`, `event` are 0 or 1; `to_eid` counts the
    days since the nearest Eid (negative before it), held within plus or minus FAR_DAYS.
    """
    wanted = list(days)
    kinds = ("holiday", "leave", "ramadan", "school", "payday", "event")
    flags = {kind: np.array([day in _year(day.year)[kind] for day in wanted], np.int8) for kind in kinds}
    return pd.DataFrame(
        {**flags, "to_eid": np.array([_to_eid(day) for day in wanted], np.int8)}, index=wanted
    )


@lru_cache(maxsize=4096)
def _to_eid(day: date) -> int:
    distances: list[int] = [(day - eid.day).days for eid in _around(day.year)]
    nearest = min(distances, key=abs, default=FAR_DAYS)
    return int(np.clip(nearest, -FAR_DAYS, FAR_DAYS))


def register(lake: "Lake", start: date, stop: date) -> int:
    """Make the lake's calendar that of [start, stop); returns its rows."""
    rows = days(start, stop)
    lake.replace("calendar", rows)
    return int(rows.num_rows)
