"""The areas of the city: GET /v1/areas."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

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

    area_id: str = Field(description="the official code; of a camera camera:<id>")
    parent_id: str | None = Field(description="the area around it; null for the city")
    level: Level = Field(description="how far down the tree it is")
    name: str = Field(description="as people call it")
    tile_col: int | None = Field(description="column in the map of hexagons; null below kecamatan")
    tile_row: int | None = Field(description="row in the map of hexagons; null below kecamatan")
    lat: float | None = Field(description="degrees north; null where unknown")
    lon: float | None = Field(description="degrees east; null where unknown")


class AreasOut(BaseModel):
    """Areas in the order of their codes."""

    items: list[AreaOut] = Field(description="one for each area")


@router.get("/v1/areas")
def areas(
    city: TheCity,
    level: Annotated[Level | None, Query(description="only those of this level")] = None,
    parent: Annotated[str | None, Query(description="only those right below this area")] = None,
) -> AreasOut:
    """The areas of a level, the areas right below a parent, or all of them."""
    if parent is not None:
        city.areas[parent]
    found = (area for area in city.areas if level in (None, area.level) and parent in (None, area.parent_id))
    return AreasOut(items=[AreaOut.model_validate(asdict(area)) for area in found])
