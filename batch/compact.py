"""Compaction: what landed goes into the tables, exactly once."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import takewhile

import pyarrow as pa
from deltalake import DeltaTable

from batch.executor import Executor
from lakehouse import commits, datafiles
from lakehouse.commits import StaleSnapshotError
from lakehouse.datafiles import DataFile
from lakehouse.problem import BadSegment
from lakehouse.reading import watermark
from lakehouse.segments import SegmentName
from lakehouse.store import Lake
from lakehouse.tables import LANDED, TABLES

SHARD_BYTES = 16 * 2**20
"""Segments of one data file: about 1.4 million boxes at 12 bytes."""

Landed = Mapping[str, Sequence[SegmentName]]


@dataclass(frozen=True)
class Compacted:
    """What a compaction did: rows by table, segments deleted and set aside, and the seconds it took."""

    rows: Mapping[str, int]
    segments: int
    set_aside: int
    seconds: float

    def __str__(self) -> str:
        rows = ", ".join(f"{count:,} {table}" for table, count in self.rows.items())
        aside = f", {self.set_aside} set aside" if self.set_aside else ""
        return f"compacted {self.segments} segments in {self.seconds:.1f} s{aside}: {rows}"


def compact(lake: Lake, executor: Executor = Executor.LOCAL, *, shard_bytes: int = SHARD_BYTES) -> Compacted:
    """Take every segment that has landed into the tables, looks last, then delete it.

    Each table keeps in its own log how far it has come with each producer, so a compaction that was
    killed anywhere is continued by the next one, and two at once do no harm.
    """
    began = time.monotonic()
    # One listing for all tables: looks must not take in what came after the others were done.
    landed = lake.landing.segments()
    damaged = _quarantine(lake, landed, executor, shard_bytes)
    rows = {table: _advance(lake, table, landed, damaged, executor, shard_bytes) for table in LANDED}
    deleted = _clear(lake, landed, damaged)
    return Compacted(rows, deleted, len(damaged), time.monotonic() - began)


def plan(snapshot: DeltaTable, landed: Landed) -> list[SegmentName]:
    """The segments that a snapshot of a table lacks: of each producer the longest run without a gap."""
    found = []
    for app, names in landed.items():
        after = watermark(snapshot, app) + 1
        beyond = [name for name in names if name.seq >= after]
        run = takewhile(lambda pair: pair[0] == pair[1].seq, enumerate(beyond, after))
        found += [name for _, name in run]
    return found


def marks(segments: Sequence[SegmentName]) -> dict[str, int]:
    """How far a table has come with each producer once it holds these segments."""
    return {name.app_id: name.seq for name in sorted(segments)}


def shards(lake: Lake, segments: Sequence[SegmentName], shard_bytes: int) -> list[tuple[SegmentName, ...]]:
    """The segments in their order, so that a producer's stay together, cut where they grow too large."""
    found: list[list[SegmentName]] = []
    held = shard_bytes
    for name in sorted(segments):
        if held >= shard_bytes:
            found.append([])
            held = 0
        found[-1].append(name)
        held += lake.landing.size(name)
    return [tuple(shard) for shard in found]


def write_shard(
    root: str, table: str, generation: int, shard: Sequence[SegmentName]
) -> tuple[int, list[DataFile]] | None:
    """Write a shard's rows of one table as data files, which no reader sees before they are committed.

    Returns:
        How many rows, and the files; None where a segment is gone, since another compaction was faster.
    """
    lake = Lake(root)
    try:
        parts = [lake.landing.read(name, (table,)).get(table) for name in shard]
    except FileNotFoundError:
        return None
    rows = pa.concat_tables([TABLES[table].schema.empty_table(), *(part for part in parts if part)])
    return rows.num_rows, datafiles.write(lake.folder(table), TABLES[table], rows, generation)


def damage(root: str, shard: Sequence[SegmentName]) -> list[tuple[SegmentName, str, int]]:
    """Which segments of a shard are damaged, how, and how many bytes they have."""
    landing = Lake(root).landing
    found = []
    for name in shard:
        try:
            landing.check(name)
        except BadSegment as problem:
            found.append((name, problem.rule, landing.size(name)))
        except FileNotFoundError:
            continue  # another compaction was faster
    return found


def _quarantine(lake: Lake, landed: Landed, executor: Executor, shard_bytes: int) -> frozenset[SegmentName]:
    """Say of each damaged segment why, once; return them all."""
    names = [name for names in landed.values() for name in names]
    parts = executor.run(partial(damage, lake.root), shards(lake, names, shard_bytes))
    found = [one for part in parts for one in part]
    for name, reason, size in found:
        lake.append("quarantine", _quarantine_row(name, reason, size), once=(str(name), 0))
    return frozenset(name for name, _, _ in found)


def _quarantine_row(name: SegmentName, reason: str, size: int) -> pa.Table:
    row = {
        "segment": str(name),
        "producer": name.producer,
        "epoch": name.epoch,
        "seq": name.seq,
        "reason": reason,
        "rows": None,
        "bytes": size,
        "at": datetime.now(UTC),
    }
    return pa.Table.from_pylist([row], schema=TABLES["quarantine"].schema)


def _advance(
    lake: Lake,
    table: str,
    landed: Landed,
    damaged: frozenset[SegmentName],
    executor: Executor,
    shard_bytes: int,
) -> int:
    """Take into one table what it lacks, as one commit; return the rows."""
    while True:
        snapshot = lake.table(table)
        segments = plan(snapshot, landed)
        if not segments:
            return 0
        parts = shards(lake, [name for name in segments if name not in damaged], shard_bytes)
        written = executor.run(partial(write_shard, lake.root, table, commits.generation(snapshot)), parts)
        whole = [part for part in written if part]
        if len(whole) < len(parts):
            continue
        try:
            commits.commit(snapshot, [file for _, files in whole for file in files], marks(segments))
        except StaleSnapshotError:
            continue
        return sum(rows for rows, _ in whole)


def _clear(lake: Lake, landed: Landed, damaged: frozenset[SegmentName]) -> int:
    """Delete the segments that every table has durably; move the damaged ones aside."""
    tables = [lake.table(table) for table in LANDED]
    taken = {app: min(watermark(table, app) for table in tables) for app in landed}
    done = [name for app, names in landed.items() for name in names if name.seq <= taken[app]]
    if not done:
        return 0
    for table in ("quarantine", *LANDED):
        # Another compaction may have committed and been killed before it synced.
        commits.make_durable(commits.log_folder(lake.table(table)))
    lake.landing.delete(name for name in done if name not in damaged)
    for name in damaged.intersection(done):
        lake.landing.set_aside(name)
    return len(done) - len(damaged.intersection(done))
