"""Opening a camera of the lake: its source and its stream, as a shard watches it."""

from collections.abc import Callable
from datetime import datetime

from lakehouse.city import cameras
from lakehouse.places.secrets import Secrets
from lakehouse.store import Lake
from serving.watching.gate import Gate
from serving.watching.sink import Sink
from serving.watching.sources import Source, open_source
from serving.watching.stream import Stream

Opener = Callable[[str], tuple[Source, Stream]]
"""Opens a camera by its id: its source and its stream."""

LATE_AFTER_S = 3.0
"""A live frame older than this tells nothing about now."""

_2020 = 1_577_836_800


def life(at: datetime) -> int:
    """A number for the life of a stream that begins then: seconds since 2020, so no track id is used again.

    A camera's next stream begins at least one renewal, which is a second, after the one before it; as
    the upper half of a track id the number lasts until 2088.
    """
    return int(at.timestamp()) - _2020


def opener(lake: Lake, sink: Sink, fps: float | None = None) -> Opener:
    """What opens a camera by its id as the lake knows it now; `fps` overrides the camera's own.

    A camera whose source is a recording shows it once, as if it happened now: that is for demonstrations.
    """

    def open_camera(camera_id: str) -> tuple[Source, Stream]:
        camera = cameras.read(lake)[camera_id]
        rate = fps or camera.fps
        source = open_source(Secrets.of_settings().resolve(camera.source), camera, fps=rate, paced=True)
        epoch = life(lake.now())
        stream = Stream(camera, sink, epoch=epoch, late_after_s=LATE_AFTER_S, gate=Gate())
        return source, stream

    return open_camera
