"""A picture is looked at as it is meant to be shown, whether it comes in a file, a stream or an upload."""

import io
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from serving.seeing.display import WIDEST_GREY, displayed, grey, shown

LONGEST = 400


def _marked(width=64, height=48):
    """A dark picture with a bright mark in its upper left, (height, width, 3)."""
    image = np.full((height, width, 3), 20, np.uint8)
    image[: height // 4, : width // 4] = 230
    return image


def _corner(image):
    """Where the mark is."""
    height, width = image.shape[:2]
    corners = {"upper left": (2, 2), "upper right": (2, -3), "lower left": (-3, 2), "lower right": (-3, -3)}
    assert height > 4
    assert width > 4
    return [name for name, (y, x) in corners.items() if image[y, x].mean() > 150]


def _frame(path, aspect=None, **turned):
    """The first picture of a video that says how it is to be shown."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        if turned:
            stream.set_display_rotation(**turned)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(_marked(), format="bgr24")))
        container.mux(stream.encode(None))
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return next(container.decode(stream)), stream.sample_aspect_ratio or Fraction(1)


@pytest.mark.parametrize(
    ("turned", "shape", "corner"),
    [
        ({}, (48, 64), "upper left"),
        ({"degrees": 90}, (64, 48), "lower left"),
        ({"degrees": 180}, (48, 64), "lower right"),
        ({"degrees": 270}, (64, 48), "upper right"),
        ({"degrees": 0, "hflip": True}, (48, 64), "upper right"),
        ({"degrees": 0, "vflip": True}, (48, 64), "lower left"),
        ({"degrees": 90, "hflip": True}, (64, 48), "lower right"),
        ({"degrees": 88}, (64, 48), "lower left"),
    ],
)
def test_a_video_is_turned_as_its_recorder_meant_it(tmp_path, turned, shape, corner):
    """Right angles and mirrors of the display matrix are applied; a skew one is taken for the nearest."""
    image = displayed(*_frame(tmp_path / "turned.mp4", **turned))
    assert image.shape[:2] == shape
    assert _corner(image) == [corner]


@pytest.mark.parametrize(
    ("aspect", "shape"),
    [
        (Fraction(2), (48, 128)), (Fraction(1, 2), (96, 64)), (Fraction(16, 15), (48, 68)),
        (Fraction(100), (48, 64)), (None, (48, 64)),
    ],
)  # fmt: skip
def test_pixels_become_square(tmp_path, aspect, shape):
    """A picture grows along the side that was squeezed; an aspect beyond belief is not believed."""
    assert displayed(*_frame(tmp_path / "squeezed.mp4", aspect)).shape[:2] == shape


def test_the_aspect_is_that_of_the_stored_picture(tmp_path):
    """A video that was squeezed and lies on its side is stretched first and turned then."""
    image = displayed(*_frame(tmp_path / "both.mp4", Fraction(2), degrees=90))
    assert image.shape[:2] == (128, 48)
    assert _corner(image) == ["lower left"]


@pytest.mark.parametrize(("width", "height"), [(63, 47), (2, 2), (641, 3)])
@pytest.mark.parametrize("pixels", ["yuv420p", "yuv420p10le", "gray", "gray16le", "rgba", "yuvj422p"])
def test_every_depth_becomes_eight_bits(width, height, pixels):
    """Whatever the size, the depth and the colours are stored in, 200 of 255 stays 200 of 255."""
    bright = np.full((height, width, 3), 200, np.uint8)
    picture = av.VideoFrame.from_ndarray(bright, format="bgr24").reformat(format=pixels)
    image = displayed(picture, Fraction(1))
    assert (image.shape, image.dtype) == ((height, width, 3), np.uint8)
    assert image.mean() == pytest.approx(200, abs=3)


def _opened(picture, form="PNG", **told):
    buffer = io.BytesIO()
    picture.save(buffer, form, **told)
    return Image.open(buffer)


@pytest.mark.parametrize(
    ("orientation", "shape", "corner"),
    [
        (1, (48, 64), "upper left"), (2, (48, 64), "upper right"), (3, (48, 64), "lower right"),
        (4, (48, 64), "lower left"), (5, (64, 48), "upper left"), (6, (64, 48), "upper right"),
        (7, (64, 48), "lower right"), (8, (64, 48), "lower left"), (9, (48, 64), "upper left"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_turned_as_its_exif_says(orientation, shape, corner, form):
    """All eight orientations are undone; one that is none changes nothing."""
    exif = Image.Exif()
    exif[0x112] = orientation
    image = shown(_opened(Image.fromarray(_marked()), form, exif=exif), LONGEST)
    assert image.shape[:2] == shape
    assert _corner(image) == [corner]


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "1", "I;16"])
@pytest.mark.parametrize("size", [(64, 48), (1000, 700)])
def test_every_mode_is_shown_as_it_looks(mode, size):
    """Grey, palettes, one bit and sixteen are as bright as they were drawn, whole or made smaller."""
    grey = np.asarray(Image.fromarray(_marked(*size)).convert("L"))
    plain = (
        Image.fromarray(grey.astype(np.uint16) * 257)
        if mode == "I;16"
        else Image.fromarray(grey).convert(mode)
    )
    image = shown(_opened(plain), LONGEST)
    assert max(image.shape) <= LONGEST
    assert _corner(image) == ["upper left"]
    assert image[2, 2].mean() == pytest.approx(255 if mode == "1" else 230, abs=3)


def test_a_sixteen_bit_picture_keeps_its_orientation():
    """What is scaled to eight bits is turned all the same."""
    exif = Image.Exif()
    exif[0x112] = 6
    deep = Image.fromarray(_marked()[..., 0].astype(np.uint16) * 257)
    assert _corner(shown(_opened(deep, exif=exif), LONGEST)) == ["upper right"]


def test_what_is_hidden_stays_hidden():
    """A mask that a picture carries is black, and what lies under it is not looked at."""
    picture = Image.fromarray(
        np.dstack([_marked(), np.where(np.arange(64) < 32, 0, 255)[None].repeat(48, 0)]).astype(np.uint8)
    )
    image = shown(_opened(picture), LONGEST)
    assert image[2, 2].max() == 0
    assert image[2, 60].max() == 20


def test_the_colours_of_print_are_shown():
    """A picture in cyan, magenta, yellow and black becomes blue, green and red."""
    picture = Image.new("RGB", (64, 48), (250, 10, 30)).convert("CMYK")
    blue, green, red = shown(_opened(picture, "JPEG"), LONGEST)[10, 10].tolist()
    assert (blue, green, red) == pytest.approx((30, 10, 250), abs=8)


@pytest.mark.parametrize("aspect", [None, Fraction(4, 3), Fraction(2, 3)])
@pytest.mark.parametrize("turned", [{}, {"degrees": 90}, {"degrees": 180}, {"degrees": 90, "hflip": True}])
def test_a_grey_picture_lies_as_the_coloured_one(tmp_path, aspect, turned):
    """It is turned and stretched alike, and its luma is that of the picture."""
    picture, told = _frame(tmp_path / "clip.mp4", aspect, **turned)
    image, luma = displayed(picture, told), grey(picture, told)
    assert luma.shape == image.shape[:2]
    assert _corner(luma) == _corner(image)
    assert np.corrcoef(luma.ravel(), image.mean(axis=2).ravel())[0, 1] > 0.99


@pytest.mark.parametrize("kind", ["yuv420p", "yuvj422p", "nv12", "gray", "bgr24", "yuv420p10le", "yuyv422"])
def test_luma_is_taken_from_any_format(kind):
    """As it lies where the first plane is luma, and converted elsewhere."""
    picture = av.VideoFrame.from_ndarray(_marked(), format="bgr24").reformat(format=kind)
    luma = grey(picture, Fraction(1))
    assert luma.shape == (48, 64)
    assert luma.dtype == np.uint8
    assert _corner(luma) == ["upper left"]


def test_a_large_grey_picture_comes_smaller():
    """By a whole number, to about 640 pixels; its proportions stay."""
    for width, factor in ((640, 1), (800, 1), (1280, 2), (1920, 3), (3840, 6)):
        luma = grey(av.VideoFrame(width, width * 9 // 16, "yuv420p"), Fraction(1))
        assert luma.shape == (width * 9 // 16 // factor, width // factor)
    assert WIDEST_GREY == 640
