"""The data files of a table: rows checked, sorted, written as Parquet and named by what they hold.

A name also says how often its table had been vacuumed when the writer took its snapshot, its generation: a
vacuum never deletes a file of the present generation, so no file that somebody is about to commit.
"""

import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake.transaction import AddAction

from lakehouse.clock import milliseconds, now
from lakehouse.log.sorting import order, ranked, taken, whole
from lakehouse.places.folder import Folder
from lakehouse.tables import Table

ROW_GROUP = 32_768
"""Rows that are skipped or read together."""

TEXT = 64
"""How many characters of a text its statistics keep."""

RESTLESS = {"observations": ("at", "confidence", "x1", "y1", "x2", "y2")}
"""Columns whose values jump and tremble from row to row, by table.

Side by side their bytes take less room than their differences do, 7.0 bytes a detection instead of 8.7, and
are written and read faster. Velocities are kept as differences: a track keeps its own, and vx and vy together
take 2.5 bytes a detection instead of 2.7 (2.8 instead of 3.3 on boxes of three real clips).
"""

_NAME = re.compile(r"(?P<content>(?:.*/)?[0-9a-f]{32})-g(?P<generation>\d+)\.parquet")


@dataclass(frozen=True)
class DataFile:
    """One Parquet file of a table; `stats` is JSON in Delta's own words."""

    path: str
    size: int
    partition: Mapping[str, str]
    stats: str

    def add_action(self, *, changes: bool = True) -> AddAction:
        """What a commit says to take the file into its table; or again, where it `changes` none."""
        return AddAction(self.path, self.size, dict(self.partition), milliseconds(now()), changes, self.stats)


def content(path: str) -> str:
    """The part of a data file's path that says its partition and what it holds; '' of another's file."""
    match = _NAME.fullmatch(path)
    return match["content"] if match else ""


def generation(path: str) -> int | None:
    """The generation of a data file; None of another's file."""
    match = _NAME.fullmatch(path)
    return int(match["generation"]) if match else None


def write(
    folder: Folder, table: Table, rows: pa.Table, generation: int, known: Iterable[str] = ()
) -> list[DataFile]:
    """Write rows that fit their table into `folder`: one sorted file for each day or month, synced.

    The same rows always make a file of the same content, so of the `known` paths those that hold just
    these rows stand for it, and nothing is written.
    """
    held = {content(path): path for path in known}
    return [_write_one(folder, table, part, day, generation, held) for day, part in _parts(table, rows)]


def _write_one(
    folder: Folder,
    table: Table,
    rows: pa.Table,
    partition: dict[str, str],
    generation: int,
    held: Mapping[str, str],
) -> DataFile:
    rows = _sorted(table, rows.drop_columns(list(partition)))
    data = _parquet(table, rows)
    place = "".join(f"{column}={value}/" for column, value in partition.items())
    named = place + hashlib.sha256(data).hexdigest()[:32]
    path = held.get(named)
    if path is None:
        path = f"{named}-g{generation}.parquet"
        (folder / place.rstrip("/") if place else folder).make().create(path.removeprefix(place), data)
    return DataFile(path, len(data), partition, _statistics(table, rows))


def described(table: Table, rows: pa.Table, path: str) -> DataFile | None:
    """A file as its commit should have it, by its rows; None where the same rows make another file."""
    ((partition, part),) = _parts(table, rows)
    part = _sorted(table, part.drop_columns(list(partition)))
    data = _parquet(table, part)
    if not content(path).endswith(hashlib.sha256(data).hexdigest()[:32]):
        return None
    return DataFile(path, len(data), partition, _statistics(table, part))


def _parts(table: Table, rows: pa.Table) -> Iterator[tuple[dict[str, str], pa.Table]]:
    """The rows of each file, with the partition that it lies in."""
    if not (table.partition or table.monthly):
        yield from [({}, rows)] * bool(rows.num_rows)
        return
    days = whole(rows["day"]).cast(pa.int32()).to_numpy()
    spans = days if table.partition else days.astype("datetime64[D]").astype("datetime64[M]")
    if (spans[1:] < spans[:-1]).any():
        rows, spans = rows.take(pa.array(np.argsort(spans, kind="stable"))), np.sort(spans)
    starts = np.flatnonzero(np.concatenate([[len(spans) > 0], spans[1:] != spans[:-1]]))
    for start, stop in pairwise([*starts, len(spans)]):
        day = str(spans[start].astype("datetime64[D]"))
        yield dict.fromkeys(table.partition, day), rows.slice(start, stop - start)


