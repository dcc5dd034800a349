"""What a thing is made of: flat faces in a unit box."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Span = tuple[float, float]

CORNERS = 8
"""Every face has this many corners; a simpler one repeats its last."""

TURN = np.arange(CORNERS) * (2 * np.pi / CORNERS)


@dataclass(frozen=True)
class Shape:
    """One kind of thing in its own unit box: right and ahead -0.5 to 0.5, up 0 to 1, in painter's order.

    points and swing (n, 8, 3): what moves stands at points + s * swing with s in -1 to 1. roles name the
    colours and shades (n,) scale them. `flat` faces (n,) are seen from both sides, `wire` ones are outlines.
    An upright shape turns its right to the camera's instead of keeping it to its heading.
    """

    points: Floats
    swing: Floats
    roles: tuple[str, ...]
    shades: Floats
    flat: NDArray[np.bool_]
    wire: NDArray[np.bool_]
    upright: bool


@dataclass(frozen=True)
class Face:
    """A polygon (up to 8, 3); its corners run counter-clockwise for who sees it from outside."""

    points: Floats
    role: str
    shade: float = 1.0
    swing: Floats | None = None
    flat: bool = False
    wire: bool = False


def shape(faces: Sequence[Face], *, upright: bool = False) -> Shape:
    """The faces as one shape."""
    swings = [np.zeros_like(face.points) if face.swing is None else face.swing for face in faces]
    return Shape(
        np.stack([_filled(face.points) for face in faces]),
        np.stack([_filled(swing) for swing in swings]),
        tuple(face.role for face in faces),
        np.array([face.shade for face in faces]),
        np.array([face.flat for face in faces]),
        np.array([face.wire for face in faces]),
        upright,
    )


def _filled(points: Floats) -> Floats:
    return np.pad(points, ((0, CORNERS - len(points)), (0, 0)), mode="edge")


def box(
    x: float, y: Span, z: Span, role: str, *, roof: tuple[float, Span] | None = None, top: str = ""
) -> list[Face]:
    """The five visible faces of a box of half width `x`; `roof` (half width, span ahead) tapers it.

    `top` is the roof's role where it differs.
    """
    (y0, y1), (z0, z1) = y, z
    rx, (r0, r1) = roof or (x, y)
    a, b, c, d = (-x, y0, z0), (x, y0, z0), (x, y1, z0), (-x, y1, z0)
    e, f, g, h = (-rx, r0, z1), (rx, r0, z1), (rx, r1, z1), (-rx, r1, z1)
    back, front, left, right, over = [a, b, f, e], [c, d, h, g], [d, a, e, h], [b, c, g, f], [e, f, g, h]
    lit = [
        (back, role, 0.78),
        (front, role, 0.9),
        (left, role, 0.68),
        (right, role, 0.84),
        (over, top or role, 1.1),
    ]
    return [Face(np.array(points), role, shade) for points, role, shade in lit]


def sides(x: float, y: Span, z: Span, role: str, shade: float = 0.9) -> list[Face]:
    """A patch on both flanks at half width `x`."""
    (y0, y1), (z0, z1) = y, z
    left = [(-x, y1, z0), (-x, y0, z0), (-x, y0, z1), (-x, y1, z1)]
    right = [(x, y0, z0), (x, y1, z0), (x, y1, z1), (x, y0, z1)]
    return [Face(np.array(points), role, shade) for points in (left, right)]


def end(y: float, x: Span, z: Span, role: str, shade: float = 0.95) -> Face:
    """A patch across the front (`y` > 0) or the back."""
    (x0, x1), (z0, z1) = (x[::-1] if y > 0 else x), z
    return Face(np.array([(x0, y, z0), (x1, y, z0), (x1, y, z1), (x0, y, z1)]), role, shade)


def lamps(x: float, z: Span, width: float) -> list[Face]:
    """Two headlamps and two tail lamps that reach out to half width `x`."""
    spans = [(-x, width - x), (x - width, x)]
    return [
        end(y, span, z, role, 1.0) for y, role in ((0.502, "headlamp"), (-0.502, "tail")) for span in spans
    ]


def wheels(ys: Sequence[float], radius: Span, x: float) -> list[Face]:
    """Discs with rims on both flanks at half width `x`; `radius` in shares of length and height."""
    faces = []
    for y in ys:
        for side in (-1, 1):
            tyre = disc(side, y, radius, x)
            middle = np.array([side * x, y, radius[1]])
            faces += [Face(tyre, "tyre"), Face(middle + (tyre - middle) * 0.5, "rim", 0.8)]
    return faces


def disc(side: int, y: float, radius: Span, x: float) -> Floats:
    """A wheel's rim (8, 3) on one flank; it stands on the ground."""
    around = TURN * side
    return np.stack(
        [np.full(CORNERS, side * x), y + radius[0] * np.cos(around), radius[1] * (1 + np.sin(around))], 1
    )


def limb(
    r: Span, z: Span, width: Span, role: str, shade: float = 1.0, *, swing: float = 0.0, ahead: Span = (0, 0)
) -> Face:
    """A strip from below to above; its lower end swings ahead by `swing`."""
    (r0, r1), (z0, z1), (w0, w1), (a0, a1) = r, z, width, ahead
    points = np.array([(r0 - w0, a0, z0), (r0 + w0, a0, z0), (r1 + w1, a1, z1), (r1 - w1, a1, z1)])
    moves = np.array([[0, swing, 0], [0, swing, 0], [0, 0, 0], [0, 0, 0]])
    return Face(points, role, shade, moves, flat=True)


def oval(r: float, z: float, radius: Span, role: str, *, swing: float = 0.0, upper: bool = False) -> Face:
    """A disc that is turned to the camera, or its upper half."""
    turn = (TURN + np.pi / CORNERS)[: CORNERS // 2 if upper else CORNERS]
    points = np.stack([r + radius[0] * np.cos(turn), np.zeros(len(turn)), z + radius[1] * np.sin(turn)], 1)
    return Face(points, role, swing=np.broadcast_to([0.0, swing, 0.0], points.shape), flat=True)


def outline(half: Sequence[Span], role: str) -> Face:
    """A symmetric body that is turned to the camera: (half width, height) from below to above."""
    right = [(r, 0.0, z) for r, z in half]
    left = [(-r, 0.0, z) for r, z in reversed(half)]
    return Face(np.array(right + left, np.float64), role, flat=True)


def rod(foot: Span, head: Span, role: str) -> Face:
    """A line from (ahead, up) to (ahead, up)."""
    return Face(np.array([(0, *foot), (0, *head)], np.float64), role, 0.9, flat=True, wire=True)


def hoop(side: int, y: float, radius: Span, x: float) -> Face:
    """A wheel that one can look through."""
    return Face(disc(side, y, radius, x), "tyre", flat=True, wire=True)
