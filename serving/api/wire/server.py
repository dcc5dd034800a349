"""The server underneath, where it is our own: uvicorn, which of itself waits for a request for ever."""

import asyncio
from functools import cache

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from serving.settings import Settings


def server(app: ASGIApp, host: str, port: int, settings: Settings | None = None) -> uvicorn.Server:
    """A server of `app` that keeps to the limits of `settings`; `run()` serves until it is told to end."""
    settings = settings or Settings()
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=patient(settings.head_within_s),
            ws="none",
            log_level="warning",
            timeout_keep_alive=settings.idle_within_s,
            timeout_graceful_shutdown=settings.idle_within_s,
        )
    )


@cache
def patient(head_within_s: float) -> type[HttpToolsProtocol]:
    """The protocol of a connection that is closed where a request's head takes longer than this."""

    class Patient(HttpToolsProtocol):
        """Waits for the head of each request for so long, and for what follows an answer no longer."""

        _closing: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._wait()

        def data_received(self, data: bytes) -> None:
            if self._closing is None and self.cycle is not None and self.cycle.response_complete:
                self._wait()
            super().data_received(data)

        def on_headers_complete(self) -> None:
            self._done()
            super().on_headers_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            self._done()
            super().connection_lost(exc)

        def _wait(self) -> None:
            self._closing = self.loop.call_later(head_within_s, self.transport.abort)

        def _done(self) -> None:
            if self._closing is not None:
                self._closing.cancel()
                self._closing = None

    return Patient
