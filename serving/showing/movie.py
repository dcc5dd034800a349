"""Pictures one after the other, as an MP4 that any player shows."""

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

_EVEN = 2
"""H.264 with a quarter of the colours has even sides only."""


class Movie:
    """An H.264 MP4 of `fps` pictures a second, all as large as the first; no file without a picture."""

    def __init__(self, path: Path, fps: float) -> None:
        self._path = path
        self._rate = Fraction(fps).limit_denominator(1000)
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None

    def __enter__(self) -> Self:
        return self

    def add(self, picture: Image.Image) -> None:
        """Append a picture; one of another size is scaled."""
        stream = self._stream or self._begun(picture)
        frame = VideoFrame.from_ndarray(np.asarray(picture), format="rgb24").reformat(
            stream.width, stream.height, "yuv420p"
        )
        self._mux(frame)

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        if self._container is not None:
            self._mux(None)
            self._container.close()

    def _begun(self, picture: Image.Image) -> VideoStream:
        self._container = av.open(str(self._path), "w")
        self._stream = self._container.add_stream("libx264", rate=self._rate)
        self._stream.width, self._stream.height = (max(_EVEN, side - side % _EVEN) for side in picture.size)
        self._stream.pix_fmt = "yuv420p"
        return self._stream

    def _mux(self, frame: VideoFrame | None) -> None:
        if self._container is not None and self._stream is not None:
            self._container.mux(self._stream.encode(frame))
