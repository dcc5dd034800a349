"""When each camera was last seen, as far as it was acknowledged: also what is not compacted yet."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Annotated, cast

import pyarrow.compute as pc
from fastapi import Depends, Request
from lakehouse.store import Lake

from lakehouse.calendar import city_day

REMEMBERED = timedelta(days=1)
"""A camera that was not looked at for longer than this counts as never seen."""

LATE = timedelta(minutes=2)
"""Between two versions of the table, looks older than this against the newest are not looked for."""


@dataclass
class Pulse:
    """The last look at each camera; read again at most every `period_s` seconds, for all clients."""

    lake: Lake
    period_s: float = 1.0
    _seen: Mapping[str, datetime] = field(default_factory=dict)
    _version: int = -1
    _read_at_s: float = -1e9
    _lock: Lock = field(default_factory=Lock)

    def seen(self) -> Mapping[str, datetime]:
        """When each camera was last looked at, within the last day."""
        with self._lock:
            if time.monotonic() - self._read_at_s > self.period_s:
                self._refresh(datetime.now(UTC) - REMEMBERED)
                self._read_at_s = time.monotonic()
            return self._seen

    def _refresh(self, oldest: datetime) -> None:
        version = self.lake.version("looks")
        # What landing holds changes with every look; the table itself only with its version.
        since = oldest if version != self._version else max((oldest, *self._seen.values())) - LATE
        kept = {camera: at for camera, at in self._seen.items() if at >= oldest}
        self._seen, self._version = kept | self._read(since), version

    def _read(self, since: datetime) -> dict[str, datetime]:
        where = (pc.field("day") >= city_day(since)) & (pc.field("at") >= since)
        rows = self.lake.read("looks", columns=["camera_id", "at"], where=where, fresh=True)
        last = rows.group_by("camera_id").aggregate([("at", "max")])
        return dict(zip(last["camera_id"].to_pylist(), last["at_max"].to_pylist(), strict=True))


def _pulse(request: Request) -> Pulse:
    return cast(Pulse, request.app.state.pulse)


ThePulse = Annotated[Pulse, Depends(_pulse)]
