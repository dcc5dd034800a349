"""Bodies of requests: counted while they stream in, since their length may lie, and awaited only so long."""

import asyncio
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lakehouse.problem import TooLarge
from serving.api.manners.refusals import TooSlow


class Bounded:
    """Refuses a body of more than `most_bytes`, and one that has not arrived whole after `within_s`."""

    def __init__(self, app: ASGIApp, most_bytes: int, within_s: float) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._within_s = within_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0")
        until_s = asyncio.get_running_loop().time() + self._within_s
        body = _Body(receive, send, self._most_bytes, self._within_s, until_s)
        body.whole = length == "0" and "transfer-encoding" not in headers
        body.declared = int(length) if length.isdecimal() else 0
        return await self._app(scope, body.taken, body.answered)


@dataclass
class _Body:
    """The body of one request, on its way in."""

    receive: Receive
    send: Send
    most_bytes: int
    within_s: float
    until_s: float
    whole: bool = False
    declared: int = 0
    read: int = 0
    begun: bool = False

    async def taken(self) -> Message:
        """The next part of the body.

        Raises:
            TooLarge: more was sent, or is to be sent, than is read.
            TooSlow: it did not arrive in time.
        """
        if self.whole:
            return await self.receive()
        if self.declared <= self.most_bytes:
            message = await self._next()
        if max(self.declared, self.read) > self.most_bytes:
            rule = f"a body has at most {self.most_bytes:,} bytes"
            raise TooLarge(f"{max(self.declared, self.read):,} bytes or more", rule, "send a smaller picture")
        return message

    async def _next(self) -> Message:
        try:
            async with asyncio.timeout_at(self.until_s):
                message = await self.receive()
        except TimeoutError as error:
            if self.begun:
                return {"type": "http.disconnect"}
            rule = f"a body arrives whole within {self.within_s:g} s"
            raise TooSlow(
                f"{self.read:,} bytes", rule, "send a smaller one, or over a faster line"
            ) from error
        self.read += len(message.get("body", b""))
        self.whole = not message.get("more_body", False)
        return message

    async def answered(self, message: Message) -> None:
        """Send a part of the answer; one that came before the whole body is the connection's last.

        What is left of the body is read and dropped, for as long as it had: who is cut off while it
        still sends never sees the answer.
        """
        if message["type"] == "http.response.start":
            self.begun = True
            if not self.whole:
                MutableHeaders(scope=message)["Connection"] = "close"
        elif not (self.whole or message.get("more_body", False)):
            await self.send({**message, "more_body": True})
            await self._drop()
            message = {"type": "http.response.body"}
        await self.send(message)

    async def _drop(self) -> None:
        most = self.read + self.most_bytes
        while not self.whole and self.read <= most:
            if (await self._next())["type"] == "http.disconnect":
                break
