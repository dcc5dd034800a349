"""The things that stand before a synthetic camera, as polygons in its picture."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from lakehouse.cameras import Calibration
from lakehouse.synthetic import Thing

Colour = tuple[float, float, float]

CORNERS = 8
"""Every polygon has this many corners; a simpler one repeats its last."""

_SHIFT = 3
"""Corners are handed to OpenCV in eighths of a pixel."""

_PAINTS = (
    (235, 235, 232), (205, 205, 205), (140, 140, 145), (70, 70, 74), (32, 32, 36), (40, 40, 165),
    (150, 70, 30), (60, 45, 110), (150, 170, 190), (90, 130, 60), (235, 235, 232), (45, 45, 48),
)  # fmt: skip
_FLEETS = ((60, 60, 190), (190, 110, 40), (225, 225, 225), (70, 150, 60), (40, 140, 220))
_LOADS = ((215, 215, 210), (110, 90, 50), (60, 110, 60), (60, 90, 140), (170, 120, 60), (90, 90, 95))
_SHIRTS = (
    (60, 60, 180), (170, 110, 60), (225, 225, 225), (45, 45, 45), (90, 150, 80), (60, 160, 215), (130, 80, 140),
    (200, 180, 120), (110, 110, 115), (180, 60, 90), (80, 120, 200), (95, 75, 60), (150, 190, 230), (160, 160, 60),
)  # fmt: skip
_TROUSERS = (
    (60, 45, 35),
    (40, 40, 42),
    (110, 80, 50),
    (90, 90, 95),
    (70, 100, 130),
    (150, 150, 150),
    (35, 30, 60),
)
_SKINS = ((120, 160, 205), (90, 130, 175), (70, 105, 150), (135, 175, 215))
_SCARVES = ((225, 225, 225), (60, 50, 45), (150, 120, 170), (170, 160, 110), (90, 90, 160), (40, 40, 40))

_FIXED: dict[str, Colour] = {
    "glass": (72, 62, 52), "tyre": (26, 26, 26), "rim": (120, 120, 122), "dark": (38, 38, 40),
    "headlamp": (225, 240, 245), "tail": (45, 40, 190), "plate": (30, 30, 30), "hair": (24, 24, 28), "shoe": (34, 34, 40),
}  # fmt: skip


@dataclass(frozen=True)
class Model:
    """One kind of thing in its own unit box: right and ahead -0.5 to 0.5, up 0 to 1.

    points and swing (n, 8, 3); what moves stands at points + s * swing with s in -1 to 1; roles name
    the colours and shades scale them; `round` faces are seen from all sides, `wire` ones are outlines.
    """

    points: NDArray[np.float64]
    swing: NDArray[np.float64]
    roles: tuple[str, ...]
    shades: NDArray[np.float64]
    round: NDArray[np.bool_]
    wire: NDArray[np.bool_]
    upright: bool = False


@dataclass(frozen=True)
class Figure:
    """A thing in the picture: polygons in painter's order, `depth` metres away.

    polygons (n, 8, 2) in pixels, colours (n, 3) BGR in daylight, wire (n,), box (4,) its extent in pixels,
    not clipped; lamps (k, 3) x, y in pixels and +1 for a headlamp, -1 for a tail lamp.
    """

    thing: Thing
    depth: float
    polygons: NDArray[np.float64]
    colours: NDArray[np.float64]
    wire: NDArray[np.bool_]
    glows: NDArray[np.bool_]
    box: NDArray[np.float64]
    lamps: NDArray[np.float64]

    def draw(self, image: NDArray[np.uint8], light: ArrayLike = 1.0) -> None:
        """Paint the figure over `image` under `light`, a factor for each of B, G and R."""
        lit = np.where(self.glows[:, None], self.colours, self.colours * np.asarray(light))
        whole = np.rint(self.polygons * (1 << _SHIFT)).astype(np.int32)
        thickness = max(1, round((self.box[3] - self.box[1]) / 24))
        for corners, colour, wire in zip(whole, lit.tolist(), self.wire.tolist(), strict=True):
            if wire:
                cv2.polylines(image, [corners], True, colour, thickness, cv2.LINE_AA, _SHIFT)
            else:
                cv2.fillConvexPoly(image, corners, colour, cv2.LINE_AA, _SHIFT)

    def mark(self, ids: NDArray[np.uint8], number: int) -> None:
        """Fill the figure's silhouette in `ids` with `number`."""
        for corners in np.rint(self.polygons).astype(np.int32):
            cv2.fillConvexPoly(ids, corners, number)


