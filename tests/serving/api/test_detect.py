"""What the API finds in a picture."""

import io

import httpx
import numpy as np
import pytest
from PIL import Image

BIGGEST = 16 * 2**20


@pytest.fixture(scope="module")
def picture():
    """A JPEG of 64 x 48 pixels."""
    file = io.BytesIO()
    Image.fromarray(np.zeros((48, 64, 3), np.uint8)).save(file, "JPEG")
    return file.getvalue()


def test_a_picture_as_the_body_and_as_a_file(reading, picture):
    """The same picture has the same things in it, sent either way."""
    body = reading.post("/v1/detect", content=picture, headers={"content-type": "image/jpeg"})
    assert body.json() == {
        "model": "scripted0000",
        "width": 64,
        "height": 48,
        "items": [{"label": "person", "confidence": 0.9, "box": [1.0, 2.0, 30.0, 40.0]}],
    }
    assert reading.post("/v1/detect", files={"file": picture}).json() == body.json()


def test_boxes_are_in_pixels_of_the_picture_that_was_sent(reading):
    """A large picture is looked at smaller, and one on its side upright; width, height and boxes say so."""
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x112] = 6
    Image.new("RGB", (4000, 3000)).save(file, "JPEG", exif=exif)
    found = reading.post("/v1/detect", content=file.getvalue()).json()
    assert (found["width"], found["height"]) == (3000, 4000)
    assert found["items"][0]["box"] == [2.0, 4.0, 60.0, 80.0]


@pytest.mark.parametrize("sent", [{"content": b""}, {"content": b"no picture"}, {"files": {"fil": b"x"}}])
def test_what_is_no_picture_is_refused(reading, sent):
    """Bytes that are no picture, and a form without the file, are a 422."""
    answer = reading.post("/v1/detect", **sent)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_is_counted_while_it_streams(reading):
    """A body that never says how long it is ends where the limit is reached."""
    sent = 0

    def endless():
        nonlocal sent
        while sent < 4 * BIGGEST:
            sent += 2**20
            yield bytes(2**20)

    try:
        answer = reading.post("/v1/detect", content=endless())
    except httpx.WriteError:
        answer = None
    assert answer is None or (answer.status_code, answer.json()["title"]) == (413, "The body is too large")
    assert sent < 4 * BIGGEST or answer is not None


def test_without_a_detector_it_says_so(lake, city, picture):
    """A server that was started without a detector answers 503 and goes on."""
    from serving.api import application

    with city.served(application(lake)) as url:
        answer = httpx.post(f"{url}/v1/detect", content=picture)
        assert (answer.status_code, answer.json()["title"]) == (503, "No detector at hand")
        assert httpx.get(f"{url}/v1").status_code == 200