def _sorted(table: Table, rows: pa.Table) -> pa.Table:
    """The rows in their table's order, each column in one piece, texts ranked."""
    pieces = [whole(column) for column in rows.columns]
    pieces = [ranked(piece) if _is_text(piece.type) else piece for piece in pieces]
    rows = pa.Table.from_arrays(pieces, rows.column_names)
    places = order(rows, [column for column in _ordering(table) if column in rows.column_names])
    return rows if places is None else taken(rows, places)


def _ordering(table: Table) -> list[str]:
    """The columns that say in which order rows lie, the first one first."""
    return list(dict.fromkeys([*table.order, *table.key]))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_dictionary(kind))


def _parquet(table: Table, rows: pa.Table) -> bytes:
    """The bytes of a file; its footer says of each row group between what its ordering columns lie."""
    sink = pa.BufferOutputStream()
    # A column that is known to hold no NULL is written in half of the time.
    schema = pa.schema([pa.field(one.name, one.type, rows[one.name].null_count > 0) for one in rows.schema])
    writer = pq.ParquetWriter(
        sink,
        schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=[field.name for field in schema if _is_text(field.type)],
        column_encoding=_encodings(table.name, schema),
        write_statistics=_ordering(table),
        store_schema=False,
    )
    with writer:
        for start in range(0, rows.num_rows, ROW_GROUP):
            group = [_narrowed(column.slice(start, ROW_GROUP)) for column in rows.columns]
            writer.write_table(pa.Table.from_arrays(group, schema=schema), ROW_GROUP)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _narrowed(column: pa.ChunkedArray) -> pa.Array:
    """A text column with only that stretch of its words which it uses; any other one as it is."""
    values = column.chunk(0)
    if not pa.types.is_dictionary(values.type):
        return values
    used = pc.min_max(values.indices)
    least, greatest = used["min"].as_py() or 0, used["max"].as_py() or 0
    words = values.dictionary.slice(least, greatest - least + 1)
    return pa.DictionaryArray.from_arrays(pc.subtract(values.indices, pa.scalar(least, pa.int32())), words)


def _encodings(table: str, schema: pa.Schema) -> dict[str, str]:
    """Numbers that follow one another are small as differences; others as bytes side by side."""
    encodings = {}
    for field in schema:
        if pa.types.is_floating(field.type) or field.name in RESTLESS.get(table, ()):
            encodings[field.name] = "BYTE_STREAM_SPLIT"
        elif pa.types.is_integer(field.type) or pa.types.is_temporal(field.type):
            encodings[field.name] = "DELTA_BINARY_PACKED"
    return encodings


def _statistics(table: Table, rows: pa.Table) -> str:
    """The row count, and of each skipping column its least and greatest value and how many are NULL."""
    columns = table.skipping
    bounds = {column: _bounds(rows[column].chunk(0)) for column in columns}
    known = {column: bound for column, bound in bounds.items() if bound[0] is not None}
    return json.dumps(
        {
            "numRecords": rows.num_rows,
            "minValues": {column: least(smallest) for column, (smallest, _) in known.items()},
            "maxValues": {column: greatest(largest) for column, (_, largest) in known.items()},
            "nullCount": {column: rows[column].null_count for column in columns},
        }
    )


def _bounds(values: pa.Array) -> tuple[Any, Any]:
    """The least and the greatest value of a column, texts ranked; None where it has none."""
    if not pa.types.is_dictionary(values.type):
        found = pc.min_max(values)
        return found["min"].as_py(), found["max"].as_py()
    ranks = pc.min_max(values.indices)
    known = [rank.as_py() for rank in (ranks["min"], ranks["max"]) if rank.is_valid]
    smallest, largest = [values.dictionary[rank].as_py() for rank in known] or (None, None)
    return smallest, largest


def least(value: Any) -> Any:
    """A lower bound in Delta's words: instants cut to milliseconds, long texts cut off."""
    if isinstance(value, datetime):
        return _instant(value - timedelta(microseconds=value.microsecond % 1000))
    if isinstance(value, date):
        return value.isoformat()
    return value[:TEXT] if isinstance(value, str) else value


def greatest(value: Any) -> Any:
    """An upper bound likewise, rounded up."""
    if isinstance(value, datetime):
        return _instant(value + timedelta(microseconds=-value.microsecond % 1000))
    if isinstance(value, str) and len(value) > TEXT:
        return value[:TEXT] + chr(sys.maxunicode)
    return least(value)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
