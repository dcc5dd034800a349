"""The ground in daylight: paving, verges, the road with its markings, standing water."""

import cv2
import numpy as np
from numpy.typing import NDArray

from serving.paint.view import Floats, View

_PAVING = np.array([(150, 158, 166), (140, 150, 178), (165, 168, 168), (128, 140, 150)], np.float32)
_TILES_M = (0.6, 1.0, 2.0)
_GRASS, _EARTH, _ASPHALT, _PARKING = np.array(
    [(62, 92, 88), (88, 112, 122), (92, 90, 88), (112, 112, 112)], np.float32
)
_SHEEN = np.array([0.95, 0.97, 1.0], np.float32)
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
        return np.asarray(cv2.remap(self._sheet, u, v, cv2.INTER_LINEAR), np.float32)


def _paving(view: View) -> Floats:
    seed = view.scenery.seed
    side = _TILES_M[seed % len(_TILES_M)]
    joints = np.minimum(np.mod(view.along, side), np.mod(view.across, side)) < 0.06 * side
    checks = np.mod(np.floor(view.along / side / 2) + np.floor(view.across / side / 2), 2) * 18 - 9
    pattern = checks * view.sharpness(side * 2) - joints * 26 * view.sharpness(side)
    return np.asarray(_PAVING[seed % len(_PAVING)] + pattern[..., None], np.float32)


def _road(view: View, image: Floats, rough: Floats) -> None:
    """Verges, the parking strip, and the asphalt with the darker stripes that tyres leave in each lane."""
    scenery, off = view.scenery, np.abs(view.across)
    verge = off > scenery.edge_m + (0.0 if scenery.seed % 2 else 2.0)
    image[verge] = (_GRASS if scenery.seed % 3 else _EARTH) + rough[verge][:, None] * 1.8
    parking = (view.across > 0) & (off < scenery.road_half_m + scenery.parking_m)
    image[parking] = _PARKING + rough[parking][:, None]
    road = off < scenery.road_half_m
    tracks = 9.0 * np.cos(view.across[road] / _lane(view) * 4 * np.pi) ** 2
    image[road] = _ASPHALT + (rough[road] * 0.8 - tracks)[:, None]


def _lane(view: View) -> float:
    return 2 * view.scenery.road_half_m / view.scenery.lanes


def _kerbs(view: View, image: Floats) -> None:
    """Black and white stones along the pavements."""
    off = np.abs(view.across) - (view.across > 0) * np.float32(view.scenery.parking_m)
    edge = view.scenery.road_half_m
    kerb = (off >= edge) & (off < edge + _KERB_M)
    sharp = view.sharpness(1.0)[kerb]
    stones = np.where(np.mod(view.along[kerb], 2.0) < 1.0, 215.0, 45.0) * sharp + 130 * (1 - sharp)
    image[kerb] = stones[:, None]


def _lines(view: View, image: Floats, worn: Floats) -> None:
    marks = np.abs(np.abs(view.across) - (view.scenery.road_half_m - 0.35)) < _LINE_M / 2
    dashes = np.mod(view.along, _DASH_M + _GAP_M) < _DASH_M
    for line in range(1, view.scenery.lanes):
        on_line = np.abs(view.across + view.scenery.road_half_m - line * _lane(view)) < _LINE_M / 2
        divides = 2 * line == view.scenery.lanes and line > 1
        marks |= on_line if divides else on_line & dashes
    if view.scenery.seed % 3 == 0:
        marks |= _crossing(view)
    strength = (worn * np.maximum(view.sharpness(0.3), 0.35))[marks][:, None]
    image[marks] = image[marks] * (1 - strength) + _LINE * strength


def _crossing(view: View, at_m: float = 9.0, half_m: float = 2.0) -> NDArray[np.bool_]:
    """A zebra crossing."""
    on_road = np.abs(view.across) < view.scenery.road_half_m - 0.5
    stripes = np.mod(view.across, 1.0) < _KERB_M * 2
    return np.asarray((np.abs(view.along - at_m) < half_m) & stripes & on_road)


def _puddles(view: View, image: Floats, texture: Texture, water: float) -> None:
    """The lowest parts of the road mirror the sky; the gutters are lower than the crown."""
    road = (np.abs(view.across) < view.scenery.road_half_m) & ~view.sky
    if not road.any():
        return
    low = texture.at(30.0) - 0.25 * np.abs(view.across) / view.scenery.road_half_m
    wet = road & (low <= np.quantile(low[road], water))
    sheen = (105 + 18 * texture.at(12.0)[wet])[:, None] * _SHEEN
    image[wet] = image[wet] * 0.25 + sheen
