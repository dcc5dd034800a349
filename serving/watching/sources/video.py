"""What FFmpeg can decode: opened safely, the stream that is meant, and what it says of itself."""

import errno
from collections.abc import Iterator, Mapping
from fractions import Fraction
from types import TracebackType
from typing import Self, TypeAlias, Union

import av
from av.container import InputContainer
from av.format import Flags
from av.packet import Packet
from av.stream import Discard, Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from lakehouse.places.addresses import redact
from lakehouse.problem import BadSource

MOST_PIXELS = 40_000_000
"""A picture may have so many: an 8K camera has 33 million."""

MOST_FAILURES = 100
"""So often in a row a damaged container may have no packet to give until it is left alone."""

USUAL_RATE = Fraction(25)
"""Pictures a second of a stream that says nothing, or nonsense, about it."""

Arrival: TypeAlias = Union["Packet[VideoStream]", None]
"""What comes: a packet, or None for one that is damaged."""

_SLOWEST, _FASTEST = Fraction(1, 5), Fraction(250)
_STILLS = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
_PLAYLISTS = ("hls", "dash")
_CAMERAS = ("mpjpeg",)
"""Formats that have no end, whatever length a server claims."""


class Video:
    """A container that is open, and the one of its streams that is meant to be watched.

    What it says of itself is asked once: while a thread reads a container, no other may look into it.

    Attributes:
        live: it goes on for ever: it says no duration, its playlist has no end, and it has no length.
        listed: it is a playlist, whose parts can be fetched again.
        timed: its format has times of its own; FFmpeg makes some up where it has none.
        step_s: seconds from one picture to the next, as the stream says or by USUAL_RATE.
        lasts_s: how long it says it is, infinite where it does not.
        aspect: how wide a pixel is by its height.

    Raises:
        BadSource: it holds no video, or one that nobody here can decode, or that is too large.
    """

    def __init__(self, address: str, container: InputContainer) -> None:
        self._container = container
        self._stream = stream = _meant(address, container)
        if stream.width * stream.height > MOST_PIXELS:
            rule = f"its pictures have {stream.width} x {stream.height} pixels, more than {MOST_PIXELS:,}"
            raise BadSource(redact(address), rule, "make it smaller")
        for other in container.streams:
            if other is not stream:
                other.discard = Discard.all  # a playlist's other qualities are not fetched
        shape = container.format
        self.listed = shape.name in _PLAYLISTS
        self.timed = Flags.no_timestamps not in Flags(shape.flags) and not shape.name.endswith("_pipe")
        self.live = shape.name in _CAMERAS or not (
            _lasts(container) or (container.size > 0 and not self.listed)
        )
        self.lasts_s = (container.duration or 0) / av.time_base if _lasts(container) else float("inf")
        rate = stream.guessed_rate or stream.average_rate
        self.step_s = float(1 / (rate if rate and _SLOWEST <= rate <= _FASTEST else USUAL_RATE))
        self.aspect = stream.sample_aspect_ratio or Fraction(1)

    @property
    def reordered(self) -> bool:
        """Whether its pictures are decoded in another order than they are shown."""
        return bool(self._stream.codec_context.has_b_frames)

    def begin_anew(self) -> None:
        """Let the decoder forget what it has: what follows is no sequel, and nothing is made up for it."""
        self._stream.codec_context.flush_buffers()

    def packets(self) -> Iterator[Arrival]:
        """The packets of the stream; None for one that belongs nowhere, as in a damaged container.

        Raises:
            av.FFmpegError, OSError: the connection broke.
        """
        failures = 0
        while failures < MOST_FAILURES:
            try:
                for packet in self._container.demux(self._stream):
                    failures = 0
                    yield packet
            except IndexError:
                failures += 1
                yield None  # of a stream that came up amid damage; what follows can be read
            except (av.FFmpegError, OSError):
                raise
            except Exception as error:
                raise OSError(errno.EBADMSG, f"it is damaged ({type(error).__name__})") from error
            else:
                return
        raise OSError(errno.EBADMSG, "it is damaged, and what follows cannot be found")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection or the file."""
        self._container.close()


def opened(
    address: str, protocols: str, options: Mapping[str, str] | None = None, timeout_s: float | None = None
) -> Video:
    """The video at an address, over `protocols` (with commas between them) only.

    Raises:
        BadSource: it cannot be reached, is no video, or is too large; no secret of the address is repeated.
    """
    wanted = {"protocol_whitelist": protocols, **(options or {})}
    try:
        container = av.open(address, options=wanted, timeout=timeout_s, metadata_errors="replace")
    except Exception as error:  # noqa: BLE001 - a damaged header makes PyAV raise anything
        raise bad(address, error) from None
    try:
        return Video(address, container)
    except BadSource:
        container.close()
        raise
    except Exception as error:  # noqa: BLE001 - the same
        container.close()
        raise bad(address, error) from None


def bad(address: str, error: Exception) -> BadSource:
    """What is said about an address that FFmpeg cannot read; its own message repeats passwords."""
    reason = getattr(error, "strerror", None) or type(error).__name__
    remedy = "check the address, the rights and the format, and that it can be reached from here"
    if getattr(error, "errno", None) == errno.EIO and address.startswith("http"):
        remedy = "if its server gives no ranges and its index stands at its end, fetch it and name the file"
    return BadSource(redact(address), f"it cannot be read: {reason}", remedy)


def own_s(packet: "Packet[VideoStream]") -> float | None:
    """When a packet's picture is to be shown, in the stream's own seconds; None where it does not say."""
    return None if packet.pts is None else float(packet.pts * packet.time_base)


def decoded(packet: Arrival) -> list[VideoFrame] | None:
    """The pictures that a packet completes, none of them too large; None where it cannot be decoded."""
    try:
        pictures = [] if packet is None else packet.decode()
    except Exception:  # noqa: BLE001 - whatever a damaged packet makes PyAV raise
        return None
    small = all(picture.width * picture.height <= MOST_PIXELS for picture in pictures)
    return None if packet is None or not small else pictures


def _lasts(container: InputContainer) -> bool:
    return container.duration is not None and container.duration > 0


def _meant(address: str, container: InputContainer) -> VideoStream:
    """The stream to watch: what FFmpeg holds for the best, but no cover picture and no thumbnails."""
    moving = [stream for stream in container.streams.video if not stream.disposition & _STILLS]
    if not moving:
        rule = "it holds a picture and no video" if container.streams.video else "it holds no video"
        raise BadSource(redact(address), rule, "name another file or address")
    known = [stream for stream in moving if stream.codec_context is not None]
    if not known:
        raise BadSource(redact(address), "its video has a format that is not known here", "send it as H.264")
    best = container.streams.best("video")
    return next(
        (stream for stream in known if best is not None and stream.index == best.index),
        max(known, key=lambda stream: stream.width * stream.height),
    )
