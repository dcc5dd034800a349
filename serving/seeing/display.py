"""A picture as it is meant to be shown: upright, with square pixels, in eight bits and without what it hides.

Cameras and phones store pictures as their sensors lie, and say in the file how they are to be shown. Files,
streams and uploads are all shown by what stands here.
"""

from fractions import Fraction
from typing import cast

import cv2
import numpy as np
from av.sidedata.sidedata import SideData
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from PIL import Image, ImageOps

Pixels = NDArray[np.uint8]

LONGEST_ASPECT = 4
"""No picture has pixels longer than this by their width: who says so is damaged, and not believed."""

WIDEST_GREY = 640
"""A grey picture is made smaller by a whole number, to about this width: things can be followed in it."""

_LUMA = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "nv21", "gray")
"""Formats whose first plane is luma, a byte a pixel: it is taken as it lies, and nothing is converted."""

_WIDE = 257
"""From 16 bits to 8: 65535 / 255."""


def displayed(picture: VideoFrame, aspect: Fraction) -> Pixels:
    """A decoded picture as (height, width, 3) BGR; its pixels are `aspect` as wide as they are high."""
    stored = np.asarray(picture.to_ndarray(format="bgr24"), np.uint8)
    return _upright(_squared(stored, aspect), _matrix(picture))


def grey(picture: VideoFrame, aspect: Fraction) -> Pixels:
    """The luma (height, width) of a decoded picture, shown as `displayed` shows it but smaller.

    At 1280 x 720 it takes 0.16 ms of CPU, and FFmpeg's own conversion to grey alone 1.5 ms.
    """
    factor = max(1, round(picture.width / WIDEST_GREY))
    size = max(1, picture.width // factor), max(1, picture.height // factor)
    small = np.asarray(cv2.resize(_luma(picture), size, interpolation=cv2.INTER_AREA), np.uint8)
    return _upright(_squared(small, aspect), _matrix(picture))


def shown(picture: Image.Image, longest: int) -> Pixels:
    """An opened picture as (height, width, 3) BGR: turned as its EXIF says, black where it is transparent.

    It is loaded, and made smaller by a whole number until no side is longer than `longest` pixels.
    """
    plain = _plain(picture)
    factor = -(-max(plain.size) // longest)
    small = plain.reduce(factor) if factor > 1 else plain
    return np.ascontiguousarray(np.asarray(ImageOps.exif_transpose(_opaque(small)))[..., ::-1])


def _luma(picture: VideoFrame) -> Pixels:
    if picture.format.name not in _LUMA:
        return np.asarray(picture.to_ndarray(format="gray"), np.uint8)
    plane = picture.planes[0]
    lines = np.asarray(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return lines[: picture.height, : picture.width]


def _squared(image: Pixels, aspect: Fraction) -> Pixels:
    """The picture with square pixels: it grows along the side that was squeezed, and loses nothing."""
    if aspect == 1 or not Fraction(1, LONGEST_ASPECT) <= aspect <= LONGEST_ASPECT:
        return image
    height, width = image.shape[:2]
    wide = (round(width * aspect), height) if aspect > 1 else (width, round(height / aspect))
    return np.asarray(cv2.resize(image, wide, interpolation=cv2.INTER_LINEAR), np.uint8)


def _matrix(picture: VideoFrame) -> NDArray[np.int32]:
    """How a stored place (x, y) is shown, (2, 2), as FFmpeg's display matrix says, or unchanged."""
    told = cast("SideData | None", picture.side_data.get("DISPLAYMATRIX"))
    if told is None:
        return np.eye(2, dtype=np.int32)
    return np.frombuffer(bytes(told), np.int32).reshape(3, 3)[:2, :2]


def _upright(image: Pixels, matrix: NDArray[np.int32]) -> Pixels:
    """The picture turned by the right angles, and mirrored, that come nearest to the matrix."""
    (to_x, x_to_y), (y_to_x, to_y) = matrix.tolist()
    if abs(x_to_y) > abs(to_x):  # lies on its side: what was along x goes along y
        image, to_x, to_y = image.swapaxes(0, 1), y_to_x, x_to_y
    return np.ascontiguousarray(image[:: -1 if to_y < 0 else 1, :: -1 if to_x < 0 else 1])


def _plain(picture: Image.Image) -> Image.Image:
    """The picture in a mode that can be made smaller, 8 bits a colour: Pillow cuts off what is above 255."""
    if picture.mode.startswith("I"):
        plain = Image.fromarray((np.asarray(picture) // _WIDE).clip(0, 255).astype(np.uint8))
        plain.info = picture.info
        return plain
    if picture.mode in {"1", "P", "PA"}:
        return picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    return picture


def _opaque(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    seen = picture.convert("RGBA")
    opaque = Image.alpha_composite(Image.new("RGBA", seen.size, (0, 0, 0, 255)), seen).convert("RGB")
    opaque.info = picture.info
    return opaque
