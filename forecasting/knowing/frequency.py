"""What a step is, and the rhythms in it."""

from dataclasses import dataclass

from lakehouse.problem import BadTable


@dataclass(frozen=True)
class Frequency:
    """A step of time; every figure is in steps unless its name says otherwise."""

    code: str
    unit: str
    """numpy's unit of time, of which `stride` make a step."""
    stride: int
    season: int
    """The rhythm that the usual repeats: a week of hours or days, a year of months or quarters."""
    averaged: int
    """How many seasons the usual is the mean of."""
    day: int
    """The short rhythm: 24 hours; otherwise 1."""
    year: int
    """A year in whole seasons, so that a Monday meets a Monday."""
    scale: int
    """The lag of the naive forecast by which errors are scaled."""
    ladder: tuple[int, ...]
    """Spans over which the recent level is taken; the fifth is the reference."""
    step: int
    """Between two cut-offs of a backtest."""
    history: int
    """At most so much of the past is looked at."""
    rehearsals: int
    """How many origins of the past a forecast is rehearsed at before it is made."""
    overlap: int
    """How many of those origins lie within one horizon's length."""
    reach: int
    """From how many short rhythms back training origins are drawn."""


FREQUENCIES = {
    "h": Frequency(
        "h", "h", 1, 168, 4, 24, 52 * 168, 24, (3, 24, 72, 168, 672, 2016), 504, 26_304, 4, 1, 700
    ),
    "D": Frequency("D", "D", 1, 7, 4, 1, 52 * 7, 7, (1, 3, 7, 14, 28, 84), 28, 3653, 4, 1, 1400),
    "MS": Frequency("MS", "M", 1, 12, 1, 1, 12, 12, (1, 3, 6, 12, 24, 36), 12, 600, 5, 4, 240),
    "QS": Frequency("QS", "M", 3, 4, 1, 1, 4, 4, (1, 2, 3, 4, 8, 12), 4, 200, 3, 2, 80),
}
"""By pandas' code."""


def frequency(code: str) -> Frequency:
    """The frequency of this code.

    Raises:
        BadTable: there is no such frequency.
    """
    if code not in FREQUENCIES:
        raise BadTable(code, f"a frequency is one of {', '.join(FREQUENCIES)}", "name one of these")
    return FREQUENCIES[code]
