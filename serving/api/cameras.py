"""The cameras: GET /v1/cameras."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from lakehouse.city.cameras import Camera, Zone
from serving.api.manners.city import TheCity
from serving.api.manners.parameters import InArea
from serving.api.manners.pulse import ThePulse
from serving.api.manners.times import CityTime

router = APIRouter()

_EXAMPLE: dict[str, Any] = {
    "camera_id": "simpang-lima-1",
    "name": "Simpang Lima 1",
    "owner": "Dishub",
    "site": "street",
    "area_id": "33.74.07.1005",
    "lat": -6.9903,
    "lon": 110.4229,
    "zones": [{"zone_id": "flow", "purpose": "road", "corners": [[0.1, 0.6], [0.9, 0.6]]}],
    "synthetic": False,
    "seen_at": "2026-11-23T10:00:00+07:00",
}


class CameraOut(BaseModel):
    """A camera; `seen_at` is when it was last looked at, null where it was not in the last day.

    A synthetic camera's pictures are painted from the synthetic city.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    camera_id: str = Field(description="its id")
    name: str = Field(description="as people call it")
    owner: str = Field(description="whose camera it is")
    site: str = Field(description="street, square, gate, market, pump or neighbourhood")
    area_id: str = Field(description="the area that it hangs in")
    lat: float = Field(description="degrees north")
    lon: float = Field(description="degrees east")
    zones: tuple[Zone, ...] = Field(description="the parts of its picture that something is measured in")
    synthetic: bool = Field(description="whether its pictures are painted")
    seen_at: CityTime | None = Field(description="when it was last looked at; null where not in the last day")


def _out(camera: Camera, seen_at: datetime | None) -> CameraOut:
    synthetic = camera.source.startswith("synthetic:")
    told = camera.model_dump(include=set(CameraOut.model_fields))
    return CameraOut(**told, synthetic=synthetic, seen_at=seen_at)


class CamerasOut(BaseModel):
    """Cameras in the order of their ids."""

    items: list[CameraOut] = Field(description="one for each camera")


@router.get("/v1/cameras")
def cameras(city: TheCity, pulse: ThePulse, area: InArea = None) -> CamerasOut:
    """The cameras that hang in an area or below it, or all of them."""
    within = city.within(area)
    seen = pulse.seen()
    return CamerasOut(
        items=[
            _out(camera, seen.get(camera_id))
            for camera_id, camera in sorted(city.cameras.items())
            if within is None or camera.area_id in within
        ]
    )
