"""The data files that the logs name: there, whole, and as the log says, so that skipping them is right."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from lakehouse.checks import portions
from lakehouse.checks.standing import Standing
from lakehouse.log import datafiles
from lakehouse.log.datafiles import greatest, least
from lakehouse.log.listing import Listed, listed
from lakehouse.problem import BrokenLake
from lakehouse.tables import TABLES, Table

REMEDY = "restore the file from a copy; the log names it"


@dataclass(frozen=True)
class Bounds:
    """Of a column: its least and greatest value as the log would say it, and how many are NULL."""

    least: Any
    greatest: Any
    nulls: int | None

    @classmethod
    def of(cls, smallest: Any, largest: Any, nulls: int | None) -> "Bounds":
        """Round and cut as the log does."""
        return cls(least(smallest), greatest(largest), nulls)

    def __str__(self) -> str:
        return f"{self.least} to {self.greatest} and {self.nulls} NULL"


def files(standing: Standing) -> str:
    """Every file has its size, its rows and its bounds: those of its footer, or deep those of its columns."""
    count = size = 0
    for name, table in TABLES.items():
        told = listed(standing.tables[name])
        stored = {fragment.path: fragment for fragment in portions.fragments(standing.tables[name])}
        for file in standing.follow(told, f"files of {name}"):
            try:
                compare(standing, table, file, stored[file.file.path])
            except FileNotFoundError as error:
                _must_be_out(standing, name, file.file.path, error)
            size += file.file.size
        count += len(told)
    return f"{count:,} files, {size / 1e6:,.1f} MB"


def compare(standing: Standing, table: Table, told: Listed, stored: ds.ParquetFileFragment) -> None:
    """Find out whether a data file is as the log says.

    Raises:
        BrokenLake: it is not.
        FileNotFoundError: it is not there.
    """
    path = told.file.path
    folder, name = standing.lake.folder(table.name), f"{table.name}/{path}"
    if not folder.has(path):
        raise FileNotFoundError(path)
    if folder.size(path) != told.file.size:
        rule = f"it has {folder.size(path)} bytes, and the log says {told.file.size}"
        raise BrokenLake(name, rule, REMEDY)
    try:
        rows, bounds = _deep(folder.read(path), path, table) if standing.deep else _footer(stored, table)
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise BrokenLake(name, f"it cannot be read: {error}", REMEDY) from error
    if rows != told.rows:
        raise BrokenLake(name, f"it holds {rows} rows, and the log says {told.rows}", REMEDY)
    for column in filter(bounds.__contains__, table.skipping):
        said = Bounds.of(*(bound.get(column) for bound in (told.least, told.greatest, told.nulls)))
        if bounds[column] != said:
            raise BrokenLake(name, f"{column} goes from {bounds[column]}, and the log says {said}", REMEDY)


def _footer(stored: ds.ParquetFileFragment, table: Table) -> tuple[int, dict[str, Bounds]]:
    """What a file's footer says of its rows; a text too long for a footer is left out."""
    metadata = stored.metadata
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    places = {metadata.schema.column(number).path: number for number in range(metadata.num_columns)}
    found = {}
    for column in places.keys() & set(table.skipping):
        told = [group.column(places[column]).statistics for group in groups]
        if all(one is not None and (one.has_min_max or not one.num_values) for one in told):
            found[column] = _joined(told)
    return metadata.num_rows, found


def _joined(groups: Sequence[pq.Statistics]) -> Bounds:
    known = [group for group in groups if group.has_min_max]
    smallest = min((group.min for group in known), default=None)
    largest = max((group.max for group in known), default=None)
    return Bounds.of(smallest, largest, sum(group.null_count for group in groups))


def _deep(data: bytes, path: str, table: Table) -> tuple[int, dict[str, Bounds]]:
    """What a file's columns hold, if its content is the one that it is named by."""
    digest = hashlib.sha256(data).hexdigest()
    stem = PurePosixPath(datafiles.content(path)).name
    if not digest.startswith(stem):
        rule = f"it is named by its content's sha256, which begins with {digest[: len(stem)]}"
        raise BrokenLake(f"{table.name}/{path}", rule, REMEDY)
    rows = pq.read_table(pa.BufferReader(data))
    found = {}
    for column in set(rows.column_names) & set(table.skipping):
        bound = pc.min_max(rows[column]).as_py()
        found[column] = Bounds.of(bound["min"], bound["max"], rows[column].null_count)
    return rows.num_rows, found


def _must_be_out(standing: Standing, name: str, path: str, error: Exception) -> None:
    """What is gone was taken out of the table meanwhile, or it is missing."""
    if path in {file.file.path for file in listed(standing.lake.table(name))}:
        raise BrokenLake(f"{name}/{path}", "it is not there, and the log names it", REMEDY) from error
