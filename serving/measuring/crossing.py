"""Counting what crosses a line, once for each track and direction."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from lakehouse.city.cameras import Camera, Zone
from lakehouse.scenes import GRID, Scene


@dataclass
class Walker:
    """One track near a line: where it is, and on which side it has settled (-1 left, +1 right, 0 neither)."""

    at: datetime
    spot: tuple[float, float]
    side: int = 0
    settled: int = 0
    seen: int = 0
    inward: bool = False
    outward: bool = False


class Passing(BaseModel):
    """When a track has passed a line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    frames: int = Field(default=1, ge=1, description="scenes running on the side that it comes from")
    slack: float = Field(
        default=0.06, ge=0, description="so near the line says nothing, in heights of the box"
    )
    forget_s: float = Field(default=20, gt=0, description="a track is forgotten when not seen for so long")
    most_tracks: int = Field(default=2000, ge=1)


@dataclass(frozen=True)
class Crossed:
    """How many crossed in one scene: in, from the line's left to its right, and out."""

    inward: int
    outward: int


class Line:
    """A counting line, looked at from its first to its second point.

    A track changes sides when its ground point was farther from the line than `slack` says, for `frames`
    scenes running on one side and then on the other, and the way between led through the line.
    """

    def __init__(self, camera: Camera, zone: Zone, passing: Passing) -> None:
        self._scale = np.array([camera.width / camera.height, 1.0])
        first, second = np.asarray(zone.corners, np.float64) * self._scale
        self._first, self._way = first, second - first
        self._length = float(np.hypot(*self._way)) or 1.0
        self._passing = passing
        self._walkers: dict[int, Walker] = {}

    def see(self, scene: Scene, wanted: NDArray[np.bool_]) -> Crossed:
        """Take the next scene; return what crossed among the `wanted` (n,) boxes."""
        spots = scene.ground_points()[wanted] * self._scale
        heights = (scene.boxes[wanted, 3] - scene.boxes[wanted, 1]) / GRID
        away = self._away(spots)
        sides = np.where(np.abs(away) > self._passing.slack * heights, np.sign(away), 0).astype(int)
        ids = scene.track_ids[wanted].tolist()
        crossed = [
            self._follow(track, scene.at, (x, y), side)
            for track, (x, y), side in zip(ids, spots.tolist(), sides.tolist(), strict=True)
        ]
        self._forget_old(scene.at)
        return Crossed(crossed.count(1), crossed.count(-1))

    def _away(self, spots: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far each spot lies from the line, to its right positive: in heights of the frame."""
        x, y = (spots - self._first).T
        return np.asarray((y * self._way[0] - x * self._way[1]) / self._length)

    def _follow(self, track: int, at: datetime, spot: tuple[float, float], side: int) -> int:
        """Move one track on; return +1 where it came in just now, -1 where it went out, else 0."""
        walker = self._walkers.pop(track, None) or Walker(at, spot)
        self._walkers[track] = walker
        walker.at = at
        crossed = 0
        if side and side == -walker.settled:
            crossed = side if self._through(walker.spot, spot) else 0
            walker.settled = side
        if side:
            walker.seen = walker.seen + 1 if side == walker.side else 1
            walker.side, walker.spot = side, spot
            walker.settled = side if walker.seen >= self._passing.frames else walker.settled
        return self._once(walker, crossed)

    @staticmethod
    def _once(walker: Walker, crossed: int) -> int:
        counted = walker.inward if crossed > 0 else walker.outward
        walker.inward |= crossed > 0
        walker.outward |= crossed < 0
        return 0 if counted else crossed

    def _through(self, start: tuple[float, float], stop: tuple[float, float]) -> bool:
        """Whether the way from one side to the other leads through the line, and not past its ends."""
        a, b = np.asarray(start), np.asarray(stop)
        before, behind = (abs(float(self._away(spot[None])[0])) for spot in (a, b))
        meets = a + (b - a) * before / max(before + behind, 1e-9)
        share = float((meets - self._first) @ self._way) / self._length**2
        return 0 <= share <= 1

    def _forget_old(self, now: datetime) -> None:
        """Tracks stand in the order in which they were last seen."""
        forget = timedelta(seconds=self._passing.forget_s)
        for track, walker in list(self._walkers.items()):
            if len(self._walkers) <= self._passing.most_tracks and now - walker.at <= forget:
                break
            del self._walkers[track]
