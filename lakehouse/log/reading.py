"""A table as it stands now: its snapshot, and what was acknowledged beyond it."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable

from lakehouse.landing.landing import Landing
from lakehouse.landing.segments import STAMP, SegmentName, app_id, life
from lakehouse.log.commits import log_folder, read_commit
from lakehouse.places.places import folder_at
from lakehouse.problem import BadSegment
from lakehouse.tables import TABLES
from lakehouse.witness import EVENT_COLUMNS, Looked, repeated

VERSION = "@"
"""The key under which a position says of which version of its table it is; no producer is called so."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reading:
    """A snapshot with the rows of the segments that it has not taken in."""

    snapshot: DeltaTable
    beyond: pa.Table | None = None

    def stored(self) -> ds.Dataset:
        """The data files of the snapshot, in the columns of today: one that it did not have yet is NULL."""
        folder = folder_at(self.snapshot.table_uri)
        schema = TABLES[folder.name].schema
        return self.snapshot.to_pyarrow_dataset(filesystem=folder.filesystem(), schema=schema)

    def rows(self, columns: Sequence[str] | None = None, where: pc.Expression | None = None) -> pa.Table:
        """The rows for which `where` holds, in the order of nothing in particular."""
        stored = self.stored().to_table(columns=columns and list(columns), filter=where)
        if self.beyond is None or not self.beyond.num_rows:
            return stored
        fresh = ds.dataset(self.beyond).to_table(columns=columns and list(columns), filter=where)
        return pa.concat_tables([stored, fresh.cast(stored.schema)])

    def batches(self, columns: Sequence[str], where: pc.Expression | None = None) -> Iterator[pa.RecordBatch]:
        """The snapshot's rows for which `where` holds, a piece at a time, in little memory."""
        yield from self.stored().to_batches(columns=list(columns), filter=where)

    def last_revisions(self, where: pc.Expression | None, of_run: pc.Expression, looked: Looked) -> pa.Table:
        """Of a table of events, of those of the runs wanted: the last revisions for which `where` holds.

        What two watchers told of one camera is told once; see `lakehouse.witness`.
        """
        found = self.rows(where=of_run if where is None else of_run & where)
        newest, doubled = self._told(pc.unique(found["day"]), of_run, looked)
        kept: dict[str, int] = {}
        # Where two lives told the same revision, the first one's comes last and is kept.
        by = pc.sort_indices(found, [(name, "descending") for name in STAMP]).to_pylist()
        ids, revisions = found["event_id"].to_pylist(), found["revision"].to_pylist()
        for row in by:
            if revisions[row] == newest[ids[row]] and ids[row] not in doubled:
                kept[ids[row]] = row
        return found.take(pa.array(sorted(kept.values()), pa.int64()))

    def _told(self, days: pa.Array, of_run: pc.Expression, looked: Looked) -> tuple[dict[str, int], set[str]]:
        """Of the events of some days: each one's last revision, and those that others tell again."""
        # An event's every revision lies in the day it began, so no later one is missed.
        around = {day - timedelta(days=back) for day in days.to_pylist() for back in (0, 1)}
        there = of_run & pc.field("day").isin(pa.array(around, pa.date32()))
        told = self.rows([*EVENT_COLUMNS, "revision"], there)
        last = told.group_by("event_id").aggregate([("revision", "max")])
        newest = zip(last["event_id"].to_pylist(), last["revision_max"].to_pylist(), strict=True)
        return dict(newest), repeated(told, looked)


@dataclass(frozen=True)
class Tail:
    """Rows acknowledged after a position, in the order of each producer, and the position to go on from."""

    rows: pa.Table
    position: dict[str, int] = field(default_factory=dict)


def fresh_reading(table: str, snapshot: Callable[[], DeltaTable], landing: Landing) -> Reading:
    """A table with what landing holds beyond it, each row once.

    Landing is listed before the snapshot is taken: what was compacted meanwhile lies at or below the
    snapshot's mark and is ignored; where a segment vanished between the two, all starts again.
    """
    while True:
        listed = landing.segments()
        taken = snapshot()
        try:
            parts = [_rows(landing, table, name) for name in _beyond(listed, _watermarks(taken, listed))]
        except FileNotFoundError:
            continue
        return Reading(taken, _together(table, parts))


