"""The areas of the city: GET /v1/areas."""

from dataclasses import asdict

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from serving.api.manners.city import TheCity
from serving.api.manners.parameters import Level

router = APIRouter()


class AreaOut(BaseModel):
    """An area; `tile_col` and `tile_row` are its place in the hex map."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "area_id": "33.74.01",
                    "parent_id": "33.74",
                    "level": "kecamatan",
                    "name": "Semarang Tengah",
                    "tile_col": 3,
                    "tile_row": 2,
                    "lat": -6.9803,
                    "lon": 110.4208,
                }
            ]
        }
    )

    area_id: str
    parent_id: str | None
    level: Level
    name: str
    tile_col: int | None
    tile_row: int | None
    lat: float | None
    lon: float | None


class AreasOut(BaseModel):
    """Areas in the order of their codes."""

    items: list[AreaOut]


@router.get("/v1/areas")
def areas(city: TheCity, level: Level | None = None, parent: str | None = None) -> AreasOut:
    """The areas of a level, the areas right below a parent, or all of them."""
    if parent is not None:
        city.areas[parent]
    found = (area for area in city.areas if level in (None, area.level) and parent in (None, area.parent_id))
    return AreasOut(items=[AreaOut.model_validate(asdict(area)) for area in found])