class _Builder:
    """Collects the faces of a model, back to front and low to high."""

    def __init__(self) -> None:
        self.faces: list[NDArray[np.float64]] = []
        self.swings: list[NDArray[np.float64]] = []
        self.roles: list[str] = []
        self.shades: list[float] = []
        self.round: list[bool] = []
        self.wire: list[bool] = []

    def face(
        self, points: ArrayLike, role: str, shade: float = 1.0, *, swing: ArrayLike = 0.0, round_: bool = False,
        wire: bool = False,
    ) -> None:  # fmt: skip
        corners = np.asarray(points, np.float64)
        moves = np.broadcast_to(np.asarray(swing, np.float64), corners.shape)
        missing = CORNERS - len(corners)
        self.faces.append(np.pad(corners, ((0, missing), (0, 0)), mode="edge"))
        self.swings.append(np.pad(moves, ((0, missing), (0, 0)), mode="edge"))
        self.roles.append(role)
        self.shades.append(shade)
        self.round.append(round_)
        self.wire.append(wire)

    def box(
        self, x: float, y: tuple[float, float], z: tuple[float, float], role: str, *,
        roof: tuple[float, tuple[float, float]] | None = None, top: str | None = None,
    ) -> None:  # fmt: skip
        """A box of half width `x`; `roof` (half width, ahead from, to) tapers it, `top` colours its roof."""
        (y0, y1), (z0, z1) = y, z
        rx, (r0, r1) = roof or (x, y)
        a, b, c, d = (-x, y0, z0), (x, y0, z0), (x, y1, z0), (-x, y1, z0)
        e, f, g, h = (-rx, r0, z1), (rx, r0, z1), (rx, r1, z1), (-rx, r1, z1)
        self.face([a, b, f, e], role, 0.78)
        self.face([c, d, h, g], role, 0.9)
        self.face([d, a, e, h], role, 0.68)
        self.face([b, c, g, f], role, 0.84)
        self.face([e, f, g, h], top or role, 1.1)

    def sides(
        self, x: float, y: tuple[float, float], z: tuple[float, float], role: str, shade: float = 0.9
    ) -> None:
        """A patch on both flanks at half width `x`."""
        (y0, y1), (z0, z1) = y, z
        self.face([(-x, y1, z0), (-x, y0, z0), (-x, y0, z1), (-x, y1, z1)], role, shade)
        self.face([(x, y0, z0), (x, y1, z0), (x, y1, z1), (x, y0, z1)], role, shade)

    def ends(
        self, y: float, x: tuple[float, float], z: tuple[float, float], role: str, shade: float = 0.95
    ) -> None:
        """A patch across the front (`y` > 0) or the back."""
        (x0, x1), (z0, z1) = (x[::-1] if y > 0 else x), z
        self.face([(x0, y, z0), (x1, y, z0), (x1, y, z1), (x0, y, z1)], role, shade)

    def lamps(self, x: float, z: tuple[float, float], width: float) -> None:
        for side in (-1, 1):
            left, right = sorted((side * x, side * (x - width)))
            self.ends(0.502, (left, right), z, "headlamp", 1)
            self.ends(-0.502, (left, right), z, "tail", 1)

    def wheel(self, y: float, radius: tuple[float, float], x: float, *, wire: bool = False) -> None:
        """A disc on both flanks; `radius` in shares of length and height."""
        turn = np.arange(CORNERS) * (2 * np.pi / CORNERS)
        for side in (-1, 1):
            around = turn * side
            rim = np.stack(
                [
                    np.full(CORNERS, side * x),
                    y + radius[0] * np.cos(around),
                    radius[1] * (1 + np.sin(around)),
                ],
                1,
            )
            self.face(rim, "tyre", 1.0, wire=wire, round_=wire)
            if not wire:
                middle = np.array([side * x, y, radius[1]])
                self.face(middle + (rim - middle) * 0.5, "rim", 0.8)

    def done(self, *, upright: bool = False) -> Model:
        return Model(
            np.stack(self.faces), np.stack(self.swings), tuple(self.roles), np.array(self.shades),
            np.array(self.round), np.array(self.wire), upright,
        )  # fmt: skip


