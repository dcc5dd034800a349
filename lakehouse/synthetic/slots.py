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
        self._day = lru_cache(maxsize=16)(lambda stream, day: work(stream, day * _SLOTS_A_DAY + _OF_A_DAY))

    def __call__(self, stream: int, slot: int) -> int:
        """The number of one slot of a stream."""
        return int(self._day(stream, slot // _SLOTS_A_DAY)[slot % _SLOTS_A_DAY])


_OF_A_DAY = np.arange(_SLOTS_A_DAY)


def arrivals(rates: Rates, deviates: Floats, slots: Ints) -> Ints:
    """How many come in each of consecutive slots (n,), given standard normal numbers (n,)."""
    hour = slots // SLOTS_AN_HOUR
    first = int(hour[0])
    return poisson(deviates, rates(range(first, int(hour[-1]) + 1))[hour - first] / SLOTS_AN_HOUR)
