"""The proofs' own instruments: an audit that sees every kind of harm, and points that none is missing of."""

import re
from datetime import UTC, datetime

import batches
import lives
import numpy as np
import pyarrow as pa
import pytest
from ledger import Ledger, audit
from storm import ROOMS

from lakehouse.landing.segments import STAMP

AT = datetime(2026, 11, 23, 3, tzinfo=UTC)
BATCH = ("shard-0", 1, 0)


@pytest.fixture
def stored():
    """Observations of two cameras as a table has them."""
    rows = batches.batch(np.random.default_rng(5), ["cam-1", "cam-2"], 20, 7, AT)
    found = next(part for part in [rows.get("observations"), rows["looks"]] if part is not None)
    stamp = zip(STAMP, BATCH, strict=True)
    for name, value in stamp:
        found = found.append_column(name, pa.array([value] * found.num_rows))
    return found


@pytest.fixture
def ledger(tmp_path, stored):
    """A ledger that knows the batch as acknowledged."""
    made = Ledger(tmp_path / "ledger")
    tables = {"observations": stored.drop_columns([*STAMP])}
    made.intend(BATCH, tables)
    made.acknowledge(BATCH, tables)
    return made


def _at_once(rows):
    """Two rows, both at the first one's moment."""
    at = pa.concat_arrays([rows["at"].slice(0, 1).combine_chunks()] * 2)
    return rows.set_column(rows.schema.get_field_index("at"), "at", at)


HARM = {
    "nothing": lambda rows: rows,
    "lost: part": lambda rows: rows.slice(1),
    "lost: all": lambda rows: rows.slice(0, 0),
    "twice": lambda rows: pa.concat_tables([rows, rows.slice(0, 1)]),
    "changed": lambda rows: pa.concat_tables([rows.slice(2), _at_once(rows.slice(0, 2))]),
}


@pytest.mark.parametrize("harm", HARM)
def test_an_audit_sees_what_was_done_to_a_table(ledger, stored, harm):
    """Rows that are lost, doubled or changed are told apart; rows in another order are no harm."""
    rows = HARM[harm](stored.take(np.arange(stored.num_rows)[::-1]))
    kinds = {one.kind for one in audit("observations", rows, ledger.read(), ledger.read())}
    assert kinds == ({harm.split(":")[0]} if harm != "nothing" else set())


def test_what_was_not_acknowledged_is_there_whole_or_not_at_all(tmp_path, stored):
    """A batch whose producer never heard back may be missing, but not in part."""
    ledger = Ledger(tmp_path / "ledger")
    ledger.intend(BATCH, {"observations": stored.drop_columns([*STAMP])})
    for rows in (stored.slice(0, 0), stored):
        assert not audit("observations", rows, ledger.read(), ledger.read())
    assert audit("observations", stored.slice(1), ledger.read(), ledger.read())


def test_what_was_forgotten_must_be_gone(ledger, stored):
    """A camera that is being forgotten may be there or not; afterwards it must not, and others must."""
    ledger.say(forgetting="cam-1")
    others = stored.filter(pa.compute.field("camera_id") != "cam-1")
    assert not audit("observations", others, ledger.read(), ledger.read())
    ledger.say(forgotten="cam-1")
    kinds = {one.kind for one in audit("observations", stored, ledger.read(), ledger.read())}
    assert kinds == {"came back"}


def test_a_line_that_a_kill_cut_off_is_passed_over(ledger):
    """What follows a torn line is read all the same."""
    with ledger.path.open("ab") as file:
        file.write(b'\n{"acknowledged": ["shard-1", 1')
    ledger.say(bad="x")
    assert ledger.read().bad == {"x"}


def test_every_point_of_the_source_is_found():
    """Each call that says how far a job has come is one that the storm knows by name."""
    sources = [path.read_text() for room in ROOMS for path in (lives.HOUSE / room).rglob("*.py")]
    calls = sum(len(re.findall(r"(?<!def )\breach\(", source)) for source in sources)
    assert calls >= len(lives.named_points(*ROOMS)) > 10
    assert calls == sum(len(lives._REACHED.findall(source)) for source in sources)


@pytest.mark.parametrize(
    ("point", "named", "same"),
    [
        ("commit: looks written", "commit: {name} written", True),
        ("commit: looks durable", "commit: {name} written", False),
        ("checkpoint: due", "checkpoint: due", True),
    ],
)
def test_a_point_is_known_by_its_name(point, named, same):
    """What stands for a table in the source stands for any table."""
    assert lives.is_of(point, named) is same
