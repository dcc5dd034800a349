"""The fingerprint of rows: the same for the same rows, and for no others."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.log.fingerprint import fingerprint, total

SCHEMA = pa.schema(
    [
        ("word", pa.string()),
        ("number", pa.int16()),
        ("share", pa.float64()),
        ("day", pa.date32()),
        ("frames", pa.list_(pa.struct([("offset", pa.int16()), ("outcome", pa.int8())]))),
        ("readings", pa.map_(pa.string(), pa.float32())),
    ]
)
frame = st.fixed_dictionaries({"offset": st.integers(0, 9), "outcome": st.integers(0, 3)})
row = st.fixed_dictionaries(
    {
        "word": st.none() | st.text(max_size=3),
        "number": st.none() | st.integers(-5, 5),
        "share": st.none() | st.floats(0, 1),
        "day": st.none() | st.integers(0, 9),
        "frames": st.none() | st.lists(frame, max_size=3),
        "readings": st.none() | st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3)), max_size=2),
    }
)


def _table(rows):
    return pa.Table.from_pylist(rows, SCHEMA)


@given(st.lists(row, max_size=6), st.randoms(use_true_random=False), st.integers(0, 6))
def test_order_and_pieces_do_not_matter(rows, random, cut):
    """Shuffled, and in pieces that add up, rows have the same fingerprint."""
    whole = _table(rows)
    shuffled = list(range(len(rows)))
    random.shuffle(shuffled)
    other = whole.take(pa.array(shuffled, pa.int64()))
    assert fingerprint(other) == fingerprint(whole)
    assert total([fingerprint(other.slice(0, cut)), fingerprint(other.slice(cut))]) == fingerprint(whole)


@given(st.lists(row, min_size=1, max_size=5), st.data())
def test_a_row_lost_doubled_or_changed_shows(rows, data):
    """Any other multiset of rows has another fingerprint."""
    place = data.draw(st.integers(0, len(rows) - 1))
    changed = [*rows[:place], data.draw(row), *rows[place + 1 :]]
    assert fingerprint(_table(rows[:place] + rows[place + 1 :])) != fingerprint(_table(rows))
    assert fingerprint(_table([*rows, rows[place]])) != fingerprint(_table(rows))
    same = sorted(map(repr, _table(changed).to_pylist())) == sorted(map(repr, _table(rows).to_pylist()))
    assert same or fingerprint(_table(changed)) != fingerprint(_table(rows))


@pytest.mark.parametrize("name", SCHEMA.names)
def test_every_column_counts(name):
    """A value that becomes unknown changes the fingerprint, whatever the column."""
    one = {"word": "a", "number": 1, "share": 0.5, "day": 3, "frames": [{"offset": 1, "outcome": 0}]}
    one["readings"] = [("a", 1.0)]
    assert fingerprint(_table([one])) != fingerprint(_table([one | {name: None}]))


def test_nothing_has_no_fingerprint_and_large_tables_have_one():
    """An empty table is 0, and sums wrap around."""
    assert fingerprint(_table([])) == 0
    assert 0 < fingerprint(pa.table({"n": np.arange(100_000)})) < 2**64
