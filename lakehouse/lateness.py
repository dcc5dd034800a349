"""Lateness: rows whose camera's clock lies so far from when they landed that they do not count by themselves.

A camera that was cut off for days, or whose clock is wrong, must not change hours that were told long ago,
nor make days that lie ahead. Whoever brings old rows on purpose declares a backfill.
"""

import re

import pyarrow as pa
import pyarrow.compute as pc

LATE_H = 48
"""How far a camera's clock may lie from the clock of the machine that its rows landed on, before or after."""

CLOCK = {"observations": "at", "measures": "minute", "events": "at", "looks": "at"}
"""The column of each landed table that says the camera's clock."""

_LATE_US = LATE_H * 3_600_000_000


_AGAIN = re.compile(r"(?P<producer>.+)\.late-\d{12}")


def again(producer: str, seq: int) -> str:
    """The producer under whose name the late rows of a batch land again."""
    return f"{producer}.late-{seq:012d}"


def landed_as(producer: str) -> str:
    """Under which name the rows of a producer landed first: its own, but for late ones that landed again."""
    match = _AGAIN.fullmatch(producer)
    return match["producer"] if match else producer


def late(table: str, rows: pa.RecordBatch, landed_at: int) -> pa.Array | None:
    """Which rows of a landed table are late; None where none is.

    Args:
        table: a landed table.
        rows: of it.
        landed_at: when they were acknowledged, in milliseconds since 1970.
    """
    clock = rows[CLOCK[table]]
    first, last = (landed_at * 1000 + span for span in (-_LATE_US, _LATE_US))
    bounds = pc.min_max(clock)
    least, greatest = bounds["min"].value, bounds["max"].value
    if least is None or (first <= least and greatest <= last):
        return None
    earliest, latest = (pa.scalar(bound, clock.type) for bound in (first, last))
    return pc.or_(pc.less(clock, earliest), pc.greater(clock, latest)).fill_null(False)
