"""What a person would act on: GET /v1/events, and as it happens GET /v1/events/live."""

import base64
import binascii
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, ConfigDict, Field

from lakehouse.problem import BadCursor
from serving.api.hours import Window, chosen
from serving.api.manners.city import TheCity
from serving.api.manners.live import Live, Position, position, token
from serving.api.manners.times import CityTime, Instant

router = APIRouter()
RETRY_MS = 2000

_EXAMPLE: dict[str, Any] = {
    "event_id": "0b6c8a3e-8f0e-5f5c-9f7c-0b6f2f1f4b1d",
    "revision": 2,
    "state": "escalated",
    "kind": "crowd.crowding",
    "camera_id": "simpang-lima-1",
    "zone_id": "plaza",
    "area_id": "33.74.07.1005",
    "started_at": "2026-11-23T09:58:12+07:00",
    "at": "2026-11-23T10:00:00+07:00",
    "ended_at": None,
    "severity": 2,
    "measures": {"people": 31.0},
    "confidence": 0.9,
}


class EventOut(BaseModel):
    """The last revision of an event; `ended_at` is null while it goes on."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    event_id: str
    revision: int
    state: str
    kind: str
    camera_id: str
    zone_id: str
    area_id: str
    started_at: CityTime
    at: CityTime
    ended_at: CityTime | None
    severity: int
    measures: dict[str, float]
    confidence: float

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "EventOut":
        """The event of a row of the events table."""
        return cls(**{**row, "measures": dict(row["measures"] or ())})


class EventsOut(BaseModel):
    """Events, the newest first; `next` is the cursor of the page after this one."""

    items: list[EventOut]
    next: str | None


COLUMNS = list(EventOut.model_fields)


def _cursor(row: Mapping[str, Any]) -> str:
    text = f"{row['started_at'].isoformat()} {row['event_id']}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _after(cursor: str) -> pc.Expression:
    """Which events come after the one that `cursor` stands on.

    Raises:
        BadCursor: it is none of ours.
    """
    try:
        started_at, event_id = base64.urlsafe_b64decode(cursor + "==").decode().split(" ")
        at = pa.scalar(datetime.fromisoformat(started_at).astimezone(UTC), pa.timestamp("us", "UTC"))
    except (ValueError, binascii.Error) as error:
        raise BadCursor(cursor, "this API did not give it out", "start again without it") from error
    same = (pc.field("started_at") == at) & (pc.field("event_id") > event_id)
    return (pc.field("started_at") < at) | same


def _following(request: Request, cursor: str) -> str:
    target = request.url.include_query_params(cursor=cursor)
    return f"{target.path}?{target.query}"


class Asked(BaseModel):
    """Which events are wanted: by default those that began in the last 24 hours."""

    area: str | None = Field(default=None, description="in this area or below it")
    kind: str | None = Field(default=None, description="such as crowd.crowding")
    since: Instant | None = None
    until: Instant | None = None
    run: str | None = Field(default=None, description="live, or a replay; by default what is published")
    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = Field(default=None, description="`next` of the page before")


@router.get("/v1/events")
def events(
    request: Request,
    response: Response,
    city: TheCity,
    asked: Annotated[Asked, Query()],
) -> EventsOut:
    """The events that began in a time, each in its last revision, the newest first."""
    window = Window.of(asked.since, asked.until, city.lake.now())
    where = window.holds("started_at") & chosen(city.within(asked.area), city.kind(asked.kind))
    rows = city.lake.events(where=where, run=asked.run).select(COLUMNS)
    if asked.cursor is not None:
        rows = rows.filter(_after(asked.cursor))
    rows = rows.sort_by([("started_at", "descending"), ("event_id", "ascending")])
    page = rows.slice(0, asked.limit).to_pylist()
    following = _cursor(page[-1]) if rows.num_rows > asked.limit else None
    if following is not None:
        response.headers["Link"] = f'<{_following(request, following)}>; rel="next"'
    return EventsOut(items=[EventOut.of(row) for row in page], next=following)


@dataclass(frozen=True)
class Heard:
    """What a listener wants to hear, and from where on."""

    areas: set[str] | None
    kind: str | None
    since: Position | None

    def wants(self, row: Mapping[str, Any]) -> bool:
        """Whether a revision is of what was asked for."""
        return self.kind in (None, row["kind"]) and (self.areas is None or row["area_id"] in self.areas)


def _heard(
    city: TheCity,
    area: str | None = None,
    kind: str | None = None,
    last_event_id: Annotated[str | None, Header(description="resume after this id")] = None,
) -> Heard:
    return Heard(city.within(area), city.kind(kind), position(last_event_id) if last_event_id else None)


@router.get("/v1/events/live", response_class=EventSourceResponse)
async def live(request: Request, heard: Annotated[Heard, Depends(_heard)]) -> AsyncIterator[ServerSentEvent]:
    """Every revision of every event as it is acknowledged, as server-sent events called `event`."""
    yield ServerSentEvent(comment="listening", retry=RETRY_MS)
    listening: Live = request.app.state.live
    async for news in listening.follow(heard.since):
        if heard.wants(news.row):
            item = EventOut.of({name: news.row[name] for name in COLUMNS})
            yield ServerSentEvent(data=item, event="event", id=token(news.position))
