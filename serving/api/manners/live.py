"""Events as they are acknowledged: one reader of the lake's tail for all who listen in this process."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, RootModel

from lakehouse.log.reading import Tail
from lakehouse.store import Lake
from serving.api.manners.tokens import sealed, unsealed

_log = logging.getLogger(__name__)
Position = Mapping[str, int]
Queue = asyncio.Queue["News | None"]


@dataclass(frozen=True)
class News:
    """One revision of an event, as a row of the events table, and the position to go on from after it."""

    row: Mapping[str, Any]
    position: Position

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
    """The lake's tail, read every `period_s` seconds while somebody listens."""

    def __init__(self, lake: Lake, period_s: float = 0.25, most_queued: int = 1000) -> None:
        self._lake = lake
        self._period_s = period_s
        self._most_queued = most_queued
        self._listeners: set[Queue] = set()
        self._position: Position = {}
        self._ready = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None

    async def follow(self, since: Position | None = None) -> AsyncIterator[News]:
        """Revisions as they come, after what was missed since a position.

        It ends with `close`, and for a listener that does not keep up: that one comes back with the
        position of the last news that it got, and misses nothing.
        """
        queue: Queue = asyncio.Queue(self._most_queued)
        self._listeners.add(queue)
        try:
            await self._started()
            told = set()
            for news in [] if since is None else _news(await self._tail(since), since):
                told.add(news.key)
                yield news
            while (heard := await queue.get()) is not None:
                if heard.key not in told:
                    yield heard
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
        since = self._position if self._ready.is_set() else None
        tail = await self._tail(since)
        for news in _news(tail, since or {}):
            for queue in tuple(self._listeners):
                self._tell(queue, news)
        self._position = tail.position
        self._ready.set()

    async def _tail(self, since: Position | None) -> Tail:
        return await asyncio.to_thread(self._lake.tail, since)

    def _tell(self, queue: Queue, news: News) -> None:
        if queue.full():
            self._cut_off(queue)
        elif queue in self._listeners:
            queue.put_nowait(news)

    def _cut_off(self, queue: Queue) -> None:
        """End a listener before the news that it did not get yet, so that it can come back for them."""
        self._listeners.discard(queue)
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(None)


def _news(tail: Tail, since: Position) -> list[News]:
    """The live revisions of a tail; all but the last one leave the position where it was.

    Who is cut off between them hears some twice, and misses none.
    """
    rows = [row for row in tail.rows.to_pylist() if row["run"] == "live"]
    ends = [since] * (len(rows) - 1) + [tail.position]
    return [News(row, end) for row, end in zip(rows, ends, strict=False)]
