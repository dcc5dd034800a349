"""The ground in daylight: paving, verges, the road with its markings, standing water."""

import cv2
import numpy as np
from numpy.typing import NDArray

from serving.paint.view import Floats, View

_PAVING = ((150, 158, 166), (140, 150, 178), (165, 168, 168), (128, 140, 150))
_TILES_M = (0.6, 1.0, 2.0)
_GRASS, _EARTH = (62, 92, 88), (88, 112, 122)
_ASPHALT, _PARKING = (92, 90, 88), (112, 112, 112)
_LINE = 215.0
_LINE_M, _DASH_M, _GAP_M = 0.16, 3.0, 2.0
_KERB_M = 0.28


def ground(view: View, water: float) -> Floats:
    """The ground (height, width, 3) with a share `water` of the road under water."""
    texture = Texture(view)
    rough = texture.at(6.0) * 9 + texture.at(0.8) * 5 * view.sharpness(0.2)
    image = _paving(view) + rough[..., None]
    if view.scenery.road_at is None:
        return image
    _road(view, image, rough)
    _kerbs(view, image)
    _lines(view, image, 0.75 + 0.25 * texture.at(1.5))
    if water > 0:
        _puddles(view, image, texture, water)
    return image


class Texture:
    """A smooth random texture of mean 0 that lies on the ground, from about -1 to 1."""

    def __init__(self, view: View, side: int = 256) -> None:
        random = np.random.default_rng(view.scenery.seed)
        self._view, self._side = view, side
        self._sheet = np.zeros((side, side), np.float32)
        for detail, weight in ((32, 0.6), (128, 0.35), (side, 0.25)):
            sheet = random.normal(size=(detail, detail)).astype(np.float32)
            self._sheet += weight * cv2.resize(sheet, (side, side), interpolation=cv2.INTER_CUBIC)

    def at(self, scale_m: float) -> Floats:
        """The texture (height, width) with spots of about `scale_m`; it is mirrored where it ends."""
        around = 2 * self._side - 2
        u, v = (
            np.abs(np.mod(metres / scale_m * 8, around) - self._side + 1)
            for metres in (self._view.x, self._view.y)
        )
        return np.asarray(cv2.remap(self._sheet, np.float32(u), np.float32(v), cv2.INTER_LINEAR), np.float64)


def _paving(view: View) -> Floats:
    seed = view.scenery.seed
    side = _TILES_M[seed % len(_TILES_M)]
    joints = np.minimum(np.mod(view.along, side), np.mod(view.across, side)) < 0.06 * side
    checks = np.mod(np.floor(view.along / side / 2) + np.floor(view.across / side / 2), 2) * 18 - 9
    pattern = checks * view.sharpness(side * 2) - joints * 26 * view.sharpness(side)
    return np.asarray(_PAVING[seed % len(_PAVING)] + pattern[..., None], np.float64)


def _road(view: View, image: Floats, rough: Floats) -> None:
    """Verges, the parking strip, and the asphalt with the darker stripes that tyres leave in each lane."""
    scenery, off = view.scenery, np.abs(view.across)
    verge = off > scenery.edge_m + (0.0 if scenery.seed % 2 else 2.0)
    image[verge] = (np.array(_GRASS if scenery.seed % 3 else _EARTH) + rough[..., None] * 1.8)[verge]
    parking = (view.across > 0) & (off < scenery.road_half_m + scenery.parking_m)
    image[parking] = (np.array(_PARKING) + rough[..., None])[parking]
    road = off < scenery.road_half_m
    tracks = 9.0 * np.cos(view.across / _lane(view) * 4 * np.pi) ** 2
    image[road] = (np.array(_ASPHALT) + (rough * 0.8 - tracks)[..., None])[road]


def _lane(view: View) -> float:
    return 2 * view.scenery.road_half_m / view.scenery.lanes


def _kerbs(view: View, image: Floats) -> None:
    """Black and white stones along the pavements."""
    edge = view.scenery.road_half_m + np.where(view.across > 0, view.scenery.parking_m, 0.0)
    off = np.abs(view.across)
    kerb = (off >= edge) & (off < edge + _KERB_M)
    sharp = view.sharpness(1.0)
    stones = np.where(np.mod(view.along, 2.0) < 1.0, 215.0, 45.0) * sharp + 130 * (1 - sharp)
    image[kerb] = stones[kerb][:, None]


def _lines(view: View, image: Floats, worn: Floats) -> None:
    marks = np.abs(np.abs(view.across) - (view.scenery.road_half_m - 0.35)) < _LINE_M / 2
    dashes = np.mod(view.along, _DASH_M + _GAP_M) < _DASH_M
    for line in range(1, view.scenery.lanes):
        on_line = np.abs(view.across + view.scenery.road_half_m - line * _lane(view)) < _LINE_M / 2
        divides = 2 * line == view.scenery.lanes and line > 1
        marks |= on_line if divides else on_line & dashes
    if view.scenery.seed % 3 == 0:
        marks |= _crossing(view)
    strength = (marks * worn * np.maximum(view.sharpness(0.3), 0.35))[..., None]
    image[:] = image * (1 - strength) + _LINE * strength


def _crossing(view: View, at_m: float = 9.0, half_m: float = 2.0) -> NDArray[np.bool_]:
    """A zebra crossing."""
    on_road = np.abs(view.across) < view.scenery.road_half_m - 0.5
    return (np.abs(view.along - at_m) < half_m) & (np.mod(view.across, 1.0) < _KERB_M * 2) & on_road


def _puddles(view: View, image: Floats, texture: Texture, water: float) -> None:
    """The lowest parts of the road mirror the sky; the gutters are lower than the crown."""
    road = (np.abs(view.across) < view.scenery.road_half_m) & ~view.sky
    if not road.any():
        return
    low = texture.at(30.0) - 0.25 * np.abs(view.across) / view.scenery.road_half_m
    wet = road & (low <= np.quantile(low[road], water))
    sheen = (105 + 18 * texture.at(12.0))[..., None] * np.array([0.95, 0.97, 1.0])
    image[wet] = image[wet] * 0.25 + sheen[wet]
