"""An analytic that may fail: the others go on, and what it did not see is unknown."""

import logging
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from lakehouse.city.cameras import Camera, Zone
from lakehouse.scenes import Event, Measure, Scene, State

log = logging.getLogger(__name__)

FIRST_REST, LONGEST_REST = timedelta(minutes=1), timedelta(hours=1)
"""How long a failed analytic rests, in camera time: twice as long after each failure, up to an hour."""


class Seeing(Protocol):
    """What sees scenes and tells what it makes of them."""

    def see(self, scene: Scene) -> Iterable[Event | Measure]:
        """Take the next scene."""

    def end(self) -> Iterable[Event | Measure]:
        """Tell what the last scene left unfinished."""


@dataclass
class Contained:
    """One analytic in one zone of a camera, and how it fails.

    An analytic that raises, when it is made, sees or ends, or that tells what it did not announce, is thrown
    away; it is logged once. What it had open is closed, its minute is not told, and after a rest a new one
    begins. That one tells no minute that it did not see from the start. So nothing of what was not measured
    is told as a number: the minutes say 'analytic failed'.

    Args:
        kind: of the analytic.
        camera: whose scenes it sees.
        zone_of_camera: its zone; None for the whole picture.
        make: makes the analytic anew.
        announced: the kinds that it may tell.
        failures: how often it has failed.
        working: the one that sees, once it was made and until it fails.
    """

    kind: str
    camera: Camera
    zone_of_camera: Zone | None
    make: Callable[[], Seeing]
    announced: frozenset[str]
    failures: int = 0
    working: Seeing | None = None
    _rests_until: datetime | None = None
    _whole_from: datetime | None = None
    _open: dict[str, Event] = field(default_factory=dict)
    _rest: timedelta = FIRST_REST

    def see(self, scene: Scene) -> list[Event | Measure]:
        """Show it the next scene; what it tells, all of it or, where it failed, the end of what was open."""
        if self.rests(scene.at):
            return []
        try:
            return self._told(self._awake(scene.at).see(scene))
        except Exception as error:  # noqa: BLE001 - the edge of others' code: the camera goes on without it
            return self._failed(scene.at, error)

    def rests(self, at: datetime) -> bool:
        """Whether it has failed, at `at` or so shortly before that it sees nothing of a scene of then."""
        return self._rests_until is not None and at < self._rests_until

    def end(self) -> list[Event | Measure]:
        """What the last scene left unfinished."""
        if self.working is None:
            return []
        try:
            return self._told(self.working.end())
        except Exception as error:  # noqa: BLE001 - as in `see`
            return self._failed(None, error)

    def _awake(self, at: datetime) -> Seeing:
        if self.working is None:
            self.working = self.make()
            if self._rests_until is not None:
                self._whole_from = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
        return self.working

    def _told(self, outputs: Iterable[Event | Measure]) -> list[Event | Measure]:
        told = [output for output in map(self._announced, outputs) if self._is_whole(output)]
        for event in (one for one in told if isinstance(one, Event)):
            if event.state is State.CLOSED:
                self._open.pop(event.event_id, None)
            else:
                self._open[event.event_id] = event
        return told

    def _announced(self, output: Event | Measure) -> Event | Measure:
        if not isinstance(output, Event | Measure) or output.kind not in self.announced:
            raise ValueError(f"{output!r} is no event and no measure of a kind that it announced")
        if isinstance(output, Measure) and not (math.isfinite(output.value) and math.isfinite(output.sum)):
            raise ValueError(f"{output!r} is no number")
        return output

    def _is_whole(self, output: Event | Measure) -> bool:
        return isinstance(output, Event) or self._whole_from is None or output.minute >= self._whole_from

    def _failed(self, at: datetime | None, error: Exception) -> list[Event | Measure]:
        self.failures += 1
        if self.failures == 1:
            zone = self.zone_of_camera.zone_id if self.zone_of_camera else "the whole picture"
            about = {"camera_id": self.camera.camera_id, "analytic": self.kind}
            words = "%s fails at %s, %s; what it measures is unknown until it works again"
            log.error(words, self.kind, self.camera.camera_id, zone, exc_info=error, extra=about)
        if at is not None:
            self._rests_until = at + self._rest
            self._rest = min(2 * self._rest, LONGEST_REST)
        self.working = None
        return list(self._closed(at))

    def _closed(self, at: datetime | None) -> Iterator[Event]:
        opened, self._open = self._open, {}
        for event in opened.values():
            now = event.at if at is None else at
            yield replace(event, at=now, ended_at=now, state=State.CLOSED, revision=event.revision + 1)
