"""The lake: every table and the landing folder under one root; read it, append to it, rewrite days of it."""

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from lakehouse import clock
from lakehouse.clock import Now, city_day
from lakehouse.fitting import fit
from lakehouse.landing.landing import Landing
from lakehouse.log import checkpoints, columns, commits, datafiles, keys
from lakehouse.log.commits import StaleSnapshotError
from lakehouse.log.listing import listed
from lakehouse.log.reading import Reading, Tail, fresh_reading, tail, watermark
from lakehouse.milestones import reach
from lakehouse.places.card import CARD, FORMAT, Card
from lakehouse.places.folder import Folder
from lakehouse.places.places import folder_at
from lakehouse.problem import BadLake, BadTable, BrokenLake, UnknownVersion
from lakehouse.runs import Runs
from lakehouse.tables import TABLES
from lakehouse.witness import SHARING_COLUMNS

log = logging.getLogger(__name__)

_TABLES_RESERVE_SHARE = 0.5
"""Compaction frees the disk, so it may still write where landing is refused."""


class Lake:
    """What the city knows, under one folder or prefix.

    `landing` is where producers land what they saw; `now` tells what time it is.
    """

    def __init__(self, root: str, now: Now = clock.now) -> None:
        self.root = root
        self.now = now
        self._folder = folder_at(root)
        self.landing = Landing(self._folder / "landing", now)

    @classmethod
    def create(cls, root: str | Path, now: Now = clock.now) -> "Lake":
        """Make a lake with every table empty, or open the one that is there; `now` is its clock.

        Raises:
            BadLake: the folder holds something else, or a lake of another format.
        """
        folder = folder_at(root)
        if folder.has(CARD):
            Card.read(folder).must_be_present(folder)
        else:
            _refuse_foreign(folder)
        for table in TABLES.values():
            columns.create(folder / table.name, table.schema, table.partition)
        (folder / "landing").make()
        if not folder.has(CARD):
            Card(FORMAT).write(folder)
        return cls.open(root, now)

    @classmethod
    def open(cls, root: str | Path, now: Now = clock.now) -> "Lake":
        """Open a lake, and set aside what a power cut damaged of its checkpoints; `now` is its clock.

        Raises:
            BadLake: there is no lake, or one of another format.
        """
        lake = cls.as_is(root, now)
        for name in TABLES:
            checkpoints.heal(lake.folder(name) / "_delta_log")
        return lake

    @classmethod
    def as_is(cls, root: str | Path, now: Now = clock.now) -> "Lake":
        """A lake as it lies there: nothing is healed; `now` is its clock.

        Raises:
            BadLake: there is no lake, or one of another format.
        """
        lake = cls(folder_at(root).uri, now)
        lake.check_format()
        return lake

    def check_format(self) -> None:
        """Find out whether the lake still is of the format that this version reads and writes.

        Raises:
            BadLake: there is no lake, or one of another format.
        """
        Card.read(self._folder).must_be_present(self._folder)

    def folder(self, name: str) -> Folder:
        """Where a table's data files lie."""
        return folder_at((self._folder / name).uri, reserve_share=_TABLES_RESERVE_SHARE)

    def table(self, name: str, version: int | None = None) -> DeltaTable:
        """A new snapshot of a table; commit what was planned from it on this same object.

        Raises:
            UnknownVersion: the table never had this version, or its log no longer reaches back so far.
        """
        try:
            return DeltaTable((self._folder / name).uri, version=version)
        except DeltaError as error:
            if version is None:
                raise
            raise _unknown(name, version) from error

    def version(self, name: str) -> int:
        """A table's newest version."""
        return self.table(name).version()

    def read(
        self,
        name: str,
        *,
        columns: Sequence[str] | None = None,
        where: pc.Expression | None = None,
        fresh: bool = False,
        version: int | None = None,
    ) -> pa.Table:
        """Rows of a table; files that cannot hold any such row are skipped.

        Args:
            name: the table.
            columns: those wanted; all by default.
            where: which rows, such as `pc.field("kind") == "traffic.flow"`.
            fresh: with what was acknowledged and is not yet compacted, each row exactly once.
            version: as the table stood then; not together with `fresh`.

        Raises:
            UnknownVersion: the table never had this version, or it was vacuumed.
            BrokenLake: a file of the newest version is missing.
        """
        while True:
            reading = self.reading(name) if fresh else Reading(self.table(name, version))
            try:
                return reading.rows(columns, where)
            except FileNotFoundError as error:
                # A vacuum took the files of a version that was not to be wanted: a newer one has others.
                if version is not None:
                    raise _unknown(name, version) from error
                if reading.snapshot.version() == self.version(name):
                    raise _missing(name, error) from error

    def reading(self, name: str) -> Reading:
        """A table as it stands at this moment, landing included, to be asked more than once."""
        return fresh_reading(name, lambda: self.table(name), self.landing)

    def append(
        self,
        name: str,
        rows: pa.Table,
        *,
        once: tuple[str, int] | None = None,
        on: DeltaTable | None = None,
    ) -> int | None:
        """Add rows to a table in one commit, durable on return; no key is ever there twice.

        Which rows are new is decided on the snapshot that they are committed on, and all appends and
        rewrites of a table refuse one another. Rows whose key is there are left out and that is logged; what
        is claimed as a whole (see `Table.claim`) is left out as a whole.

        Args:
            name: the table.
            rows: in the columns of the table, each with a key of its own.
            once: an app id and a version; nothing happens where that or a later one was committed.
            on: the snapshot that the rows were made from; by default a new one.

        Returns:
            The table's version that has them; None where nothing was new.

        Raises:
            BadTable: the rows do not fit; nothing was written.
            DiskFull: the disk's reserve would be touched; nothing was committed.
            StaleSnapshotError: `on` was given, and another writer came in between; nothing changed.
        """
        rows, marks = fit(name, rows), dict([once] if once else [])
        keys.must_differ(name, rows)
        while True:
            snapshot = on or self.table(name)
            if once and watermark(snapshot, once[0]) >= once[1]:
                return None
            try:
                return self._add(snapshot, name, rows, marks)
            except StaleSnapshotError:
                if on:
                    raise

    def _add(self, snapshot: DeltaTable, name: str, rows: pa.Table, marks: Mapping[str, int]) -> int | None:
        try:
            new = keys.unclaimed(snapshot, rows)
        except FileNotFoundError as error:
            if snapshot.version() == self.version(name):
                raise _missing(name, error) from error
            raise StaleSnapshotError(f"{name} at version {snapshot.version()}: {error}") from error
        reach("append: planned")
        if new.num_rows < rows.num_rows:
            log.warning("%s: left out %d rows that are there already", name, rows.num_rows - new.num_rows)
        if not (new.num_rows or marks):
            return None
        files = datafiles.write(self.folder(name), TABLES[name], new, commits.generation(snapshot))
        return commits.commit(snapshot, files, {**marks, **commits.rewriting(snapshot)})

    def replace(
        self,
        name: str,
        rows: pa.Table,
        *,
        days: Collection[date] | None = None,
        marks: Mapping[str, int] | None = None,
        on: DeltaTable | None = None,
    ) -> int | None:
        """Make the rows of some days (None: of the whole table) these rows, in one commit.

        Args:
            name: the table.
            rows: all of them lie in `days`.
            days: city dates, of a table whose files are of a day or a month.
            marks: app transactions that move in the same commit.
            on: the snapshot that the rows were made from; by default a new one.

        Returns:
            The table's version that has them; None, and no new version, where nothing changed.

        Raises:
            StaleSnapshotError: `on` was given, and another rewrite came in between; nothing changed.
            BadTable: the rows do not fit, or one lies outside of the days; nothing was written.
        """
        rows = fit(name, rows)
        keys.must_differ(name, rows)
        _must_lie_in(name, rows, days)
        while True:
            snapshot = on or self.table(name)
            try:
                return self._rewrite(snapshot, name, rows, days, marks or {})
            except StaleSnapshotError:
                if on:
                    raise

    def _rewrite(
        self,
        snapshot: DeltaTable,
        name: str,
        rows: pa.Table,
        days: Collection[date] | None,
        marks: Mapping[str, int],
    ) -> int | None:
        before = {one.file.path: one.file for one in listed(snapshot, days)}
        if TABLES[name].monthly and days is not None:
            rows = pa.concat_tables([rows, self._spared(name, list(before), days)])
        after = datafiles.write(self.folder(name), TABLES[name], rows, commits.generation(snapshot), before)
        added = [file for file in after if file.path not in before]
        kept = {file.path for file in after}
        removed = [file for path, file in before.items() if path not in kept]
        moved = {mark: at for mark, at in marks.items() if snapshot.transaction_version(mark) != at}
        if not (added or removed or moved):
            return None
        return commits.commit(snapshot, added, {**moved, **commits.rewriting(snapshot)}, removed=removed)

    def _spared(self, name: str, paths: Sequence[str], days: Collection[date]) -> pa.Table:
        """The rows of a monthly table's files that a rewrite of `days` leaves as they are."""
        files = self.folder(name).filesystem()
        other = ~pc.field("day").isin(pa.array(days, pa.date32()))
        spared = ds.dataset([*paths], schema=TABLES[name].schema, filesystem=files, format="parquet")
        return spared.to_table(filter=other)

    def events(
        self, *, where: pc.Expression | None = None, run: str | None = None, fresh: bool = True
    ) -> pa.Table:
        """The last revision of every event for which `where` holds then; by default of the published runs."""
        of_run = Runs.of(self.read("runs")).published if run is None else pc.field("run") == run
        reading = self.reading("events") if fresh else Reading(self.table("events"))
        return reading.last_revisions(where, of_run, partial(self._looked, fresh=fresh))

    def _looked(self, cameras: Collection[str], since: datetime, until: datetime, *, fresh: bool) -> pa.Table:
        """Who looked at some cameras from an instant until another one."""
        days = (pc.field("day") >= city_day(since)) & (pc.field("day") <= city_day(until))
        at = (pc.field("at") >= pa.scalar(since)) & (pc.field("at") < pa.scalar(until))
        of_cameras = pc.field("camera_id").isin(pa.array(sorted(cameras), pa.string()))
        return self.read("looks", columns=SHARING_COLUMNS, where=days & at & of_cameras, fresh=fresh)

    def tail(self, since: Mapping[str, int] | None = None, table: str = "events") -> Tail:
        """What was acknowledged after a position, from landing or, once compacted, from the table.

        Without a position there are no rows, only the position of now.
        """
        return tail(table, lambda: self.table(table), self.landing, since)


def _missing(table: str, error: FileNotFoundError) -> BrokenLake:
    rule = f"a data file of its newest version is missing: {error}"
    return BrokenLake(table, rule, "restore it, and run `python -m lakehouse check`")


def _unknown(table: str, version: int) -> UnknownVersion:
    rule = f"{table} never had it, or it is older than what is kept"
    return UnknownVersion(version, rule, "ask for a later version, or without one for the newest")


def _must_lie_in(name: str, rows: pa.Table, days: Collection[date] | None) -> None:
    """A row of another day would stand beside the one that is there."""
    if days is None:
        return
    outside = set(pc.unique(rows["day"]).to_pylist()) - set(days)
    if outside:
        raise BadTable(name, f"a row is of {min(outside)}, which is not replaced", "name its day too")


def _refuse_foreign(folder: Folder) -> None:
    """A half-made lake holds nothing but its tables; anything else is somebody's."""
    foreign = [name for name in folder.names() if name not in {*TABLES, "landing"}]
    if foreign:
        rule = f"it holds {foreign[0]!r} and no lake.json, so it is no lake"
        raise BadLake(folder.uri, rule, "name an empty folder, or one that is a lake")
    folder.make()
