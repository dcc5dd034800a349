"""The fenced commit: the one way in which a table changes."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Transaction
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction, RemoveAction

from lakehouse.clock import milliseconds, now
from lakehouse.log import checkpoints
from lakehouse.log.datafiles import DataFile
from lakehouse.milestones import reach
from lakehouse.places.folder import Folder
from lakehouse.places.places import folder_at
from lakehouse.problem import BadLake
from lakehouse.tables import TABLES

REWRITE = "rewrite"
"""The app id that all rewriters of a table share, so that of two at once one is refused."""

VACUUM = "vacuum"
"""The app id under which a table keeps how often it was vacuumed: its generation."""

RECLUSTER, RETENTION, DELETION = "recluster", "retention", "deletion"
"""Why a commit took files out: the same rows in better order, too old, or asked to be forgotten."""

UPGRADE = "upgrade"
"""Why a commit changed columns, or what the log says of files; the rows are the same."""

NO_HOOKS = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)
"""Checkpoints are a step of their own, and the log is trimmed by a vacuum."""

_ABOUT = "matakota"
"""The key in a commit's metadata under which it says why."""

_SAME_TO_ROLLUP = {RECLUSTER, RETENTION, UPGRADE}

_COMMIT = re.compile(r"(?P<version>\d{20})\.json")

_CLOCKS_DIFFER_MS = 86_400_000
"""Commits are in order, and the clocks of those who made them may be so far apart."""


class StaleSnapshotError(Exception):
    """Somebody else moved one of the marks since the snapshot was taken. Plan again from a new one."""


def commit(
    snapshot: DeltaTable,
    added: Iterable[DataFile],
    marks: Mapping[str, int],
    *,
    removed: Iterable[DataFile] = (),
    about: Mapping[str, str] = MappingProxyType({}),
    same: bool = False,
) -> int:
    """Take files in and out of a table and move its marks, all or nothing, durable on return.

    What is committed must have been planned from `snapshot`, marks included: Delta guards app
    transactions only between the snapshot and the commit on that same object.

    Args:
        snapshot: what it was planned from.
        added: files that lie in the table's folder.
        marks: app transactions, by id.
        removed: files of the snapshot.
        about: what the commit says of itself in the log, such as `because(RECLUSTER)`.
        same: whether the files are in the table already, and only something is said of them.

    Returns:
        The table's version that has the commit.

    Raises:
        StaleSnapshotError: a mark was moved by another commit; nothing changed.
        BadLake: the table has columns of a newer version, which this one would leave out of its rows.
    """
    name = folder_at(snapshot.table_uri).name
    _know_columns(snapshot, name)
    removed_at = milliseconds(now())
    actions: list[AddAction | RemoveAction] = [
        *(RemoveAction(file.path, True, removed_at, file.size, dict(file.partition)) for file in removed),
        *(file.add_action(changes=not same) for file in added),
    ]
    try:
        snapshot.create_write_transaction(
            actions,
            "append",
            snapshot.schema(),
            list(TABLES[name].partition),
            commit_properties=CommitProperties(
                app_transactions=[Transaction(app_id, version) for app_id, version in marks.items()],
                custom_metadata=dict(about),
            ),
            post_commithook_properties=NO_HOOKS,
        )
    except CommitFailedError as error:
        raise StaleSnapshotError(f"{name} at version {snapshot.version()}: {error}") from error
    return settled(snapshot)


def settled(snapshot: DeltaTable) -> int:
    """Make durable what was just committed on a snapshot; the table's version that has it."""
    name, log = folder_at(snapshot.table_uri).name, log_folder(snapshot)
    reach(f"commit: {name} written")
    # Nobody syncs a commit that a checkpoint stands for, so it may hold none that comes after this sync.
    reached = DeltaTable(snapshot.table_uri)
    make_durable(log)
    reach(f"commit: {name} durable")
    checkpoints.write_if_due(reached, log)
    return reached.version()


