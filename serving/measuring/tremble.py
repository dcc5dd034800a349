"""How much a track's distance from a line trembles, and how far it came of late."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

RECENT = timedelta(seconds=2)
"""What comes from one side of a line to the other in so short a time moves."""

_TOLD, _STANDS = 2, 0.25
"""Measured velocities tell that a thing stands if there are so many, and explain less than this share of how
far it came."""

_SIGHTINGS = 10
_MEMORY = 40
_DOUBT = 3
_UNKNOWN = 0.15
"""Before a track has shown its tremble it is taken for so many heights of its box, with the weight of
`_DOUBT` sightings."""


class Sighting(NamedTuple):
    """When a track was seen, how far from the line, and how high its box was: in heights of the frame.

    `drift` is how fast it was measured to leave the line to its right, a second; None unknown.
    """

    at: datetime
    away: float
    height: float
    drift: float | None = None


@dataclass
class Tremble:
    """What of a track's distances is no steady motion.

    Of three sightings the middle one should lie where the other two, by their times, have it. A frame that
    holds the last scene on shows the very same distance again and says nothing.
    """

    recent: tuple[Sighting, ...] = ()
    square: float = 0.0
    middles: int = 0

    def see(self, sighting: Sighting) -> None:
        """Take the next one."""
        if self.recent and self.recent[-1].away == sighting.away:
            return
        self.recent = (*self.recent[1 - _SIGHTINGS :], sighting)
        if len(self.recent) > 2:  # noqa: PLR2004 - a middle one has two neighbours
            self._learn(*self.recent[-3:])

    def _learn(self, before: Sighting, middle: Sighting, after: Sighting) -> None:
        part = (middle.at - before.at) / (after.at - before.at)
        off = middle.away - (1 - part) * before.away - part * after.away
        square = off**2 / (1 + (1 - part) ** 2 + part**2)
        known = min(self.middles, _MEMORY)
        self.square += (square - self.square) / (known + 1)
        self.middles = known + 1

    @property
    def height(self) -> float:
        """How high its boxes were on average: one alone trembles too."""
        return sum(one.height for one in self.recent) / len(self.recent)

    @property
    def size(self) -> float:
        """Its standard deviation, as far as that is known."""
        doubt = _DOUBT * (_UNKNOWN * self.height) ** 2
        return math.sqrt((self.square * self.middles + doubt) / (self.middles + _DOUBT))

    def deepest(self, side: int) -> float:
        """How far it was on a side (-1, +1) within the last `RECENT`; 0 where it was not there."""
        now = self.recent[-1].at
        return max((side * one.away for one in self.recent if now - one.at <= RECENT), default=0.0)

    def stands(self, side: int) -> bool:
        """Whether measured velocities tell of far less motion to a side (-1, +1) than its distances do."""
        lately = [one for one in self.recent if self.recent[-1].at - one.at <= RECENT]
        drifts = [side * one.drift for one in lately if one.drift is not None]
        if len(drifts) < _TOLD:
            return False
        took = (lately[-1].at - lately[0].at).total_seconds()
        came = side * lately[-1].away + self.deepest(-side)
        return sum(drifts) / len(drifts) * took < _STANDS * came
