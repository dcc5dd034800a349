"""Which packets of a video need decoding, where pictures are due more seldom than key frames come."""

from collections import deque

_SAME_S = 0.005
"""Times that differ by less are the same."""

_REMEMBERED = 50
"""Of so many distances between key frames the longest is expected: an encoder may add some at a cut."""

LONGEST_REST_S = 4.0
"""A live stream's time is followed at least so often."""


class KeyFrames:
    """Lets the decoder rest from a look to the last key frame before the next one is due.

    A picture between two key frames can be decoded with all those since the one before it, and with no
    others. At one look a second and a key frame a second, 27 of 30 pictures are so never decoded, which
    are most of what a camera costs. How far apart key frames lie is learnt; where the next one comes later
    than that, nothing is decoded in vain, and the look waits for it.
    """

    def __init__(self) -> None:
        self._apart_s: deque[float] = deque(maxlen=_REMEMBERED)
        self._key_s: float | None = None
        self._until_s: float | None = None

    def rest(self, own_s: float | None, due_s: float) -> None:
        """After the picture of `own_s` nothing is due for `due_s` seconds."""
        until_s = None if own_s is None else own_s + min(due_s, LONGEST_REST_S)
        self._until_s = until_s if self._another_before(until_s) else None

    def needed(self, own_s: float | None, *, key: bool) -> bool:
        """Whether the next packet, presented at `own_s`, is to be decoded; asked of each one in turn."""
        if key and own_s is not None:
            if self._key_s is not None:
                self._apart_s.append(own_s - self._key_s)
            self._key_s = own_s
        if own_s is None or self._is_late(own_s):
            self._apart_s.clear()
            self._key_s = self._until_s = None
        elif key and not self._another_before(self._until_s):
            self._until_s = None
        return self._until_s is None

    def _another_before(self, until_s: float | None) -> bool:
        """Whether a key frame is expected after the last one and not after what is due; not after a break."""
        if until_s is None or self._key_s is None or not self._apart_s or min(self._apart_s) <= 0:
            return False
        return self._key_s + max(self._apart_s) <= until_s + _SAME_S

    def _is_late(self, own_s: float) -> bool:
        """Whether no key frame came though one was due long ago: perhaps the stream has none any more."""
        return self._until_s is not None and own_s > self._until_s + max(self._apart_s, default=0.0)