def _know_columns(snapshot: DeltaTable, name: str) -> None:
    for field in snapshot.schema().fields:
        if field.name not in TABLES[name].schema.names:
            rule = "the lake was brought to a newer format while this version ran"
            raise BadLake(f"{name}.{field.name}", rule, "stop it, and go on with the newer version")


def because(reason: str, **figures: object) -> dict[str, str]:
    """What a commit says of itself: why it was made, and figures to check it by."""
    return {_ABOUT: reason, **{f"{_ABOUT}.{name}": str(figure) for name, figure in figures.items()}}


def told(actions: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """What a commit says of itself: under '' why it was made, and its figures by name."""
    info: Mapping[str, Any] = next((one["commitInfo"] for one in actions if "commitInfo" in one), {})
    return {
        name.removeprefix(_ABOUT).removeprefix("."): info[name] for name in info if name.startswith(_ABOUT)
    }


def rewriting(snapshot: DeltaTable) -> dict[str, int]:
    """The mark that a rewrite moves: of two that were planned from one snapshot, one is refused."""
    return {REWRITE: (snapshot.transaction_version(REWRITE) or 0) + 1}


def generation(snapshot: DeltaTable) -> int:
    """How often a table had been vacuumed; part of the names of the files that are made from a snapshot."""
    return snapshot.transaction_version(VACUUM) or 0


def touched_days(table: DeltaTable, since: int) -> set[date] | None:
    """The days of which a table's rows changed after a version, up to the version of `table`.

    A recluster changes no row, and what was forgotten for its age stays in the aggregates, so neither
    counts. None where the log does not reach back so far: then any day may have changed.
    """
    log, days = log_folder(table), set()
    for version in range(since + 1, table.version() + 1):
        actions = read_commit(log, version)
        if actions is None:
            return None
        if told(actions).get("") not in _SAME_TO_ROLLUP:
            files = [action[kind] for action in actions for kind in ("add", "remove") if kind in action]
            days |= {date.fromisoformat(file["partitionValues"]["day"]) for file in files}
    return days


def removed_since(table: DeltaTable, after: datetime) -> set[str]:
    """The files that commits took out of a table after a time, as far back as the log reaches."""
    log, paths = log_folder(table), set()
    after_ms = after.timestamp() * 1000
    for version in range(table.version(), -1, -1):
        actions = read_commit(log, version)
        if actions is None or _committed_ms(actions) < after_ms - _CLOCKS_DIFFER_MS:
            break
        removed = (action["remove"] for action in actions if "remove" in action)
        paths |= {unquote(file["path"]) for file in removed if file["deletionTimestamp"] >= after_ms}
    return paths


def _committed_ms(actions: Iterable[Mapping[str, Any]]) -> float:
    return next((one["commitInfo"]["timestamp"] for one in actions if "commitInfo" in one), float("inf"))


def read_commit(log: Folder, version: int) -> list[dict[str, Any]] | None:
    """The actions of a commit; None where it is no longer in the log."""
    try:
        return [json.loads(line) for line in log.read(f"{version:020d}.json").splitlines() if line.strip()]
    except FileNotFoundError:
        return None


def void(log: Folder) -> list[int]:
    """The versions after the last whole checkpoint of which the log says nothing: missing, empty or torn."""
    there = [int(match["version"]) for match in map(_COMMIT.fullmatch, log.names(".json")) if match]
    first = checkpoints.last_whole(log) + 1
    return [version for version in range(first, max(there, default=-1) + 1) if not _is_told(log, version)]


def _is_told(log: Folder, version: int) -> bool:
    try:
        return bool(read_commit(log, version))
    except ValueError:
        return False


def log_folder(snapshot: DeltaTable) -> Folder:
    """Where a table's commits lie."""
    return folder_at(snapshot.table_uri) / "_delta_log"


def make_durable(log: Folder) -> None:
    """Sync the commits since the last checkpoint, those of others too.

    delta-rs never syncs, a process may be killed between its commit and its sync, and whoever reads a
    commit relies on it.
    """
    after = f"{checkpoints.last(log):020d}.json"
    log.sync(*(name for name in log.names(".json") if name > after))
