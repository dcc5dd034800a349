"""People on their way across a synthetic site."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from lakehouse.synthetic.chance import Flags, Floats, Ints


@dataclass(frozen=True)
class Walks:
    """People on their way, all arrays (n,): each walks along the site's band and may stop once.

    direction +1 or -1; pace m/s; aside metres; stop_at metres along the band, stop_s seconds; `enters`
    is when they come into the zone, in seconds since 1970. `half_m` is half the zone's length.
    """

    ids: Ints
    direction: Floats
    pace: Floats
    aside: Floats
    stop_at: Floats
    stop_s: Floats
    enters: Floats

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, some: Flags | Ints) -> Self:
        return type(self)(*(getattr(self, column.name)[some] for column in fields(self)))

    @classmethod
    def joined(cls, parts: list[Self]) -> Self:
        """All of them in one."""
        return cls(
            *(np.concatenate([getattr(part, column.name) for part in parts]) for column in fields(cls))
        )

    def leaves(self, half_m: float) -> Floats:
        """When they leave the zone (n,)."""
        return self.enters + 2 * half_m / self.pace + self.stop_s

    def passes(self, at_m: float | Floats, half_m: float) -> Floats:
        """When they are (n,) at a point of the band that is outside the zone."""
        travelled = at_m * self.direction + half_m
        return self.enters + travelled / self.pace + np.where(travelled > 0, self.stop_s, 0.0)

    def along(self, at: float, half_m: float) -> tuple[Floats, Flags]:
        """Metres along the band (n,) at an instant, and who is standing (n,)."""
        since = at - self.enters
        reach = (self.stop_at * self.direction + half_m) / self.pace
        standing = (since > reach) & (since < reach + self.stop_s)
        walked = np.where(since > reach, np.maximum(since - self.stop_s, reach), since)
        return self.direction * (walked * self.pace - half_m), standing
