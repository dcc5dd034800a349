"""The order of rows: as Python sorts them, whatever their columns hold."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.log.sorting import order, ranked
from lakehouse.tables import AT

NOW = datetime(2026, 11, 23, tzinfo=UTC)
words = st.one_of(st.none(), st.sampled_from(["b", "a", "ab", "", "é"]))
wide = st.one_of(st.none(), st.integers(-(2**62), 2**62), st.integers(0, 3), st.integers(2**33, 2**33 + 9))
instants = st.one_of(st.none(), st.integers(0, 10**12).map(lambda us: NOW + timedelta(microseconds=us)))
row = st.tuples(words, wide, instants)


def _table(rows):
    columns = zip(*rows, strict=True) if rows else ([], [], [])
    arrays = [
        pa.array(values, kind) for values, kind in zip(columns, (pa.string(), pa.int64(), AT), strict=True)
    ]
    table = pa.table(dict(zip("abc", arrays, strict=True)))
    return table.set_column(0, "a", ranked(table["a"].combine_chunks()))


@given(st.lists(row, max_size=20), st.permutations("abc"), st.integers(1, 3))
def test_rows_lie_as_python_sorts_them(rows, by, depth):
    """Rows come in the order of the columns named; those alike in all of them stay as they were."""
    columns = by[:depth]
    found = order(_table(rows), columns)
    places = list(range(len(rows))) if found is None else found.to_pylist()
    absent = {"a": "", "b": 0, "c": NOW}

    def key(place):
        values = dict(zip("abc", rows[place], strict=True))
        return [(values[name] is None, values[name] or absent[name]) for name in columns]

    assert places == sorted(range(len(rows)), key=key)


@given(st.lists(words, max_size=20))
def test_ranks_stand_for_their_words(values):
    """A text column says the same once its words are in order."""
    column = ranked(pa.array(values, pa.string()))
    assert column.to_pylist() == values
    assert column.dictionary.to_pylist() == sorted(column.dictionary.to_pylist(), key=str.encode)
