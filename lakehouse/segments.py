"""A segment: one acknowledged batch of a producer as one file, whole or provably damaged."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
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
    body = data[: -(_SHA_BYTES + len(_MAGIC))]
    if len(data) < _TAIL_BYTES or not data.endswith(_MAGIC):
        raise _bad(name, "it was cut off: the trailer is missing")
    if hashlib.sha256(body).digest() != data[len(body) : -len(_MAGIC)]:
        raise _bad(name, "its sha256 is not the one in its trailer")
    end = len(body) - _LENGTH_BYTES
    index = body[end - int.from_bytes(body[end:], "little") : end]
    places = json.loads(index)
    buffer = pa.py_buffer(body)
    return {table: _rows(name, table, buffer.slice(*places[table])) for table in tables if table in places}


def _stream(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, rows.schema.remove_metadata(), options=options) as writer:
        writer.write_table(rows.combine_chunks())
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _rows(name: SegmentName, table: str, stream: pa.Buffer) -> pa.Table:
    try:
        rows = pa.ipc.open_stream(stream).read_all().select(landed_schema(table).names)
        for column in STAMP:
            kind = TABLES[table].schema.field(column).type
            rows = rows.append_column(column, pa.repeat(pa.scalar(getattr(name, column), kind), len(rows)))
        return rows.cast(TABLES[table].schema)
    except (pa.ArrowException, KeyError, ValueError) as error:
        raise _bad(name, f"its {table} do not fit their table: {error}") from error


def _bad(name: SegmentName, rule: str) -> BadSegment:
    return BadSegment(str(name), rule, "compaction sets it aside and goes on; see the table quarantine")
