"""Landing: durable appends from many producers, and reading them back."""

import re
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from lakehouse import segments
from lakehouse.datafiles import fit
from lakehouse.folder import Folder
from lakehouse.problem import BadTable
from lakehouse.segments import SegmentName
from lakehouse.tables import LANDED

_PRODUCER = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_CLAIM = re.compile(r"(?P<producer>.+)-e(?P<epoch>\d{6,})")


@dataclass(frozen=True)
class Receipt:
    """A batch that will not be lost: the segment that holds it, and its bytes."""

    segment: SegmentName
    bytes: int


class Producer:
    """One life of one producer; its batches are numbered from 0 without a gap."""

    def __init__(self, folder: Folder, name: str, epoch: int, seq: int = 0) -> None:
        self.name = name
        self.epoch = epoch
        self._folder = folder
        self._next = seq
        self._lock = threading.Lock()

    def append(self, tables: Mapping[str, pa.Table]) -> Receipt:
        """Land rows of any of the landed tables, without producer, epoch and seq; durable on return.

        Raises:
            BadTable: the rows do not fit; nothing was landed.
            DiskFull: nothing was landed; the same call succeeds once there is space again.
        """
        rows = {name: _fitting(name, rows) for name, rows in tables.items()}
        data = segments.encode(rows)
        with self._lock:
            segment = SegmentName(self.name, self.epoch, self._next)
            try:
                self._folder.create(str(segment), data)
            finally:
                # What stands under its name may have been read, even where the last sync failed.
                self._next += self._folder.has(str(segment))
        return Receipt(segment, len(data))


class Landing:
    """The folder of segments that are not yet in every table."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._epochs = folder / "epochs"
        self._damaged = folder / "damaged"

    def producer(self, name: str) -> Producer:
        """Claim the next epoch of a producer; nobody else can ever hold the same one.

        Raises:
            BadTable: the name is not one that a file can carry.
        """
        if not _PRODUCER.fullmatch(name):
            raise BadTable(name, "a producer is named in lower-case letters, digits and hyphens", "rename it")
        self._epochs.make()
        epoch = 1 + max((epoch for known, epoch in self.claims() if known == name), default=0)
        while not self._epochs.claim(segments.app_id(name, epoch)):
            epoch += 1
        return Producer(self._folder, name, epoch)

    def claims(self) -> list[tuple[str, int]]:
        """Every producer's every epoch."""
        matches = (_CLAIM.fullmatch(name) for name in self._epochs.names())
        return [(match["producer"], int(match["epoch"])) for match in matches if match]

    def segments(self) -> dict[str, list[SegmentName]]:
        """What lies here, by app id, each in the order of its numbers."""
        found: dict[str, list[SegmentName]] = defaultdict(list)
        for text in self._folder.names(segments.ENDING):
            name = SegmentName.parse(text)
            if name:
                found[name.app_id].append(name)
        return dict(found)

    def aside(self) -> list[str]:
        """The names of the segments that were set aside."""
        return self._damaged.names(segments.ENDING)

    def read(self, name: SegmentName, tables: tuple[str, ...] = LANDED) -> dict[str, pa.Table]:
        """The rows of a segment by table.

        Raises:
            BadSegment: it is damaged.
            FileNotFoundError: it was compacted and deleted meanwhile.
        """
        return segments.decode(name, self._folder.read(str(name)), tables)

    def check(self, name: SegmentName) -> None:
        """Find out whether a segment is whole.

        Raises:
            BadSegment: it is damaged.
            FileNotFoundError: it was compacted and deleted meanwhile.
        """
        segments.check(name, self._folder.read(str(name)))

    def size(self, name: SegmentName) -> int:
        """A segment's bytes; 0 of one that was deleted meanwhile."""
        return self._folder.size(str(name))

    def delete(self, names: Iterable[SegmentName]) -> None:
        """Forget segments whose rows are durable in every table."""
        for name in names:
            self._folder.remove(str(name))
        self._folder.sync()

    def set_aside(self, name: SegmentName) -> None:
        """Move a damaged segment out of the way, to `landing/damaged`."""
        self._folder.move(str(name), self._damaged)

    def clear_damaged(self) -> int:
        """Delete every damaged segment that was set aside; return how many."""
        names = self._damaged.names(segments.ENDING)
        for name in names:
            self._damaged.remove(name)
        if names:
            self._damaged.sync()
        return len(names)


def _fitting(table: str, rows: pa.Table) -> pa.Table:
    if table not in LANDED:
        raise BadTable(table, f"only {', '.join(LANDED)} land", "append to the table instead")
    return fit(table, rows, segments.landed_schema(table))
