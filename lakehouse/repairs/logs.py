"""Logs that cannot be read: a checkpoint is set aside, and a commit of which nothing is left is filled in."""

import json
from collections.abc import Iterator
from functools import partial
from tempfile import TemporaryDirectory

from deltalake import DeltaTable

from lakehouse.clock import milliseconds
from lakehouse.log import checkpoints, commits
from lakehouse.places.places import folder_at
from lakehouse.repairs.mending import REPAIR, Mend, some
from lakehouse.store import Lake
from lakehouse.tables import TABLES


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
                remedy = "puts a commit in its place that says that it is void, so that the table opens"
                loses = f"what that commit said of {name}: restore it from a copy first, if there is one"
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


def _void(lake: Lake) -> bytes:
    told = {"timestamp": milliseconds(lake.now()), "operation": "WRITE", **commits.because(REPAIR, void=True)}
    return json.dumps({"commitInfo": told}).encode()


def _first(name: str) -> bytes:
    """What the first commit of a table says, as a lake that is made now has it."""
    table = TABLES[name]
    with TemporaryDirectory() as folder:
        DeltaTable.create(folder, table.schema, partition_by=[*table.partition])
        return (folder_at(folder) / "_delta_log").read(f"{0:020d}.json")
