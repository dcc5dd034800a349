"""One file per kind of source that yields frames."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from lakehouse.scenes import Frame, Outcome


class Source(Protocol):
    """What yields a camera's frames: it ends where a file does, and tries again where a stream does.

    Iterating raises `BadSource` where there is nothing to be had.
    """

    def frames(self) -> Iterator[Frame]:
        """The due frames, in the order of their times."""
        ...

    def missed(self) -> list[tuple[datetime, Outcome]]:
        """The frames since the last call that never came out: dropped, or undecodable."""
        return []
