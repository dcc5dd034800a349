"""Rain, tide and daylight over the synthetic city."""

from functools import lru_cache

import numpy as np

from lakehouse.synthetic.chance import Draw, Floats, Ints, normal, uniform
from lakehouse.synthetic.slots import DAY_S, HOUR_S, UTC_OFFSET_S

_WET = np.array([0.75, 0.75, 0.6, 0.4, 0.25, 0.15, 0.1, 0.07, 0.12, 0.25, 0.5, 0.7])
"""The chance of a storm on a day, from January to December: a west monsoon's year."""

_CONSTITUENTS = ((20.0, 12.4206012), (10.0, 12.0), (17.0, 23.93447213), (8.0, 25.81933871))
"""M2, S2, K1, O1: amplitude in cm and period in hours. Mixed, mainly semidiurnal, as at Semarang."""

_MEAN_LEVEL_CM = 59.9
_STORMS = np.arange(2)


class Weather:
    """The weather of one seed; every instant is in seconds since 1970 (UTC)."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.minute = lru_cache(maxsize=256)(self._minute)

    def rain(self, at: Floats) -> Floats:
        """Rain in mm an hour, constant within an hour, at each instant (n,)."""
        hour = np.asarray(at, np.int64).reshape(-1) // HOUR_S + UTC_OFFSET_S // HOUR_S
        day = hour // 24
        return self._storms(day, hour) + self._storms(day - 1, hour)

    def _storms(self, day: Ints, hour: Ints) -> Floats:
        month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
        keys = (self._seed, day[:, None], _STORMS)
        comes = uniform(Draw.STORM, *keys) < _WET[month][:, None] * np.array([1.0, 0.4])
        start = np.floor(13 + 8 * uniform(Draw.STORM_START, *keys))
        length = np.floor(1 + 4 * uniform(Draw.STORM_LENGTH, *keys))
        depth = -12 * np.log(uniform(Draw.STORM_DEPTH, *keys))
        since = hour[:, None] - day[:, None] * 24 - start
        share = 2 * (length - since) / (length * (length + 1))
        falls = comes & (since >= 0) & (since < length)
        return np.asarray(np.where(falls, depth * share, 0.0).sum(axis=1))

    def tide(self, at: Floats) -> Floats:
        """The sea's level in cm above the gauge's zero at each instant (n,)."""
        seconds = np.asarray(at, np.float64).reshape(-1)
        level = _MEAN_LEVEL_CM + self._surge(seconds)
        for amplitude, period_h in _CONSTITUENTS:
            level = level + amplitude * np.cos(2 * np.pi * seconds / (period_h * HOUR_S))
        return level

    def _minute(self, number: int, low_cm: float | None) -> tuple[float, float]:
        """Rain in mm an hour, and the share of a road under water, in a minute since 1970."""
        at = np.array([number * 60.0])
        return float(self.rain(at)[0]), float(self.water(at, low_cm)[0])

    def _surge(self, seconds: Floats) -> Floats:
        """Wind's slow part of the level: a few centimetres, straight between daily values."""
        day = seconds // DAY_S
        before, after = (normal(Draw.SURGE, self._seed, (day + step).astype(np.int64)) for step in (0, 1))
        part = seconds / DAY_S - day
        return 5 * (before * (1 - part) + after * part)

    def water(self, at: Floats, low_cm: float | None) -> Floats:
        """The share 0-0.6 of a road under water, by the minute; none without `low_cm`."""
        seconds = np.asarray(at, np.float64).reshape(-1) // 60 * 60
        if low_cm is None:
            return np.zeros(len(seconds))
        sea = (self.tide(seconds) - low_cm) / 40
        sky = (self.rain(seconds) - 18) / 60
        return np.clip(np.maximum(sea, sky), 0.0, 0.6)


def daylight(at: Floats) -> Floats:
    """0 at night and 1 by day, at each instant (n,): near the equator the sun keeps its hours all year."""
    hour = (np.asarray(at, np.float64).reshape(-1) + UTC_OFFSET_S) % DAY_S / HOUR_S
    rise, fall = (hour - 5.2) / 0.8, (18.2 - hour) / 0.8
    return np.clip(np.minimum(rise, fall), 0.0, 1.0)
