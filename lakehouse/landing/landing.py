"""Landing: durable appends from many producers, and reading them back."""

import re
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse import clock
from lakehouse.clock import Now, milliseconds
from lakehouse.fitting import fit
from lakehouse.landing import segments
from lakehouse.landing.segments import Segment, SegmentName
from lakehouse.lateness import again
from lakehouse.milestones import reach
from lakehouse.places.folder import TEMPORARY, Entry, Folder
from lakehouse.problem import BadTable
from lakehouse.tables import LANDED, TABLES

_PRODUCER = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Receipt:
    """A batch that will not be lost: the segment that holds it, and its bytes."""

    segment: SegmentName
    bytes: int


class Producer:
    """One life of one producer; its batches are numbered from 0 without a gap."""

    def __init__(
        self,
        folder: Folder,
        name: str,
        epoch: int,
        seq: int = 0,
        *,
        backfill: bool = False,
        now: Now = clock.now,
    ) -> None:
        self.name = name
        self.epoch = epoch
        self.backfill = backfill
        self._folder = folder
        self._now = now
        self._next = seq
        self._lock = threading.Lock()

    def append(self, tables: Mapping[str, pa.Table]) -> Receipt:
        """Land rows of any of the landed tables, without producer, epoch and seq; durable on return.

        Raises:
            BadTable: the rows do not fit; nothing was landed.
            DiskFull: nothing was landed; the same call succeeds once there is space again.
        """
        rows = {name: _fitting(name, rows) for name, rows in tables.items()}
        data = segments.encode(rows, landed_at=milliseconds(self._now()), backfill=self.backfill)
        with self._lock:
            segment = SegmentName(self.name, self.epoch, self._next)
            reach("landing: encoded")
            try:
                self._folder.create(str(segment), data)
            finally:
                # What stands under its name may have been read, even where the last sync failed.
                self._next += self._folder.has(str(segment))
            reach("landing: durable")
        return Receipt(segment, len(data))


