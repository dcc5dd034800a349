"""Where each camera hangs, whose it is, what its zones are for, and how its picture lies on the ground."""

import json
import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from lakehouse.city.areas import Area, Areas
from lakehouse.city.tree import semarang
from lakehouse.places.addresses import redact
from lakehouse.problem import UnknownCamera
from lakehouse.tables import TABLES

if TYPE_CHECKING:
    from lakehouse.store import Lake

Share = Annotated[float, Field(ge=0, le=1)]
Corner = tuple[Share, Share]


class Purpose(StrEnum):
    """What a zone is for; an analytic names the purpose of the zones that it applies in."""

    PEOPLE = "people"
    ROAD = "road"
    ENTRANCE = "entrance"
    NO_PARKING = "no_parking"
    GROUND = "ground"


class Zone(BaseModel):
    """A part of a camera's picture: a polygon, or for an entrance or a counting line two points.

    Corners are shares of the frame's width and height. A line counts what crosses it from its left
    side to its right side as 'in', seen when looking from its first to its second point.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    zone_id: str = Field(description="its name among the zones of its camera")
    purpose: Purpose = Field(description="what is measured in it")
    corners: tuple[Corner, ...] = Field(min_length=2, description="x, y as shares of width and height")
    area_m2: float | None = Field(default=None, gt=0, description="m², where known")
    capacity: int | None = Field(default=None, gt=0, description="people who fit, where known")

    @property
    def is_line(self) -> bool:
        """Whether things are counted as they cross it, and not while they are in it."""
        return len(self.corners) == 2  # noqa: PLR2004 - two points are a line


_FRAME = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
_LINE = ((0.0, 0.7), (1.0, 0.7))
"""Across the picture: a street is mostly looked along, and what is near is found best."""

WHOLE_PICTURE = (
    Zone(zone_id="people", purpose=Purpose.PEOPLE, corners=_FRAME),
    Zone(zone_id="flow", purpose=Purpose.ROAD, corners=_LINE),
    Zone(zone_id="road", purpose=Purpose.ROAD, corners=_FRAME),
)
"""The zones of a camera for which nobody drew any."""


class Calibration(BaseModel):
    """A pinhole camera above flat ground.

    On the ground x points to the right of the camera, y away from it and z up, in metres, with the
    camera at (0, 0, height_m). The picture's centre looks down by `pitch_deg`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    height_m: float = Field(gt=0)
    pitch_deg: float = Field(gt=0, lt=90, description="below the horizon")
    fov_deg: float = Field(gt=0, lt=170, description="horizontal angle of view")
    aspect: float = Field(default=16 / 9, gt=0, description="width by height")

    def project(self, points: ArrayLike) -> NDArray[np.float64]:
        """Ground points (n, 3) in metres to shares of the frame (n, 2); NaN behind the camera."""
        x, y, z = np.asarray(points, np.float64).reshape(-1, 3).T
        pitch, focal = math.radians(self.pitch_deg), 0.5 / math.tan(math.radians(self.fov_deg) / 2)
        below = self.height_m - z
        depth = y * math.cos(pitch) + below * math.sin(pitch)
        down = below * math.cos(pitch) - y * math.sin(pitch)
        depth = np.where(depth > 1e-6, depth, np.nan)  # noqa: PLR2004 - in front of the lens
        return np.stack([0.5 + focal * x / depth, 0.5 + focal * self.aspect * down / depth], axis=1)

    def ground(self, shares: ArrayLike) -> NDArray[np.float64]:
        """Shares of the frame (n, 2) to points on the ground (n, 2) in metres; NaN above the horizon."""
        u, v = np.asarray(shares, np.float64).reshape(-1, 2).T
        pitch, focal = math.radians(self.pitch_deg), 0.5 / math.tan(math.radians(self.fov_deg) / 2)
        right, down = (u - 0.5) / focal, (v - 0.5) / (focal * self.aspect)
        falls = math.sin(pitch) + down * math.cos(pitch)
        depth = self.height_m / np.where(falls > 1e-6, falls, np.nan)  # noqa: PLR2004 - below the horizon
        return np.stack([right * depth, (math.cos(pitch) - down * math.sin(pitch)) * depth], axis=1)


REMOVED = "removed:"
"""In the place of an address: the camera was taken down."""


