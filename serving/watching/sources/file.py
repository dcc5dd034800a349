"""A video file: every due frame, at the file's own time."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import av
from av.video.frame import VideoFrame

from lakehouse.problem import BadSource
from lakehouse.scenes import Frame, Outcome
from serving.watching.sources.video import bad, next_due, opened, pictures, pixels

_TOLERANCE_S = 0.001
_LARGEST_HOLE_S = 3600


class FileSource:
    """The frames of a file that are due at `fps`, at `start` plus the time at which they are presented."""

    def __init__(self, path: str, camera_id: str, fps: float, start: datetime) -> None:
        self.path = Path(path)
        self.duration_s: float | None = None
        self._camera_id = camera_id
        self._step_s = 1 / fps
        self._start = start
        self._missed: list[tuple[datetime, Outcome]] = []

    def frames(self) -> Iterator[Frame]:
        """The due frames; one that a damaged file presents at an earlier time than the last is left out.

        Raises:
            BadSource: there is no such file, or it holds no video that can be decoded.
        """
        if not self.path.is_file():
            raise BadSource(str(self.path), "there is no such file", "name a file, rtsp://… or http://…")
        with opened(str(self.path.absolute()), "file") as container:
            length = container.duration
            self.duration_s = length / av.time_base if length else None
            seen = False
            try:
                for at_s, picture in self._due(pictures(container)):
                    seen = True
                    yield Frame(self._camera_id, self._at(at_s), pixels(picture))
            except av.FFmpegError as error:
                if not seen:
                    raise bad(str(self.path), error) from None
        if not seen:
            raise BadSource(str(self.path), "none of its pictures can be decoded", "name another file")

    def _due(self, found: Iterator[VideoFrame | None]) -> Iterator[tuple[float, VideoFrame]]:
        first: float | None = None
        last, due = -1.0, 0.0
        for picture in found:
            if picture is None or picture.time is None:
                self._missed.append((self._at(max(last, 0)), Outcome.UNDECODABLE))
                continue
            first = picture.time if first is None else first
            at_s = picture.time - first
            if not last < at_s < max(last, 0) + _LARGEST_HOLE_S or at_s < due - _TOLERANCE_S:
                continue
            last = at_s
            due = next_due(due, at_s, self._step_s)
            yield at_s, picture

    def missed(self) -> list[tuple[datetime, Outcome]]:
        """The packets that could not be decoded since the last call."""
        missed, self._missed = self._missed, []
        return missed

    def _at(self, at_s: float) -> datetime:
        return self._start + timedelta(seconds=at_s)
