"""Opening what FFmpeg can decode, and its pictures one by one."""

from collections.abc import Iterator, Mapping

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from lakehouse.places.addresses import redact
from lakehouse.problem import BadSource

MOST_PIXELS = 40_000_000
"""A picture may have so many: an 8K camera has 33 million."""

_RIGHT_ANGLE = 90


def opened(
    address: str, protocols: str, options: Mapping[str, str] | None = None, timeout_s: float | None = None
) -> InputContainer:
    """The container at an address, over `protocols` (with commas between them) only.

    Raises:
        BadSource: it cannot be reached, is no video, or is too large; no secret of the address is repeated.
    """
    wanted = {"protocol_whitelist": protocols, **(options or {})}
    try:
        container = av.open(address, options=wanted, timeout=timeout_s, metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise bad(address, error) from None
    streams = container.streams.video
    if not streams:
        container.close()
        raise BadSource(redact(address), "it holds no video", "name another file or address")
    if streams[0].width * streams[0].height > MOST_PIXELS:
        container.close()
        rule = f"its pictures have {streams[0].width} x {streams[0].height} pixels, more than {MOST_PIXELS:,}"
        raise BadSource(redact(address), rule, "make it smaller")
    return container


def bad(address: str, error: Exception) -> BadSource:
    """What is said about an address that FFmpeg cannot read; its own message repeats passwords."""
    reason = getattr(error, "strerror", None) or type(error).__name__
    remedy = "check the address, the rights and the format, and that it can be reached from here"
    return BadSource(redact(address), f"it cannot be read: {reason}", remedy)


def pictures(container: InputContainer) -> Iterator[VideoFrame | None]:
    """The decoded pictures of the first video stream; None for a packet that cannot be decoded.

    Raises:
        av.FFmpegError: the connection broke.
    """
    stream = container.streams.video[0]
    for packet in container.demux(stream):
        try:
            decoded = packet.decode()
        except (av.error.InvalidDataError, av.error.PatchWelcomeError):
            yield None
            continue
        for picture in decoded:
            if isinstance(picture, VideoFrame):
                yield picture


def pixels(picture: VideoFrame) -> NDArray[np.uint8]:
    """A picture as (height, width, 3) BGR, turned as its recorder meant it."""
    image = picture.to_ndarray(format="bgr24")
    turns = round(picture.rotation / _RIGHT_ANGLE) % 4
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else np.asarray(image, np.uint8)


def next_due(due_s: float, at_s: float, step_s: float) -> float:
    """When the frame after that of `at_s` is due: on the beat, or a step later where the beat was lost."""
    return due_s + step_s if due_s + step_s > at_s else at_s + step_s