def _car(*, tall: bool) -> Model:
    """A saloon, or with `tall` the people carrier that Indonesian streets are full of."""
    b = _Builder()
    b.box(0.5, (-0.5, 0.5), (0.14, 0.56), "paint")
    foot, head = ((-0.48, 0.3), (-0.44, 0.12)) if tall else ((-0.4, 0.24), (-0.27, 0.08))
    b.box(0.48, foot, (0.56, 1.0), "glass", roof=(0.4, head), top="paint")
    pillar = (foot[0] + foot[1]) / 2
    b.sides(0.46, (pillar - 0.015, pillar + 0.015), (0.58, 0.96), "paint", 0.7)
    b.sides(0.502, (-0.42, 0.42), (0.14, 0.2), "dark")
    for y in (-0.31, 0.31):
        b.wheel(y, (0.075, 0.2), 0.51)
    b.lamps(0.48, (0.36, 0.47), 0.14)
    b.ends(0.503, (-0.14, 0.14), (0.24, 0.32), "plate")
    b.ends(-0.503, (-0.14, 0.14), (0.3, 0.38), "plate")
    return b.done()


def _bus() -> Model:
    b = _Builder()
    b.box(0.5, (-0.5, 0.5), (0.1, 1.0), "fleet", top="white")
    b.sides(0.502, (-0.47, 0.47), (0.52, 0.84), "glass", 0.9)
    for y in np.linspace(-0.33, 0.33, 5):
        b.sides(0.504, (y - 0.008, y + 0.008), (0.52, 0.84), "fleet", 0.7)
    b.sides(0.504, (-0.5, 0.5), (0.36, 0.43), "white", 0.9)
    for end in (0.503, -0.503):
        b.ends(end, (-0.45, 0.45), (0.45, 0.86), "glass")
    for y in (-0.28, 0.32):
        b.wheel(y, (0.045, 0.15), 0.51)
    b.lamps(0.46, (0.2, 0.28), 0.16)
    return b.done()


def _truck() -> Model:
    b = _Builder()
    b.box(0.44, (-0.5, 0.5), (0.14, 0.28), "dark")
    b.box(0.5, (-0.5, 0.2), (0.26, 1.0), "load")
    for y in (-0.4, -0.2, 0.0):
        b.sides(0.503, (y - 0.006, y + 0.006), (0.28, 0.98), "load", 0.6)
    b.ends(-0.503, (-0.01, 0.01), (0.28, 0.98), "dark")
    b.box(0.47, (0.23, 0.5), (0.16, 0.6), "paint")
    b.box(0.47, (0.23, 0.5), (0.6, 0.84), "glass", roof=(0.43, (0.23, 0.46)), top="paint")
    for y in (-0.34, -0.22, 0.34):
        b.wheel(y, (0.065, 0.16), 0.48)
    b.lamps(0.44, (0.26, 0.34), 0.14)
    return b.done()


def _motorcycle() -> Model:
    b = _Builder()
    for y in (-0.35, 0.35):
        b.box(0.09, (y - 0.13, y + 0.13), (0.0, 0.46), "tyre", roof=(0.09, (y - 0.09, y + 0.09)))
        b.wheel(y, (0.15, 0.25), 0.1)
    b.box(0.2, (-0.42, 0.1), (0.36, 0.62), "paint", roof=(0.16, (-0.46, 0.08)))
    b.box(0.2, (-0.42, 0.06), (0.62, 0.72), "dark")
    b.box(0.22, (0.1, 0.3), (0.3, 0.86), "paint", roof=(0.18, (0.16, 0.26)))
    b.box(0.5, (0.19, 0.24), (0.86, 0.93), "dark")
    b.ends(0.31, (-0.14, 0.14), (0.62, 0.8), "headlamp", 1)
    b.ends(-0.47, (-0.14, 0.14), (0.5, 0.6), "tail", 1)
    return b.done()


