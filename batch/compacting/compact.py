"""Compaction: what landed goes into the tables, exactly once."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import takewhile

import pyarrow as pa
from deltalake import DeltaTable

from batch.compacting.shards import SHARD_BYTES, Lacking, Refused, Written, write_shard
from batch.executor import Executor
from lakehouse.landing.segments import SegmentName
from lakehouse.log import commits, datafiles
from lakehouse.log.commits import StaleSnapshotError
from lakehouse.log.reading import watermark
from lakehouse.milestones import reach
from lakehouse.store import Lake
from lakehouse.tables import LANDED, TABLES

Landed = Mapping[str, Sequence[SegmentName]]


@dataclass(frozen=True)
class Compacted:
    """What a compaction did: rows by table, segments deleted and set aside, and the seconds it took."""

    rows: Mapping[str, int]
    segments: int
    set_aside: int
    late: int
    seconds: float

    def __str__(self) -> str:
        rows = ", ".join(f"{count:,} {table}" for table, count in self.rows.items())
        aside = f", {self.set_aside} set aside ({self.late} of them late)" if self.set_aside else ""
        return f"compacted {self.segments} segments in {self.seconds:.1f} s{aside}: {rows}"


def compact(lake: Lake, executor: Executor = Executor.LOCAL, *, shard_bytes: int = SHARD_BYTES) -> Compacted:
    """Take every segment that has landed into the tables, looks last, then delete it.

    Each table keeps in its own log how far it has come with each producer, so a compaction that was
    killed anywhere is continued by the next one, and two at once do no harm. A damaged segment is set
    aside; so is one of which rows are late, once the others are in the tables.

    Raises:
        BadLake: the lake was brought to a newer format since it was opened.
    """
    began = time.monotonic()
    lake.check_format()
    # One listing for all tables: looks must not take in what came after the others were done.
    work = _Compaction(lake, executor, shard_bytes, lake.landing.segments())
    left: Sequence[str] = LANDED
    while left:
        left = work.advance(left)
    deleted = work.clear()
    late = sum(one.late for one in work.refused.values())
    rows = {table: work.rows[table] for table in LANDED}
    return Compacted(rows, deleted, len(work.refused), late, time.monotonic() - began)


def plan(snapshot: DeltaTable, landed: Landed) -> list[SegmentName]:
    """The segments that a snapshot of a table lacks: of each producer the longest run without a gap."""
    found = []
    for app, names in landed.items():
        after = watermark(snapshot, app) + 1
        beyond = [name for name in names if name.seq >= after]
        run = takewhile(lambda pair: pair[0] == pair[1].seq, enumerate(beyond, after))
        found += [name for _, name in run]
    return found


def marks(segments: Iterable[SegmentName]) -> dict[str, int]:
    """How far a table has come with each producer once it holds these segments."""
    return {name.app_id: name.seq for name in sorted(segments)}


def shards(lake: Lake, segments: Iterable[Lacking], shard_bytes: int) -> list[tuple[Lacking, ...]]:
    """The segments in their order, so that a producer's stay together, cut where they grow too large."""
    found: list[list[Lacking]] = []
    held = shard_bytes
    for name, tables in sorted(segments):
        if held >= shard_bytes:
            found.append([])
            held = 0
        found[-1].append((name, tables))
        held += lake.landing.size(name)
    return [tuple(shard) for shard in found]


