"""Logs that cannot be read: a checkpoint is set aside, and a commit of which nothing is left is filled in."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import DeltaTable

from lakehouse.clock import milliseconds
from lakehouse.landing.segments import STAMP, app_id
from lakehouse.log import checkpoints, commits, datafiles
from lakehouse.log.listing import listed
from lakehouse.log.reading import watermark
from lakehouse.places.places import folder_at
from lakehouse.repairs.keys import LAST
from lakehouse.repairs.mending import REPAIR, Mend, some
from lakehouse.store import Lake
from lakehouse.tables import TABLES

_EVER = datetime(1970, 1, 1, tzinfo=UTC)


def damaged_checkpoints(lake: Lake) -> Iterator[Mend]:
    """Checkpoints and hints that cannot be read: the log is replayed without them."""
    for name in TABLES:
        log = lake.folder(name) / "_delta_log"
        found = checkpoints.unreadable(log)
        if found:
            what = f"{name}/_delta_log: {some(found)} cannot be read"
            yield Mend(what, "sets that aside; the log is replayed", partial(checkpoints.set_aside, log))


def void_commits(lake: Lake) -> Iterator[Mend]:
    """Commits after the last checkpoint that are missing, empty or torn."""
    for name in TABLES:
        log = lake.folder(name) / "_delta_log"
        for version in commits.void(log):
            what = f"{name}/_delta_log/{version:020d}.json: it is missing, empty or torn"
            if version:
                remedy = (
                    "says in its place that it is void, and takes in the rows of files that no commit names"
                )
                loses = (
                    f"what else it said of {name}, such as marks and deletions: use a copy, if there is one"
                )
                yield Mend(what, remedy, partial(_fill, lake, name, version, _void(lake)), loses)
            else:
                remedy = "writes the table's first commit anew, which says its columns"
                yield Mend(what, remedy, partial(_fill, lake, name, version, _first(name)))


def _fill(lake: Lake, name: str, version: int, data: bytes) -> None:
    """Put a commit in the place of one that says nothing; what is left of that one is set aside."""
    log, file = lake.folder(name) / "_delta_log", f"{version:020d}.json"
    if version not in commits.void(log):
        return
    if log.has(file):
        log.move(file, log / "damaged")
    log.create(file, data)
    if not commits.void(log):
        _bring_back(lake, name)


def _bring_back(lake: Lake, name: str) -> None:
    """Take in the rows of files that no commit names, as far as their keys are not there.

    A killed writer's are among them, which were never acknowledged: they are whole all the same. Of a landed
    table only what lies at or below its marks was taken in.
    """
    snapshot, folder = lake.table(name), lake.folder(name)
    named = {one.file.path for one in listed(snapshot)} | commits.removed_since(snapshot, _EVER)
    for entry in [*folder.walk()]:
        if name in LAST or entry.path in named or datafiles.generation(entry.path) is None:
            continue
        day = ds.partitioning(pa.schema([("day", pa.date32())]), flavor="hive")
        files = ds.dataset(
            [entry.path],
            TABLES[name].schema,
            filesystem=folder.filesystem(),
            format="parquet",
            partitioning=day,
        )
        rows = files.to_table()
        if TABLES[name].landed:
            rows = rows.filter(pa.array(_taken(snapshot, rows), pa.bool_()))
        lake.append(name, rows)


def _taken(snapshot: DeltaTable, rows: pa.Table) -> list[bool]:
    """Which rows are of batches that a table says it has."""
    stamps = zip(*(rows[column].to_pylist() for column in STAMP), strict=True)
    return [seq <= watermark(snapshot, app_id(producer, epoch)) for producer, epoch, seq in stamps]


def _void(lake: Lake) -> bytes:
    told = {"timestamp": milliseconds(lake.now()), "operation": "WRITE", **commits.because(REPAIR, void=True)}
    return json.dumps({"commitInfo": told}).encode()


def _first(name: str) -> bytes:
    """What the first commit of a table says, as a lake that is made now has it."""
    table = TABLES[name]
    with TemporaryDirectory() as folder:
        DeltaTable.create(folder, table.schema, partition_by=[*table.partition])
        return (folder_at(folder) / "_delta_log").read(f"{0:020d}.json")
