"""What the API knows of the city from one request to the next: read once for each version of a table."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Annotated, Any, TypeVar, cast

from fastapi import Depends, Request

from lakehouse.city import cameras
from lakehouse.city.areas import Areas
from lakehouse.city.cameras import Camera
from lakehouse.problem import UnknownKind
from lakehouse.store import Lake
from lakehouse.tables import TABLES

Known = TypeVar("Known")


@dataclass
class City:
    """The areas, cameras and kinds of a lake, as of now."""

    lake: Lake
    _known: dict[str, tuple[int, Any]] = field(default_factory=dict)
    _versions: tuple[float, dict[str, int]] = (-1e9, {})
    _lock: Lock = field(default_factory=Lock)

    @property
    def areas(self) -> Areas:
        """The tree of areas."""
        return self._of("areas", lambda: Areas.read(self.lake))

    @property
    def cameras(self) -> Mapping[str, Camera]:
        """The last version of each camera, by its id."""
        return self._of("cameras", lambda: cameras.read(self.lake))

    @property
    def kinds(self) -> Mapping[str, dict[str, Any]]:
        """The row of each kind, by its name."""
        return self._of("kinds", lambda: {row["kind"]: row for row in self.lake.read("kinds").to_pylist()})

    def versions(self) -> dict[str, int]:
        """The version of each table, as it was at most a second ago."""
        if time.monotonic() - self._versions[0] > 1:
            self._versions = time.monotonic(), {name: self.lake.version(name) for name in TABLES}
        return self._versions[1]

    def kind(self, kind: str | None) -> str | None:
        """`kind` itself.

        Raises:
            UnknownKind: no row of the kinds table is called that.
        """
        if kind is not None and kind not in self.kinds:
            raise UnknownKind(kind, "no analytic here makes it", "GET /v1/kinds lists what there is")
        return kind

    def within(self, area: str | None) -> set[str] | None:
        """The ids of an area and of all below it; None, which is everywhere, for None.

        Raises:
            UnknownArea: no area has this id.
        """
        if area is None:
            return None
        return {self.areas[area].area_id} | {below.area_id for below in self.areas.below(area)}

    def selected(self, area: str | None, level: str | None) -> set[str]:
        """The ids of an area, of a level, of a level within an area; by default city and kecamatan.

        Raises:
            UnknownArea: no area has this id.
        """
        if area is None:
            levels = ("city", "kecamatan") if level is None else (level,)
            return {found.area_id for one in levels for found in self.areas.at_level(one)}
        if level is None:
            return {self.areas[area].area_id}
        return {found for found in self.within(area) or () if self.areas[found].level == level}

    def _of(self, table: str, read: Callable[[], Known]) -> Known:
        version = self.lake.version(table)
        with self._lock:
            if self._known.get(table, (None,))[0] != version:
                self._known[table] = (version, read())
            return cast(Known, self._known[table][1])


async def _city(request: Request) -> City:
    return cast(City, request.app.state.city)


TheCity = Annotated[City, Depends(_city)]
