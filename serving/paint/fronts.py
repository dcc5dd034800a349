"""What stands upright and still: far roofs, house fronts, trees, lamp posts, a gate."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import ArrayLike

from serving.paint.scenery import Point, Scenery
from serving.paint.view import Floats, View

LAMP_EVERY_M = 24.0
_ROW_M = 120.0
_FLOOR_M = 3.6
_CLEAR_M = 16.0
"""Nothing stands nearer to the camera than this, or it would hide what moves."""

_WALLS = (
    (190, 205, 210), (165, 195, 215), (200, 200, 200), (160, 185, 170), (190, 180, 160), (140, 165, 205),
)  # fmt: skip
_ROOFS = ((70, 80, 130), (110, 112, 115))


@dataclass(frozen=True)
class Front:
    """A house's front between two points of the ground, `tall` metres high."""

    left: Point
    right: Point
    tall: float

    def part(self, u: tuple[float, float], z: tuple[float, float]) -> list[tuple[float, float, float]]:
        """The corners of a part of it: from u[0] to u[1] of its width and z[0] to z[1] metres up."""
        (x0, y0), (x1, y1) = self.left, self.right
        feet = [(x0 + (x1 - x0) * share, y0 + (y1 - y0) * share) for share in u]
        return [(*feet[0], z[0]), (*feet[1], z[0]), (*feet[1], z[1]), (*feet[0], z[1])]

    @property
    def far_m(self) -> float:
        """How far from the camera its middle is."""
        return math.hypot(self.left[0] + self.right[0], self.left[1] + self.right[1]) / 2


def lamp_feet(scenery: Scenery) -> list[Point]:
    """Where the street lamps stand."""
    if scenery.road_at is None:
        return [(x, y) for x in (-16.0, 0.0, 16.0) for y in (10.0, 28.0, 46.0)]
    edge = scenery.road_half_m + scenery.parking_m + 0.7
    starts = np.arange(-4, 5) * LAMP_EVERY_M
    return [
        scenery.point(side * edge, at + (side > 0) * LAMP_EVERY_M / 2) for side in (-1, 1) for at in starts
    ]


