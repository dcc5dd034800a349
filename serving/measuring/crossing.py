"""Counting what crosses a line, once for each track and direction, when it has settled on the other side."""

import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from lakehouse.city.cameras import Camera, Zone
from lakehouse.scenes import GRID, Scene
from serving.measuring.passages import Mark, Passage, Way
from serving.measuring.tremble import Sighting, Tremble

TREMBLES, WIDEST = 5.0, 0.98
"""Sure to be beyond the line is what is farther from it than its tremble explains: so many times as far, and
at most so many heights of the box. Measured on 20,000 edges that trembled for a minute by a fifth of the
height: 2 were taken for a crossing at 5 frames/s, and 1 each at 2 and 1."""

MOST_STANDING = 2.0
"""What came so many heights of its box is no standing thing, whatever its measured velocities say."""

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

    began: Way
    side: int = 0
    seen: int = 0
    farthest: float = 0.0


@dataclass
class Walker:
    """One track near a line: the side on which it has settled (0 none yet), how far it was there, where last.

    `crossed` says whether the run that goes on is a crossing: None while that is not sure. `first` is where
    it was seen first, while that may tell that it had come over the line before; `last` where it was last.
    """

    last: Way
    run: Run
    first: Way | None = None
    left: Way | None = None
    tremble: Tremble = field(default_factory=Tremble)
    settled: int = 0
    farthest: float = 0.0
    crossed: bool | None = None
    gone: bool = False
    counted: tuple[int, ...] = ()

    def see(self, way: Way, away: float, drift: float | None, slack: float) -> None:
        """Take the next sighting: so far from the line, to its right positive, and so fast further there."""
        self.last, self.gone = way, False
        self.tremble.see(Sighting(way.at, away, way.size, drift))
        nearest = slack * self.tremble.height
        side = int(np.sign(away)) if abs(away) > nearest else 0
        if side != self.run.side:
            self.run, self.crossed = Run(way, side), None
        self.run.seen += 1
        self.run.farthest = max(self.run.farthest, abs(away))
        sure = max(nearest, min(TREMBLES * self.tremble.size, WIDEST * self.tremble.height))
        came = self.run.farthest + self.tremble.deepest(-side)
        if came < MOST_STANDING * self.tremble.height and self.tremble.stands(side):
            return
        if came > 2 * sure:
            self.crossed = True
        elif self.run.farthest > sure:
            self.crossed = self.crossed or self.farthest > sure

    def stay(self) -> None:
        """It has settled where it is."""
        if self.settled != self.run.side:
            self.settled, self.farthest = self.run.side, 0.0
        self.farthest, self.left = max(self.farthest, self.run.farthest), self.last


