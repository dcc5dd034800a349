"""What a lake for real cameras begins with: its areas and its calendar."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

from lakehouse.city import calendar
from lakehouse.city.areas import Areas
from lakehouse.clock import city_day
from lakehouse.problem import BadLake

if TYPE_CHECKING:
    from lakehouse.store import Lake

_BEHIND = timedelta(days=2 * 366)
_AHEAD = timedelta(days=400)


def begin(lake: "Lake", tree: Areas) -> Iterator[str]:
    """Write the areas and the days that differ, and tell what stands; what is there already is left.

    Raises:
        BadLake: the lake has other areas already.
    """
    known = Areas.read(lake)
    if len(known) and any(area not in known for area in (one.area_id for one in tree)):
        raise BadLake(lake.root, "it has other areas already", "name a new folder, or its own tree of areas")
    if not len(known):
        lake.replace("areas", tree.table(), on=lake.table("areas"))
    levels = dict.fromkeys(area.level for area in tree)
    yield "areas     " + ", ".join(f"{len(tree.at_level(level))} {level}" for level in levels)
    first, last = _calendar(city_day(lake.now()))
    yield f"calendar  {calendar.register(lake, first, last)} entries from {first} to {last}"


def _calendar(today: date) -> tuple[date, date]:
    """From the beginning of a month to that of another, so that the calendar changes once a month at most."""
    return (today - _BEHIND).replace(day=1), (today + _AHEAD).replace(day=1)