@dataclass
class _Compaction:
    """One compaction: what it found in landing, and what it has done with it."""

    lake: Lake
    executor: Executor
    shard_bytes: int
    landed: Landed
    rows: Counter[str] = field(default_factory=Counter)
    refused: dict[SegmentName, Refused] = field(default_factory=dict)
    seen: set[SegmentName] = field(default_factory=set)

    def advance(self, tables: Sequence[str]) -> Sequence[str]:
        """Take into each of some tables what it lacks, as one commit, after one pass over the segments.

        Returns:
            The tables for which this has to be done again, since another compaction came in between.
        """
        snapshots = {table: self.lake.table(table) for table in tables}
        plans = {table: plan(snapshot, self.landed) for table, snapshot in snapshots.items()}
        generations = {table: commits.generation(snapshot) for table, snapshot in snapshots.items()}
        written = self._write(generations, _lacking(plans))
        if written is None:
            self.landed = _still_there(self.landed, self.lake.landing.segments())
            return tables
        for place, (table, snapshot) in enumerate(snapshots.items()):
            files = [file for part in written for file in part.files[table]]
            try:
                if plans[table]:
                    commits.commit(snapshot, files, marks(plans[table]))
            except StaleSnapshotError:
                return tables[place:]
            reach(f"compact: {table} committed")
            self.rows[table] += sum(part.rows[table] for part in written)
        return ()

    def _write(
        self, generations: Mapping[str, int], segments: Mapping[SegmentName, tuple[str, ...]]
    ) -> list[Written] | None:
        """Write what tables lack, and quarantine what no table gets; None where a segment is gone."""
        parts = shards(self.lake, segments.items(), self.shard_bytes)
        written = self.executor.run(partial(write_shard, self.lake.root, generations), parts)
        whole = [part for part in written if part]
        if len(whole) < len(parts):
            return None
        self.seen.update(segments)
        self.refused |= {one.name: one for part in whole for one in part.refused}
        _quarantine(self.lake, [one for part in whole for one in part.refused])
        return whole

    def clear(self) -> int:
        """Delete the segments that every table has durably, and set the refused ones aside."""
        tables = [self.lake.table(table) for table in LANDED]
        done = self._done(tables)
        left_over = {name: () for name in done if name not in self.seen}
        if self._write({}, left_over) is None:
            done = [name for name in done if name in self.seen]
        if not done:
            return 0
        for table in (self.lake.table("quarantine"), *tables):
            # Another compaction may have committed and been killed before it synced.
            commits.make_durable(commits.log_folder(table))
        reach("compact: clearing")
        whole = [name for name in done if name not in self.refused]
        self.lake.landing.delete(_one_by_one(whole))
        for name in _one_by_one([name for name in done if name in self.refused]):
            self.lake.landing.set_aside(name, late=self.refused[name].late)
        return len(whole)

    def _done(self, tables: Sequence[DeltaTable]) -> list[SegmentName]:
        """The segments that none of the tables lacks."""
        taken = {app: min(watermark(table, app) for table in tables) for app in self.landed}
        return [name for app, names in self.landed.items() for name in names if name.seq <= taken[app]]


def _lacking(plans: Mapping[str, Sequence[SegmentName]]) -> dict[SegmentName, tuple[str, ...]]:
    """By segment, the tables that are to take it in."""
    found: dict[SegmentName, tuple[str, ...]] = defaultdict(tuple)
    for table, names in plans.items():
        for name in names:
            found[name] += (table,)
    return found


def _still_there(landed: Landed, now: Landed) -> Landed:
    """What was listed before, without what is gone since."""
    there = {app: set(names) for app, names in now.items()}
    return {app: [name for name in names if name in there.get(app, ())] for app, names in landed.items()}


def _one_by_one(names: Iterable[SegmentName]) -> Iterator[SegmentName]:
    for name in names:
        yield name
        reach("compact: one segment cleared")


def _quarantine(lake: Lake, refused: Sequence[Refused]) -> None:
    """Say of each segment why it is refused, once."""
    while True:
        snapshot = lake.table("quarantine")
        new = [one for one in refused if one.name.seq > watermark(snapshot, one.name.app_id)]
        if not new:
            return
        table, folder, at = TABLES["quarantine"], lake.folder("quarantine"), lake.now()
        rows = pa.Table.from_pylist([_quarantine_row(one, at) for one in new], table.schema)
        files = datafiles.write(folder, table, rows, commits.generation(snapshot))
        try:
            moved = {**marks(one.name for one in new), **commits.rewriting(snapshot)}
            commits.commit(snapshot, files, moved)
        except StaleSnapshotError:
            continue
        reach("compact: quarantined")
        return


def _quarantine_row(refused: Refused, at: datetime) -> dict[str, object]:
    name = refused.name
    return {
        "segment": str(name),
        "producer": name.producer,
        "epoch": name.epoch,
        "seq": name.seq,
        "reason": refused.reason,
        "rows": refused.rows,
        "bytes": refused.bytes,
        "at": at,
    }
