"""Checkpoints of a table's log: written as a step of their own, and set aside when damaged."""

import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable

from lakehouse.folder import Folder

EVERY = 100
"""Versions between two checkpoints."""

_HINT = "_last_checkpoint"
_CHECKPOINT = re.compile(r"(?P<version>\d{20})\.checkpoint\.parquet")


def write_if_due(table_uri: str, log: Folder) -> None:
    """Write a checkpoint when the last one lies EVERY versions back."""
    table = DeltaTable(table_uri)
    if table.version() - last(log) >= EVERY:
        write(table, log)


def last(log: Folder) -> int:
    """The version of the last checkpoint; -1 where there is none."""
    return max(_versions(log), default=-1)


def write(table: DeltaTable, log: Folder) -> None:
    """Write a checkpoint of a table at its version: the file durable first, then the hint that names it."""
    table.create_checkpoint()
    log.sync(_name(table.version()))
    log.create(_HINT, log.read(_HINT))


def heal(log: Folder) -> list[str]:
    """Set damaged checkpoints aside, so that the log is replayed instead; return their names.

    A power cut can leave a checkpoint empty or torn, and then the table does not open. The commits
    themselves are never deleted before a checkpoint was read back.
    """
    damaged = []
    for version in sorted(_versions(log), reverse=True):
        if _is_whole(log, _name(version)):
            break
        damaged.append(_name(version))
    if damaged or not _hint_is_good(log):
        for name in (*damaged, _HINT):
            log.move(name, log / "damaged")
    return damaged


def _versions(log: Folder) -> list[int]:
    matches = (_CHECKPOINT.fullmatch(name) for name in log.names(".parquet"))
    return [int(match["version"]) for match in matches if match]


def _name(version: int) -> str:
    return f"{version:020d}.checkpoint.parquet"


def _is_whole(log: Folder, name: str) -> bool:
    try:
        return bool(pq.read_table(pa.BufferReader(log.read(name))).num_rows)
    except (pa.ArrowException, OSError):
        return False


def _hint_is_good(log: Folder) -> bool:
    if not log.has(_HINT):
        return True
    try:
        return int(json.loads(log.read(_HINT))["version"]) in _versions(log)
    except (ValueError, KeyError, TypeError):
        return False
