"""A picture that somebody sent: looked at before it is decoded, so that no small file fills the memory."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import ExifTags, Image

from lakehouse.problem import BadImage
from serving.seeing.display import Pixels, shown

PIXELS = 40_000_000
"""More than any street camera has; decoded, such a picture takes 120 MB."""

SHORTEST_SIDE = 16
"""Nothing can be seen in less, and a strip of one pixel makes scaled sizes explode."""

LONGEST = 2560
"""Four times what the shipped detector looks at; a picture of PIXELS pixels then takes 20 MB and not 400."""

FORMATS = ("JPEG", "PNG", "WEBP", "BMP")

_MOVING = ("PNG", "WEBP")
"""A JPEG of several pictures is a phone's, with a preview behind the picture itself."""

_ON_ITS_SIDE = range(5, 9)
"""Orientations of EXIF with which width and height change places."""

_HEAD = 16
"""So many bytes tell Pillow's formats apart."""

_COLOURS = {
    "1": "black and white", "L": "grey", "LA": "transparent grey", "P": "indexed colour", "RGB": "colour",
    "RGBA": "transparent colour", "I": "32-bit grey", "I;16": "16-bit grey", "I;16B": "16-bit grey",
}  # fmt: skip
"""What Pillow's modes are called; others by their own name, as CMYK."""

_UNREADABLE = (OSError, ValueError, SyntaxError, ImportError)
"""What Pillow raises; the last where ultralytics is loaded, which makes it ask for one decoder more."""


def decode(data: bytes) -> Pixels:
    """The bytes of a JPEG, PNG, WebP or BMP file as the picture that is meant: (height, width, 3) uint8, BGR.

    What is larger than LONGEST pixels across comes smaller, so that many can be decoded at once; `size`
    tells how large it is.

    Raises:
        BadImage: no picture, several, an incomplete or damaged one, or one with more than PIXELS pixels.
    """
    with _opened(data) as picture:
        scale = LONGEST / max(picture.size)
        if scale < 1:
            picture.draft(None, (round(picture.width * scale), round(picture.height * scale)))
        try:
            return shown(picture, LONGEST)
        except _UNREADABLE as error:
            rule = f"it cannot be decoded: {error}"
            raise BadImage(_described(data), rule, "send a whole JPEG or PNG file") from error


def size(data: bytes) -> tuple[int, int]:
    """The width and the height of the picture in pixels, upright, read from its header.

    Raises:
        BadImage: as `decode`.
    """
    with _opened(data) as picture:
        width, height = picture.size
        on_its_side = picture.getexif().get(ExifTags.Base.Orientation, 1) in _ON_ITS_SIDE
    return (height, width) if on_its_side else (width, height)


def kind(data: bytes) -> str:
    """Its format and its colours as they are stored, such as 'PNG, 16-bit grey'.

    Raises:
        BadImage: as `decode`.
    """
    with _opened(data) as picture:
        return f"{picture.format}, {_COLOURS.get(picture.mode, picture.mode)}"


def is_picture(path: Path) -> bool:
    """Whether a file begins like a JPEG, PNG, WebP or BMP, whole or not."""
    Image.init()
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    accepts = [accept for _, accept in (Image.OPEN[form] for form in FORMATS) if accept]
    return any(accept(head) for accept in accepts)


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    """The picture, of which only the header was read: neither too large nor too small, nor one of several."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        rule = f"at most {PIXELS:,} pixels are decoded, and it has many more"
        raise BadImage(_described(data), rule, "send a smaller picture") from error
    except _UNREADABLE as error:
        remedy = "send a picture file's bytes"
        raise BadImage(_described(data), "it is no JPEG, PNG, WebP or BMP", remedy) from error
    with picture:
        _must_be_one(data, picture)
        yield picture


def _must_be_one(data: bytes, picture: Image.Image) -> None:
    width, height = picture.size
    if width * height > PIXELS:
        rule = f"it has {width} x {height} pixels, and at most {PIXELS:,} are decoded"
        raise BadImage(_described(data), rule, "send a smaller picture")
    if min(width, height) < SHORTEST_SIDE:
        rule = f"it has {width} x {height} pixels, and {SHORTEST_SIDE} x {SHORTEST_SIDE} are the least"
        raise BadImage(_described(data), rule, "send a larger picture")
    if getattr(picture, "is_animated", False) and picture.format in _MOVING:
        raise BadImage(_described(data), "it is animated", "send one of its pictures")


def _described(data: bytes) -> str:
    return f"{len(data):,} bytes"
