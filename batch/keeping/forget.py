"""A deletion request: what a camera saw in a time is gone, everywhere, and that is verified."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from batch.compacting.compact import compact
from batch.executor import Executor
from batch.keeping.retention import spans
from batch.keeping.rewrite import Forgotten, rewrite
from batch.keeping.vacuum import vacuum
from batch.rolling.hours import leaf
from lakehouse.city import cameras
from lakehouse.log import datafiles
from lakehouse.log.commits import DELETION
from lakehouse.problem import BadSegment, BadTable, BadTime, UnknownCamera
from lakehouse.store import Lake
from lakehouse.tables import LANDED, TABLES

FROM = (*LANDED, "camera_minutes", "area_hours")
"""The tables that say what a camera saw."""

ROUNDS = 3
"""How often what came in meanwhile is deleted too, before it is said."""


@dataclass(frozen=True)
class Gone:
    """The rows that were deleted, by table or `late`, and the damaged segments that could hold some."""

    rows: dict[str, int]
    segments: int
    seconds: float

    def __str__(self) -> str:
        rows = ", ".join(f"{count:,} {table}" for table, count in self.rows.items() if count)
        damaged = f", and {self.segments} damaged segments" if self.segments else ""
        return f"deleted {rows or 'nothing'}{damaged}, verified in {self.seconds:.1f} s"


def forget(
    lake: Lake, camera_id: str, since: datetime, until: datetime, executor: Executor = Executor.LOCAL
) -> Gone:
    """Delete what a camera saw from `since` until before `until`, an event that falls into it as a whole.

    What landed is compacted first; then the rows are left out of their files and of late segments, old
    versions and all files of killed writers are deleted, and with them every damaged segment, since nobody
    can tell what is in it. Areas keep the hours that were summed up until a rollup computes those days again.

    Raises:
        UnknownCamera: nothing was ever known of it.
        BadTime: the time ends before it begins.
        BadTable: a row is still there; the message says where.
    """
    began = time.monotonic()
    _check(lake, camera_id, since, until)
    rows: Counter[str] = Counter()
    damaged, place, count = 0, "", 0
    for _ in range(ROUNDS):
        compact(lake, executor)
        rows.update({table: _leave_out(lake, table, camera_id, since, until, executor) for table in FROM})
        matter = {table: _matter(lake, table, camera_id, since, until).of(table) for table in LANDED}
        rows["late"] += sum(lake.landing.leave_out_late(name, matter) for name in lake.landing.late())
        damaged += lake.landing.clear_damaged()
        vacuum(lake, keep=timedelta(0), tables=FROM)
        place, count = next(_left(lake, camera_id, since, until), ("", 0))
        if not count:
            return Gone(dict(rows), damaged, time.monotonic() - began)
    rule = f"{count} rows of the camera are still there"
    raise BadTable(place, rule, "they come in faster than they are deleted: stop its stream, run it again")


def _check(lake: Lake, camera_id: str, since: datetime, until: datetime) -> None:
    if until <= since:
        raise BadTime(until.isoformat(), f"it is not after {since.isoformat()}", "give a later --until")
    ever = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    # A deletion that was killed has taken it out of some tables, and must be brought to its end.
    if camera_id not in cameras.read(lake) and not any(_left(lake, camera_id, *ever)):
        raise UnknownCamera(camera_id, "nothing was ever known of it", "see `python -m lakehouse cameras`")


def _matter(lake: Lake, table: str, camera_id: str, since: datetime, until: datetime) -> Forgotten:
    place = leaf(camera_id) if TABLES[table].place == "area_id" else camera_id
    within = Forgotten((place,), since=since, until=until)
    if table != "events":
        return within
    at = (pc.field("at") >= pa.scalar(since)) & (pc.field("started_at") < pa.scalar(until))
    of_camera = pc.field("camera_id") == camera_id
    ids = pc.unique(lake.read("events", columns=["event_id"], where=of_camera & at)["event_id"])
    return Forgotten((place,), since=since, until=until, event_ids=tuple(ids.to_pylist()))


def _leave_out(
    lake: Lake, table: str, camera_id: str, since: datetime, until: datetime, executor: Executor
) -> int:
    without = _matter(lake, table, camera_id, since, until)
    done = [
        rewrite(lake, table, days, executor, DELETION, without=without)
        for days in spans(lake, table, without)
    ]
    return sum(one.forgotten for one in done)


def _left(lake: Lake, camera_id: str, since: datetime, until: datetime) -> Iterator[tuple[str, int]]:
    """What still holds rows of the camera, and how many: files of tables, wanted or not, and segments."""
    for table in FROM:
        matter = _matter(lake, table, camera_id, since, until).of(table)
        for place, rows in _every_piece(lake, table):
            count = rows.filter(matter).num_rows
            if count:
                yield place, count


def _every_piece(lake: Lake, table: str) -> Iterator[tuple[str, pa.Table]]:
    folder, wanted = lake.folder(table), set(TABLES[table].schema.names)
    for entry in folder.walk():
        if datafiles.generation(entry.path) is not None:
            with suppress(FileNotFoundError):  # another vacuum was faster
                held = ds.dataset(entry.path, filesystem=folder.filesystem(), format="parquet")
                yield f"{table}/{entry.path}", held.to_table(columns=[*wanted & set(held.schema.names)])
    for names in lake.landing.segments().values() if table in LANDED else ():
        for name in names:
            try:
                landed = lake.landing.read(name, (table,)).get(table)
            except (BadSegment, FileNotFoundError):
                continue
            if landed is not None:
                yield str(name), landed
