"""Which packets of a video need decoding, where pictures are due more seldom than key frames come."""

_SAME_S = 0.005
"""Times that differ by less are the same."""


class KeyFrames:
    """Lets the decoder rest from a look to the last key frame before the next one is due.

    A picture between two key frames can be decoded with all those since the one before it, and with no
    others. At one look a second and a key frame a second, 27 of 30 pictures are so never decoded, which
    are most of what a camera costs. How far apart key frames lie is learnt from the last two; where the next
    one comes later than that, the look waits for it.

    Args:
        reordered: whether pictures are decoded in another order than they are shown: then nothing rests, for
            what a key frame leads may be shown before it.
    """

    def __init__(self, *, reordered: bool) -> None:
        self._reordered = reordered
        self._key_s: float | None = None
        self._apart_s: float | None = None
        self._until_s: float | None = None

    def rest(self, due_s: float) -> None:
        """Nothing is due before `due_s`, in the stream's own seconds."""
        self._until_s = due_s if not self._reordered and self._another_before(due_s) else None

    def needed(self, own_s: float | None, *, key: bool) -> bool:
        """Whether the next packet, presented at `own_s`, is to be decoded; asked of each one in turn."""
        if own_s is None:
            self._until_s = None
        elif key:
            self._apart_s = None if self._key_s is None else own_s - self._key_s
            self._key_s = own_s
            if self._until_s is not None and not self._another_before(self._until_s):
                self._until_s = None
        return self._until_s is None

    def _another_before(self, due_s: float) -> bool:
        """Whether a key frame is expected after the last one and not after what is due."""
        if self._key_s is None or self._apart_s is None or self._apart_s <= 0:
            return False
        return self._key_s + self._apart_s <= due_s + _SAME_S
