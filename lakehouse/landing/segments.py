"""A segment: one acknowledged batch of a producer as one file, whole or provably damaged."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.lateness import late
from lakehouse.problem import BadSegment
from lakehouse.tables import LANDED, TABLES

ENDING = ".arrow"
STAMP = ("producer", "epoch", "seq")
"""The columns that a segment's name says for all its rows."""

CODED = pa.dictionary(pa.int32(), pa.string())
"""The type of a text that is kept as a number and a list of words."""

_MAGIC = b"MATAKOTA"
_SHA_BYTES = 32
_LENGTH_BYTES = 8
_TAIL_BYTES = _LENGTH_BYTES + _SHA_BYTES + len(_MAGIC)
_NAME = re.compile(r"(?P<producer>[a-z0-9][a-z0-9._-]*)-e(?P<epoch>\d{6,})-(?P<seq>\d{12,})\.arrow")
_LIFE = re.compile(r"(?P<producer>.+)-e(?P<epoch>\d{6,})")
_ZSTD = pa.Codec("zstd", compression_level=1)


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


def life(app: str) -> tuple[str, int] | None:
    """The producer and the epoch that an app transaction is of; None where it is of something else."""
    match = _LIFE.fullmatch(app)
    return match and (match["producer"], int(match["epoch"]))


@cache
def landed_schema(table: str) -> pa.Schema:
    """What a producer hands over of a table: its columns without producer, epoch and seq."""
    return pa.schema([field for field in TABLES[table].schema if field.name not in STAMP])


@cache
def _coded_schema(table: str) -> pa.Schema:
    """The same with every text coded."""
    return pa.schema([pa.field(one.name, _coded_type(one.type)) for one in landed_schema(table)])


def _completed(table: str, rows: pa.RecordBatch) -> pa.RecordBatch:
    """Coded rows that landed before some columns were: these are NULL; a key is never made up."""
    wanted = _coded_schema(table)
    absent = set(wanted.names) - set(rows.schema.names)
    if absent & set(TABLES[table].key) or not set(rows.schema.names) <= set(wanted.names):
        return rows
    empty = {name: pa.nulls(len(rows), wanted.field(name).type) for name in absent}
    columns = [empty[name] if name in empty else rows[name] for name in wanted.names]
    return pa.RecordBatch.from_arrays(columns, wanted.names)


def _coded_type(kind: pa.DataType) -> pa.DataType:
    return CODED if pa.types.is_string(kind) else kind


@dataclass(frozen=True)
class Segment:
    """A segment that is whole: its rows by table, and what decides whether they came too late.

    `landed_at` is in milliseconds since 1970, by the clock of the machine that acknowledged the batch; None
    where that was not noted yet.
    """

    name: SegmentName
    landed_at: int | None
    backfill: bool
    streams: Mapping[str, pa.Buffer]

    def rows(self, table: str) -> pa.RecordBatch:
        """Every row of one of its tables, as it landed, with texts coded.

        Raises:
            BadSegment: there are no such rows in it.
        """
        try:
            rows = pa.ipc.open_stream(self.streams[table]).read_next_batch()
        except (pa.ArrowException, OSError, KeyError, StopIteration) as error:
            raise _bad(self.name, f"it holds no rows of {table}: {error}") from error
        if rows.schema == _coded_schema(table):
            return rows
        rows = _completed(table, coded(rows))
        if rows.schema == _coded_schema(table):
            return rows
        raise _bad(self.name, f"its columns of {table} are those of another version")

    def sifted(self, table: str) -> tuple[pa.RecordBatch, pa.RecordBatch | None]:
        """The rows of one of its tables that are in time, and those that are late (None where none is).

        Raises:
            BadSegment: there are no such rows in it.
        """
        rows = self.rows(table)
        if self.backfill or self.landed_at is None:
            return rows, None
        apart = late(table, rows, self.landed_at)
        return (rows, None) if apart is None else (rows.filter(pc.invert(apart)), rows.filter(apart))


def encode(tables: Mapping[str, pa.Table], *, landed_at: int, backfill: bool = False) -> bytes:
    """The bytes of a segment: a stream for each table, where each lies, and the sha256 of all that.

    Args:
        tables: rows that fit their landed tables.
        landed_at: now, in milliseconds since 1970.
        backfill: whether rows of long ago are meant to be.
    """
    parts, places, offset = [], {}, 0
    for name in LANDED:
        if name in tables and tables[name].num_rows:
            stream = _stream(tables[name])
            parts.append(_ZSTD.compress(stream))
            places[name] = (offset, parts[-1].size, stream.size)
            offset += parts[-1].size
    index = json.dumps({**places, "landed_at": landed_at, "backfill": backfill}).encode()
    body = b"".join([*parts, index, len(index).to_bytes(_LENGTH_BYTES, "little")])
    return body + hashlib.sha256(body).digest() + _MAGIC


def decode(name: SegmentName, data: bytes) -> Segment:
    """A segment from its bytes.

    Raises:
        BadSegment: the file was cut off or changed.
    """
    body = memoryview(data)[: -(_SHA_BYTES + len(_MAGIC))]
    if len(data) < _TAIL_BYTES or not data.endswith(_MAGIC):
        raise _bad(name, "it was cut off: the trailer is missing")
    if hashlib.sha256(body).digest() != data[len(body) : -len(_MAGIC)]:
        raise _bad(name, "its sha256 is not the one in its trailer")
    end = len(body) - _LENGTH_BYTES
    index = json.loads(bytes(body[end - int.from_bytes(body[end:], "little") : end]))
    streams = {table: _unpacked(data, *index[table]) for table in LANDED if table in index}
    return Segment(name, index.get("landed_at"), index.get("backfill", False), streams)


def stamped(table: str, parts: Sequence[tuple[SegmentName, pa.RecordBatch]]) -> pa.Table:
    """The rows of some segments in one piece, with producer, epoch and seq, texts coded."""
    counts = [len(rows) for _, rows in parts]
    found = pa.Table.from_batches([rows for _, rows in parts], _coded_schema(table))
    found = found.unify_dictionaries().combine_chunks()
    producers = sorted({name.producer for name, _ in parts})
    codes = [producers.index(name.producer) for name, _ in parts]
    stamp = {
        "producer": pa.DictionaryArray.from_arrays(
            np.repeat(np.array(codes, np.int32), counts), pa.array(producers, pa.string())
        ),
        "epoch": np.repeat(np.array([name.epoch for name, _ in parts], np.int32), counts),
        "seq": np.repeat(np.array([name.seq for name, _ in parts], np.int64), counts),
    }
    for column, values in stamp.items():
        found = found.append_column(column, values if isinstance(values, pa.Array) else pa.array(values))
    return found


def _unpacked(data: bytes, offset: int, length: int, size: int | None = None) -> pa.Buffer:
    """A stream of a segment; one without a size comes from before whole streams were compressed."""
    packed = pa.py_buffer(data).slice(offset, length)
    return packed if size is None else _ZSTD.decompress(packed, size)


def _stream(rows: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    batch = coded(rows.combine_chunks().to_batches()[0])
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def coded(rows: pa.RecordBatch) -> pa.RecordBatch:
    """The rows with each text as a number in a list of words, and no metadata."""
    columns = [column.dictionary_encode() if pa.types.is_string(column.type) else column for column in rows]
    return pa.RecordBatch.from_arrays(columns, rows.schema.names)


def _bad(name: SegmentName, rule: str) -> BadSegment:
    return BadSegment(str(name), rule, "compaction sets it aside and goes on; see the table quarantine")
