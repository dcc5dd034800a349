"""The fenced commit: the one way in which a table changes."""

import time
from collections.abc import Iterable, Mapping

from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Transaction
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction, RemoveAction

from lakehouse import checkpoints
from lakehouse.datafiles import DataFile
from lakehouse.folder import Folder
from lakehouse.places import folder_at
from lakehouse.tables import TABLES

REWRITE = "rewrite"
"""The app id that all rewriters of a table share, so that of two at once one is refused."""


class StaleSnapshotError(Exception):
    """Somebody else moved one of the marks since the snapshot was taken. Plan again from a new one."""


def commit(
    snapshot: DeltaTable,
    added: Iterable[DataFile],
    marks: Mapping[str, int],
    *,
    removed: Iterable[DataFile] = (),
) -> int:
    """Take files in and out of a table and move its marks, all or nothing, durable on return.

    What is committed must have been planned from `snapshot`, marks included: Delta guards app
    transactions only between the snapshot and the commit on that same object.

    Returns:
        The table's version that has the commit.

    Raises:
        StaleSnapshotError: a mark was moved by another commit; nothing changed.
    """
    name = folder_at(snapshot.table_uri).name
    now = int(time.time() * 1000)
    actions: list[AddAction | RemoveAction] = [
        *(RemoveAction(file.path, True, now, file.size, dict(file.partition)) for file in removed),
        *(file.add_action() for file in added),
    ]
    try:
        snapshot.create_write_transaction(
            actions,
            "append",
            snapshot.schema(),
            list(TABLES[name].partition),
            commit_properties=CommitProperties(
                app_transactions=[Transaction(app_id, version) for app_id, version in marks.items()]
            ),
            post_commithook_properties=PostCommitHookProperties(
                create_checkpoint=False, cleanup_expired_logs=False
            ),
        )
    except CommitFailedError as error:
        raise StaleSnapshotError(f"{name} at version {snapshot.version()}: {error}") from error
    log = log_folder(snapshot)
    make_durable(log)
    checkpoints.write_if_due(snapshot.table_uri, log)
    return DeltaTable(snapshot.table_uri).version()


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
