"""Where an API client starts: GET /v1, and the source of what it runs on."""

from importlib.metadata import PackageNotFoundError, version

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from serving.settings import Settings

router = APIRouter()
LICENCE = "AGPL-3.0-or-later"
LINKS = {
    "health": "/v1/health",
    "areas": "/v1/areas",
    "cameras": "/v1/cameras",
    "kinds": "/v1/kinds",
    "events": "/v1/events",
    "live": "/v1/events/live",
    "hours": "/v1/hours",
    "forecasts": "/v1/forecasts",
    "unusual": "/v1/unusual",
    "detect": "/v1/detect",
    "docs": "/docs",
    "page": "/",
}


class RootOut(BaseModel):
    """What this is, under which licence, where its source is, and where to go on."""

    name: str = Field(description="matakota")
    version: str = Field(description="of this installation")
    licence: str = Field(description="its SPDX identifier")
    source: str = Field(description="where the source of what runs here is")
    links: dict[str, str] = Field(description="the other routes, by what they are about")


def installed() -> str:
    """The installed version; `source` where it runs from a folder that was never installed."""
    try:
        return version("matakota")
    except PackageNotFoundError:
        return "source"


@router.get("/v1")
def root(request: Request) -> RootOut:
    """The start: name, version, licence, source, and the other routes."""
    settings: Settings = request.app.state.settings
    return RootOut(
        name="matakota", version=installed(), licence=LICENCE, source=settings.source_url, links=LINKS
    )
