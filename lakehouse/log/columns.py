"""The columns of a table: made with it, and added to it later."""

import json
from collections.abc import Sequence

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import CommitFailedError

from lakehouse.log import commits
from lakehouse.log.commits import UPGRADE, StaleSnapshotError
from lakehouse.log.datafiles import DataFile, greatest, least
from lakehouse.log.listing import Listed, listed
from lakehouse.places.folder import Folder


def create(place: Folder, schema: pa.Schema, partition: Sequence[str]) -> None:
    """Make an empty table, durable on return; one that is there stays as it is."""
    log = place / "_delta_log"
    if not log.names(".json"):
        place.make()
        DeltaTable.create(place.uri, schema, mode="ignore", partition_by=[*partition])
    log.sync(*log.names(".json"))
    place.sync()


def missing(snapshot: DeltaTable, wanted: pa.Schema) -> pa.Schema:
    """Those of some columns that a table does not have."""
    there = {field.name for field in snapshot.schema().fields}
    return pa.schema([field for field in wanted if field.name not in there])


def add(snapshot: DeltaTable, new: pa.Schema) -> int:
    """Add columns, which every row that is there has as NULL, durable on return; the table's version then.

    Nothing that was planned from a snapshot before it can be committed any more.

    Raises:
        StaleSnapshotError: somebody else committed meanwhile; nothing changed.
    """
    try:
        snapshot.alter.add_columns(
            Schema.from_arrow(new).fields,
            commit_properties=CommitProperties(
                app_transactions=[Transaction(*mark) for mark in commits.rewriting(snapshot).items()],
                custom_metadata=commits.because(UPGRADE),
            ),
            post_commithook_properties=commits.NO_HOOKS,
        )
    except CommitFailedError as error:
        raise StaleSnapshotError(str(error)) from error
    return commits.settled(snapshot)


def silent(snapshot: DeltaTable, columns: Sequence[str]) -> list[Listed]:
    """The data files of which the log does not say how many NULLs some columns hold: they lack these."""
    return [one for one in listed(snapshot) if any(one.nulls.get(name) is None for name in columns)]


def tell(snapshot: DeltaTable, files: Sequence[Listed], columns: Sequence[str]) -> int:
    """Say in the log that files hold nothing but NULL in columns that they lack.

    A reader takes a column of which nothing is said for one that no filter can match, and would skip the
    file where NULL is asked for.

    Raises:
        StaleSnapshotError: another rewrite came in between; nothing changed.
    """
    told = [DataFile(one.file.path, one.file.size, one.file.partition, _stats(one, columns)) for one in files]
    about = commits.because(UPGRADE)
    return commits.commit(snapshot, told, commits.rewriting(snapshot), about=about, same=True)


def _stats(one: Listed, columns: Sequence[str]) -> str:
    """What the log said of a file, and that columns are NULL throughout."""
    nulls = {name: count for name, count in one.nulls.items() if count is not None}
    bounds = {
        name: {column: bound(value) for column, value in values.items() if value is not None}
        for name, bound, values in (
            ("minValues", least, one.least),
            ("maxValues", greatest, one.greatest),
        )
    }
    return json.dumps(
        {"numRecords": one.rows, **bounds, "nullCount": dict.fromkeys(columns, one.rows) | nulls}
    )