def _bicycle() -> Model:
    b = _Builder()
    for y in (-0.3, 0.3):
        b.wheel(y, (0.19, 0.31), 0.03, wire=True)
        b.box(0.05, (y - 0.18, y + 0.18), (0.0, 0.1), "tyre")
    for foot, head in (
        ((-0.3, 0.31), (-0.08, 0.8)),
        ((-0.08, 0.3), (0.2, 0.8)),
        ((0.3, 0.31), (0.2, 0.9)),
        ((-0.3, 0.31), (0.0, 0.28)),
    ):
        along, up = np.array([0, *foot]), np.array([0, *head])
        b.face([along, up], "paint", 0.9, round_=True, wire=True)
    b.box(0.16, (-0.16, 0.0), (0.8, 0.87), "dark")
    b.box(0.5, (0.17, 0.21), (0.93, 0.98), "dark")
    return b.done()


def _ring(r: float, z: float, radius: tuple[float, float], part: slice = slice(None)) -> NDArray[np.float64]:
    turn = np.arange(CORNERS) * (2 * np.pi / CORNERS) + np.pi / CORNERS
    return np.stack([r + radius[0] * np.cos(turn), np.zeros(CORNERS), z + radius[1] * np.sin(turn)], 1)[part]


def _limb(
    r: tuple[float, float], z: tuple[float, float], width: tuple[float, float]
) -> list[tuple[float, float, float]]:
    (r0, r1), (z0, z1), (w0, w1) = r, z, width
    return [(r0 - w0, 0, z0), (r0 + w0, 0, z0), (r1 + w1, 0, z1), (r1 - w1, 0, z1)]


def _stride(ahead: float) -> NDArray[np.float64]:
    """The lower end of a limb swings, its upper end stays."""
    return np.array([[0, ahead, 0], [0, ahead, 0], [0, 0, 0], [0, 0, 0]], np.float64)


def _person(*, scarf: bool, dress: bool) -> Model:
    """Somebody on foot, seen from anywhere: across in widths, ahead in heights."""
    b = _Builder()
    legs = "shirt" if dress else "trousers"
    for side in (-1, 1):
        b.face(
            _limb((side * 0.17, side * 0.15), (0.0, 0.06), (0.13, 0.12)),
            "shoe",
            swing=(0, side * 0.13, 0),
            round_=True,
        )
        b.face(
            _limb((side * 0.16, side * 0.15), (0.04, 0.5), (0.12, 0.16)),
            legs,
            0.9 + side * 0.06,
            swing=_stride(side * 0.13),
            round_=True,
        )
    if dress:
        b.face(_limb((0, 0), (0.12, 0.55), (0.36, 0.27)), "shirt", 0.92, round_=True)
    for side in (-1, 1):
        b.face(
            _limb((side * 0.47, side * 0.4), (0.42, 0.8), (0.08, 0.1)),
            "shirt",
            0.8,
            swing=_stride(side * -0.1),
            round_=True,
        )
        b.face(_ring(side * 0.47, 0.41, (0.08, 0.025)), "skin", swing=(0, side * -0.1, 0), round_=True)
    b.face(
        [
            (-0.29, 0, 0.46),
            (0.29, 0, 0.46),
            (0.36, 0, 0.7),
            (0.4, 0, 0.8),
            (0.2, 0, 0.84),
            (-0.2, 0, 0.84),
            (-0.4, 0, 0.8),
            (-0.36, 0, 0.7),
        ],
        "shirt",
        round_=True,
    )
    if scarf:
        b.face(
            [
                (-0.3, 0, 0.74),
                (0.3, 0, 0.74),
                (0.26, 0, 0.9),
                (0.18, 0, 0.98),
                (0, 0, 1.0),
                (-0.18, 0, 0.98),
                (-0.26, 0, 0.9),
            ],
            "scarf",
            round_=True,
        )
        b.face(_ring(0, 0.9, (0.15, 0.05)), "skin", round_=True)
    else:
        b.face(_ring(0, 0.92, (0.2, 0.075)), "skin", round_=True)
        b.face(_ring(0, 0.935, (0.21, 0.065), slice(0, 4)), "hair", round_=True)
    return b.done(upright=True)


