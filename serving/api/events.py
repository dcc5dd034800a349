"""What a person would act on: GET /v1/events, and as it happens GET /v1/events/live."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from lakehouse.problem import BadCursor
from lakehouse.scenes import State
from lakehouse.tables import TABLES
from serving.api.hours import Window, chosen
from serving.api.manners.city import TheCity
from serving.api.manners.live import Live, Position, position, token
from serving.api.manners.times import LATEST, CityTime, Instant
from serving.api.manners.tokens import sealed, unsealed

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


_1970 = datetime(1970, 1, 1, tzinfo=UTC)
Order = Literal["newest", "severity"]
_SORTED: dict[Order, list[tuple[str, str]]] = {
    "newest": [("started_at", "descending"), ("event_id", "ascending")],
    "severity": [("severity", "descending"), ("started_at", "ascending"), ("event_id", "ascending")],
}


class Mark(BaseModel):
    """The event that a page ends with, as far as the order of the pages needs it."""

    model_config = ConfigDict(extra="forbid")

    order: Order
    severity: int = Field(strict=True, ge=0, le=9)
    started_at: AwareDatetime = Field(ge=_1970, lt=LATEST)
    event_id: str = Field(max_length=64)

    @classmethod
    def at(cls, row: Mapping[str, Any], order: Order) -> str:
        """The cursor that stands on a row."""
        return sealed(cls(order=order, **{column: row[column] for column, _ in _SORTED["severity"]}))

    def before(self) -> pc.Expression:
        """Which events come after this one: those that differ first in a column where theirs is later."""
        later, same = pc.scalar(False), pc.scalar(True)
        for column, direction in _SORTED[self.order]:
            kind = TABLES["events"].schema.field(column).type
            field, here = pc.field(column), pa.scalar(getattr(self, column), kind)
            later |= same & (field < here if direction == "descending" else field > here)
            same &= field == here
        return later


def _marked(cursor: str, order: Order) -> Mark:
    """The mark of a cursor.

    Raises:
        BadCursor: it is none of ours, or one of pages in another order.
    """
    mark = unsealed(Mark, cursor)
    if mark.order != order:
        raise BadCursor(cursor, f"it leads through pages in the order {mark.order}", "start again without it")
    return mark


def _following(request: Request, cursor: str) -> str:
    target = request.url.include_query_params(cursor=cursor)
    return f"{target.path}?{target.query}"


class Asked(BaseModel):
    """Which events are wanted: by default those that began in the last 24 hours."""

    area: str | None = Field(default=None, description="in this area or below it")
    kind: str | None = Field(default=None, description="such as crowd.crowding")
    since: Instant | None = Field(default=None, description="that began then or later")
    until: Instant | None = Field(default=None, description="that began before then")
    going_on: bool | None = Field(
        default=None, description="true: all that have not ended, whenever they began; false: those that have"
    )
    order: Order = Field(default="newest", description="severity: the worst first, of those the oldest first")
    run: str | None = Field(default=None, description="live, or a replay; by default what is published")
    limit: int = Field(default=100, ge=1, le=1000, description="events a page")
    cursor: str | None = Field(default=None, description="`next` of the page before")

    def began(self, now: datetime) -> pc.Expression:
        """When the events wanted began: of those that go on at any time, unless a time is named."""
        if self.going_on and self.since is None and self.until is None:
            return pc.scalar(True)
        return Window.of(self.since, self.until, now).holds("started_at")

    def stands(self) -> pc.Expression:
        """How the events wanted stand."""
        if self.going_on is None:
            return pc.scalar(True)
        ended = pc.field("state") == State.CLOSED
        return ~ended if self.going_on else ended


@router.get("/v1/events")
def events(
    request: Request,
    response: Response,
    city: TheCity,
    asked: Annotated[Asked, Query()],
) -> EventsOut:
    """The events that began in a time, or all that go on, each in its last revision, page by page."""
    where = asked.began(city.lake.now()) & asked.stands()
    where &= chosen(city.within(asked.area), city.kind(asked.kind))
    rows = city.lake.events(where=where, run=asked.run).select(COLUMNS)
    if asked.cursor is not None:
        rows = rows.filter(_marked(asked.cursor, asked.order).before())
    rows = rows.sort_by(_SORTED[asked.order])
    page = rows.slice(0, asked.limit).to_pylist()
    following = Mark.at(page[-1], asked.order) if rows.num_rows > asked.limit else None
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
