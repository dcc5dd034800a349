"""Bodies of requests: bounded, and counted while they stream in, since their declared length may lie."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lakehouse.problem import TooLarge

MOST_BYTES = 16 * 2**20


class Bounded:
    """Refuses a body of more than `most_bytes`, as soon as that much of it was read."""

    def __init__(self, app: ASGIApp, most_bytes: int = MOST_BYTES) -> None:
        self._app = app
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._most_bytes:
                rule = f"a body has at most {self._most_bytes} bytes"
                raise TooLarge(f"{read} bytes or more", rule, "send a smaller picture")
            return message

        await self._app(scope, counted if scope["type"] == "http" else receive, send)
