"""How much flows over a line, from how fast boxes move near it, without knowing which is which.

Edie's definition: the flow through a stretch of road is the distance that all vehicles travel in it, per
length and time (L. C. Edie, Discussion of traffic stream measurements and definitions, 1963). Whatever passes
travels the whole length, however fast and among however many, so it is counted as one on average, also where
it is seen once or by chance not at all.

It needs no straight coordinates: the way through the stretch may be measured along any axis, here across the
line in the picture, as long as a box's place and its velocity are those of the same point. Perspective makes
what is near take larger shares of the way in less time, and their sum stays the whole way. That point is the
middle of the box: measured on a motorway looked along, what moves as told lies at 0.37 of the box's height
where cars are 30 px large, and at 0.53 to 0.55 nearer. By the foot the flow is a fifth too low.
"""

import math
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from lakehouse.city.cameras import Camera, Zone
from lakehouse.scenes import GRID, Scene

Array = NDArray[np.float64]

REACH = 2.0
"""The stretch leads so many sizes of the boxes seen there to either side of the line, within the picture."""

APART_S = 0.067
"""A velocity is the mean over so long from the look on: it is that of where the box is half of it later."""

STILL = 0.05
"""What moves slower than so many of its sizes a second stands: what follows a standing car trembles."""

LONGEST_S = 10.0
"""A look stands for the time since the one before; after a longer break for none."""

_CUT = 0.8
"""So many mean depths of a box before the picture's edge the stretch ends: half a box, and the nearest are
larger than the mean. With 0.6 what goes away on a scripted road that is looked along has 1.15 of its flow,
with 0.8 1.01."""

_SHORTEST = 1.0
"""A stretch shorter than so many sizes says nothing: before a camera that cars fill half the picture of, the
flow was 1.5 to 2 times what passed."""

_EDGE = 0.01
_MEMORY = 2000
_SLANT = 0.5
_LOST = 0.5


@dataclass(frozen=True)
class Passed:
    """How many passed in and out in some time, an estimate; `variance` is its square standard error, of each.

    `far` is how many of both moved farther between two looks than asked for.
    """

    inward: float
    outward: float
    variance: tuple[float, float]
    far: float

    @property
    def both(self) -> float:
        """Whichever way."""
        return self.inward + self.outward


@dataclass
class Tally:
    """What is added up of some looks, for each direction where there are two.

    Seconds times boxes, and of them those of looks in which no box had a velocity; shares of the stretch
    that were travelled, and their squares; the variance by phase; the share of what moved far.
    """

    seconds: float = 0.0
    boxes: float = 0.0
    lost: float = 0.0
    ways: list[float] = field(default_factory=lambda: [0.0, 0.0])
    squares: list[float] = field(default_factory=lambda: [0.0, 0.0])
    phases: list[float] = field(default_factory=lambda: [0.0, 0.0])
    far: float = 0.0


@dataclass
class Mean:
    """A mean that forgets slowly: it must not follow the single thing that passes."""

    value: float = 0.0
    seen: int = 0

    def learn(self, values: Array) -> None:
        """Take some more."""
        if len(values):
            self.seen = min(self.seen + len(values), _MEMORY)
            self.value += (math.fsum(values) - len(values) * self.value) / self.seen


