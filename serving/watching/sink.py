"""Where a stream's outputs are handed to landing, a group at a time."""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from lakehouse.city.cameras import Camera
from lakehouse.landing import rows
from lakehouse.landing.landing import Producer
from lakehouse.problem import DiskFull
from lakehouse.scenes import Event, Look, Measure, Scene
from serving.analytic import rule_versions

log = logging.getLogger(__name__)


class Outlet(Protocol):
    """What takes the outputs of streams."""

    def put(
        self,
        camera: Camera,
        scene: Scene | None = None,
        look: Look | None = None,
        outputs: Iterable[Event | Measure] = (),
    ) -> bool:
        """Take what one frame of a camera came to, all or nothing; False where there was no room for it."""


@dataclass
class Group:
    """What waits to be landed together."""

    scenes: list[Scene] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    measures: list[Measure] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows it makes."""
        boxes = sum(len(scene) for scene in self.scenes)
        return boxes + len(self.looks) + len(self.measures) + len(self.events)


class Sink:
    """Groups what streams put, and lands a group when it is large or old enough.

    It holds no thread: a group that is due is landed by the next `put` or `tick`. While the disk is full
    the group waits, up to `most_rows`; what comes then is refused and counted. What was acknowledged is
    never lost, and what was refused is missing with its look, so that it is unknown and not zero.
    """

    def __init__(
        self,
        producer: Producer,
        model_id: str,
        *,
        group_rows: int = 2000,
        group_s: float = 0.5,
        most_rows: int = 100_000,
        retry_s: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.refused = 0
        self.landed = 0
        self.blocked = False
        self._producer = producer
        self._model_id = model_id
        self._group_rows = group_rows
        self._group_s = group_s
        self._most_rows = most_rows
        self._retry_s = retry_s
        self._clock = clock
        self._rule_versions = rule_versions()
        self._cameras: dict[str, Camera] = {}
        self._group = Group()
        self._size = 0
        self._due_at: float | None = None

    def put(
        self,
        camera: Camera,
        scene: Scene | None = None,
        look: Look | None = None,
        outputs: Iterable[Event | Measure] = (),
    ) -> bool:
        """Take what one frame of a camera came to, all or nothing; False where there was no room for it."""
        outputs = list(outputs)
        added = Group(
            [] if scene is None else [scene],
            [] if look is None else [look],
            [output for output in outputs if isinstance(output, Measure)],
            [output for output in outputs if isinstance(output, Event)],
        )
        if self._size + added.rows > self._most_rows:
            self.refused += added.rows
            return False
        self._cameras[camera.camera_id] = camera
        self._add(added)
        self.tick()
        return True

    def _add(self, added: Group) -> None:
        group = self._group
        group.scenes += added.scenes
        group.looks += added.looks
        group.measures += added.measures
        group.events += added.events
        self._size += added.rows
        if self._due_at is None and self._size:
            self._due_at = self._clock() + self._group_s

    def tick(self) -> None:
        """Land the group if it is due; while the disk is full, try again now and then."""
        now = self._clock()
        large = self._size >= self._group_rows and not self.blocked
        if self._due_at is None or (now < self._due_at and not large):
            return
        try:
            self.flush()
        except DiskFull as problem:
            log.warning("%d rows wait: %s", self._size, problem)
            self._due_at = now + self._retry_s

    def flush(self) -> None:
        """Land what there is; on return it is durable.

        Raises:
            DiskFull: nothing was landed; all of it still waits.
        """
        if not self._size:
            return
        tables = self._tables()
        self.blocked = True
        self._producer.append({name: table for name, table in tables.items() if table.num_rows})
        self.blocked = False
        self.landed += self._size
        self._group, self._size, self._due_at = Group(), 0, None

    def _tables(self) -> dict[str, pa.Table]:
        group = self._group
        areas = {camera_id: camera.area_id for camera_id, camera in self._cameras.items()}
        versions = {camera_id: camera.version for camera_id, camera in self._cameras.items()}
        return {
            "observations": rows.observations(group.scenes, self._model_id),
            "measures": rows.measures(group.measures),
            "events": rows.events(group.events, areas, self._rule_versions),
            "looks": rows.looks(group.looks, versions),
        }

    def close(self) -> None:
        """Land what is left.

        Raises:
            DiskFull: there is no room for it; it still waits.
        """
        self.flush()
