"""One file per kind of source that yields frames."""

from collections.abc import Iterator
from datetime import datetime
from importlib import import_module
from typing import Protocol

from lakehouse.city.cameras import Camera
from lakehouse.places.addresses import one_form, redact
from lakehouse.problem import BadSource
from lakehouse.scenes import Frame, Outcome

SCHEMES = {
    "rtsp": "rtsp", "rtsps": "rtsp", "http": "http", "https": "http", "file": "file",
    "synthetic": "synthetic",
}  # fmt: skip
"""Which file of this folder reads an address; what has no scheme is a file."""


class Source(Protocol):
    """What yields a camera's frames: it ends where a recording does, and tries again where a stream does.

    Iterating raises `BadSource` where there is nothing to be had.
    """

    @property
    def live(self) -> bool:
        """Whether it happens now and has no end, as far as that is known before the first frame."""
        ...

    def frames(self) -> Iterator[Frame]:
        """The due frames, in the order of their times."""
        ...

    def missed(self) -> list[tuple[datetime, Outcome]]:
        """The frames since the last call that never came out: dropped, or undecodable."""
        ...

    def standing(self) -> str:
        """What else there is to be told of it, in a few words; '' for nothing."""
        ...


def scheme_of(source: str) -> str | None:
    """The scheme of an address, None for a file's path.

    Raises:
        BadSource: the scheme is none that can be read.
    """
    scheme, colon, _ = one_form(source).partition(":")
    if scheme in SCHEMES and colon:
        return scheme
    if "://" in source:
        rule = f"{scheme!r} is not one of {', '.join(SCHEMES)}"
        raise BadSource(redact(source), rule, "name a file, or an address with one of these")
    return None


def open_source(
    source: str, camera: Camera, *, fps: float, start: datetime | None = None, paced: bool = False
) -> Source:
    """The source at an address, which may carry a password, or at a path; nothing is read yet.

    Args:
        source: `rtsp://…`, `http://…` (MJPEG, HLS, a recording), `file:…`, `synthetic:<seed>`, or a path.
        camera: whose frames these are.
        fps: how many frames a second are due.
        start: the time of a recording's first frame, by default now; what is live is always now.
        paced: show a recording as if it happened now, once, and not as fast as it can be read.

    Raises:
        BadSource: the address has a scheme that cannot be read, or a seed that is none; no such file.
    """
    scheme, address = scheme_of(source), one_form(source)
    if scheme == "synthetic":
        return _synthetic(address, camera, fps, start)
    kind = import_module(f"serving.watching.sources.{SCHEMES[scheme or 'file']}")
    opened: Source = kind.source(address, camera.camera_id, fps, start=start, paced=paced)
    return opened


def _synthetic(source: str, camera: Camera, fps: float, start: datetime | None) -> Source:
    seed = source.partition(":")[2]
    if not seed.isdecimal():
        raise BadSource(source, "a synthetic city is named by its seed, a number", "write synthetic:7")
    from lakehouse.synthetic import City  # noqa: PLC0415 - real cameras need no synthetic city

    synthetic = import_module("serving.watching.sources.synthetic")
    opened: Source = synthetic.SyntheticSource(camera.camera_id, City(int(seed)), fps, start)
    return opened
