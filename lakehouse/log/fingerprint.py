"""A number that says whether two tables hold the same rows, in whatever order and in however many pieces."""

import hashlib

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

_ODD = np.uint64(0x9E3779B97F4A7C15)
_NULL = np.uint64(0xD1B54A32D192ED03)
_MODULUS = 2**64


def fingerprint(rows: pa.Table) -> int:
    """The sum of a 64-bit hash of each row, modulo 2^64: fingerprints of pieces add up.

    Rows count as often as they occur, so that a lost row shows, and a doubled one.
    """
    mixed = np.zeros(rows.num_rows, np.uint64)
    for name in sorted(rows.column_names):
        mixed = _mix(mixed * _ODD + _hashes(rows[name].combine_chunks()) + _text(name))
    return int(mixed.sum(dtype=np.uint64))


def total(parts: list[int]) -> int:
    """The fingerprint of all the pieces together."""
    return sum(parts) % _MODULUS


def _mix(words: Hashes) -> Hashes:
    """The finaliser of splitmix64 (Steele, Lea and Flood 2014): every bit moves half of the others."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def _hashes(values: pa.Array) -> Hashes:
    """(n,) a hash of each value; of a NULL always the same."""
    kind = values.type
    if pa.types.is_string(kind) or pa.types.is_dictionary(kind):
        found = _words(values)
    elif pa.types.is_struct(kind):
        found = _joined([_hashes(values.field(place)) for place in range(kind.num_fields)], len(values))
    elif pa.types.is_list(kind) or pa.types.is_map(kind):
        found = _lists(values)
    else:
        found = _numbers(values)
    return np.where(np.asarray(values.is_null()), _NULL, found)


def _words(values: pa.Array) -> Hashes:
    coded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    words = np.array([*map(_text, coded.dictionary.to_pylist()), _NULL], np.uint64)
    return np.take(words, np.asarray(coded.indices.fill_null(0)))


def _numbers(values: pa.Array) -> Hashes:
    if pa.types.is_floating(values.type):
        return _mix(np.asarray(values.cast(pa.float64()).fill_null(0.0)).view(np.uint64))
    if pa.types.is_temporal(values.type):
        values = values.cast(pa.int32() if values.type.bit_width == 32 else pa.int64())  # noqa: PLR2004 - a date32
    return _mix(np.asarray(values.cast(pa.int64()).fill_null(0)).view(np.uint64))


def _lists(values: pa.Array) -> Hashes:
    """Of each list: its items' hashes, each with its place, and how many there are."""
    ends = np.asarray(values.offsets, np.int64)
    starts, stop = ends[:-1], int(ends[-1])
    first = int(ends[0])
    if pa.types.is_map(values.type):
        items = _joined(
            [_hashes(part.slice(first, stop - first)) for part in (values.keys, values.items)], stop - first
        )
    else:
        items = _hashes(values.values.slice(first, stop - first))
    lengths = np.diff(ends)
    place = np.arange(stop - first) - np.repeat(starts - first, lengths)
    sums = np.concatenate([[np.uint64(0)], np.cumsum(_mix(items + place.astype(np.uint64) * _ODD))])
    return _mix(sums[ends[1:] - first] - sums[starts - first] + lengths.astype(np.uint64))


def _joined(parts: list[Hashes], length: int) -> Hashes:
    mixed = np.zeros(length, np.uint64)
    for part in parts:
        mixed = _mix(mixed * _ODD + part)
    return mixed


def _text(word: str | None) -> np.uint64:
    digest = hashlib.blake2b((word or "").encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))
