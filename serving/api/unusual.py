"""What is too far from its own forecast to be chance: GET /v1/unusual."""

from datetime import timedelta
from typing import Annotated, Any

import pyarrow.compute as pc
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from lakehouse.tables import TABLES
from serving.api.hours import chosen
from serving.api.manners import bounds
from serving.api.manners.city import TheCity
from serving.api.manners.editions import Edition
from serving.api.manners.parameters import Selection
from serving.api.manners.times import CityTime, Instant
from serving.api.wire.turns import reading

router = APIRouter()

_EXAMPLE: dict[str, Any] = {
    "area_id": "33.74.01",
    "kind": "traffic.flow",
    "from": "2026-11-23T16:00:00+07:00",
    "to": "2026-11-23T18:00:00+07:00",
    "observed": 310.0,
    "q05": 668.0,
    "q95": 990.0,
    "told_at": "2026-11-23T17:00:00+07:00",
}


class UnusualOut(BaseModel):
    """Hours of one area and kind on one side of their band, from `from` until before `to`.

    `observed` and its band are those of the hour furthest out. Of all hours a tenth lies outside of q05 to
    q95; these are told because so much, or so long, is too seldom to be chance among so many areas.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]}, populate_by_name=True)

    area_id: str = Field(description="the area")
    kind: str = Field(description="such as traffic.flow")
    start: CityTime = Field(alias="from", description="the start of its first hour")
    end: CityTime = Field(alias="to", description="the end of its last hour")
    observed: float = Field(description="the value of the hour furthest out")
    q05: float = Field(description="the lower end of its band")
    q95: float = Field(description="the upper end of its band")
    told_at: CityTime = Field(description="when it was found")


class UnusualsOut(BaseModel):
    """Episodes, the newest first."""

    items: list[UnusualOut] = Field(description="one for each episode")


class Asked(Selection):
    """Which episodes are wanted: by default those that went on in the last 24 hours."""

    since: Instant | None = Field(default=None, description="those that went on then or later")


@router.get("/v1/unusual", dependencies=[Depends(reading, scope="function")], response_model=UnusualsOut)
def unusual(request: Request, city: TheCity, asked: Annotated[Asked, Query()]) -> Response:
    """What was unusual in the city and its kecamatan, or in the areas asked for; each episode once."""
    since = asked.since or city.lake.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=24)
    areas = city.selected(asked.area, asked.level)
    edition = Edition.of(city.lake, "unusual", asked.version, (sorted(areas), city.kind(asked.kind), since))
    if (held := edition.held(request)) is not None:
        return held
    where = chosen(areas, asked.kind) & (pc.field("to") > since)
    columns, most = TABLES["unusual"].schema.names, request.app.state.settings.answer_rows
    rows = bounds.read(city.lake, "unusual", columns, where, version=edition.version, most=most)
    rows = rows.sort_by([("from", "descending"), ("area_id", "ascending"), ("kind", "ascending")])
    answer = UnusualsOut(items=[UnusualOut.model_validate(row) for row in rows.to_pylist()])
    return Response(
        answer.model_dump_json(by_alias=True), media_type="application/json", headers=edition.headers
    )
