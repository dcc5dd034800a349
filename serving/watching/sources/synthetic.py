"""A camera of the synthetic city, painted as it happens."""

import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

from lakehouse import clock
from lakehouse.scenes import Frame, Glimpse, Outcome
from lakehouse.synthetic import City
from serving.paint import paint_pair
from serving.paint.scenery import Scenery

GLIMPSE = timedelta(seconds=1 / 15)
"""So much later is the picture in which it is seen how things move."""


class SyntheticSource:
    """The frames of one camera of `city`, `fps` a second.

    Live, it paints what is due now, and what nobody had time for is never painted. From a `start` it runs
    ahead as fast as it is read, on the truth's own clock. While the camera is out there are no frames.
    """

    def __init__(self, camera_id: str, city: City, fps: float = 2.0, start: datetime | None = None) -> None:
        self._camera = city.cameras[camera_id]
        self._city = city
        self._step = timedelta(seconds=1 / fps)
        self.live = start is None
        self._start = start
        self._scenery = Scenery.of(city.layout(camera_id), zlib.crc32(camera_id.encode()))

    def frames(self) -> Iterator[Frame]:
        """Frames without end."""
        for at in self._times():
            if not self._out(at):
                yield self.frame(at)

    def frame(self, at: datetime) -> Frame:
        """What the camera sees at an instant."""
        now, later = (self._city.moment(self._camera.camera_id, when) for when in (at, at + GLIMPSE))
        image, grey = paint_pair(now, later, self._camera, self._scenery)
        return Frame(self._camera.camera_id, at, image, Glimpse(grey, GLIMPSE.total_seconds()))

    def missed(self) -> list[tuple[datetime, Outcome]]:
        """Nothing gets lost on the way from a painter."""
        return []

    def standing(self) -> str:
        """Nothing more is to be told."""
        return ""

    def _times(self) -> Iterator[datetime]:
        if self._start is not None:
            yield from (self._start + number * self._step for number in count())
        while True:
            now = clock.now().timestamp()
            step = self._step.total_seconds()
            due = (now // step + 1) * step
            time.sleep(max(0.0, due - now))
            yield datetime.fromtimestamp(due, UTC)

    def _out(self, at: datetime) -> bool:
        return bool(self._city.outages(self._camera.camera_id, at, at + self._step))
