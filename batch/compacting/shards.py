"""A shard of a compaction: some segments, each read once and written into every table that lacks it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from lakehouse.landing.segments import SegmentName, stamped
from lakehouse.lateness import LATE_H
from lakehouse.log import datafiles
from lakehouse.log.datafiles import DataFile
from lakehouse.milestones import reach
from lakehouse.problem import BadSegment
from lakehouse.store import Lake
from lakehouse.tables import LANDED, TABLES

SHARD_BYTES = 16 * 2**20
"""Segments that are read by one worker: about 1.5 million boxes at 11 bytes."""

MOST_BYTES = 192 * 2**20
"""Rows, unpacked, that are sorted and written together; a worker holds them about three times."""

Lacking = tuple[SegmentName, tuple[str, ...]]
"""A segment and the tables that lack it."""


@dataclass(frozen=True)
class Refused:
    """A segment that is set aside: why, and how many of its rows no table gets (None: nobody can tell)."""

    name: SegmentName
    reason: str
    rows: int | None
    bytes: int

    @property
    def late(self) -> bool:
        """Whether it is whole, and rows of it came too late."""
        return self.rows is not None


@dataclass(frozen=True)
class Written:
    """What came of a shard: by table its rows and data files, and the segments that are refused."""

    rows: Counter[str] = field(default_factory=Counter)
    files: defaultdict[str, list[DataFile]] = field(default_factory=lambda: defaultdict(list))
    refused: list[Refused] = field(default_factory=list)


def write_shard(root: str, generations: Mapping[str, int], shard: Sequence[Lacking]) -> Written | None:
    """Write a shard's rows as data files, which no reader sees before they are committed.

    Args:
        root: the lake's.
        generations: of the tables that lack something.
        shard: the segments; one that no table lacks is only looked through.

    Returns:
        What was written; None where a segment is gone, since another compaction was faster.
    """
    writer = _Writer(Lake(root), generations)
    try:
        for name, tables in shard:
            writer.take(name, tables)
    except FileNotFoundError:
        return None
    writer.flush()
    return writer.written


class _Writer:
    """Gathers the rows of segments, and writes them when there are enough."""

    def __init__(self, lake: Lake, generations: Mapping[str, int]) -> None:
        self.written = Written()
        self._lake = lake
        self._generations = generations
        self._parts: dict[str, list[tuple[SegmentName, pa.RecordBatch]]] = defaultdict(list)
        self._held = 0

    def take(self, name: SegmentName, tables: Sequence[str]) -> None:
        """Gather a segment's rows for some tables, or refuse it."""
        try:
            segment = self._lake.landing.open(name)
            sifted = {table: segment.sifted(table) for table in segment.streams}
        except BadSegment as problem:
            self._refuse(name, problem.rule, None)
            return
        late = {table: (len(apart), len(rows)) for table, (rows, apart) in sifted.items() if apart}
        if late:
            self._refuse(name, _too_late(late), sum(count for count, _ in late.values()))
        for table in tables:
            if table in sifted and len(sifted[table][0]):
                self._parts[table].append((name, sifted[table][0]))
                self._held += segment.streams[table].size
        if self._held >= MOST_BYTES:
            self.flush()

    def _refuse(self, name: SegmentName, reason: str, rows: int | None) -> None:
        self.written.refused.append(Refused(name, reason, rows, self._lake.landing.size(name)))

    def flush(self) -> None:
        """Write what was gathered, a table at a time."""
        for table in [table for table in LANDED if table in self._parts]:
            rows = stamped(table, self._parts.pop(table))
            files = datafiles.write(self._lake.folder(table), TABLES[table], rows, self._generations[table])
            self.written.files[table] += files
            self.written.rows[table] += rows.num_rows
            reach(f"compact: {table} written")
        self._held = 0


def _too_late(late: Mapping[str, tuple[int, int]]) -> str:
    rows = " and ".join(f"{count:,} of {count + others:,} {table}" for table, (count, others) in late.items())
    return f"{rows} lie more than {LATE_H} h from when they landed"
