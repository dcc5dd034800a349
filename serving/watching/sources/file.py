"""A video file of this machine, at a path or a `file:` address."""

from datetime import datetime
from pathlib import Path

from lakehouse.places.addresses import path_of
from lakehouse.problem import BadSource
from serving.watching.sources.footage import Footage


def source(address: str, camera_id: str, fps: float, *, start: datetime | None, paced: bool) -> Footage:
    """The file; nothing but files is read for it.

    Raises:
        BadSource: there is no such file.
    """
    path = Path(path_of(address))
    if not path.is_file():
        raise BadSource(str(path), "there is no such file", "name a file, rtsp://… or http://…")
    return Footage(str(path.absolute()), camera_id, fps, "file", start=start, paced=paced)
