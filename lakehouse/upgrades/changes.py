"""What a step of an upgrade may change: columns that a table gets, and tables that come new."""

from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from lakehouse.log import columns
from lakehouse.log.commits import StaleSnapshotError
from lakehouse.store import Lake


class Change(Protocol):
    """One change of a lake; its text says what it is, and what becomes of what is there."""

    def carry_out(self, lake: Lake) -> None:
        """Make what is not made yet, durable on return."""
        ...


@dataclass(frozen=True)
class AddColumns:
    """Columns that a table gets: NULL in every row that is there, whose files stay as they are."""

    table: str
    columns: pa.Schema

    def __str__(self) -> str:
        names = ", ".join(f"{column.name} ({column.type})" for column in self.columns)
        return f"{self.table} gets {names}: NULL in every row that is there, and its files stay as they are"

    def carry_out(self, lake: Lake) -> None:
        """Add those that are missing, and tell of every file that it has none of them."""
        self._add(lake)
        self._tell(lake)

    def _add(self, lake: Lake) -> None:
        while len(missing := columns.missing(snapshot := lake.table(self.table), self.columns)):
            try:
                columns.add(snapshot, missing)
            except StaleSnapshotError:
                continue

    def _tell(self, lake: Lake) -> None:
        plain = [column.name for column in self.columns if not pa.types.is_nested(column.type)]
        while files := columns.silent(snapshot := lake.table(self.table), plain):
            try:
                columns.tell(snapshot, files, plain)
            except StaleSnapshotError:
                continue


@dataclass(frozen=True)
class AddTable:
    """A table that comes new, empty."""

    name: str
    schema: pa.Schema
    partition: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} comes new, empty, with {', '.join(self.schema.names)}"

    def carry_out(self, lake: Lake) -> None:
        """Make it where it is not there."""
        columns.create(lake.folder(self.name), self.schema, self.partition)
