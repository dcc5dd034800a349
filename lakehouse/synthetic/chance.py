"""Numbers that look random and hang on their keys alone, so that a moment and 14 months agree."""

from enum import IntEnum, auto

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Draw(IntEnum):
    """What a number is drawn for; two things never share one."""

    COUNT = auto()
    TIME = auto()
    LABEL = auto()
    LENGTH = auto()
    ASIDE = auto()
    TONE = auto()
    SPEED = auto()
    PACE = auto()
    LINGERS = auto()
    STOP_AT = auto()
    STOP_S = auto()
    HEIGHT = auto()
    LEVEL = auto()
    CITY_LEVEL = auto()
    WOBBLE = auto()
    STORM = auto()
    STORM_START = auto()
    STORM_LENGTH = auto()
    STORM_DEPTH = auto()
    SURGE = auto()
    JAM = auto()
    GATHERING = auto()
    GATHERING_SIZE = auto()
    GATHERING_START = auto()
    SPOT = auto()
    HABIT = auto()
    HABIT_START = auto()
    HABIT_LENGTH = auto()
    OUTAGE = auto()
    OUTAGE_START = auto()
    OUTAGE_LENGTH = auto()
    MISSED = auto()
    FORECAST = auto()


def uniform(*keys: ArrayLike) -> Floats:
    """A number in (0, 1) for every combination of the integer keys, broadcast against one another.

    Each key is folded in by the finalizer of SplitMix64 (Steele, Lea and Flood 2014).
    """
    state = np.zeros(1, np.uint64)
    with np.errstate(over="ignore"):
        for key in keys:
            state = _mix(state + np.asarray(key, np.int64).view(np.uint64) + np.uint64(0x9E3779B97F4A7C15))
    shares = (state >> np.uint64(11)).astype(np.float64)
    shape = np.broadcast_shapes(*(np.shape(key) for key in keys))
    return ((shares + 0.5) / 2**53).reshape(shape)


def _mix(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def normal(*keys: ArrayLike) -> Floats:
    """A standard normal number for every combination of the keys."""
    from scipy import special  # noqa: PLC0415 - real cameras need no chance

    return np.asarray(special.ndtri(uniform(*keys)), np.float64)


def poisson(deviate: Floats, mean: Floats) -> Ints:
    """A count of about Poisson's distribution for a standard normal number and a mean.

    The first two terms of the Cornish-Fisher expansion: the exact inverse is fifty times slower.
    """
    counts = mean + np.sqrt(mean) * deviate + (deviate**2 - 1) / 6
    return np.where(mean > 0, np.maximum(np.rint(counts), 0), 0).astype(np.int64)


def remembered(noise: Floats, memory: float) -> Floats:
    """An autocorrelated series of unit variance out of white noise.

    noise (..., n + MEMORY) gives (..., n): the sum of the last MEMORY values with weights memory**k.
    """
    weights = memory ** np.arange(MEMORY + 1)
    weights /= np.sqrt((weights**2).sum())
    windows = np.lib.stride_tricks.sliding_window_view(noise, MEMORY + 1, axis=-1)
    return np.asarray(windows @ weights[::-1], np.float64)


MEMORY = 24
"""So many earlier steps still sound in a level."""
