"""Vacuum: deletes files that no version still wanted holds, and none that somebody is about to commit."""

import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from deltalake import DeltaTable

from lakehouse import clock
from lakehouse.log import checkpoints, commits, datafiles
from lakehouse.log.commits import VACUUM, StaleSnapshotError
from lakehouse.log.listing import listed
from lakehouse.log.reading import watermark
from lakehouse.milestones import reach
from lakehouse.places.folder import TEMPORARY, Entry
from lakehouse.store import Lake
from lakehouse.tables import LANDED, TABLES

KEEP = timedelta(days=7)
"""So long an old version stays readable, and its commits stay in the log."""

_ABANDONED = timedelta(hours=1)
"""A file that was being written, and was not touched for so long, is nobody's any more."""


@dataclass(frozen=True)
class Vacuumed:
    """How many files were deleted and what they took, and the seconds it took."""

    files: int
    bytes: int
    commits: int
    seconds: float

    def __str__(self) -> str:
        freed = f"{self.bytes / 1e6:.1f} MB in {self.files:,} files"
        return f"vacuumed {freed} and {self.commits:,} entries of logs in {self.seconds:.1f} s"


def vacuum(
    lake: Lake,
    *,
    keep: timedelta = KEEP,
    tables: Collection[str] = tuple(TABLES),
    now: datetime | None = None,
) -> Vacuumed:
    """Delete what no version of the last `keep` holds, files of killed writers too.

    Whoever works at the same time is safe without any waiting: each table is fenced first, and what was
    written from a snapshot before the fence can no longer be committed. See `fence`.

    `now` is the machine's time, whatever the lake's own clock says: commits and files are stamped by it.
    """
    began = time.monotonic()
    after = (now or clock.now()) - keep
    gone = [entry for table in tables for entry in _swept(lake, table, after)]
    gone += lake.landing.clear_unfinished(clock.now() - _ABANDONED)
    trimmed = sum(checkpoints.trim(commits.log_folder(lake.table(table)), after) for table in tables)
    return Vacuumed(len(gone), sum(entry.bytes for entry in gone), trimmed, time.monotonic() - began)


def fence(lake: Lake, table: str) -> DeltaTable:
    """Raise a table's generation, so that nothing that was planned before can be committed any more.

    A commit is refused where one of its marks was written since its snapshot. All rewriters and appenders
    share one mark. A compaction moves the marks of the producers whose segments it took, and those still
    lie in landing, or else another compaction has moved the mark already. So the fence writes all of these
    once more, unchanged. Whoever is refused plans again, and names its files by the new generation.

    Returns:
        A snapshot that has the fence.
    """
    while True:
        waiting = lake.landing.segments() if table in LANDED else {}
        snapshot = lake.table(table)
        marks = {app: watermark(snapshot, app) for app in waiting}
        marks |= {**commits.rewriting(snapshot), VACUUM: commits.generation(snapshot) + 1}
        try:
            commits.commit(snapshot, (), marks, about=commits.because(VACUUM))
        except StaleSnapshotError:
            continue
        return lake.table(table)


def _swept(lake: Lake, table: str, after: datetime) -> list[Entry]:
    """Delete a table's unwanted files; return them.

    They are listed before landing is, inside `fence`: a compaction that writes later may have segments
    that the fence did not know.
    """
    folder = lake.folder(table)
    there = [entry for entry in folder.walk() if not entry.path.startswith("_delta_log/")]
    reach(f"vacuum: {table} listed")
    snapshot = fence(lake, table)
    wanted = {one.file.path for one in listed(snapshot)} | commits.removed_since(snapshot, after)
    gone = [one for one in there if _is_garbage(one, wanted, commits.generation(snapshot))]
    reach(f"vacuum: {table} fenced")
    for entry in gone:
        place, _, name = entry.path.rpartition("/")
        (folder / place if place else folder).remove(name)
    return gone


def _is_garbage(entry: Entry, wanted: Collection[str], generation: int) -> bool:
    if entry.path.rpartition("/")[2].startswith(TEMPORARY):
        return clock.now() - entry.changed > _ABANDONED
    of = datafiles.generation(entry.path)
    return of is not None and of < generation and entry.path not in wanted
