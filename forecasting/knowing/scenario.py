"""What if: the same forecast with other rain, another tide, or a day that is no ordinary day."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Self

import numpy as np

from forecasting.knowing.panel import Flags, Panel
from forecasting.knowing.vintages import Floats, Ints, Vintages
from lakehouse.problem import BadScenario

_AMOUNTS = {"rain": ("rain_mm", "mm"), "tide": ("tide_cm", "cm")}
_DAYS = ("holiday", "leave", "school", "payday", "event")
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)(mm|cm)(?:@(.+))?")
_GRAMMAR = "rain=20mm, tide=110cm, either with @2026-12-01 behind it, and " + ", ".join(
    f"{name}=2026-12-01" for name in _DAYS
)


@dataclass(frozen=True)
class Scenario:
    """What is supposed of the days to come; the name is how it was written, parts in the order of names.

    `amounts` maps a covariate and a local day (None: all of the horizon) to a value in its unit;
    `days` maps a flag of the calendar to a local day.
    """

    name: str
    amounts: tuple[tuple[str, date | None, float], ...]
    days: tuple[tuple[str, date], ...]

    @classmethod
    def of(cls, text: str) -> Self:
        """Read `rain=20mm,holiday=2026-12-01`; empty supposes nothing.

        Raises:
            BadScenario: a part is none of the things that can be supposed.
        """
        parts = sorted({part.strip() for part in text.split(",") if part.strip()})
        split = [part.partition("=")[::2] for part in parts]
        amounts = tuple(_amount(key, value) for key, value in split if key not in _DAYS)
        days = tuple((key, _day(f"{key}={value}", value)) for key, value in split if key in _DAYS)
        return cls(",".join(parts), amounts, days)

    def applied(self, panel: Panel) -> Panel:
        """The panel with other things known of its future, its past untouched.

        Raises:
            BadScenario: a day lies outside of what is forecast.
        """
        known, vintages = dict(panel.known), dict(panel.vintages)
        for name, day, value in self.amounts:
            vintages[name] = _supposed(panel, vintages, name, self._where(panel, day), value)
        for name, day in self.days:
            known[name] = np.where(self._where(panel, day), 1.0, known[name])
        return replace(panel, known=known, vintages=vintages)

    def _where(self, panel: Panel, day: date | None) -> Flags:
        """(1, T + horizon) the columns of the future that lie in the day."""
        columns = np.arange(panel.steps + panel.horizon)
        days = panel.times(np.zeros(1, np.int64), columns).astype("M8[D]")
        ahead = columns >= panel.steps
        inside = ahead if day is None else ahead & (days == np.datetime64(day))
        if not inside.any():
            first, last = days[panel.steps], days[-1]
            raise BadScenario(
                self.name, f"what is forecast are the days {first} to {last}", "name one of these"
            )
        return inside[None]


def _supposed(
    panel: Panel, vintages: Mapping[str, Vintages], name: str, where: Flags, value: float
) -> Vintages:
    """What was known before, and the supposed value as the newest knowledge at the panel's end."""
    columns = np.flatnonzero(where[0])
    before = vintages.get(name, Vintages(np.zeros(0, np.int64), np.zeros(0)))
    new = Vintages.of(columns, np.full(len(columns), panel.steps), np.full(len(columns), value))
    rest = ~np.isin(before.keys, new.keys)
    keys: Ints = np.concatenate([before.keys[rest], new.keys])
    values: Floats = np.concatenate([before.values[rest], new.values])
    order = np.argsort(keys, kind="stable")
    return Vintages(keys[order], values[order])


def _amount(key: str, value: str) -> tuple[str, date | None, float]:
    found = _AMOUNT.fullmatch(value)
    if key not in _AMOUNTS or not found or found[2] != _AMOUNTS[key][1]:
        raise BadScenario(f"{key}={value}", f"what can be supposed is {_GRAMMAR}", "write one of these")
    return _AMOUNTS[key][0], _day(f"{key}={value}", found[3]) if found[3] else None, float(found[1])


def _day(part: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadScenario(part, f"{text!r} is no day", "write 2026-12-01") from error
