"""Pictures that a live playlist shows again after its connection broke: they were looked at before."""

import zlib

from av.video.frame import VideoFrame

from serving.watching.sources.video import Arrival

MOST_KNOWN = 4096
"""Packets that are remembered, more than two minutes; a playlist has some half a minute of them."""


class Replays:
    """Knows a packet again by its time and its bytes, so that an encoder that began anew is not mistaken."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], None] = {}
        self._again: set[int] = set()
        self._replaying = False

    def begin(self) -> None:
        """A connection was made: until the first packet that is new, it shows what was there."""
        self._replaying = True
        self._again.clear()

    def note(self, packet: Arrival) -> None:
        """Take the next packet of the connection."""
        if packet is None or packet.pts is None:
            return
        mark = (packet.pts, zlib.crc32(packet))
        self._replaying = self._replaying and mark in self._known
        if self._replaying:
            self._again.add(packet.pts)
        self._known[mark] = None
        if len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]

    def has(self, picture: VideoFrame) -> bool:
        """Whether a picture was there before this connection."""
        return picture.pts in self._again
