"""The logs of the tables: their checkpoints, their columns, and marks that only rise."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable

from lakehouse.checks.standing import Standing
from lakehouse.log import checkpoints as checkpointing
from lakehouse.log import commits
from lakehouse.places.folder import Folder
from lakehouse.problem import BrokenLake
from lakehouse.tables import LANDED, TABLES, Table

REPAIR = "`python -m lakehouse repair` says what can be done"


def checkpoints(standing: Standing) -> str:
    """Every checkpoint is a table of actions, and each hint names one of them."""
    count = 0
    for name in standing.follow([*TABLES], "checkpoints"):
        log = _log(standing, name)
        for damaged in checkpointing.unreadable(log):
            rule = "it cannot be read, or names nothing that can"
            raise BrokenLake(f"{name}/_delta_log/{damaged}", rule, REPAIR)
        count += len(log.names(".checkpoint.parquet"))
    return f"{count:,} checkpoints of {len(TABLES)} tables"


def contract(standing: Standing) -> str:
    """Every commit says something, and every table opens with the columns and partitions of `tables.py`.

    A commit that a power cut left empty opens as one that changed nothing: its rows are gone without a word.
    """
    for name in TABLES:
        for version in commits.void(_log(standing, name)):
            place = f"{name}/_delta_log/{version:020d}.json"
            raise BrokenLake(place, "it is missing, empty or torn", REPAIR)
    for name, table in TABLES.items():
        _agree(table, standing.tables[name])
    return f"{len(TABLES)} tables"


def _agree(table: Table, snapshot: DeltaTable) -> None:
    remedy = "open the lake with the version that made it"
    found = pa.schema(snapshot.schema().to_arrow())
    for column in dict.fromkeys([*table.schema.names, *found.names]):
        told, there = (_type(schema, column) for schema in (table.schema, found))
        if told != there:
            raise BrokenLake(f"{table.name}.{column}", f"it is {there}, and the contract says {told}", remedy)
    partition = tuple(snapshot.metadata().partition_columns)
    if partition != table.partition:
        rule = f"it is split by {partition}, and the contract says {table.partition}"
        raise BrokenLake(table.name, rule, remedy)


def _type(schema: pa.Schema, column: str) -> pa.DataType | str:
    return schema.field(column).type if column in schema.names else "absent"


def marks(standing: Standing) -> str:
    """From one commit of a landed table to the next, no watermark falls."""
    count = 0
    for name in LANDED:
        log, known = _log(standing, name), dict[str, int]()
        versions = range(standing.tables[name].version() + 1)
        for version in standing.follow(versions, f"log of {name}"):
            # What was cleaned away lies before the oldest one that is there.
            for app, mark in _moved(commits.read_commit(log, version) or []):
                if mark < known.get(app, -1):
                    rule = f"it lets the mark of {app} fall from {known[app]} to {mark}"
                    place = f"{name}/_delta_log/{version:020d}.json"
                    raise BrokenLake(place, rule, "restore the table from a copy")
                known[app] = mark
        count += len(versions)
    return f"{count:,} commits of {len(LANDED)} tables"


def _moved(actions: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, int]]:
    """The app transactions of a commit."""
    for transaction in (action["txn"] for action in actions if "txn" in action):
        yield transaction["appId"], transaction["version"]


def _log(standing: Standing, name: str) -> Folder:
    return standing.lake.folder(name) / "_delta_log"
