"""What the city was like, hour by hour: GET /v1/hours."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Self

import pyarrow as pa
import pyarrow.compute as pc
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from lakehouse.clock import city_day
from lakehouse.problem import BadTime
from serving.api.manners import bounds
from serving.api.manners.city import TheCity
from serving.api.manners.editions import Edition
from serving.api.manners.formats import CSV, CSV_RESPONSE, JSON, csv, negotiated
from serving.api.manners.parameters import Selection
from serving.api.manners.times import CityTime, Instant, city_text
from serving.api.wire.turns import reading

router = APIRouter()

_EXAMPLE: dict[str, Any] = {
    "area_id": "33.74.01",
    "kind": "traffic.flow",
    "hour": "2026-11-23T10:00:00+07:00",
    "seen": 812.0,
    "value": 830.6,
    "coverage": 0.98,
    "reason": None,
    "origin": "pixels",
    "cameras_reporting": 2,
    "cameras_total": 2,
}


class HourOut(BaseModel):
    """An area's hour of one kind.

    `value` is what was seen made up for what was missed, and null, with its reason, where too little
    was seen. The reason 'running' marks the hour that is not over: value is the estimate so far.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    area_id: str = Field(description="the area")
    kind: str = Field(description="such as traffic.flow")
    hour: CityTime = Field(description="the start of the hour")
    seen: float | None = Field(description="what was counted")
    value: float | None = Field(description="what was seen made up for what was missed; null with its reason")
    coverage: float | None = Field(
        description="0 to 1: the share of the area's usual total that was really seen"
    )
    reason: str | None = Field(description="why value is null; 'running' marks the hour that is not over")
    origin: str | None = Field(description="pixels, synthetic or both")
    cameras_reporting: int | None = Field(description="cameras that saw enough of this hour")
    cameras_total: int | None = Field(description="cameras that should have seen it")


class HoursOut(BaseModel):
    """Hours by kind, area and time."""

    items: list[HourOut] = Field(description="one for each area, kind and hour")


COLUMNS = list(HourOut.model_fields)


@dataclass(frozen=True)
class Window:
    """From `since` up to, but not including, `until`; both in UTC."""

    since: datetime
    until: datetime

    @classmethod
    def of(cls, since: datetime | None, until: datetime | None, now: datetime) -> Self:
        """The window asked for; by default the last 24 hours and the running one.

        Raises:
            BadTime: it ends before it begins.
        """
        hour = now.replace(minute=0, second=0, microsecond=0)
        until = until or max(hour + timedelta(hours=1), since or hour)
        since = since or until - timedelta(hours=25)
        if until < since:
            raise BadTime(city_text(until), "until lies before since", "exchange the two")
        return cls(since, until)

    def holds(self, column: str) -> pc.Expression:
        """Which rows lie in the window; naming the day lets whole days be skipped."""
        days = (pc.field("day") >= city_day(self.since)) & (pc.field("day") <= city_day(self.until))
        return days & (pc.field(column) >= self.since) & (pc.field(column) < self.until)


def chosen(areas: Collection[str] | None, kind: str | None) -> pc.Expression:
    """Which rows are of these areas and of this kind; None asks for all."""
    where = pc.scalar(True)
    if areas is not None:
        where &= pc.field("area_id").isin(pa.array(sorted(areas), pa.string()))
    return where if kind is None else where & (pc.field("kind") == kind)


class Asked(Selection):
    """Which hours are wanted: by default the last 24 and the running one."""

    since: Instant | None = Field(default=None, description="the first hour, or the one after it")
    until: Instant | None = Field(default=None, description="up to, but not including, this instant")


@router.get(
    "/v1/hours",
    dependencies=[Depends(reading, scope="function")],
    response_model=HoursOut,
    responses=CSV_RESPONSE,
)
def hours(request: Request, city: TheCity, asked: Annotated[Asked, Query()]) -> Response:
    """The hours of the city and its kecamatan, or of the areas asked for, as JSON or CSV."""
    window = Window.of(asked.since, asked.until, city.lake.now())
    areas, form = city.selected(asked.area, asked.level), negotiated(request)
    shape = (window, sorted(areas), city.kind(asked.kind), form)
    edition = Edition.of(city.lake, "area_hours", asked.version, shape)
    if (held := edition.held(request)) is not None:
        return held
    where = window.holds("hour") & chosen(areas, asked.kind)
    most = request.app.state.settings.answer_rows
    rows = bounds.read(city.lake, "area_hours", COLUMNS, where, version=edition.version, most=most)
    rows = rows.sort_by([("kind", "ascending"), ("area_id", "ascending"), ("hour", "ascending")])
    if form == CSV:
        return Response(csv(rows), media_type=CSV, headers=edition.headers)
    answer = HoursOut.model_construct(items=[HourOut.model_construct(**row) for row in rows.to_pylist()])
    return Response(answer.model_dump_json(), media_type=JSON, headers=edition.headers)
