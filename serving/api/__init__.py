"""The doors that API clients knock on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI

from lakehouse.store import Lake
from serving.api import (
    areas,
    cameras,
    detect,
    events,
    forecasts,
    health,
    hours,
    kinds,
    page,
    root,
    source,
    unusual,
)
from serving.api.manners import documents, headers, problems
from serving.api.manners.city import City
from serving.api.manners.live import Live
from serving.api.manners.parameters import refuse_unknown
from serving.api.manners.pulse import Pulse
from serving.api.wire.bodies import Bounded
from serving.api.wire.hosts import Hosted
from serving.api.wire.methods import Methodical
from serving.api.wire.turns import Turns
from serving.seeing.detectors import Detector
from serving.settings import Settings

_NOUNS = (root, health, areas, cameras, kinds, events, hours, forecasts, unusual, detect)


@asynccontextmanager
async def _listening(app: FastAPI) -> AsyncIterator[None]:
    app.openapi()  # kept from now on: made by several first requests at once, it comes out incomplete
    yield
    await app.state.live.close()


def application(lake: Lake, detector: Detector | None = None, settings: Settings | None = None) -> FastAPI:
    """The API and the page over a lake; without a detector, `/v1/detect` answers 503."""
    app = FastAPI(
        title="Matakota API",
        version="1",
        description=__doc__,
        license_info={"name": root.LICENCE, "identifier": root.LICENCE},
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        responses=problems.RESPONSES,
        lifespan=_listening,
        redirect_slashes=False,
    )
    app.state.settings = settings = settings or Settings()
    app.state.detector = detector
    app.state.pictures = Turns(settings.pictures_at_once, settings.pictures_waiting)
    app.state.readings = Turns(settings.readings_at_once, settings.readings_waiting)
    app.state.listeners = Turns(settings.listeners, waiting=0)
    app.state.city, app.state.pulse = City(lake), Pulse(lake)
    app.state.live = Live(lake, events.written, most_queued=settings.news_a_listener)
    problems.handle(app)
    for noun in _NOUNS:
        app.include_router(noun.router, dependencies=[Depends(refuse_unknown)])
    for noun in (documents, page, source):
        app.include_router(noun.router)
    app.mount("/web", page.files)
    app.add_middleware(Bounded, most_bytes=settings.body_bytes, within_s=settings.body_within_s)
    app.add_middleware(Methodical)
    app.add_middleware(Hosted, hosts=settings.allowed_hosts)
    app.add_middleware(headers.Guarded)
    return app
