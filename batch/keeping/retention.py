"""Retention: what is forgotten for its age."""

import time
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from batch.executor import Executor
from batch.keeping.rewrite import Forgotten, rewrite
from batch.rolling.sight import midnight
from lakehouse.clock import city_day
from lakehouse.log import commits
from lakehouse.log.commits import RETENTION, StaleSnapshotError
from lakehouse.log.listing import Listed, listed
from lakehouse.problem import UnknownParameter
from lakehouse.store import Lake
from lakehouse.tables import TABLES

KEEP_DAYS: Mapping[str, int] = {
    "observations": 30,
    "looks": 400,
    "measures": 400,
    "events": 800,
    "camera_minutes": 800,
    "forecasts": 400,
    "scores": 400,
    "weather": 800,
}
"""By table (or table/kind): the local days that are kept beside today. What is not named is kept for ever."""

_FOR_EVER = {"cameras", "models", "runs"}
"""What rows of other tables refer to, whatever its age."""


@dataclass(frozen=True)
class Retained:
    """By table (or table/kind): the files and the rows that were forgotten."""

    forgotten: dict[str, tuple[int, int]]
    seconds: float

    def __str__(self) -> str:
        parts = [f"{rows:,} {name}" for name, (_, rows) in self.forgotten.items() if rows]
        return f"forgot {', '.join(parts) or 'nothing'} for their age in {self.seconds:.1f} s"


def retain(
    lake: Lake,
    keep_days: Mapping[str, int] = KEEP_DAYS,
    executor: Executor = Executor.LOCAL,
    *,
    now: datetime | None = None,
) -> Retained:
    """Forget what is older than so many local days; `vacuum` then deletes its files.

    What had been summed up stays: a rollup does not take an aged day for one that changed.

    Raises:
        UnknownParameter: what is to be kept is no table, or one that has no age, or a number of days below 1.
    """
    began = time.monotonic()
    today = city_day(now or lake.now())
    cutoffs = {name: _cutoff(name, days, today) for name, days in keep_days.items()}
    forgotten = {
        name: _forget_kind(lake, name, cutoff, executor) if "/" in name else _drop(lake, name, cutoff)
        for name, cutoff in cutoffs.items()
    }
    return Retained(forgotten, time.monotonic() - began)


def _cutoff(name: str, days: int, today: date) -> date:
    table, _, kind = name.partition("/")
    known = [other for other in TABLES if (_has_kinds if kind else _has_age)(other)]
    if table not in known:
        rule = f"what has {'kinds' if kind else 'an age'} is {', '.join(known)}"
        raise UnknownParameter(name, rule, "name one of these")
    if days < 1:
        raise UnknownParameter(f"{name}={days}", "at least one day is kept", "give a number from 1 on")
    return today - timedelta(days=days)


def _has_age(table: str) -> bool:
    return table not in _FOR_EVER and any(pa.types.is_timestamp(one.type) for one in TABLES[table].schema)


def _has_kinds(table: str) -> bool:
    return {"day", "kind"} <= set(TABLES[table].schema.names) and _has_age(table)


def _drop(lake: Lake, table: str, cutoff: date) -> tuple[int, int]:
    """Take out, in one commit, the files of which no row is of the cutoff's day or later."""
    while True:
        snapshot = lake.table(table)
        old = [one for one in listed(snapshot) if _last_day(table, one) < cutoff]
        if not old:
            return 0, 0
        try:
            commits.commit(
                snapshot,
                (),
                commits.rewriting(snapshot),
                removed=[one.file for one in old],
                about=commits.because(RETENTION, before=cutoff),
            )
        except StaleSnapshotError:
            continue
        return len(old), sum(one.rows for one in old)


def _last_day(table: str, one: Listed) -> date:
    return one.days[1] if "day" in TABLES[table].schema.names else city_day(one.greatest[TABLES[table].clock])


def _forget_kind(lake: Lake, name: str, cutoff: date, executor: Executor) -> tuple[int, int]:
    """Leave the rows of a kind out of every file that is of before the cutoff."""
    table, _, kind = name.partition("/")
    without = Forgotten(kinds=(kind,), until=midnight(cutoff))
    done = [
        rewrite(lake, table, days, executor, RETENTION, without=without)
        for days in spans(lake, table, without)
    ]
    return sum(one.before for one in done), sum(one.forgotten for one in done)


def spans(lake: Lake, table: str, without: Forgotten) -> list[tuple[date, date]]:
    """The days, or the months where a file is of a month, in which a table has rows to be forgotten."""
    days = pc.unique(lake.read(table, columns=["day"], where=without.of(table))["day"]).to_pylist()
    if not TABLES[table].monthly:
        return [(day, day) for day in sorted(days)]
    months = sorted({day.replace(day=1) for day in days})
    return [(first, first.replace(day=monthrange(first.year, first.month)[1])) for first in months]
