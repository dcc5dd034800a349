"""How many people and vehicles a synthetic site expects in each hour."""

from functools import lru_cache

import numpy as np

from lakehouse.synthetic.chance import MEMORY, Draw, Floats, Ints, normal, remembered
from lakehouse.synthetic.feasting import special
from lakehouse.synthetic.places import Place
from lakehouse.synthetic.slots import HOUR_S, UTC_OFFSET_S
from lakehouse.synthetic.walkers import stay_s
from lakehouse.synthetic.weather import Weather

_UTC_OFFSET_H = UTC_OFFSET_S // HOUR_S

_SHAPES = {
    "commute": "22 15 12 12 16 35 70 100 88 66 62 64 68 66 64 70 86 100 90 70 56 46 38 30",
    "market": "20 18 22 40 70 92 100 98 90 80 72 64 58 52 50 54 60 64 58 48 40 34 28 22",
    "home": "20 14 12 14 26 48 76 84 66 54 50 52 56 52 54 64 82 100 92 76 62 48 36 26",
    "leisure": "28 18 14 12 14 26 36 42 44 46 46 44 42 42 48 60 76 88 96 100 98 86 62 42",
    "gate": "14 10 8 8 10 16 28 46 66 84 92 88 74 72 82 94 100 92 76 66 58 44 30 20",
}
_TRAFFIC = {"street": "commute", "market": "market", "pump": "home", "neighbourhood": "home"}
_PEOPLE = {
    "street": "commute", "market": "market", "pump": "home", "neighbourhood": "home",
    "square": "leisure", "gate": "gate",
}  # fmt: skip
_CURVES = {name: np.array([int(part) for part in text.split()]) / 100 for name, text in _SHAPES.items()}

_WEEK = {
    "commute": (1.0, 0.98, 0.98, 1.0, 1.06, 0.86, 0.68),
    "market": (0.95, 0.94, 0.95, 0.96, 0.98, 1.08, 1.12),
    "home": (1.0, 0.99, 1.0, 1.0, 1.02, 0.96, 0.88),
    "leisure": (0.74, 0.74, 0.75, 0.80, 0.96, 1.30, 1.36),
    "gate": (0.62, 0.62, 0.64, 0.68, 0.84, 1.36, 1.56),
}
"""Monday to Sunday."""


class Rhythm:
    """One site's expectations; every range `hours` counts hours since 1970 (UTC)."""

    def __init__(self, seed: int, camera: int, place: Place, weather: Weather) -> None:
        self._seed, self._camera, self._place, self._weather = seed, camera, place, weather
        self._mood = lru_cache(maxsize=8)(self._new_mood)

    def vehicles(self, hours: range) -> Floats:
        """Vehicles in the hour, both directions together."""
        return 60 * self._place.vehicles * self._course(_TRAFFIC.get(self._place.site, "commute"), hours)

    def walkers(self, hours: range) -> Floats:
        """People in the hour in each direction; at an entrance, the visits."""
        course = self._course(_PEOPLE[self._place.site], hours)
        if self._place.visits:
            return 60 * self._place.visits * course
        stay = stay_s(self._place.layout.walk.half_length, self._place.seconds)
        return 3600 * self._place.people / stay / 2 * course

    def _course(self, shape: str, hours: range) -> Floats:
        """The share of the busiest usual hour (n,) that is expected in each hour."""
        local = np.arange(hours.start, hours.stop) + _UTC_OFFSET_H
        week: Floats = np.array(_WEEK[shape])[(local // 24 + 3) % 7]
        usual: Floats = _CURVES[shape][local % 24] * week
        return usual * special(shape, hours) * self._mood(hours)

    def _new_mood(self, hours: range) -> Floats:
        numbers = np.arange(hours.start, hours.stop)
        return self._level(numbers) * self._damping(numbers)

    def _level(self, hours: Ints) -> Floats:
        """How far this hour lies from the usual, 1 on average: a city's day, a site's day, an hour."""
        city = self._noise(Draw.CITY_LEVEL, -1, hours // 24, 0.75)
        site = self._noise(Draw.LEVEL, self._camera, hours // 24, 0.7)
        wobble = self._noise(Draw.WOBBLE, self._camera, hours, 0.6)
        level: Floats = np.exp(0.04 * city + 0.09 * site + 0.07 * wobble - 0.0073)
        return level

    def _noise(self, draw: Draw, key: int, steps: Ints, memory: float) -> Floats:
        each, place = np.unique(steps, return_inverse=True)
        lags = each[:, None] + np.arange(-MEMORY, 1)
        noise: Floats = remembered(normal(draw, self._seed, key, lags), memory)[place, 0]
        return noise

    def _damping(self, hours: Ints) -> Floats:
        middle = hours.astype(np.float64) * HOUR_S + HOUR_S / 2
        rain: Floats = np.exp(-0.05 * np.minimum(self._weather.rain(middle), 12.0))
        return rain * (1 - 0.9 * self._weather.water(middle, self._place.low_cm))
