"""Shows footage to an analytic, and keeps what it tells of a span of days."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Protocol

from batch.replaying.footage import Life
from batch.rolling.sight import midnight
from lakehouse.city.cameras import Camera
from lakehouse.scenes import Event, Measure, Scene, State

AT_LEAST_AFTER = timedelta(minutes=2)
LONGEST_AFTER = timedelta(days=1)
"""How far beyond a span an event that began within it is followed."""

PAUSE = timedelta(minutes=1)
"""A stream that shows nothing for so long before the footage ends has ended itself."""


@dataclass(frozen=True)
class Span:
    """From a local midnight until before another one, and how much before it is shown too."""

    since: date
    until: date
    settle: timedelta = timedelta(hours=1)

    @property
    def days(self) -> list[date]:
        """The days of the span."""
        return [self.since + timedelta(days=number) for number in range((self.until - self.since).days)]

    @property
    def start(self) -> datetime:
        """Where the state begins to settle."""
        return midnight(self.since) - self.settle

    @property
    def stop(self) -> datetime:
        """Until when all is shown: what began within the span may be told only after it."""
        return midnight(self.until) + max(self.settle, AT_LEAST_AFTER)

    def holds(self, output: Event | Measure) -> bool:
        """Whether something began within the span."""
        began = output.minute if isinstance(output, Measure) else output.started_at
        return midnight(self.since) <= began < midnight(self.until)

    def pieces(self) -> Iterator[tuple[datetime, datetime]]:
        """What is shown at a time, at most a day; at last hour by hour."""
        edges = [self.start, *map(midnight, self.days), midnight(self.until), self.stop]
        hours = LONGEST_AFTER // timedelta(hours=1)
        edges += [self.stop + timedelta(hours=number) for number in range(1, hours + 1)]
        yield from ((start, stop) for start, stop in pairwise(edges) if start < stop)


class Analytic(Protocol):
    """What takes a camera's scenes and tells what it makes of them."""

    def see(self, scene: Scene) -> Iterable[Event | Measure]:
        """Take the next scene."""

    def end(self) -> Iterable[Event | Measure]:
        """Tell what the last scene left unfinished."""


@dataclass
class Playing:
    """The analytics of one life of a stream, and its last scene's time."""

    camera: Camera
    analytics: Sequence[Analytic]
    at: datetime


@dataclass
class Projector:
    """Shows a camera's scenes to analytics, to new ones in each life of its stream.

    Args:
        hung: every version of the cameras, by id and version.
        analytics: makes those of a camera.
        span: what began outside of it is not kept.
    """

    hung: Mapping[tuple[str, int], Camera]
    analytics: Callable[[Camera], Sequence[Analytic]]
    span: Span
    kept: list[tuple[Camera, Event | Measure]] = field(default_factory=list)
    _lives: dict[Life, Playing] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)

    @property
    def goes_on(self) -> bool:
        """Whether an event that began in the span has not ended yet."""
        return bool(self._open)

    def show(self, scenes: Iterable[tuple[Life, Scene]]) -> None:
        """Show the scenes of one piece of time; who has none in it any more has ended."""
        last: dict[tuple[str, int], Life] = {}
        for life, scene in scenes:
            camera = self.hung.get((scene.camera_id, life.camera_version))
            if camera is None:
                continue
            last[life.producer, life.epoch] = life
            if life not in self._lives:
                self._lives[life] = Playing(camera, self.analytics(camera), scene.at)
            self._see(self._lives[life], scene)
        for life in [one for one in self._lives if last.get((one.producer, one.epoch)) != one]:
            self._end(life)

    def finish(self, stop: datetime) -> None:
        """End the streams that ended before `stop`, where the footage ends; the others are cut off there."""
        for life in [life for life, playing in self._lives.items() if playing.at < stop - PAUSE]:
            self._end(life)

    def _see(self, playing: Playing, scene: Scene) -> None:
        playing.at = scene.at
        for one in playing.analytics:
            self._keep(playing.camera, one.see(scene))

    def _end(self, life: Life) -> None:
        playing = self._lives.pop(life)
        for one in playing.analytics:
            self._keep(playing.camera, one.end())

    def _keep(self, camera: Camera, outputs: Iterable[Event | Measure]) -> None:
        for output in outputs:
            if not self.span.holds(output):
                continue
            self.kept.append((camera, output))
            if isinstance(output, Event):
                change = self._open.discard if output.state is State.CLOSED else self._open.add
                change(output.event_id)
