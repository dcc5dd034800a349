"""When the feasts fall that move: holidays, Ramadan, Lebaran, and the city's own."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import holidays
from hijridate import Gregorian, Hijri

_RAMADAN = {2023: date(2023, 3, 23), 2024: date(2024, 3, 12), 2025: date(2025, 3, 1), 2026: date(2026, 2, 19)}
"""The first fasting day as the government set it; other years are reckoned, and may be a day off."""

_ESTIMATED = ("(estimated)", "(perkiraan)")
_YEARS = 20


@dataclass(frozen=True, slots=True)
class Named:
    """A day that has a name in Indonesian and in English; `estimated` where it may still move."""

    day: date
    id: str
    en: str
    estimated: bool = False


def _listed(year: int, category: str) -> list[Named]:
    found = {
        language: holidays.country_holidays("ID", years=year, categories=(category,), language=language)
        for language in ("id", "en_US")
    }
    return [
        Named(day, _bare(name), _bare(found["en_US"][day]), name != _bare(name))
        for day, name in sorted(found["id"].items())
    ]


def _bare(name: str) -> str:
    for mark in _ESTIMATED:
        name = name.replace(mark, "")
    return " ".join(name.split())


@lru_cache(maxsize=_YEARS)
def public_holidays(year: int) -> tuple[Named, ...]:
    """The national holidays of a year."""
    return tuple(_listed(year, "public"))


@lru_cache(maxsize=_YEARS)
def joint_leave(year: int) -> tuple[Named, ...]:
    """The days of cuti bersama: they bridge the holidays, and move traffic and visits as those do."""
    return tuple(_listed(year, "government"))


def _named(year: int, name: str) -> tuple[Named, ...]:
    """Two feasts on one day are listed as one name, so the name is looked for within it."""
    return tuple(feast for feast in public_holidays(year) if name in feast.en.split("; "))


def eids(year: int) -> tuple[Named, ...]:
    """The first day of Lebaran: once in a year of the common calendar, and twice in some."""
    return _named(year, "Eid al-Fitr")


@lru_cache(maxsize=_YEARS)
def fast_before(eid: date) -> tuple[date, bool]:
    """The first fasting day before an Eid, and whether it is only reckoned; the last is Eid's eve."""
    if eid.year in _RAMADAN:
        return _RAMADAN[eid.year], False
    reckoned = Hijri(Gregorian(eid.year, eid.month, eid.day).to_hijri().year, 9, 1).to_gregorian()
    return max(date(reckoned.year, reckoned.month, reckoned.day), eid - timedelta(days=30)), True


def city_events(year: int) -> list[Named]:
    """What the city itself celebrates in a year; only the fixed dates are certain."""
    imleks = [feast.day for feast in _named(year, "Lunar New Year")]
    semawis = [imlek - timedelta(days=back) for imlek in imleks for back in (4, 3, 2)]
    dugderan = [fast_before(eid.day)[0] - timedelta(days=3) for eid in eids(year)]
    return [
        *(
            Named(day, "Pasar Imlek Semawis", "Semawis lunar new year market", estimated=True)
            for day in semawis
        ),
        *(Named(day, "Dugderan", "Dugderan carnival", estimated=True) for day in dugderan),
        Named(date(year, 5, 2), "Hari jadi Kota Semarang", "Birthday of the city"),
        Named(date(year, 12, 31), "Malam tahun baru", "New Year's Eve"),
    ]
