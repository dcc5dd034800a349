"""A tree of areas from a list: Semarang's own, or that of any city, as CSV."""

import csv
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from lakehouse.city.areas import Area, Areas
from lakehouse.problem import BadRegistry

LEVELS = ("city", "kecamatan", "kelurahan", "rw", "rt")
"""From the whole to the smallest part; a camera is a leaf of any of them."""

NEEDED = ("area_id", "parent_id", "level", "name", "lat", "lon")
TOLD = ("area_km2", "population")
"""The columns that a list has, and those that it may have."""

_TILES = {
    "33.74.16": (0, 0), "33.74.13": (1, 0), "33.74.02": (2, 0), "33.74.05": (3, 0),
    "33.74.15": (0, 1), "33.74.01": (1, 1), "33.74.03": (2, 1), "33.74.04": (3, 1),
    "33.74.14": (0, 2), "33.74.09": (1, 2), "33.74.07": (2, 2), "33.74.08": (3, 2), "33.74.06": (4, 2),
    "33.74.12": (1, 3), "33.74.11": (2, 3), "33.74.10": (3, 3),
}  # fmt: skip
"""Column and row of each kecamatan in a map of hexagons, whose odd rows are shifted right by half a tile."""


def semarang() -> Areas:
    """The city, its 16 kecamatan and its 177 kelurahan, from the list that stands beside this module."""
    with files("lakehouse.city").joinpath("areas.csv").open(encoding="utf-8") as file:
        areas = Areas(_area(row) for row in csv.DictReader(file))
    return Areas(_placed(area, _TILES) for area in areas)


def read(path: Path) -> Areas:
    """The tree of areas that a CSV tells of; the kecamatan lie in the map as they lie in the city.

    Its columns are `area_id`, `parent_id` ('' of the city), `level` (one of LEVELS), `name`, `lat` and
    `lon` in degrees, and where known `area_km2` and `population`.

    Raises:
        BadRegistry: it cannot be read, lacks a column, or is no tree with one city at its root; the first
            bad line is named.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            listing = csv.DictReader(file)
            _must_have_columns(path, listing.fieldnames or ())
            areas = {area.area_id: area for area in _areas(path, listing)}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadRegistry(str(path), f"it cannot be read: {error}", "name a CSV in UTF-8") from error
    _must_be_a_tree(path, areas)
    return Areas(_tiled(areas.values()))


def _areas(path: Path, listing: "csv.DictReader[str]") -> Iterator[Area]:
    known: set[str] = set()
    for row in listing:
        try:
            area = _area(row)
        except (ValueError, TypeError, AttributeError) as error:
            raise _bad(path, f"line {listing.line_num} holds no area: {error}") from error
        if not area.area_id or area.area_id.startswith("camera:") or area.area_id in known:
            raise _bad(path, f"line {listing.line_num} has the id {area.area_id!r}, taken or none")
        if not (abs(area.lat) <= 90 and abs(area.lon) <= 180):  # noqa: PLR2004 - the globe
            raise _bad(path, f"line {listing.line_num} lies at {area.lat}, {area.lon}, which is nowhere")
        known.add(area.area_id)
        yield area


def _area(row: Mapping[str, str]) -> Area:
    """A row as an area, which has no place in the map yet."""
    km2, population = (row.get(name) or None for name in TOLD)
    return Area(
        area_id=row["area_id"].strip(),
        parent_id=row["parent_id"].strip() or None,
        level=row["level"].strip(),
        name=row["name"].strip(),
        tile_col=None,
        tile_row=None,
        lat=float(row["lat"]),
        lon=float(row["lon"]),
        population=int(population) if population else None,
        area_km2=float(km2) if km2 else None,
    )


def _must_have_columns(path: Path, names: Iterable[str]) -> None:
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise _bad(path, f"it has no column {', '.join(missing)}")


def _must_be_a_tree(path: Path, areas: Mapping[str, Area]) -> None:
    """One city, and every other area right below one of a larger level."""
    roots = [area for area in areas.values() if area.parent_id is None]
    if [area.level for area in roots] != ["city"]:
        raise _bad(path, f"{len(roots)} of its areas have no parent, and one, of the level city, should")
    for area in areas.values():
        if area.level not in LEVELS:
            raise _bad(path, f"{area.area_id} has the level {area.level!r}, none of {', '.join(LEVELS)}")
        parent = areas.get(area.parent_id or area.area_id)
        if parent is None:
            raise _bad(path, f"the parent of {area.area_id}, {area.parent_id!r}, is not in it")
        if area is not parent and LEVELS.index(parent.level) >= LEVELS.index(area.level):
            raise _bad(path, f"{area.area_id} is a {area.level} in a {parent.level}")


def _tiled(areas: Iterable[Area]) -> Iterator[Area]:
    """The areas, their kecamatan in rows from north to south, each row from west to east."""
    areas = list(areas)
    kecamatan = sorted((area for area in areas if area.level == "kecamatan"), key=lambda area: -area.lat)
    columns = math.ceil(math.sqrt(len(kecamatan)))
    tiles = {
        area.area_id: (column, line)
        for line in range(columns)
        for column, area in enumerate(sorted(kecamatan[line * columns :][:columns], key=_eastward))
    }
    return (_placed(area, tiles) for area in areas)


def _eastward(area: Area) -> float:
    return area.lon


def _placed(area: Area, tiles: Mapping[str, tuple[int, int]]) -> Area:
    column, line = tiles.get(area.area_id, (None, None))
    return replace(area, tile_col=column, tile_row=line)


def _bad(path: Path, rule: str) -> BadRegistry:
    return BadRegistry(str(path), rule, f"write a line for each area, with {', '.join(NEEDED)}")