class Landing:
    """The folder of segments that are not yet in every table."""

    def __init__(self, folder: Folder, now: Now = clock.now) -> None:
        self._folder = folder
        self._now = now
        self._epochs = folder / "epochs"
        self._damaged = folder / "damaged"
        self._late = folder / "late"

    def producer(self, name: str, *, backfill: bool = False) -> Producer:
        """Claim the next epoch of a producer; nobody else can ever hold the same one.

        Args:
            name: of the producer.
            backfill: whether it brings rows of long ago on purpose, which are then never too late.

        Raises:
            BadTable: the name is not one that a file can carry.
        """
        if not _PRODUCER.fullmatch(name):
            raise BadTable(name, "a producer is named in lower-case letters, digits and hyphens", "rename it")
        self._epochs.make()
        epoch = 1 + max((epoch for known, epoch in self.claims() if known == name), default=0)
        while not self._epochs.claim(segments.app_id(name, epoch)):
            epoch += 1
        return Producer(self._folder, name, epoch, backfill=backfill, now=self._now)

    def again(self, name: SegmentName) -> Producer:
        """A backfill from one batch on, for whoever lands the same rows under it as often as it does."""
        return Producer(self._folder, name.producer, name.epoch, name.seq, backfill=True, now=self._now)

    def claim(self, app: str) -> None:
        """Claim an epoch by its app id, of which there are batches, so that nobody else can."""
        self._epochs.make().claim(app)

    def claims(self) -> list[tuple[str, int]]:
        """Every producer's every epoch."""
        return [life for life in map(segments.life, self._epochs.names()) if life]

    def segments(self) -> dict[str, list[SegmentName]]:
        """What lies here, by app id, each in the order of its numbers."""
        found: dict[str, list[SegmentName]] = defaultdict(list)
        for name in _named(self._folder):
            found[name.app_id].append(name)
        return dict(found)

    def aside(self) -> list[str]:
        """The names of the segments that were set aside, damaged or late."""
        return [*self._damaged.names(segments.ENDING), *self._late.names(segments.ENDING)]

    def late(self) -> list[SegmentName]:
        """The segments that were set aside since rows of them came too late."""
        return _named(self._late)

    def open(self, name: SegmentName) -> Segment:
        """A segment, found whole.

        Raises:
            BadSegment: it is damaged.
            FileNotFoundError: it was compacted and deleted meanwhile.
        """
        return segments.decode(name, self._folder.read(str(name)))

    def read(self, name: SegmentName, tables: tuple[str, ...] = LANDED) -> dict[str, pa.Table]:
        """The rows of a segment by table, without those that came too late.

        Raises:
            BadSegment: it is damaged.
            FileNotFoundError: it was compacted and deleted meanwhile.
        """
        segment = self.open(name)
        found = {table: segment.sifted(table)[0] for table in tables if table in segment.streams}
        return {
            table: segments.stamped(table, [(name, rows)]).cast(TABLES[table].schema)
            for table, rows in found.items()
        }

    def check(self, name: SegmentName) -> None:
        """Find out whether a segment is whole.

        Raises:
            BadSegment: it is damaged.
            FileNotFoundError: it was compacted and deleted meanwhile.
        """
        segment = self.open(name)
        for table in segment.streams:
            segment.rows(table)

    def size(self, name: SegmentName) -> int:
        """A segment's bytes; 0 of one that was deleted meanwhile."""
        return self._folder.size(str(name))

    def delete(self, names: Iterable[SegmentName]) -> None:
        """Forget segments whose rows are durable in every table."""
        for name in names:
            self._folder.remove(str(name))
        self._folder.sync()

    def set_aside(self, name: SegmentName, *, late: bool = False) -> None:
        """Move a segment out of the way: a damaged one to `landing/damaged`, a late one to `landing/late`."""
        self._folder.move(str(name), self._late if late else self._damaged)

    def clear_unfinished(self, before: datetime) -> list[Entry]:
        """Delete what killed producers left half written, and had touched last before a time; return it.

        Nothing in it was acknowledged.
        """
        gone = []
        for entry in self._folder.walk():
            place, _, name = entry.path.rpartition("/")
            if name.startswith(TEMPORARY) and entry.changed < before:
                (self._folder / place if place else self._folder).remove(name)
                gone.append(entry)
        return gone

    def clear_damaged(self) -> int:
        """Delete every damaged segment that was set aside; return how many."""
        names = self._damaged.names(segments.ENDING)
        for name in names:
            self._damaged.remove(name)
        if names:
            self._damaged.sync()
        return len(names)

    def leave_out_late(self, name: SegmentName, left_out: Mapping[str, pc.Expression]) -> int:
        """Forget rows of a late segment that was set aside; return how many.

        Args:
            name: of the segment.
            left_out: by table, which rows.

        Raises:
            BadSegment: it is damaged.
            FileNotFoundError: it was landed again.
        """
        segment = segments.decode(name, self._late.read(str(name)))
        rows = {table: pa.Table.from_batches([segment.rows(table)]) for table in segment.streams}
        kept = {table: held.filter(~left_out[table]) for table, held in rows.items()}
        count = sum(int(rows[table].num_rows - kept[table].num_rows) for table in rows)
        if count:
            data = segments.encode(kept, landed_at=segment.landed_at or 0, backfill=segment.backfill)
            self._late.replace(str(name), data)
        return count

    def land_again(self, name: SegmentName) -> int:
        """Land the late rows of a segment that was set aside, as a declared backfill; return how many.

        They land exactly once: each late segment has one successor, the first batch of a producer of its
        own. Whoever is killed before the late one is deleted, or does the same at the same time, lands the
        same bytes under the same name, and what the tables have taken in by then they ignore.

        Raises:
            BadSegment: it is damaged.
            FileNotFoundError: somebody else has landed it again.
        """
        segment = segments.decode(name, self._late.read(str(name)))
        sifted = {table: segment.sifted(table)[1] for table in segment.streams}
        tables = {table: pa.Table.from_batches([rows]) for table, rows in sifted.items() if rows}
        successor = SegmentName(again(name.producer, name.seq), name.epoch, 0)
        self._epochs.claim(successor.app_id)
        landed_at = segment.landed_at or 0
        self._folder.create(str(successor), segments.encode(tables, landed_at=landed_at, backfill=True))
        reach("landing: landed again")
        self._late.remove(str(name))
        self._late.sync()
        return sum(rows.num_rows for rows in tables.values())


def _named(folder: Folder) -> list[SegmentName]:
    names = (SegmentName.parse(text) for text in folder.names(segments.ENDING))
    return [name for name in names if name]


def _fitting(table: str, rows: pa.Table) -> pa.Table:
    if table not in LANDED:
        raise BadTable(table, f"only {', '.join(LANDED)} land", "append to the table instead")
    return fit(table, rows, segments.landed_schema(table))
