"""Data files of a table written anew: the same rows in a better order, or without some of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable

from batch.executor import Executor
from lakehouse.log import commits, datafiles
from lakehouse.log.commits import StaleSnapshotError
from lakehouse.log.datafiles import DataFile
from lakehouse.log.fingerprint import fingerprint, total
from lakehouse.log.listing import listed
from lakehouse.log.reading import Reading
from lakehouse.milestones import reach
from lakehouse.places.folder import Folder
from lakehouse.problem import BadTable, UnknownVersion
from lakehouse.store import Lake
from lakehouse.tables import TABLES

SHARD_ROWS = 2_000_000
"""Rows of one shard, which becomes one file: about 200 MB while it is sorted."""


@dataclass(frozen=True)
class Forgotten:
    """Which rows are left out: those for which everything holds that is said."""

    places: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    since: datetime = field(default=datetime(1970, 1, 1, tzinfo=UTC))
    until: datetime = field(default=datetime(9999, 1, 1, tzinfo=UTC))
    event_ids: tuple[str, ...] = ()

    def of(self, table: str) -> pc.Expression:
        """Whether a row of a table is forgotten."""
        clock = pc.field(TABLES[table].clock)
        wanted = (clock >= pa.scalar(self.since)) & (clock < pa.scalar(self.until))
        if self.event_ids and table == "events":
            # An event goes with all of its revisions, or a reader would be told half of it.
            wanted = pc.field("event_id").isin(self.event_ids)
        if self.places:
            wanted &= pc.field(TABLES[table].place).isin(self.places)
        return wanted & pc.field("kind").isin(self.kinds) if self.kinds else wanted


@dataclass(frozen=True)
class Span:
    """Some days of a table as it stood at a version, and what is to be left out of them."""

    root: str
    table: str
    version: int
    first: date
    last: date
    without: Forgotten | None = None

    def rows(self, places: tuple[str, str]) -> pa.Table:
        """The rows of the places from the first to the last, both included; those that are left out too."""
        at = pc.field(TABLES[self.table].place)
        return self._reading.rows(where=self._within & (at >= places[0]) & (at <= places[1]))

    def counts(self) -> Counter[str]:
        """How many rows each place has."""
        found: Counter[str] = Counter()
        for batch in self._reading.batches([TABLES[self.table].place], self._within):
            for counted in batch.column(0).value_counts().to_pylist():
                found[counted["values"]] += counted["counts"]
        return found

    @property
    def _within(self) -> pc.Expression:
        first, last = (pa.scalar(day, pa.date32()) for day in (self.first, self.last))
        return (pc.field("day") >= first) & (pc.field("day") <= last)

    @property
    def _reading(self) -> Reading:
        return Reading(Lake(self.root).table(self.table, self.version))


@dataclass(frozen=True)
class Part:
    """What a shard came to: its files, how many rows it read and kept, and the kept ones' fingerprint."""

    files: tuple[DataFile, ...]
    read: int
    kept: int
    fingerprint: int


@dataclass(frozen=True)
class Rewritten:
    """How many files there were before and after, the rows that were kept, and those that were left out."""

    before: int
    after: int
    rows: int
    forgotten: int


def rewrite(
    lake: Lake,
    table: str,
    days: tuple[date, date],
    executor: Executor,
    reason: str,
    *,
    without: Forgotten | None = None,
    shard_rows: int = SHARD_ROWS,
) -> Rewritten:
    """Write the files of the days from first to last anew and put them in the old ones' place, in one commit.

    Everything else that was committed meanwhile stays, late rows of those days too; where another rewriter
    was faster, all is planned again. The commit says how many rows it kept and their fingerprint.

    Raises:
        BadTable: what was read is not what the log says, or what was written is not what was read; nothing
            was changed.
    """
    while True:
        snapshot = lake.table(table)
        before = listed(snapshot, _days_between(*days))
        work = Span(lake.root, table, snapshot.version(), *days, without)
        make = partial(write_part, work, commits.generation(snapshot), {one.file.path for one in before})
        try:
            parts = executor.run(make, _ranges(work, shard_rows))
        except (FileNotFoundError, UnknownVersion):
            if lake.version(table) == snapshot.version():
                raise
            continue  # a vacuum took what had been read, or what was written from a snapshot before its fence
        _prove(table, "read", sum(part.read for part in parts), sum(one.rows for one in before))
        reach(f"rewrite: {table} written")
        try:
            return _committed(snapshot, reason, [one.file for one in before], parts)
        except StaleSnapshotError:
            continue


def write_part(work: Span, generation: int, known: set[str], places: tuple[str, str]) -> Part:
    """Write the rows of the places from the first to the last, both included, and read them back.

    Raises:
        BadTable: what was written is not what was read.
    """
    table, folder = TABLES[work.table], Lake(work.root).folder(work.table)
    found = work.rows(places)
    kept = found.filter(~work.without.of(work.table)) if work.without else found
    files = datafiles.write(folder, table, kept, generation, known)
    wanted, written = fingerprint(kept.drop_columns([*table.partition])), _read_back(folder, files)
    _prove(work.table, "written", written, wanted)
    return Part(tuple(files), found.num_rows, kept.num_rows, wanted)


def _read_back(folder: Folder, files: Sequence[DataFile]) -> int:
    """The fingerprint of what files hold, the columns that their folder's name says left out."""
    held = (pq.read_table(pa.BufferReader(folder.read(file.path)), partitioning=None) for file in files)
    return total([fingerprint(rows) for rows in held])


def _days_between(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _ranges(work: Span, shard_rows: int) -> list[tuple[str, str]]:
    """The places of the days cut into ranges of about so many rows; one place is never cut."""
    ranges: list[tuple[str, str]] = []
    held = shard_rows
    for place, count in sorted(work.counts().items()):
        if held >= shard_rows:
            ranges.append((place, place))
            held = 0
        ranges[-1] = ranges[-1][0], place
        held += count
    return ranges


def _prove(table: str, done: str, found: int, wanted: int) -> None:
    """What was read must be as many rows as the log says; what was written, the rows that were read."""
    if found != wanted:
        rule = f"what was {done} is not what is there ({found} for {wanted})"
        raise BadTable(table, rule, "run `python -m lakehouse check --deep`; nothing was changed")


def _committed(
    snapshot: DeltaTable, reason: str, before: Sequence[DataFile], parts: Sequence[Part]
) -> Rewritten:
    after = {file.path: file for part in parts for file in part.files}
    old = {file.path for file in before}
    kept = sum(part.kept for part in parts)
    done = Rewritten(len(old), len(after), kept, sum(part.read for part in parts) - kept)
    if old != set(after):
        proof = format(total([part.fingerprint for part in parts]), "016x")
        commits.commit(
            snapshot,
            [file for path, file in after.items() if path not in old],
            commits.rewriting(snapshot),
            removed=[file for file in before if file.path not in after],
            about=commits.because(reason, rows=kept, fingerprint=proof),
        )
    return done
