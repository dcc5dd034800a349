"""Whether the city is being seen, and how old the newest of it is: GET /v1/health."""

from datetime import timedelta
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from serving.api.manners.city import TheCity
from serving.api.manners.pulse import ThePulse
from serving.api.manners.times import CityTime
from serving.settings import Settings

router = APIRouter()

_EXAMPLE: dict[str, Any] = {
    "status": "ok",
    "now": "2026-11-23T10:00:00+07:00",
    "data_at": "2026-11-23T09:59:50+07:00",
    "age_s": 10.0,
    "cameras": {"total": 24, "seen": 24},
    "tables": {"area_hours": 412, "looks": 87},
}


class SeenOut(BaseModel):
    """How many cameras there are, and how many of them were looked at lately."""

    total: int = Field(description="cameras that are registered")
    seen: int = Field(description="of those, looked at lately")


class HealthOut(BaseModel):
    """`data_at` is the newest look acknowledged; 'stale': it is too old, 'empty': there is none."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    status: Literal["ok", "stale", "empty"] = Field(
        description="ok; stale: the data is too old; empty: there is none"
    )
    now: CityTime = Field(description="the server's clock")
    data_at: CityTime | None = Field(description="when the newest look was; null where there is none")
    age_s: float | None = Field(description="how old that look is, in seconds")
    cameras: SeenOut = Field(description="how many cameras are seen")
    tables: dict[str, int] = Field(description="the newest version of each table")


@router.get("/v1/health")
def health(request: Request, response: Response, city: TheCity, pulse: ThePulse) -> HealthOut:
    """The age of the data, the cameras seen of all, and the version of each table."""
    settings: Settings = request.app.state.settings
    response.headers["Cache-Control"] = "no-store"
    now, seen = city.lake.now(), pulse.seen()
    data_at = max(seen.values(), default=None)
    age_s = None if data_at is None else max(0.0, (now - data_at).total_seconds())
    stale = age_s is not None and age_s > settings.stale_after_s
    lately = now - timedelta(seconds=settings.seen_within_s)
    return HealthOut(
        status="empty" if age_s is None else "stale" if stale else "ok",
        now=now,
        data_at=data_at,
        age_s=age_s,
        cameras=SeenOut(
            total=len(city.cameras), seen=sum(seen.get(one, lately) > lately for one in city.cameras)
        ),
        tables=city.versions(),
    )
