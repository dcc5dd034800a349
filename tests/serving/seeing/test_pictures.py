"""An uploaded picture is decoded when it is one, and whole, and small enough."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lakehouse.problem import BadImage
from serving.seeing.pictures import LONGEST, decode, is_picture, kind, size


def encoded(form="JPEG", size=(64, 48), colour=(250, 10, 30)):
    """A plain picture's file."""
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, form)
    return buffer.getvalue()


def bomb(width, height):
    """A PNG of a few kilobytes that decodes to gigabytes."""
    rows = zlib.compress(bytes(min(((width + 7) // 8 + 1) * 64, 2**20)), 9)

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "BMP"])
def test_a_picture_becomes_bgr(form):
    """Height, width, and blue first."""
    image = decode(encoded(form))
    assert image.shape == (48, 64, 3)
    assert image[0, 0].tolist() == pytest.approx([30, 10, 250], abs=8)


def test_grey_and_transparent_pictures_become_bgr():
    """Whatever its mode, a picture has three channels."""
    for mode in ("L", "RGBA", "P", "1", "CMYK"):
        buffer = io.BytesIO()
        Image.new(mode, (20, 20)).save(buffer, "JPEG" if mode == "CMYK" else "PNG")
        assert decode(buffer.getvalue()).shape == (20, 20, 3)


@pytest.mark.parametrize("size", [(41_000, 41_000), (2**31 - 1, 2), (6_400, 6_400)])
def test_a_bomb_is_refused_by_its_header(size):
    """A small file that would decode to gigabytes is refused unopened, with the rule."""
    data = bomb(*size)
    assert len(data) < 110_000
    with pytest.raises(BadImage, match="pixels"):
        decode(data)


@pytest.mark.parametrize("data", [b"", b"no picture", b"GIF89a" + b"\0" * 50, b"<svg/>", encoded()[:20]])
def test_what_is_no_picture_is_refused(data):
    """Bytes that are no picture of the known kinds are refused."""
    with pytest.raises(BadImage):
        decode(data)


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_half_a_picture_is_refused(form):
    """A file that ends early is refused, not filled up with grey."""
    noise = np.random.default_rng(1).integers(0, 255, (200, 300, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, form)
    data = buffer.getvalue()
    with pytest.raises(BadImage):
        decode(data[: len(data) // 2])


def test_a_picture_is_looked_at_upright():
    """A JPEG that a phone stored on its side is turned, and its size is that of the upright picture."""
    exif, buffer = Image.Exif(), io.BytesIO()
    exif[0x112] = 6
    Image.new("RGB", (64, 48)).save(buffer, "JPEG", exif=exif)
    assert decode(buffer.getvalue()).shape == (64, 48, 3)
    assert size(buffer.getvalue()) == (48, 64)


def test_sixteen_bits_are_scaled():
    """A grey picture of 16 bits is as bright as it was, and not white."""
    buffer = io.BytesIO()
    Image.fromarray(np.full((48, 64), 100 * 257, np.uint16)).save(buffer, "PNG")
    assert set(decode(buffer.getvalue()).ravel().tolist()) == {100}


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "BMP"])
@pytest.mark.parametrize("shape", [(3000, 2000), (2000, 6000), (5121, 40), (2560, 2560)])
def test_a_large_picture_comes_smaller(form, shape):
    """What is larger than a detector can use is made smaller on its way; its own size is known."""
    data = encoded(form, shape)
    image = decode(data)
    assert size(data) == shape
    assert LONGEST / 2 < max(image.shape) <= LONGEST
    assert image.shape[1] / image.shape[0] == pytest.approx(shape[0] / shape[1], rel=0.1)
    assert image[0, 0].tolist() == pytest.approx([30, 10, 250], abs=8)


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_what_moves_is_refused(form):
    """An animated picture is several, and nobody said which one is meant."""
    buffer, colours = io.BytesIO(), ("red", "blue")
    first, second = (Image.new("RGB", (64, 48), colour) for colour in colours)
    first.save(buffer, form, save_all=True, append_images=[second])
    with pytest.raises(BadImage, match="animated"):
        decode(buffer.getvalue())


def test_a_phones_preview_is_no_second_picture():
    """A JPEG with a preview behind it is one picture."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48)).save(buffer, "MPO", save_all=True, append_images=[Image.new("RGB", (32, 24))])
    assert decode(buffer.getvalue()).shape == (48, 64, 3)


@given(st.binary(max_size=80))
def test_damaged_exif_is_no_failure(noise):
    """Whatever stands where the orientation should, the answer is a picture or a refusal."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48)).save(buffer, "JPEG", exif=b"Exif\0\0" + noise)
    try:
        assert decode(buffer.getvalue()).size == 64 * 48 * 3
        assert sorted(size(buffer.getvalue())) == [48, 64]
    except BadImage:
        return


def test_a_strip_is_refused():
    """Less than 16 pixels across shows nothing."""
    with pytest.raises(BadImage, match="the least"):
        decode(encoded("PNG", (4000, 3)))


@given(st.binary(max_size=200), st.integers(0, 600))
def test_damage_is_a_problem_or_a_picture(noise, at):
    """Whatever is written into a picture's bytes, the answer is a picture or a refusal."""
    data = encoded("PNG")
    try:
        image = decode(data[:at] + noise + data[at + len(noise) :])
    except BadImage:
        return
    assert image.dtype == np.uint8
    assert image.ndim == 3


@pytest.mark.parametrize(
    ("form", "mode", "told"),
    [
        ("JPEG", "RGB", "JPEG, colour"), ("JPEG", "CMYK", "JPEG, CMYK"), ("PNG", "I;16", "PNG, 16-bit grey"),
        ("PNG", "LA", "PNG, transparent grey"), ("BMP", "1", "BMP, black and white"),
    ],
)  # fmt: skip
def test_a_picture_tells_its_kind(form, mode, told):
    """Its format and its colours, in words."""
    buffer = io.BytesIO()
    Image.new(mode, (20, 20)).save(buffer, form)
    assert kind(buffer.getvalue()) == told


def test_a_picture_is_known_by_how_its_file_begins(tmp_path):
    """Damaged ones and bombs are pictures too; clips, texts, folders and nothing are none."""
    whole = [encoded(form) for form in ("JPEG", "PNG", "WEBP", "BMP")]
    pictures = [*whole, whole[0][:300], bomb(41_000, 41_000)]
    others = [b"", b"no picture", b"\0\0\0 ftypisom" + bytes(50), b"RIFF\0\0\0\0AVI LIST" + bytes(50)]
    for number, data in enumerate(pictures + others):
        path = tmp_path / str(number)
        path.write_bytes(data)
        assert is_picture(path) == (number < len(pictures))
    assert not is_picture(tmp_path)
    assert not is_picture(tmp_path / "nothing")