class Fronts:
    """Draws what stands onto an image (height, width, 3), and the lit windows onto another of lights."""

    def __init__(self, view: View, image: Floats, lights: Floats) -> None:
        self._view, self._image, self._lights = view, image, lights
        self._random = np.random.default_rng(view.scenery.seed)

    def draw(self) -> None:
        """Everything, the farthest first."""
        self._skyline()
        for front in sorted(self._rows(), key=lambda front: -front.far_m):
            if front.far_m > _CLEAR_M / 2:
                self._house(front)
        self._trees()
        if self._view.scenery.gate is not None:
            self._gate(*self._view.scenery.gate)
        for foot in lamp_feet(self._view.scenery):
            self._post(foot, 7.0, 0.11, (96, 98, 100))

    def _fill(self, corners: ArrayLike, colour: ArrayLike, image: Floats | None = None) -> None:
        pixels = self._view.pixels(corners)
        if pixels is not None:
            cv2.fillConvexPoly(
                self._image if image is None else image, pixels, np.asarray(colour, float).tolist()
            )

    def _skyline(self) -> None:
        """Far roofs and trees along the horizon."""
        for x in np.arange(-260, 261, 9.0):
            tall, wide, shade = self._random.uniform((6, 8, 0.8), (24, 22, 1.1))
            colour = np.array([(98, 128, 112), (176, 178, 180)][self._random.integers(2)]) * shade
            self._fill([(x, 230, 0), (x + wide, 230, 0), (x + wide, 230, tall), (x, 230, tall)], colour)

    def _rows(self) -> Iterator[Front]:
        """House fronts behind all that moves: across a square, or along the road where the camera is not."""
        scenery = self._view.scenery
        if scenery.road_at is None:
            yield from self._row(
                replace(scenery, road_at=(0.0, scenery.front_m), road_heading=math.pi / 2), 0.0
            )
            return
        for side in self._far_sides(scenery.edge_m + 4.0):
            yield from self._row(scenery, side * (scenery.edge_m + 4.0))

    def _far_sides(self, edge_m: float) -> list[int]:
        """The sides of the road, -1 and 1, on which what stands at `edge_m` hides nothing."""
        here = float(self._view.scenery.across(0.0, 0.0))
        return [side for side in (-1, 1) if here * side < edge_m]

    def _row(self, line: Scenery, across: float) -> Iterator[Front]:
        at = -_ROW_M
        while at < _ROW_M:
            wide = self._random.uniform(7, 15)
            tall = float(self._random.choice([3.8, 4.5, 7.5, 8.5, 11.5]))
            yield Front(line.point(across, at), line.point(across, at + wide), tall)
            at += wide + float(self._random.choice([0.0, 0.0, 1.5, 4.0]))

    def _house(self, front: Front) -> None:
        wall = np.array(_WALLS[self._random.integers(len(_WALLS))]) * self._random.uniform(0.75, 1.1)
        self._fill(front.part((0, 1), (0, front.tall)), wall)
        self._fill(
            front.part((-0.02, 1.02), (front.tall, front.tall + 0.7)), _ROOFS[self._random.integers(2)]
        )
        self._fill(front.part((0.04, 0.96), (2.7, 3.5)), self._random.uniform(60, 215, 3))
        for floor in range(int(front.tall // _FLOOR_M)):
            count = int(self._random.integers(2, 5))
            for window in range(count):
                self._window(front, ((window + 0.2) / count, (window + 0.8) / count), floor)

    def _window(self, front: Front, across: tuple[float, float], floor: int) -> None:
        """A window, or on the ground floor a shop's door; some are lit at night."""
        pane = front.part(across, (floor * _FLOOR_M + (1.0 if floor else 0.2), floor * _FLOOR_M + 2.5))
        shade, glow, chance = self._random.uniform((0.5, 0.6, 0), (1.1, 1.0, 1))
        self._fill(pane, np.array([96, 86, 76]) * shade)
        if chance < (0.25 if floor else 0.5):
            self._fill(pane, np.array([120, 190, 225]) * glow, self._lights)

    def _trees(self) -> None:
        scenery = self._view.scenery
        if scenery.road_at is None:
            return
        edge = scenery.edge_m + 2.2
        for side in self._far_sides(edge):
            for at in np.arange(60, -61, -self._random.uniform(9, 16)):
                self._tree(scenery.point(side * edge, float(at)))

    def _tree(self, foot: Point) -> None:
        if math.hypot(*foot) < _CLEAR_M:
            return
        self._post(foot, 2.6, 0.14, (60, 78, 92))
        for aside, up, radius, shade in self._random.uniform(
            (-1.3, 2.2, 0.4, 0.6), (1.3, 4.6, 0.9, 1.15), (14, 4)
        ):
            ends = self._view.pixels(
                [(foot[0] + aside, foot[1], up), (foot[0] + aside + radius, foot[1], up)]
            )
            if ends is not None:
                reach = max(1, abs(int(ends[1, 0] - ends[0, 0])))
                cv2.circle(
                    self._image,
                    ends[0].tolist(),
                    reach,
                    (58 * shade, 104 * shade, 76 * shade),
                    -1,
                    cv2.LINE_AA,
                )

    def _post(self, foot: Point, tall: float, half: float, colour: tuple[int, int, int]) -> None:
        (x, y), near = foot, _CLEAR_M - 2
        if math.hypot(x, y) > near:
            self._fill([(x - half, y, 0), (x + half, y, 0), (x + half, y, tall), (x - half, y, tall)], colour)

    def _gate(self, left: Point, right: Point) -> None:
        for foot in (left, right):
            self._post(foot, 4.2, 0.5, (90, 120, 170))
        self._fill([(*left, 3.5), (*right, 3.5), (*right, 4.4), (*left, 4.4)], (70, 90, 160))
