"""The order of a table's rows, found on whole numbers: sorting texts and instants takes ten times as long."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Numbers = NDArray[np.int64]

_WORD = 64
_HALF = 32


def whole(column: pa.ChunkedArray) -> pa.Array:
    """A column in one piece, without a copy where it is in one."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def ranked(column: pa.Array) -> pa.DictionaryArray:
    """A text column as numbers in an ordered list of its words, so that numbers sort as words do."""
    coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    words = coded.dictionary
    order = pc.sort_indices(words)
    rank = np.empty(len(words), np.int32)
    rank[order.to_numpy()] = np.arange(len(words), dtype=np.int32)
    if (rank[1:] > rank[:-1]).all():
        return coded
    return pa.DictionaryArray.from_arrays(pa.array(rank).take(coded.indices), words.take(order))


def taken(rows: pa.Table, places: pa.Array) -> pa.Table:
    """The rows at these places, all of them in another order; columns in one piece."""
    columns = [column.chunk(0) for column in rows.columns]
    return pa.Table.from_arrays(
        [one if _is_constant(one) else pc.take(one, places, boundscheck=False) for one in columns],
        rows.column_names,
    )


def order(rows: pa.Table, by: Sequence[str]) -> pa.Array | None:
    """The numbers of the rows in the order of some columns, the first one first; None where they lie so.

    Rows that are alike in all of them keep their order; NULL comes last. Columns are in one piece, texts
    `ranked`.

    The leading columns, as many as fit, become one 64-bit number together with the row's number, and that
    is sorted. The others are asked only whether they lie in order already among rows that are alike in
    those, as the instants of one track do, and only where they do not is all sorted by them too.
    """
    if len(rows) < 2:  # noqa: PLR2004 - one row is in order
        return None
    low = (len(rows) - 1).bit_length()
    packed, left, room = np.zeros(len(rows), np.uint64), list(by), _WORD - low
    while left:
        keys = _keys(rows[left[0]].chunk(0))
        room -= sum(key.bits for key in keys)
        if room < 0:
            break
        for key in keys:
            packed = key.behind(packed)
        left.pop(0)
    packed = np.sort((packed << np.uint64(low)) | np.arange(len(rows), dtype=np.uint64))
    found = pa.array((packed & np.uint64((1 << low) - 1)).view(np.int64))
    rest = (_numbers(pc.take(rows[column].chunk(0), found, boundscheck=False)) for column in left)
    if not _lie_in_order(packed >> np.uint64(low), rest):
        found = pa.array(np.lexsort([_numbers(rows[column].chunk(0)) for column in reversed(by)]))
    steps = found.to_numpy()
    return None if (steps[1:] > steps[:-1]).all() else found


@dataclass(frozen=True)
class _Key:
    """Whole numbers (n,) that are sorted by, and how many bits they take from the least one on."""

    numbers: Numbers
    least: int
    bits: int

    @classmethod
    def of(cls, numbers: Numbers) -> Self:
        least = int(numbers.min())
        return cls(numbers, least, (int(numbers.max()) - least).bit_length())

    def behind(self, packed: Words) -> Words:
        """The packed numbers with these behind them."""
        return (packed << np.uint64(self.bits)) | (self.numbers - self.least).view(np.uint64)


def _numbers(column: pa.Array) -> Numbers:
    """A column as whole numbers in its order; NULL is the greatest."""
    values = column.indices if pa.types.is_dictionary(column.type) else column
    if pa.types.is_temporal(values.type):
        values = values.cast(pa.int32() if values.type.bit_width == _HALF else pa.int64())
    if values.null_count:
        values = values.cast(pa.int64()).fill_null((pc.max(values).as_py() or 0) + 1)
    return np.asarray(values.to_numpy(), np.int64)


def _keys(column: pa.Array) -> list[_Key]:
    """A column as one key, or as two of half as many bits where these take fewer, as numbered tracks do."""
    key = _Key.of(_numbers(column))
    if key.bits <= _HALF or pa.types.is_temporal(column.type):
        return [key]
    halves = [_Key.of(key.numbers >> _HALF), _Key.of(key.numbers & ((1 << _HALF) - 1))]
    return halves if sum(half.bits for half in halves) < key.bits else [key]


def _is_constant(column: pa.Array) -> bool:
    values = column.indices if pa.types.is_dictionary(column.type) else column
    if values.null_count or not pa.types.is_primitive(values.type):
        return False
    if len(values) and values[0] != values[-1]:
        return False  # most columns are settled by this, without a look at every row
    bounds = pc.min_max(values)
    return bool(bounds["min"] == bounds["max"])


def _lie_in_order(alike: Words, rest: Iterable[Numbers]) -> bool:
    """Whether rows of the same number in `alike` (n,) lie in the order of the numbers in `rest`."""
    undecided = alike[1:] == alike[:-1]
    for numbers in rest:
        if (undecided & (numbers[1:] < numbers[:-1])).any():
            return False
        undecided &= numbers[1:] == numbers[:-1]
        if not undecided.any():
            break
    return True