def _rider() -> Model:
    """Somebody on a saddle: knees bent, arms ahead, a helmet."""
    b = _Builder()
    for side in (-1, 1):
        b.face(_limb((side * 0.3, side * 0.36), (0.18, 0.42), (0.1, 0.12)), "trousers", 0.85, round_=True)
        b.face(
            [
                (side * 0.16 - 0.1, -0.1, 0.46),
                (side * 0.36 - 0.12, 0.1, 0.42),
                (side * 0.36 + 0.12, 0.1, 0.5),
                (side * 0.16 + 0.12, -0.1, 0.54),
            ],
            "trousers",
            round_=True,
        )
        b.face(
            [
                (side * 0.42 - 0.08, 0.16, 0.56),
                (side * 0.42 + 0.08, 0.16, 0.6),
                (side * 0.36 + 0.08, 0, 0.78),
                (side * 0.36 - 0.08, 0, 0.76),
            ],
            "shirt",
            0.85,
            round_=True,
        )
    b.face(
        [
            (-0.3, 0, 0.44),
            (0.3, 0, 0.44),
            (0.38, 0, 0.66),
            (0.4, 0, 0.76),
            (0.2, 0, 0.8),
            (-0.2, 0, 0.8),
            (-0.4, 0, 0.76),
            (-0.38, 0, 0.66),
        ],
        "shirt",
        round_=True,
    )
    b.face(_ring(0, 0.89, (0.25, 0.1)), "helmet", round_=True)
    b.face(_ring(0, 0.87, (0.16, 0.045)), "dark", round_=True)
    return b.done(upright=True)


@cache
def _models() -> dict[str, Model]:
    people = {f"person{i}": _person(scarf=i in (1, 2), dress=i == 2) for i in range(4)}  # noqa: PLR2004 - two of four
    cars = {"car0": _car(tall=True), "car1": _car(tall=False)}
    return (
        people
        | cars
        | {
            "bus": _bus(),
            "truck": _truck(),
            "motorcycle": _motorcycle(),
            "bicycle": _bicycle(),
            "rider": _rider(),
        }
    )


def _dice(tone: int, die: int, faces: int) -> int:
    """A throw that a thing keeps for life (Knuth's multiplicative hash)."""
    return (((tone + 1) * 2654435761 + die * 40503 * 65537) % 2**32 >> 9) % faces


def _model_name(thing: Thing) -> str:
    if thing.label == "person":
        return "rider" if thing.on is not None else f"person{_dice(thing.tone, 0, 4)}"
    return f"car{_dice(thing.tone, 0, 3) // 2}" if thing.label == "car" else thing.label


def _palette(tone: int) -> dict[str, Colour]:
    lists = {"paint": _PAINTS, "fleet": _FLEETS, "load": _LOADS, "shirt": _SHIRTS, "trousers": _TROUSERS,
             "skin": _SKINS, "scarf": _SCARVES, "helmet": _PAINTS}  # fmt: skip
    chosen = {
        role: colours[_dice(tone, die, len(colours))] for die, (role, colours) in enumerate(lists.items(), 1)
    }
    return _FIXED | {"white": (228, 228, 226)} | chosen


