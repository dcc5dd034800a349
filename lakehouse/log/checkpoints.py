"""Checkpoints of a table's log: written as a step of their own, and set aside when damaged."""

import json
import re
from datetime import datetime
from itertools import takewhile

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable

from lakehouse.milestones import reach
from lakehouse.places.folder import Folder

EVERY = 100
"""Versions between two checkpoints."""

_HINT = "_last_checkpoint"
_VERSIONED = re.compile(r"\d{20}\.(json|checkpoint\.parquet)$")
_CHECKPOINT = re.compile(r"(?P<version>\d{20})\.checkpoint\.parquet")


def write_if_due(table: DeltaTable, log: Folder) -> None:
    """Write a checkpoint of a table whose commits are durable when the last one lies EVERY versions back."""
    if table.version() - last(log) >= EVERY:
        write(table, log)


def last(log: Folder) -> int:
    """The version of the last checkpoint; -1 where there is none."""
    return max(_versions(log), default=-1)


def write(table: DeltaTable, log: Folder) -> None:
    """Write a checkpoint of a table at its version: the file durable first, then the hint that names it."""
    reach("checkpoint: due")
    table.create_checkpoint()
    reach("checkpoint: written")
    log.sync(_name(table.version()))
    reach("checkpoint: durable")
    log.sync(_HINT)


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


def set_aside(log: Folder) -> None:
    """Set every checkpoint aside that cannot be read, older ones too, and the hint with them."""
    for name in unreadable(log):
        log.move(name, log / "damaged")
    if not _hint_is_good(log):
        log.move(_HINT, log / "damaged")


def last_whole(log: Folder) -> int:
    """The version of the last checkpoint that can be read; -1 where there is none."""
    return next((one for one in sorted(_versions(log), reverse=True) if _is_whole(log, _name(one))), -1)


def trim(log: Folder, before: datetime) -> int:
    """Delete the oldest commits and checkpoints, those last written before a time; return how many.

    What comes after the last but one checkpoint stays, whatever its age, so that the log can be replayed
    should the last one be damaged; and that one is read first, since without it nothing older is to go.
    """
    whole = [version for version in sorted(_versions(log)) if _is_whole(log, _name(version))]
    if len(whole) < 2:  # noqa: PLR2004 - the last, and the last but one
        return 0
    aged = {entry.path: entry.changed for entry in log.walk()}
    names = [name for name in log.names() if _VERSIONED.match(name) and int(name[:20]) < whole[-2]]
    # Whoever wrote the checkpoints may have been killed before they were durable.
    log.sync(*map(_name, whole[-2:]))
    # From the oldest on: the log must never have a gap.
    old = [*takewhile(lambda name: aged[name] < before, names)]
    for name in old:
        log.remove(name)
    log.sync()
    return len(old)


def unreadable(log: Folder) -> list[str]:
    """The names of all checkpoints that cannot be read, and of a hint that names none."""
    hint = [] if _hint_is_good(log) else [_HINT]
    return hint + [name for name in map(_name, _versions(log)) if not _is_whole(log, name)]


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
    try:
        return int(json.loads(log.read(_HINT))["version"]) in _versions(log)
    except FileNotFoundError:
        return True
    except (ValueError, KeyError, TypeError):
        return False
