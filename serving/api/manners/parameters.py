"""Query parameters: those that routes share, and that only documented ones are taken."""

from typing import Annotated, Literal

from fastapi import Query, Request
from pydantic import BaseModel, Field

from lakehouse.problem import UnknownParameter

Level = Literal["city", "kecamatan", "kelurahan", "rw", "rt", "camera"]


InArea = Annotated[str | None, Query(description="in this area or below it, by its code")]
OfKind = Annotated[str | None, Query(description="such as crowd.crowding")]


class Selection(BaseModel):
    """Which rows of an area's table are wanted, and from which version of it."""

    area: str | None = Field(default=None, description="an area's code, such as 33.74.01")
    level: Level | None = Field(default=None, description="this level of the area, or of the city")
    kind: str | None = Field(default=None, description="such as traffic.flow")
    version: int | None = Field(default=None, description="read the table as of this version")


def documented(request: Request) -> list[str]:
    """The query parameters that the OpenAPI document lists for the route of `request`."""
    operations = request.app.openapi()["paths"].get(request.scope["route"].path, {})
    listed = operations.get(request.method.lower(), {}).get("parameters", [])
    return [parameter["name"] for parameter in listed if parameter["in"] == "query"]


async def refuse_unknown(request: Request) -> None:
    """Refuse a misspelt parameter, which would otherwise silently change what is asked.

    Raises:
        UnknownParameter: a query parameter that the route does not have.
    """
    known = documented(request)
    for name in request.query_params:
        if name not in known:
            remedy = f"use one of: {', '.join(known)}" if known else "leave it out: this route takes none"
            raise UnknownParameter(name, "this route has no such query parameter", remedy)
