"""What a snapshot's log says of its data files, without opening one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable

from lakehouse.log.datafiles import DataFile


@dataclass(frozen=True)
class Listed:
    """A data file with its rows, and by column the least and greatest value in it and how many are NULL."""

    file: DataFile
    rows: int
    least: Mapping[str, Any]
    greatest: Mapping[str, Any]
    nulls: Mapping[str, Any]

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last local date in the file; of a table without days an error."""
        partition = self.file.partition.get("day")
        if partition:
            return (date.fromisoformat(partition),) * 2
        return self.least["day"], self.greatest["day"]


def listed(snapshot: DeltaTable, days: Collection[date] | None = None) -> list[Listed]:
    """The data files that may hold rows of some days (None: all of them)."""
    found = [_listed(action) for action in pa.table(snapshot.get_add_actions()).to_pylist()]
    if days is None:
        return found
    return [one for one in found if any(one.days[0] <= day <= one.days[1] for day in days)]


def _listed(action: Mapping[str, Any]) -> Listed:
    partition = {column: str(value) for column, value in (action.get("partition") or {}).items()}
    file = DataFile(action["path"], action["size_bytes"], partition, "")
    bounds = (action.get(bound) or {} for bound in ("min", "max", "null_count"))
    return Listed(file, action["num_records"], *bounds)
