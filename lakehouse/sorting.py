"""The order of a table's rows, found on whole numbers: sorting texts and instants takes ten times as long."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Keys = NDArray[np.uint64]

_WORD = 64
_HALF = 32


def ranked(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """A text column as numbers in an ordered list of its words, so that numbers sort as words do."""
    whole = column.combine_chunks()
    coded = whole if pa.types.is_dictionary(whole.type) else whole.dictionary_encode()
    words = coded.dictionary
    order = pc.sort_indices(words)
    rank = np.empty(len(words), np.int32)
    rank[order.to_numpy()] = np.arange(len(words), dtype=np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(rank).take(coded.indices), words.take(order))


def order(rows: pa.Table, by: Sequence[str]) -> pa.Array | None:
    """The numbers of the rows in the order of some columns, the first one first; None where they lie so.

    Rows that are alike in all of them keep their order; NULL comes last. Texts must be `ranked`.

    The leading columns, as many as fit, become one 64-bit number together with the row's number, and that
    is sorted. The others are asked only whether they lie in order already among rows that are alike in
    those, as the instants of one track do, and only where they do not is all sorted by them too.
    """
    keys = [key for column in by for key in _keys(rows[column].combine_chunks())]
    count = len(rows)
    width = max(count - 1, 1).bit_length()
    packed, rest = np.zeros(count, np.uint64), list(keys)
    while rest and width + _bits(rest[0]) <= _WORD:
        width += _bits(rest[0])
        packed = (packed << np.uint64(_bits(rest[0]))) | rest.pop(0)
    low = np.uint64(max(count - 1, 1).bit_length())
    packed = np.sort((packed << low) | np.arange(count, dtype=np.uint64))
    found = (packed & ((np.uint64(1) << low) - np.uint64(1))).astype(np.int64)
    if not _lie_in_order(packed >> low, [key[found] for key in rest]):
        found = np.lexsort(keys[::-1])
    return None if (found[1:] > found[:-1]).all() else pa.array(found)


def _bits(key: Keys) -> int:
    return int(key.max(initial=0)).bit_length()


def _keys(column: pa.Array) -> list[Keys]:
    """A column as whole numbers from 0, or as two halves where these are smaller; NULL is the greatest."""
    values = column.indices if pa.types.is_dictionary(column.type) else column
    if pa.types.is_temporal(values.type):
        values = values.cast(pa.int32() if values.type.bit_width == _HALF else pa.int64())
    bounds = pc.min_max(values)
    least, greatest = bounds["min"].as_py() or 0, bounds["max"].as_py() or 0
    if values.null_count:
        values = values.cast(pa.int64()).fill_null(greatest + 1)
    numbers = values.cast(pa.int64()).to_numpy()
    whole = [(numbers - least).astype(np.uint64)]
    if greatest - least < 1 << _HALF:
        return whole
    halves = [numbers >> _HALF, numbers & ((1 << _HALF) - 1)]
    halves = [(half - half.min()).astype(np.uint64) for half in halves]
    return min(whole, halves, key=lambda keys: sum(map(_bits, keys)))


def _lie_in_order(alike: Keys, rest: Sequence[Keys]) -> bool:
    """Whether rows of the same number in `alike` (n,) lie in the order of the keys in `rest`."""
    undecided = alike[1:] == alike[:-1]
    for key in rest:
        if (undecided & (key[1:] < key[:-1])).any():
            return False
        undecided &= key[1:] == key[:-1]
    return True
