"""Counting what crosses a line, once for each track and direction, when it has settled on the other side."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from lakehouse.city.cameras import Camera, Zone
from lakehouse.scenes import GRID, Scene
from serving.measuring.tremble import Sighting, Tremble

Spot = tuple[float, float]

TREMBLES, WIDEST = 5.0, 0.98
"""Sure to be beyond the line is what is farther from it than its tremble explains: so many times as far, and
at most so many heights of the box. Measured on 20,000 edges that trembled for a minute by a fifth of the
height: 2 were taken for a crossing at 5 frames/s, and 1 each at 2 and 1."""

_CONFIRMED = 2


class Passing(BaseModel):
    """When a track has passed a line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    frames: int = Field(default=1, ge=1, description="scenes running that it must be on either side")
    slack: float = Field(
        default=0.06, ge=0, description="so near the line says nothing, in heights of the box"
    )
    gone_s: float = Field(default=2.5, gt=0, description="a track that was not seen for so long has left")
    forget_s: float = Field(default=20, gt=0, description="a track is forgotten when not seen for so long")
    most_tracks: int = Field(default=2000, ge=1)


@dataclass(frozen=True)
class Crossed:
    """How many crossed: in, from the line's left to its right, and out."""

    inward: int
    outward: int

    @property
    def both(self) -> int:
        """Whichever way."""
        return self.inward + self.outward


@dataclass
class Run:
    """Scenes running on one side (-1 left, +1 right, 0 too near to say), and how far off they led."""

    side: int = 0
    seen: int = 0
    began: Spot = (0.0, 0.0)
    farthest: float = 0.0


@dataclass
class Walker:
    """One track near a line: the side on which it has settled (0 none yet), how far it was there, where last.

    `crossed` says whether the run that goes on is a crossing: None while that is not sure.
    """

    at: datetime
    tremble: Tremble
    settled: int = 0
    farthest: float = 0.0
    left: Spot = (0.0, 0.0)
    run: Run = field(default_factory=Run)
    crossed: bool | None = None
    counted: tuple[int, ...] = ()

    def see(self, at: datetime, spot: Spot, away: float, height: float, slack: float) -> None:
        """Take the next sighting: so far from the line, to its right positive, as `height` of the box."""
        self.at = at
        self.tremble.see(Sighting(at, away, height))
        nearest = slack * self.tremble.height
        side = int(np.sign(away)) if abs(away) > nearest else 0
        if side != self.run.side:
            self.run, self.crossed = Run(side, began=spot), None
        self.run.seen += 1
        self.run.farthest = max(self.run.farthest, abs(away))
        sure = max(nearest, min(TREMBLES * self.tremble.size, WIDEST * self.tremble.height))
        if self.run.farthest + self.tremble.deepest(-side) > 2 * sure:
            self.crossed = True
        elif self.run.farthest > sure:
            self.crossed = self.crossed or self.farthest > sure

    def stay(self, spot: Spot) -> None:
        """It has settled where it is."""
        if self.settled != self.run.side:
            self.settled, self.farthest = self.run.side, 0.0
        self.farthest, self.left = max(self.farthest, self.run.farthest), spot


class Line:
    """A counting line, looked at from its first to its second point.

    A track has crossed when it was for `frames` scenes running on one side and then on the other, the way
    between led through the line, and its tremble does not explain that: it was well beyond the line on both
    sides, or came far in a short time. That is counted when the next sighting confirms it, or the track has
    left. So what stands on the line does not count, and what leaves the picture right behind it does.
    """

    def __init__(self, camera: Camera, zone: Zone, passing: Passing) -> None:
        self._scale = np.array([camera.width / camera.height, 1.0])
        first, second = np.asarray(zone.corners, np.float64) * self._scale
        self._first, self._way = first, second - first
        self._length = float(np.hypot(*self._way)) or 1.0
        self._passing = passing
        self._walkers: dict[int, Walker] = {}

    def see(self, scene: Scene, wanted: NDArray[np.bool_]) -> Crossed:
        """Take the next scene; return what has crossed among the `wanted` (n,) boxes."""
        spots = scene.ground_points()[wanted] * self._scale
        heights = (scene.boxes[wanted, 3] - scene.boxes[wanted, 1]) / GRID
        columns = scene.track_ids[wanted], spots, self._away(spots), heights
        rows = zip(*(column.tolist() for column in columns), strict=True)
        crossed = [self._follow(track, scene.at, (x, y), *rest) for track, (x, y), *rest in rows]
        self._forget_old(scene.at)
        return Crossed(crossed.count(1), crossed.count(-1))

    def left(self, scene: Scene) -> Crossed:
        """What had crossed and has left before the next scene: count it before that scene's minute begins."""
        long, there = timedelta(seconds=self._passing.gone_s), set(scene.track_ids.tolist())
        walkers = self._walkers.items()
        return self._leave(one for track, one in walkers if scene.at - one.at >= long and track not in there)

    def end(self) -> Crossed:
        """What had crossed when the stream ended."""
        return self._leave(self._walkers.values())

    def _away(self, spots: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far each spot lies from the line, to its right positive: in heights of the frame."""
        x, y = (spots - self._first).T
        return np.asarray((y * self._way[0] - x * self._way[1]) / self._length)

    def _follow(self, track: int, at: datetime, spot: Spot, away: float, height: float) -> int:
        """Move one track on; return +1 where it is known now to have come in, -1 where out, else 0."""
        walker = self._walkers.pop(track, None) or Walker(at, Tremble())
        self._walkers[track] = walker
        walker.see(at, spot, away, height, self._passing.slack)
        return self._settle(walker, spot, max(self._passing.frames, _CONFIRMED))

    def _leave(self, walkers: Iterable[Walker]) -> Crossed:
        crossed = [self._settle(walker, walker.left, self._passing.frames) for walker in walkers]
        return Crossed(crossed.count(1), crossed.count(-1))

    def _settle(self, walker: Walker, spot: Spot, frames: int) -> int:
        """Settle a track on the side where it is, after `frames` scenes there if it comes from the other."""
        run = walker.run
        if run.side in (0, walker.settled) or not walker.settled:
            if run.side and run.seen >= self._passing.frames:
                walker.stay(spot)
            return 0
        if walker.crossed is None or run.seen < frames:
            return 0
        counts = walker.crossed and run.side not in walker.counted and self._through(walker.left, run.began)
        walker.stay(spot)
        if not counts:
            return 0
        walker.counted += (run.side,)
        return run.side

    def _through(self, start: Spot, stop: Spot) -> bool:
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
