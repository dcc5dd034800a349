"""Slots of ten minutes, in which arrivals are drawn and queues begin and end."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from lakehouse.synthetic.chance import Floats, Ints, poisson

HOUR_S, DAY_S = 3600, 86400
UTC_OFFSET_S = 7 * HOUR_S
SLOT_S = 600
SLOTS_AN_HOUR = HOUR_S // SLOT_S
_SLOTS_A_DAY = DAY_S // SLOT_S

Rates = Callable[[range], Floats]
"""What is expected in each hour (n,) of a range that counts hours since 1970."""


class Daily:
    """A whole number for each slot of a stream, worked out for a day at a time and remembered."""

    def __init__(self, work: Callable[[int, Ints], Ints]) -> None:
        self._work = work
        self._day = lru_cache(maxsize=16)(self._new_day)

    def _new_day(self, stream: int, day: int) -> Ints:
        return self._work(stream, np.arange(day * _SLOTS_A_DAY, (day + 1) * _SLOTS_A_DAY))

    def __call__(self, stream: int, slots: range) -> Ints:
        """The numbers of consecutive slots (n,) of a stream."""
        first, last = slots.start // _SLOTS_A_DAY, (slots.stop - 1) // _SLOTS_A_DAY
        days = [self._day(stream, day) for day in range(first, last + 1)]
        skipped = first * _SLOTS_A_DAY
        return np.concatenate(days)[slots.start - skipped : slots.stop - skipped]


def each(slots: range, counts: Ints) -> tuple[Ints, Ints]:
    """The slot and the number in it of every thing, where each slot (n,) has its count: (sum,) each."""
    ends = np.cumsum(counts)
    numbers = np.arange(ends[-1]) - np.repeat(ends - counts, counts)
    return np.repeat(np.arange(slots.start, slots.stop), counts), numbers


def covering(start: float, stop: float) -> range:
    """The slots that hold [start, stop), in seconds since 1970."""
    return range(int(start // SLOT_S), int(-(-stop // SLOT_S)))


def arrivals(rates: Rates, deviates: Floats, slots: Ints) -> Ints:
    """How many come in each of consecutive slots (n,), given standard normal numbers (n,)."""
    hour = slots // SLOTS_AN_HOUR
    first = int(hour[0])
    return poisson(deviates, rates(range(first, int(hour[-1]) + 1))[hour - first] / SLOTS_AN_HOUR)
