"""Costly work: a few at once, some in line, and whoever comes then is told when to come back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import CapacityLimiter
from fastapi import Request

from serving.api.manners.refusals import Busy


class Turns:
    """Places for `at_once` + `waiting` requests, of which `at_once` have their turn."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._free = self._places = at_once + waiting
        self._limiter = CapacityLimiter(at_once)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place in line, or at the counter.

        Raises:
            Busy: there is none.
        """
        if not self._free:
            rule = f"no more than {self._places} such requests are taken at once"
            raise Busy(f"{self._places} requests", rule, f"ask again in {Busy.RETRY_AFTER_S} s")
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until it is this one's turn; others wait until it is over."""
        async with self._limiter:
            yield


async def reading(request: Request) -> AsyncIterator[None]:
    """A turn at the tables, for a route that reads much of them."""
    readings: Turns = request.app.state.readings
    async with readings.place(), readings.turn():
        yield
