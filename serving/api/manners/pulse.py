"""When each camera was last seen, as far as it was acknowledged: also what is not compacted yet."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Annotated, cast

import pyarrow as pa
import pyarrow.compute as pc
from fastapi import Depends, Request

from lakehouse.clock import city_day
from lakehouse.store import Lake

REMEMBERED = timedelta(days=1)
"""A camera that was not looked at for longer than this counts as never seen."""


@dataclass
class Pulse:
    """The last look at each camera; read on at most every `period_s` seconds, for all clients."""

    lake: Lake
    period_s: float = 1.0
    _seen: dict[str, datetime] = field(default_factory=dict)
    _position: Mapping[str, int] | None = None
    _read_at_s: float = -1e9
    _lock: Lock = field(default_factory=Lock)

    def seen(self) -> Mapping[str, datetime]:
        """When each camera was last looked at, within the last day."""
        oldest = self.lake.now() - REMEMBERED
        with self._lock:
            if time.monotonic() - self._read_at_s > self.period_s:
                self._read_on(oldest)
                self._read_at_s = time.monotonic()
            return {camera: at for camera, at in self._seen.items() if at >= oldest}

    def _read_on(self, oldest: datetime) -> None:
        tail = self.lake.tail(self._position, "looks")
        # The position is taken before the table is read: what lands in between is read twice, not never.
        rows = tail.rows if self._position is not None else self._since(oldest)
        last = rows.group_by("camera_id").aggregate([("at", "max")])
        for camera, at in zip(last["camera_id"].to_pylist(), last["at_max"].to_pylist(), strict=True):
            self._seen[camera] = max(at, self._seen.get(camera, at))
        self._position = tail.position

    def _since(self, oldest: datetime) -> pa.Table:
        where = (pc.field("day") >= city_day(oldest)) & (pc.field("at") >= oldest)
        return self.lake.read("looks", columns=["camera_id", "at"], where=where, fresh=True)


async def _pulse(request: Request) -> Pulse:
    return cast(Pulse, request.app.state.pulse)


ThePulse = Annotated[Pulse, Depends(_pulse)]