class Camera(BaseModel):
    """One version of a camera."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    camera_id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    valid_from: datetime
    version: int = 1
    name: str
    owner: str
    site: str
    area_id: str
    lat: float
    lon: float
    source: str = Field(
        description="address without secrets, or synthetic:7; '' where inactive, removed: where gone"
    )
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    fps: float = Field(default=2.0, gt=0)
    zones: tuple[Zone, ...] = ()
    limit_kmh: float | None = None
    calibration: Calibration | None = None
    grants: Literal["aggregate", "events", "boxes", "blurred", "live"] = "events"

    @property
    def removed(self) -> bool:
        """Whether it was taken down, and hangs nowhere since `valid_from`."""
        return self.source == REMOVED

    def zones_for(self, purpose: Purpose) -> tuple[Zone, ...]:
        """The zones of one purpose."""
        return tuple(zone for zone in self.zones if zone.purpose == purpose)


REGISTRATIONS = "registrations"
"""The mark in cameras: how often some were hung or changed."""

_ZONES = TypeAdapter(tuple[Zone, ...])
_AS_JSON = ("zones", "calibration")


def read(lake: "Lake") -> dict[str, Camera]:
    """The last version of every camera of a lake that hangs, by id."""
    return {camera_id: camera for camera_id, camera in _last(lake).items() if not camera.removed}


def _last(lake: "Lake") -> dict[str, Camera]:
    """The last version of every camera that ever hung."""
    return {camera_id: camera for (camera_id, _), camera in sorted(versions(lake).items())}


def removed(lake: "Lake") -> dict[str, datetime]:
    """Since when each camera that was taken down hangs no more, by id."""
    return {camera_id: camera.valid_from for camera_id, camera in _last(lake).items() if camera.removed}


def remove(lake: "Lake", camera_ids: Iterable[str]) -> int:
    """Take cameras down; returns how many. What they saw stays, and they are expected no more from now on.

    Raises:
        UnknownCamera: the lake has no such camera, or it was taken down before; nothing was written.
    """
    hung, gone = read(lake), list(camera_ids)
    for camera_id in gone:
        if camera_id not in hung:
            remedy = "`python -m lakehouse cameras` lists those that hang"
            raise UnknownCamera(camera_id, "no such camera hangs in this lake", remedy)
    taken_down = {"source": REMOVED, "valid_from": lake.now()}
    return register(lake, [hung[camera_id].model_copy(update=taken_down) for camera_id in gone])


def versions(lake: "Lake") -> dict[tuple[str, int], Camera]:
    """Every version of every camera of a lake, by id and version."""
    return {(row["camera_id"], row["version"]): _camera(row) for row in lake.read("cameras").to_pylist()}


def with_source(lake: "Lake") -> list[str]:
    """The ids of the cameras that can be watched."""
    return [camera_id for camera_id, camera in read(lake).items() if camera.source]


def register(lake: "Lake", cameras: Iterable[Camera], new_areas: Iterable[Area] = ()) -> int:
    """Hang cameras, or change them; returns how many new versions that made.

    A camera that is the same as before gets no new version. Each is also a leaf `camera:<id>` of the
    tree of areas, to which `new_areas` come too; a lake without areas gets the city's. Secrets in a source
    are not kept.

    Raises:
        UnknownArea: a camera's area is none of the lake's; nothing was written.
    """
    from lakehouse.log.commits import StaleSnapshotError  # noqa: PLC0415 - analytics load no tables

    given, more = {camera.camera_id: camera for camera in cameras}, list(new_areas)
    while True:
        try:
            return _register(lake, given, more)
        except StaleSnapshotError:
            continue  # somebody else hung cameras meanwhile


def _register(lake: "Lake", given: Mapping[str, Camera], new_areas: Iterable[Area]) -> int:
    from lakehouse.log.commits import StaleSnapshotError  # noqa: PLC0415 - as above
    from lakehouse.log.reading import watermark  # noqa: PLC0415 - as above

    target, registrations = lake.table("areas"), watermark(lake.table("cameras"), REGISTRATIONS)
    known, areas = _last(lake), Areas([*tree(lake), *new_areas])
    leaves = {area.area_id: area for area in map(_leaf, given.values())}
    for leaf in leaves.values():
        _ = areas[leaf.parent_id or ""]
    new = [_next(known.get(camera.camera_id), camera, lake.now()) for camera in given.values()]
    rows = [camera for camera in new if camera is not None]
    grown = Areas({**{area.area_id: area for area in areas}, **leaves}.values())
    lake.replace("areas", grown.table(), on=target)
    if rows and lake.append("cameras", _table(rows), once=(REGISTRATIONS, registrations + 1)) is None:
        raise StaleSnapshotError(f"cameras were registered {registrations + 1} times already")
    return len(rows)


def tree(lake: "Lake") -> Areas:
    """The areas of a lake; the city's, where it has none yet."""
    areas = Areas.read(lake)
    return areas if len(areas) else semarang()


def _leaf(camera: Camera) -> Area:
    return Area(
        area_id=f"camera:{camera.camera_id}", parent_id=camera.area_id, level="camera", name=camera.name,
        tile_col=None, tile_row=None, lat=camera.lat, lon=camera.lon,
    )  # fmt: skip


def _next(old: Camera | None, given: Camera, now: datetime) -> Camera | None:
    """The version to be written, or None where nothing changed."""
    given = given.model_copy(update={"source": redact(given.source), "version": 1})
    if old is None:
        return given
    before = old.model_copy(update={"version": 1, "valid_from": given.valid_from})
    if _table([before]).equals(_table([given])):
        return None
    valid_from = given.valid_from if given.valid_from > old.valid_from else now
    return given.model_copy(update={"version": old.version + 1, "valid_from": valid_from})


def _table(cameras: Iterable[Camera]) -> pa.Table:
    return pa.Table.from_pylist([_row(camera) for camera in cameras], schema=TABLES["cameras"].schema)


def _row(camera: Camera) -> dict[str, Any]:
    row = camera.model_dump()
    return row | {name: None if row[name] is None else json.dumps(row[name]) for name in _AS_JSON}


def _camera(row: dict[str, Any]) -> Camera:
    calibration = row["calibration"]
    told = {
        "zones": _ZONES.validate_json(row["zones"]),
        "calibration": None if calibration is None else Calibration.model_validate_json(calibration),
    }
    return Camera(**{**row, **told})