def watermark(snapshot: DeltaTable, app: str) -> int:
    """The last batch of a producer's life that a snapshot holds; -1 where it holds none."""
    version = snapshot.transaction_version(app)
    return -1 if version is None else version


def _watermarks(snapshot: DeltaTable, apps: Iterable[str]) -> dict[str, int]:
    return {app: watermark(snapshot, app) for app in apps}


def _beyond(listed: Mapping[str, list[SegmentName]], known: Mapping[str, int]) -> list[SegmentName]:
    return [name for app, names in listed.items() for name in names if name.seq > known[app]]


def tail(
    table: str, snapshot: Callable[[], DeltaTable], landing: Landing, since: Mapping[str, int] | None
) -> Tail:
    """What was acknowledged in a table after `since`; see `Lake.tail`.

    A position is a version of the table, and of each producer's life what had landed beyond it: one that is
    wholly compacted is not in it. A position without a version, as they once were, names every life.
    """
    while True:
        listed = landing.segments()
        taken = snapshot()
        reached = _watermarks(taken, listed)
        end = {VERSION: taken.version()}
        end |= {app: names[-1].seq for app, names in listed.items() if names[-1].seq > reached[app]}
        if since is None:
            return Tail(TABLES[table].schema.empty_table(), end)
        try:
            known = {app: max(since.get(app, -1), seq) for app, seq in reached.items()}
            parts = [_rows(landing, table, name) for name in _beyond(listed, known)]
        except FileNotFoundError:
            continue
        return Tail(_together(table, [*_compacted(taken, _start(taken, landing, since)), *parts]), end)


def _start(taken: DeltaTable, landing: Landing, since: Mapping[str, int]) -> dict[str, int]:
    """Of the lives of which a table may have taken in more since a position: how far each was told."""
    if VERSION not in since:
        apps = {app_id(producer, epoch) for producer, epoch in landing.claims()}
        return {app: since.get(app, -1) for app in apps}
    first, moved = _moved_since(taken, max(since[VERSION], 0))
    if not moved - since.keys():
        return {app: since[app] for app in moved}
    then = DeltaTable(taken.table_uri, version=first)
    return {app: since.get(app, watermark(then, app)) for app in moved}


def _moved_since(taken: DeltaTable, version: int) -> tuple[int, set[str]]:
    """Whose marks commits have moved since a version, or since the oldest that the log still reaches."""
    log, moved = log_folder(taken), set[str]()
    for newer in range(taken.version(), version, -1):
        actions = read_commit(log, newer)
        if actions is None:
            _log.warning("the log reaches back to version %s, and a position is of %s", newer + 1, version)
            return newer + 1, moved
        apps = (action["txn"]["appId"] for action in actions if "txn" in action)
        moved |= {app for app in apps if life(app)}
    return version, moved


def _compacted(taken: DeltaTable, start: Mapping[str, int]) -> Iterator[pa.Table]:
    """The rows beyond a position that already are in the table."""
    for app, seq in start.items():
        told = life(app)
        if told and watermark(taken, app) > seq:
            after = (pc.field("seq") > seq) & (pc.field("producer") == told[0])
            yield Reading(taken).rows(None, after & (pc.field("epoch") == told[1]))


def _rows(landing: Landing, table: str, name: SegmentName) -> pa.Table | None:
    """A segment's rows of a table; none of a damaged one, which compaction will set aside."""
    try:
        return landing.read(name, (table,)).get(table)
    except BadSegment:
        return None


def _together(table: str, parts: Iterable[pa.Table | None]) -> pa.Table:
    """All the rows in one piece: scanning hundreds of small ones takes longer than joining them."""
    schema = TABLES[table].schema
    whole = [part.cast(schema) for part in parts if part is not None]
    return pa.concat_tables([schema.empty_table(), *whole]).combine_chunks()