class Line:
    """A counting line, looked at from its first to its second point.

    A track has crossed when it was for `frames` scenes running on one side and then on the other, the way
    between led through the line, and its tremble does not explain that: it was well beyond the line on both
    sides, or came far in a short time. That is counted when the next sighting confirms it, or the track has
    left. So what stands on the line does not count, and what leaves the picture right behind it does.

    What is too fast to be seen on both sides counts where its measured velocity leads through the line, and
    it came into the picture, or left it, between looks; once, whatever number of tracks it was. Where
    `frames` asks for more than one scene on a side, that is no crossing.
    """

    def __init__(self, camera: Camera, zone: Zone, passing: Passing) -> None:
        self._mark = Mark.of(camera, zone)
        self._passing = passing
        self._gone = timedelta(seconds=passing.gone_s)
        self._walkers: dict[int, Walker] = {}
        self._newest = -1
        self._looks: deque[datetime] = deque()
        self._told: deque[tuple[Passage, bool]] = deque(maxlen=passing.most_tracks)

    def see(self, scene: Scene, wanted: NDArray[np.bool_]) -> Crossed:
        """Take the next scene; return what has crossed among the `wanted` (n,) boxes."""
        crossed = [self._follow(track, way) for track, way in self._ways(scene, wanted)]
        self._newest = max(self._newest, *scene.track_ids.tolist(), -1)
        self._looks.append(scene.at)
        self._forget_old(scene.at)
        return Crossed(crossed.count(1), crossed.count(-1))

    def left(self, scene: Scene) -> Crossed:
        """What had crossed and has left before the next scene: count it before that scene's minute begins."""
        there = set(scene.track_ids.tolist())
        walkers = self._walkers.items()
        gone = (one for track, one in walkers if scene.at - one.last.at >= self._gone and track not in there)
        return self._leave(gone)

    def end(self) -> Crossed:
        """What had crossed when the stream ended."""
        return self._leave(self._walkers.values())

    def _ways(self, scene: Scene, wanted: NDArray[np.bool_]) -> Iterator[tuple[int, Way]]:
        """The wanted boxes with their tracks."""
        scale = np.array([self._mark.aspect, 1.0])
        spots, velocities = scene.ground_points() * scale, scene.motion() * scale
        heights = (scene.boxes[:, 3] - scene.boxes[:, 1]) / GRID
        columns = (column[wanted].tolist() for column in (scene.track_ids, spots, velocities, heights))
        for track, (x, y), (dx, dy), height in zip(*columns, strict=True):
            yield track, Way(scene.at, (x, y), None if math.isnan(dx) else (dx, dy), height)

    def _follow(self, track: int, way: Way) -> int:
        """Move one track on; return +1 where it is known now to have come in, -1 where out, else 0."""
        known = self._walkers.pop(track, None)
        begins = self._looks and track > self._newest
        walker = self._walkers[track] = known or Walker(way, Run(way), first=way if begins else None)
        drift = None if way.velocity is None else self._mark.drift(way.velocity)
        walker.see(way, self._mark.away(way.spot), drift, self._passing.slack)
        crossed = self._settle(walker, max(self._passing.frames, _CONFIRMED))
        return crossed or (self._came(walker) if known else 0)

    def _leave(self, walkers: Iterable[Walker]) -> Crossed:
        frames = self._passing.frames
        crossed = [self._settle(one, frames) or self._came(one) or self._goes(one) for one in walkers]
        return Crossed(crossed.count(1), crossed.count(-1))

    def _settle(self, walker: Walker, frames: int) -> int:
        """Settle a track on the side where it is, after `frames` scenes there if it comes from the other."""
        run = walker.run
        if run.side in (0, walker.settled) or walker.left is None:
            if run.side and run.seen >= self._passing.frames:
                walker.stay()
            return 0
        if walker.crossed is None or run.seen < frames:
            return 0
        passed = self._through(walker.left, run.began, run.side) if walker.crossed else None
        walker.stay()
        return self._count(walker, passed, guessed=False)

    def _came(self, walker: Walker) -> int:
        """Whether a track that was first seen beyond the line had come over it just before."""
        first, walker.first = walker.first, None
        if first is None:
            return 0
        looks = [look for look in reversed(self._looks) if look < first.at]
        passed = self._mark.passage(first, looks, self._gone)
        return self._count(walker, passed, guessed=True) if passed and passed.at <= first.at else 0

    def _goes(self, walker: Walker) -> int:
        """Whether a track that was last seen before the line has gone over it just after; asked once."""
        if walker.gone:
            return 0
        walker.gone = True
        looks = [look for look in self._looks if look > walker.last.at]
        passed = self._mark.passage(walker.last, looks, self._gone)
        if passed is None or walker.settled == passed.side or passed.at <= walker.last.at:
            return 0
        return self._count(walker, passed, guessed=True)

    def _count(self, walker: Walker, passed: Passage | None, *, guessed: bool) -> int:
        """Count a passage, if it is its track's first to that side and no other track's."""
        if passed is None or passed.side in walker.counted or (guessed and self._passing.frames > 1):
            return 0
        walker.counted += (passed.side,)
        if any(passed.same(other) for other, sure in self._told if guessed or not sure):
            return 0
        self._told.append((passed, not guessed))
        return passed.side

    def _through(self, start: Way, stop: Way, side: int) -> Passage | None:
        """Where the way from one side to the other leads through the line; None where past its ends."""
        before, behind = abs(self._mark.away(start.spot)), abs(self._mark.away(stop.spot))
        part = before / max(before + behind, 1e-9)
        (x1, y1), (x2, y2) = start.spot, stop.spot
        place = self._mark.place((x1 + part * (x2 - x1), y1 + part * (y2 - y1)))
        took = stop.at - start.at
        speed = math.hypot(x2 - x1, y2 - y1) / max(took.total_seconds(), 1e-3)
        passed = Passage(start.at + part * took, side, place, speed, stop.size, 0.0)
        return passed if self._mark.between(place) else None

    def _forget_old(self, now: datetime) -> None:
        """Tracks stand in the order in which they were last seen."""
        while now - self._looks[0] > 2 * self._gone:
            self._looks.popleft()
        while self._told and now - self._told[0][0].at > 3 * self._gone:
            self._told.popleft()
        forget = timedelta(seconds=self._passing.forget_s)
        for track, walker in list(self._walkers.items()):
            if len(self._walkers) <= self._passing.most_tracks and now - walker.last.at <= forget:
                break
            del self._walkers[track]
