"""What passed a line between two looks, told by how it moves."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import NamedTuple

from lakehouse.city.cameras import Camera, Zone

Spot = tuple[float, float]

MOST_MISSED = 1
"""So many looks running may have missed a thing that was in the picture: one box in ten is missing."""

DRIFT = 0.15
"""By so much of its way may a thing be elsewhere than its measured velocity has it."""


class Way(NamedTuple):
    """Where a thing was and how it moved (None unknown): in heights of the frame, and a second.

    `size` is the height of its box.
    """

    at: datetime
    spot: Spot
    velocity: Spot | None
    size: float

    def spot_at(self, when: datetime) -> Spot:
        """Where it is at another time if it goes on as it did."""
        (x, y), (dx, dy), ahead = self.spot, self.velocity or (0.0, 0.0), (when - self.at).total_seconds()
        return x + dx * ahead, y + dy * ahead


class Passage(NamedTuple):
    """Something came over a line to a side (-1 left, +1 right), `place` from its first point.

    It was not seen for `guessed_s` of the way from where it was seen to the line.
    """

    at: datetime
    side: int
    place: float
    speed: float
    size: float
    guessed_s: float

    def same(self, other: "Passage") -> bool:
        """Whether it is the same thing's: two things are never in one place at one time."""
        guessed = DRIFT * (self.guessed_s + other.guessed_s)
        size, speed = max(self.size, other.size), max(self.speed, other.speed)
        late = abs((self.at - other.at).total_seconds())
        aside = abs(self.place - other.place)
        return (
            self.side == other.side
            and late <= guessed + size / max(speed, 1e-9)
            and aside <= size / 2 + guessed * speed
        )


@dataclass(frozen=True)
class Mark:
    """A line in a picture, in heights of the frame."""

    first: Spot
    second: Spot
    aspect: float

    @classmethod
    def of(cls, camera: Camera, zone: Zone) -> "Mark":
        """The line of a zone."""
        aspect = camera.width / camera.height
        (x1, y1), (x2, y2) = zone.corners
        return cls((x1 * aspect, y1), (x2 * aspect, y2), aspect)

    @property
    def length(self) -> float:
        """From its first point to its second."""
        return math.dist(self.first, self.second) or 1.0

    def away(self, spot: Spot) -> float:
        """How far a spot lies from the line, to its right positive."""
        return self._along_and_aside(spot[0] - self.first[0], spot[1] - self.first[1])[1]

    def drift(self, velocity: Spot) -> float:
        """How fast what moves so leaves the line, to its right positive."""
        return self._along_and_aside(*velocity)[1]

    def place(self, spot: Spot) -> float:
        """How far along the line a spot lies."""
        return self._along_and_aside(spot[0] - self.first[0], spot[1] - self.first[1])[0]

    def _along_and_aside(self, x: float, y: float) -> Spot:
        ahead, down = (b - a for a, b in zip(self.first, self.second, strict=True))
        return (x * ahead + y * down) / self.length, (y * ahead - x * down) / self.length

    def between(self, place: float) -> bool:
        """Whether a place lies on the line, and not past its ends."""
        return 0 <= place <= self.length

    def shown(self, spot: Spot) -> bool:
        """Whether a spot is in the picture."""
        return 0 <= spot[0] <= self.aspect and 0 <= spot[1] <= 1

    def passage(self, way: Way, looks: Sequence[datetime], longest: timedelta) -> Passage | None:
        """Where a thing passed, or is to pass, the line; None if looks would have shown it.

        `looks` are the times of looks that did not find it, from the next to the farthest, either before
        or after it was seen: at most `MOST_MISSED` of them had it in the picture before one had it outside,
        and by then it was over the line.
        """
        drift = self.drift(way.velocity) if way.velocity else 0.0
        ahead_s = -self.away(way.spot) / drift if drift else math.inf
        if way.velocity is None or abs(ahead_s) > longest.total_seconds():
            return None
        missed = sum(1 for _ in takewhile(lambda look: self.shown(way.spot_at(look)), looks))
        if missed > MOST_MISSED or missed == len(looks):
            return None
        if abs((looks[missed] - way.at).total_seconds()) < abs(ahead_s):
            return None
        at = way.at + timedelta(seconds=ahead_s)
        place, speed = self.place(way.spot_at(at)), math.hypot(*way.velocity)
        passed = Passage(at, 1 if drift > 0 else -1, place, speed, way.size, abs(ahead_s))
        return passed if self.between(place) else None
