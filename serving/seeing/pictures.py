"""A picture that somebody sent: looked at before it is decoded, so that no small file fills the memory."""

import io
import warnings

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lakehouse.problem import BadImage

PIXELS = 40_000_000
"""More than any street camera has; decoded, such a picture takes 120 MB."""

SHORTEST_SIDE = 16
"""Nothing can be seen in less, and a strip of one pixel makes scaled sizes explode."""

FORMATS = ("JPEG", "PNG", "WEBP", "BMP")

_UNREADABLE = (OSError, ValueError, SyntaxError, ImportError)
"""What Pillow raises; the last where ultralytics is loaded, which makes it ask for one decoder more."""


def decode(data: bytes) -> NDArray[np.uint8]:
    """The bytes of a JPEG, PNG, WebP or BMP file as a picture (height, width, 3) uint8 in BGR.

    Raises:
        BadImage: no picture, an incomplete or damaged one, or one with more than PIXELS pixels.
    """
    _look(data)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            rgb = np.asarray(picture.convert("RGB"))
    except _UNREADABLE as error:
        raise BadImage(
            _described(data), f"it cannot be decoded: {error}", "send a whole JPEG or PNG file"
        ) from error
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), np.uint8)


def _look(data: bytes) -> None:
    """Read the header only."""
    width, height = _size(data)
    if width * height > PIXELS:
        rule = f"it has {width} x {height} pixels, and at most {PIXELS:,} are decoded"
        raise BadImage(_described(data), rule, "send a smaller picture")
    if min(width, height) < SHORTEST_SIDE:
        rule = f"it has {width} x {height} pixels, and {SHORTEST_SIDE} x {SHORTEST_SIDE} are the least"
        raise BadImage(_described(data), rule, "send a larger picture")


def _size(data: bytes) -> tuple[int, int]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                return picture.size
    except Image.DecompressionBombError as error:
        rule = f"at most {PIXELS:,} pixels are decoded, and it has many more"
        raise BadImage(_described(data), rule, "send a smaller picture") from error
    except _UNREADABLE as error:
        remedy = "send a picture file's bytes"
        raise BadImage(_described(data), "it is no JPEG, PNG, WebP or BMP", remedy) from error


def _described(data: bytes) -> str:
    return f"{len(data):,} bytes"
