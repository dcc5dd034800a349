"""Reclustering: the many small files of a closed day become few, each of its own cameras."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

from batch.executor import Executor
from batch.keeping.rewrite import SHARD_ROWS, Rewritten, rewrite
from lakehouse.clock import city_day
from lakehouse.log.commits import RECLUSTER
from lakehouse.log.listing import Listed, listed
from lakehouse.store import Lake
from lakehouse.tables import LANDED, TABLES


@dataclass(frozen=True)
class Reclustered:
    """What was put in order: by table and day, and the seconds it took."""

    days: dict[tuple[str, date], Rewritten]
    seconds: float

    def __str__(self) -> str:
        if not self.days:
            return "reclustered nothing: every closed day is in order"
        rows, before, after = (
            sum(getattr(done, name) for done in self.days.values()) for name in ("rows", "before", "after")
        )
        days = f"{len({day for _, day in self.days})} days in {self.seconds:.1f} s"
        return f"reclustered {rows:,} rows of {days}: {before} files became {after}"


def recluster(
    lake: Lake,
    executor: Executor = Executor.LOCAL,
    *,
    now: datetime | None = None,
    days: Iterable[date] | None = None,
    shard_rows: int = SHARD_ROWS,
) -> Reclustered:
    """Put in order every closed local day (or those given) whose files share cameras.

    A day that late rows came to is put in order again by the next run. On a lake in order nothing happens.
    """
    began = time.monotonic()
    today = city_day(now or lake.now())
    wanted = None if days is None else set(days)
    done = {}
    for table in LANDED:
        for day in _in_disorder(lake, table):
            if day < today if wanted is None else day in wanted:
                done[table, day] = rewrite(
                    lake, table, (day, day), executor, RECLUSTER, shard_rows=shard_rows
                )
    return Reclustered(done, time.monotonic() - began)


def _in_disorder(lake: Lake, table: str) -> list[date]:
    """The days of a table of which two files may hold the same camera."""
    by_day: dict[date, list[Listed]] = {}
    for one in listed(lake.table(table)):
        by_day.setdefault(one.days[0], []).append(one)
    place = TABLES[table].place
    return sorted(day for day, files in by_day.items() if _overlap(files, place))


def _overlap(files: Sequence[Listed], place: str) -> bool:
    ordered = sorted(files, key=lambda one: str(one.least[place]))
    return any(one.greatest[place] >= after.least[place] for one, after in pairwise(ordered))
