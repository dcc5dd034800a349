"""A segment: one acknowledged batch of a producer as one file, whole or provably damaged."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Self

import pyarrow as pa

from lakehouse.problem import BadSegment
from lakehouse.tables import LANDED, TABLES

ENDING = ".arrow"
STAMP = ("producer", "epoch", "seq")
"""The columns that a segment's name says for all its rows."""

_MAGIC = b"MATAKOTA"
_SHA_BYTES = 32
_LENGTH_BYTES = 8
_TAIL_BYTES = _LENGTH_BYTES + _SHA_BYTES + len(_MAGIC)
_NAME = re.compile(r"(?P<producer>[a-z0-9][a-z0-9._-]*)-e(?P<epoch>\d{6,})-(?P<seq>\d{12,})\.arrow")


@dataclass(frozen=True, order=True)
class SegmentName:
    """Who acknowledged a batch, in which life, and as which one; its text sorts in that order."""

    producer: str
    epoch: int
    seq: int

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The name that a file carries; None where it carries none."""
        match = _NAME.fullmatch(text)
        return match and cls(match["producer"], int(match["epoch"]), int(match["seq"]))

    @property
    def app_id(self) -> str:
        """The app transaction under which tables keep how far they have taken this producer's life."""
        return app_id(self.producer, self.epoch)

    def __str__(self) -> str:
        return f"{self.app_id}-{self.seq:012d}{ENDING}"


def app_id(producer: str, epoch: int) -> str:
    """`{producer}-e{epoch}`, padded so that names sort."""
    return f"{producer}-e{epoch:06d}"


@cache
def landed_schema(table: str) -> pa.Schema:
    """What a producer hands over of a table: its columns without producer, epoch and seq."""
    return pa.schema([field for field in TABLES[table].schema if field.name not in STAMP])


def encode(tables: Mapping[str, pa.Table]) -> bytes:
    """The bytes of a segment: a stream for each table, where each lies, and the sha256 of all that."""
    parts, places, offset = [], {}, 0
    for name in LANDED:
        if name in tables and tables[name].num_rows:
            stream = _stream(tables[name])
            parts.append(stream)
            places[name] = (offset, len(stream))
            offset += len(stream)
    index = json.dumps(places).encode()
    body = b"".join([*parts, index, len(index).to_bytes(_LENGTH_BYTES, "little")])
    return body + hashlib.sha256(body).digest() + _MAGIC


def decode(name: SegmentName, data: bytes, tables: tuple[str, ...] = LANDED) -> dict[str, pa.Table]:
    """The tables of a segment with producer, epoch and seq; only those of `tables` that it carries.

    Raises:
        BadSegment: the file was cut off, changed, or holds rows that fit no table.
    """
    streams = _streams(name, data)
    return {table: _rows(name, table, streams[table]) for table in tables if table in streams}


def check(name: SegmentName, data: bytes) -> None:
    """Find out whether a segment is whole and fits its tables, without reading its rows.

    Raises:
        BadSegment: it is not.
    """
    for table, stream in _streams(name, data).items():
        _open(name, table, stream)


def _streams(name: SegmentName, data: bytes) -> dict[str, pa.Buffer]:
    body = memoryview(data)[: -(_SHA_BYTES + len(_MAGIC))]
    if len(data) < _TAIL_BYTES or not data.endswith(_MAGIC):
        raise _bad(name, "it was cut off: the trailer is missing")
    if hashlib.sha256(body).digest() != data[len(body) : -len(_MAGIC)]:
        raise _bad(name, "its sha256 is not the one in its trailer")
    end = len(body) - _LENGTH_BYTES
    index = bytes(body[end - int.from_bytes(body[end:], "little") : end])
    return {table: pa.py_buffer(data).slice(*place) for table, place in json.loads(index).items()}


def _stream(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    bare = pa.schema([pa.field(column.name, column.type) for column in rows.schema])
    with pa.ipc.new_stream(sink, bare, options=options) as writer:
        writer.write_table(rows.cast(bare).combine_chunks())
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _open(name: SegmentName, table: str, stream: pa.Buffer) -> pa.RecordBatchReader:
    try:
        reader = pa.ipc.open_stream(stream)
        if reader.schema.equals(landed_schema(table)):
            return reader
    except (pa.ArrowException, KeyError) as error:
        raise _bad(name, f"it holds no rows of {table}: {error}") from error
    raise _bad(name, f"its columns of {table} are those of another version")


def _rows(name: SegmentName, table: str, stream: pa.Buffer) -> pa.Table:
    rows = _open(name, table, stream).read_all()
    stamp = [_repeated(getattr(name, column), table, column, len(rows)) for column in STAMP]
    return pa.Table.from_arrays([*rows.columns, *stamp], schema=TABLES[table].schema)


def _repeated(value: object, table: str, column: str, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, TABLES[table].schema.field(column).type), count)


def _bad(name: SegmentName, rule: str) -> BadSegment:
    return BadSegment(str(name), rule, "compaction sets it aside and goes on; see the table quarantine")
