"""The tree of areas: city, kecamatan, kelurahan, RW, RT, and each camera as a leaf."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Self

import pyarrow as pa

from lakehouse.problem import BadTable, UnknownArea
from lakehouse.tables import TABLES

if TYPE_CHECKING:
    from lakehouse.store import Lake

CITY = "33.74"
"""The official code of the city's area."""


@dataclass(frozen=True, slots=True)
class Area:
    """One area, with the columns of the table `areas`."""

    area_id: str
    parent_id: str | None
    level: str
    name: str
    tile_col: int | None
    tile_row: int | None
    lat: float
    lon: float
    population: int | None = None
    area_km2: float | None = None
    geometry: str | None = None


class Areas:
    """Every area by its id; iterating goes in the order of ids."""

    def __init__(self, areas: Iterable[Area]) -> None:
        self._areas = {area.area_id: area for area in sorted(areas, key=lambda area: area.area_id)}
        for area in self:
            if area.parent_id is not None and area.parent_id not in self._areas:
                raise BadTable(
                    area.area_id, f"its parent {area.parent_id!r} is no area", "add the parent first"
                )

    @classmethod
    def read(cls, lake: "Lake") -> Self:
        """The areas of a lake, its cameras included."""
        names = [field.name for field in fields(Area)]
        return cls(Area(**row) for row in lake.read("areas", columns=names).to_pylist())

    def __iter__(self) -> Iterator[Area]:
        return iter(self._areas.values())

    def __len__(self) -> int:
        return len(self._areas)

    def __contains__(self, area_id: object) -> bool:
        return area_id in self._areas

    def __getitem__(self, area_id: str) -> Area:
        if area_id not in self._areas:
            raise UnknownArea(area_id, "no area has this id", "list them with `python -m lakehouse areas`")
        return self._areas[area_id]

    @property
    def city(self) -> Area:
        """The area that all others lie in."""
        return next(area for area in self if area.parent_id is None)

    def path(self, area_id: str) -> tuple[str, ...]:
        """The ids from an area up to the city, its own first."""
        parent = self[area_id].parent_id
        return (area_id,) if parent is None else (area_id, *self.path(parent))

    @cached_property
    def _children(self) -> dict[str, list[Area]]:
        children: dict[str, list[Area]] = defaultdict(list)
        for area in self:
            if area.parent_id is not None:
                children[area.parent_id].append(area)
        return children

    def below(self, area_id: str, level: str | None = None) -> list[Area]:
        """Everything inside an area, itself left out; of one level, if it is named."""
        inside: list[Area] = []
        for child in self._children.get(self[area_id].area_id, []):
            inside += [child, *self.below(child.area_id)]
        return [area for area in inside if level in (None, area.level)]

    def at_level(self, level: str) -> list[Area]:
        """Every area of one level."""
        return [area for area in self if area.level == level]

    def table(self) -> pa.Table:
        """The rows of the table `areas`."""
        names = [field.name for field in fields(Area)]
        columns = zip(*(astuple(area) for area in self), strict=True)
        return pa.table(dict(zip(names, map(list, columns), strict=True)), schema=TABLES["areas"].schema)
