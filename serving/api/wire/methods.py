"""Methods that every resource has: HEAD is GET without its body, and OPTIONS says which there are."""

import asyncio

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NO_CONTENT, _NOT_ALLOWED = 204, 405


class Methodical:
    """Answers HEAD wherever GET is answered, and OPTIONS and a wrong method with the header Allow."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["method"] == "HEAD":
            await self._head(scope, send)
        else:
            await self._app(scope, receive, _Allowing(send, options=scope["method"] == "OPTIONS"))

    async def _head(self, scope: Scope, send: Send) -> None:
        """Run GET until its headers are known; what would go on for ever then hears that nobody listens."""
        begun, allowing = asyncio.Event(), _Allowing(send)

        async def gone() -> Message:
            await begun.wait()
            return {"type": "http.disconnect"}

        async def head(message: Message) -> None:
            if not begun.is_set():
                begun.set()
                await allowing(message)
                await allowing({"type": "http.response.body"})

        await self._app({**scope, "method": "GET"}, gone, head)


class _Allowing:
    """Completes the header Allow; where OPTIONS were asked for, that header is the whole answer."""

    def __init__(self, send: Send, *, options: bool = False) -> None:
        self._send = send
        self._options = options
        self._told = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == _NOT_ALLOWED:
            headers = MutableHeaders(scope=message)
            headers["Allow"] = ", ".join(_allowed(headers.get("allow", "GET")))
            self._told = self._options
            if self._told:
                message = {**message, "status": _NO_CONTENT, "headers": _bare(headers)}
        elif self._told:
            message = {**message, "body": b""}
        await self._send(message)


def _bare(headers: MutableHeaders) -> list[tuple[bytes, bytes]]:
    """What is left of the headers of an answer without its body."""
    return [(name, value) for name, value in headers.raw if not name.startswith(b"content-")]


def _allowed(methods: str) -> list[str]:
    """The methods of a route, with those that every resource has."""
    named = {method.strip() for method in methods.split(",")}
    return sorted(named | ({"HEAD", "OPTIONS"} if "GET" in named else {"OPTIONS"}))