class Stream:
    """The stretch of road on both sides of a counting line.

    A box counts where its own way, straight on, leads through the line between its ends. One without a
    velocity moves as those beside it do on average; where none has one, as the minute's other looks. A scene
    that was held shows the same boxes again: they stand.

    The standard error is that of looking now and then, which is all the chance that there is: what needs r
    looks to pass is seen in one more or less of them, as its phase falls, which with f the fraction of r has
    a variance of f (1 - f) / r^2. A slow thing that is seen in many looks is thereby not taken for many.
    Boxes that are missed or have no velocity are left out at random. Things that come at the pace of the
    looks have one phase and are not covered, nor is what the detector never finds; and where nothing was
    seen the error is 0 too, so that it holds on average over minutes.

    Args:
        camera: whose scenes they are.
        zone: the line.
        recall: the share of the boxes near the line that the detector finds.
        far: how many of its sizes a thing may move between two looks and not be called far.
    """

    def __init__(self, camera: Camera, zone: Zone, *, recall: float, far: float) -> None:
        self._scale = np.array([camera.width / camera.height, 1.0])
        first, second = np.asarray(zone.corners, np.float64) * self._scale
        self._first, way = first, second - first
        self._length = float(np.hypot(*way)) or 1.0
        self._along = way / self._length
        self._across = np.array([-self._along[1], self._along[0]])
        middle = (first + second) / 2
        self._room = tuple(_room(middle, side * self._across, self._scale) for side in (-1, 1))
        self._recall, self._far = recall, far
        self._size, self._depths = Mean(), (Mean(), Mean())
        self._last: tuple[datetime, bytes] | None = None
        self._tally = Tally()
        self.measured = False

    def see(self, scene: Scene, wanted: NDArray[np.bool_]) -> None:
        """Take the next scene; `wanted` (n,) are its boxes that are counted."""
        seconds, held = self._since(scene)
        motion = scene.motion()[wanted] * self._scale
        self.measured = self.measured or bool(np.isfinite(motion).any())
        boxes = scene.boxes[wanted] / GRID * np.tile(self._scale, 2)
        sizes = np.sqrt((boxes[:, 2:] - boxes[:, :2]).clip(1 / GRID).prod(axis=1))
        self._learn(boxes, sizes)
        near, length = self._near(boxes, motion)
        known = near & np.isfinite(motion).all(axis=1)
        tally, count = self._tally, int(near.sum())
        tally.seconds += seconds
        tally.boxes += seconds * count
        if known.any():
            steps = motion[known] * seconds
            self._add(steps @ self._across / length, np.hypot(*steps.T) / sizes[known], count, seconds)
        elif not held:
            tally.lost += seconds * count

    def take(self) -> Passed | None:
        """What passed since this was last asked; None where that is unknown.

        It is where nothing was looked at, or velocities were measured in less than half of what was seen, or
        what passes is so large that no stretch remains on which it is seen whole.
        """
        tally, self._tally = self._tally, Tally()
        unknown = not self.measured or not tally.seconds or tally.lost > _LOST * tally.boxes
        if unknown or sum(self._ends()) <= _SHORTEST * self._size.value:
            return None
        found = self._recall * (1 - tally.lost / tally.boxes if tally.boxes else 1)
        inward, outward = (way / found for way in tally.ways)
        missed, one_way = 1 / found - 1, zip(tally.squares, tally.phases, strict=True)
        into, out = ((missed * square + phase) / found for square, phase in one_way)
        return Passed(inward, outward, (into, out), tally.far / found)

    def _since(self, scene: Scene) -> tuple[float, bool]:
        """The seconds since the last scene, and whether this one shows what that one did."""
        before, self._last = self._last, (scene.at, scene.boxes.tobytes())
        if before is None:
            return 0.0, False
        seconds = (scene.at - before[0]).total_seconds()
        return (seconds if 0 <= seconds <= LONGEST_S else 0.0), before[1] == self._last[1]

    def _learn(self, boxes: Array, sizes: Array) -> None:
        """Learn how large things are near the line, and how long across it: of boxes that are seen whole."""
        away, depths = self._away(boxes), (boxes[:, 2:] - boxes[:, :2]) @ np.abs(self._across)
        near = self._whole(boxes) & (np.abs(away) <= REACH * sizes)
        self._size.learn(sizes[near])
        for depth, beyond in zip(self._depths, (away < 0, away >= 0), strict=True):
            depth.learn(depths[near & beyond])

    def _ends(self) -> tuple[float, float]:
        """How far the stretch leads to the line's left and right: to where the picture cuts boxes off."""
        whole = [room - _CUT * depth.value for room, depth in zip(self._room, self._depths, strict=True)]
        left, right = (min(REACH * self._size.value, max(room, 0)) for room in whole)
        return left, right

    def _near(self, boxes: Array, motion: Array) -> tuple[NDArray[np.bool_], float]:
        """Which boxes are on the stretch and on a way through the line, and how long the stretch is."""
        before, behind = self._ends()
        speed = motion @ self._across
        away = self._away(boxes) + np.nan_to_num(speed) * APART_S / 2
        there = (away >= -before) & (away <= behind)
        moves = np.isfinite(speed) & (speed != 0)
        drift = np.where(moves, motion @ self._along / np.where(moves, speed, 1.0), 0.0)
        foot = np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]], axis=1) - self._first
        meets = foot @ self._along - drift * away
        return there & (meets >= 0) & (meets <= self._length), max(before + behind, 1 / GRID)

    def _whole(self, boxes: Array) -> NDArray[np.bool_]:
        """Which boxes the picture's edge does not cut off."""
        return np.asarray(
            (boxes[:, :2] > _EDGE).all(axis=1) & (boxes[:, 2:] < self._scale - _EDGE).all(axis=1)
        )

    def _away(self, boxes: Array) -> Array:
        """How far the middles of boxes are from the line, to its right positive: in heights of the frame.

        One that the picture's edge cuts off is taken to be as deep as those that are seen whole.
        """
        low, high = boxes[:, :2].copy(), boxes[:, 2:].copy()
        for axis in np.flatnonzero(np.abs(self._across) > _SLANT):
            nearer, beyond = self._depths[:: 1 if self._across[axis] > 0 else -1]
            first, last = boxes[:, axis] <= _EDGE, boxes[:, 2 + axis] >= self._scale[axis] - _EDGE
            low[first, axis] = np.minimum(low[first, axis], high[first, axis] - nearer.value)
            high[last, axis] = np.maximum(high[last, axis], low[last, axis] + beyond.value)
        return np.asarray(((low + high) / 2 - self._first) @ self._across)

    def _add(self, ways: Array, hops: Array, count: int, seconds: float) -> None:
        """Add a look: shares of the stretch by box, to the right positive, and its step in sizes."""
        tally, each = self._tally, count / len(ways)
        moving = hops > STILL * seconds
        for side, sign in enumerate((1, -1)):
            share = np.where(moving, sign * ways, 0.0).clip(0)
            tally.ways[side] += each * math.fsum(share)
            tally.squares[side] += each * math.fsum(share**2)
            tally.phases[side] += each * math.fsum(_phase(share))
        tally.far += each * math.fsum(np.abs(ways)[moving & (hops > self._far)])


def _phase(share: Array) -> Array:
    """What a box that travels a share of the stretch between two looks adds to the variance."""
    looks = 1 / np.maximum(share, 1e-9)
    fraction = looks - np.floor(looks)
    return np.asarray(fraction * (1 - fraction) * share**3)


def _room(start: Array, way: Array, size: Array) -> float:
    """How far it is from a place in the picture to its edge."""
    ends = np.where(way > 0, size, 0.0) - start
    return float(min(end / step for end, step in zip(ends, way, strict=True) if abs(step) > 1e-9))  # noqa: PLR2004 - parallel to the edge