@cache
def _colours(name: str, tone: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The colours (n, 3) of a model's faces, and which of them shine by themselves in the dark."""
    model, palette = _models()[name], _palette(tone)
    colours = np.array([palette[role] for role in model.roles]) * model.shades[:, None]
    return np.clip(colours, 0, 255), np.isin(model.roles, ("headlamp", "tail"))


def _axes(things: Sequence[Thing], *, upright: bool) -> NDArray[np.float64]:
    """The directions (n, 3, 3) right, ahead and up of each thing, times its size in metres."""
    heading = np.array([thing.heading for thing in things])
    ahead = np.stack([np.sin(heading), np.cos(heading), np.zeros(len(things))], 1)
    right = np.stack([np.cos(heading), -np.sin(heading), np.zeros(len(things))], 1)
    width, length, height = np.array([(thing.width, thing.length, thing.height) for thing in things]).T
    if upright:
        place = np.array([(thing.x, thing.y) for thing in things])
        facing = place / np.maximum(np.linalg.norm(place, axis=1, keepdims=True), 1e-6)
        right = np.stack([facing[:, 1], -facing[:, 0], np.zeros(len(things))], 1)
        length = height
    up = np.zeros((len(things), 3))
    up[:, 2] = height
    return np.stack([right * width[:, None], ahead * length[:, None], up], 1)


def _swing(things: Sequence[Thing], seconds: float) -> NDArray[np.float64]:
    """Where each thing's limbs are, -1 to 1: a step is about 0.7 m long; who stands keeps them still."""
    speed, tone = np.array([(thing.speed_ms, thing.tone % 97) for thing in things], np.float64).T
    return np.where(speed > 0.2, np.sin(seconds * speed * np.pi / 0.7 + tone), 0.25)  # noqa: PLR2004 - m/s, standing


def figures(
    things: Iterable[Thing], calibration: Calibration, size: tuple[int, int], seconds: float
) -> list[Figure]:
    """The things as figures of a picture of `size` (width, height) pixels, the farthest first.

    `seconds` moves the limbs. What reaches behind the camera or lies outside the picture is left out.
    """
    groups: dict[str, list[Thing]] = {}
    for thing in things:
        groups.setdefault(_model_name(thing), []).append(thing)
    found = [
        figure
        for name, group in groups.items()
        for figure in _project(name, group, calibration, size, seconds)
    ]
    return sorted(found, key=lambda figure: -figure.depth)


def _project(
    name: str, things: Sequence[Thing], calibration: Calibration, size: tuple[int, int], seconds: float
) -> Iterable[Figure]:
    model = _models()[name]
    local = model.points + _swing(things, seconds)[:, None, None, None] * model.swing
    places = np.array([(thing.x, thing.y, 0.0) for thing in things])
    world = np.einsum("nfci,nij->nfcj", local, _axes(things, upright=model.upright)) + places[:, None, None]
    pixels = calibration.project(world.reshape(-1, 3)).reshape(*world.shape[:3], 2) * size
    following = np.roll(pixels, -1, axis=2)
    area = (pixels[..., 0] * following[..., 1] - pixels[..., 1] * following[..., 0]).sum(axis=2)
    faces_us = model.round | (area < 0)
    for i, thing in enumerate(things):
        figure = _figure(name, thing, pixels[i], faces_us[i], model.wire)
        if figure is not None and _inside(figure.box, size):
            yield figure


def _inside(box: NDArray[np.float64], size: tuple[int, int]) -> bool:
    return bool(box[0] < size[0] and box[1] < size[1] and box[2] > 0 and box[3] > 0)


def _figure(
    name: str, thing: Thing, pixels: NDArray[np.float64], seen: NDArray[np.bool_], wire: NDArray[np.bool_]
) -> Figure | None:
    if not (np.isfinite(pixels).all() and seen.any()):
        return None
    colours, glows = _colours(name, thing.tone)
    corners = pixels[seen]
    box = np.concatenate([corners.min(axis=(0, 1)), corners.max(axis=(0, 1))])
    centres = corners[glows[seen]].mean(axis=1)
    front = np.array([role == "headlamp" for role in _models()[name].roles])[glows & seen]
    depth = float(np.hypot(thing.x, thing.y)) - (0.4 if thing.on is not None else 0.0)
    lamps = np.column_stack([centres, np.where(front, 1.0, -1.0)])
    return Figure(thing, depth, corners, colours[seen], wire[seen], glows[seen], box, lamps)
