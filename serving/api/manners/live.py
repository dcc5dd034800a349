"""Events as they are acknowledged: one reader of the lake's tail for all who listen in this process."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, RootModel

from lakehouse.runs import LIVE
from lakehouse.store import Lake
from serving.api.manners.tokens import sealed, unsealed

_log = logging.getLogger(__name__)
Position = Mapping[str, int]
Queue = asyncio.Queue["News | None"]
IDLE_S = 15.0
"""So often a listener hears at least that the line still stands."""


@dataclass(frozen=True)
class News:
    """One revision of an event, as a row of the events table, and as it is sent to everybody who listens."""

    row: Mapping[str, Any]
    position: Position
    """Where to go on after it."""
    sent: bytes

    @property
    def key(self) -> tuple[str, int]:
        """Which revision of which event this is."""
        return self.row["event_id"], self.row["revision"]


class _Token(RootModel[dict[str, Annotated[int, Field(strict=True, ge=-1, lt=2**63)]]]):
    """A position as a client hands it back: of each producer's life the last batch, -1 before the first."""


def token(position: Position) -> str:
    """A position as text, short enough for a header."""
    return sealed(_Token(dict(position)))


def position(text: str) -> Position:
    """The position that a token stands for.

    Raises:
        BadCursor: it is no such token.
    """
    return unsealed(_Token, text).root


class Live:
    """The lake's tail, read every `period_s` seconds while somebody listens.

    `written` makes of a row and the token of its position what is sent; once, however many listen.
    """

    def __init__(
        self,
        lake: Lake,
        written: Callable[[Mapping[str, Any], str], bytes],
        period_s: float = 0.25,
        most_queued: int = 1000,
    ) -> None:
        self._lake = lake
        self._written = written
        self._period_s = period_s
        self._most_queued = most_queued
        self._listeners: set[Queue] = set()
        self._position: Position = {}
        self._ready = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None

    async def follow(self, since: Position | None = None) -> AsyncIterator[list[News]]:
        """Revisions as they come, all that wait together, after what was missed since a position.

        An empty list says that nothing came for IDLE_S. It ends with `close`, and for a listener that
        does not keep up: that one comes back with the position of the last news that it got, and misses
        nothing.
        """
        queue: Queue = asyncio.Queue(self._most_queued)
        self._listeners.add(queue)
        try:
            await self._started()
            missed = [] if since is None else (await self._news(since))[0]
            told = {news.key for news in missed}
            if missed:
                yield missed
            while (heard := await _heard(queue)) is not None:
                yield [news for news in heard if news.key not in told]
        finally:
            self._listeners.discard(queue)

    async def close(self) -> None:
        """End every listener and the reading."""
        for queue in tuple(self._listeners):
            self._cut_off(queue)
        if self._reader is not None:
            self._reader.cancel()

    async def _started(self) -> None:
        if self._reader is None or self._reader.done():
            self._ready.clear()
            self._reader = asyncio.create_task(self._read())
        await self._ready.wait()

    async def _read(self) -> None:
        while self._listeners:
            try:
                await self._advance()
            except Exception:  # noqa: BLE001 - the edge of the process: those who listen wait, they are not cut off
                _log.exception("the tail of the lake cannot be read; trying again")
            await asyncio.sleep(self._period_s)

    async def _advance(self) -> None:
        fresh, self._position = await self._news(self._position if self._ready.is_set() else None)
        for queue in tuple(self._listeners):
            self._tell(queue, fresh)
        self._ready.set()

    async def _news(self, since: Position | None) -> tuple[list[News], Position]:
        return await asyncio.to_thread(self._read_on, since)

    def _read_on(self, since: Position | None) -> tuple[list[News], Position]:
        """The live revisions after a position; all but the last one leave the position where it was.

        Who is cut off between them hears some twice, and misses none.
        """
        tail = self._lake.tail(since)
        rows = [row for row in tail.rows.to_pylist() if row["run"] == LIVE]
        ends = [since or {}] * (len(rows) - 1) + [tail.position]
        tokens = {id(end): token(end) for end in ends}
        news = [
            News(row, end, self._written(row, tokens[id(end)])) for row, end in zip(rows, ends, strict=False)
        ]
        return news, tail.position

    def _tell(self, queue: Queue, fresh: list[News]) -> None:
        if queue.qsize() + len(fresh) > self._most_queued:
            self._cut_off(queue)
            return
        for news in fresh:
            queue.put_nowait(news)

    def _cut_off(self, queue: Queue) -> None:
        """End a listener before the news that it did not get yet, so that it can come back for them."""
        self._listeners.discard(queue)
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(None)


async def _heard(queue: Queue) -> list[News] | None:
    """All that waits in a queue, once there is something or IDLE_S are over; None behind its end."""
    try:
        async with asyncio.timeout(IDLE_S):
            first = await queue.get()
    except TimeoutError:
        return []
    heard = [first, *(queue.get_nowait() for _ in range(queue.qsize()))]
    return None if heard[-1] is None else [news for news in heard if news is not None]
