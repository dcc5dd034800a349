"""What the API finds in a picture."""

import io
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
from PIL import Image

from lakehouse.scenes import Detections
from serving.settings import Settings

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


class Slow:
    """A detector that finds nothing, and only once it may."""

    model_id = "slow00000000"

    def __init__(self):
        self.may, self.most, self._now, self._count = threading.Event(), 0, 0, threading.Lock()

    def detect(self, images):
        """Nothing, later; `most` is how many pictures were here at once."""
        with self._count:
            self._now += 1
            self.most = max(self.most, self._now)
        self.may.wait(60)
        with self._count:
            self._now -= 1
        return [Detections(np.zeros((0, 4), np.float32), np.array([], str), np.float32([])) for _ in images]


def test_more_pictures_than_there_are_turns_are_sent_away(known, city, picture):
    """Two are looked into, three wait, the others are told when to come back, and health answers."""
    from serving.api import application

    detector, settings = Slow(), Settings(pictures_at_once=2, pictures_waiting=3)
    app = application(known, detector, settings)
    with (
        city.served(app) as url,
        ThreadPoolExecutor(40) as people,
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        sent = [people.submit(client.post, "/v1/detect", content=picture) for _ in range(40)]
        away = []
        while len(away) < 35:
            assert client.get("/v1/health").status_code == 200
            away = [one.result() for one in sent if one.done()]
        detector.may.set()
        answers = [one.result() for one in sent]
        assert client.post("/v1/detect", content=picture).status_code == 200
    assert {answer.status_code for answer in away} == {503}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in away)
    assert all(answer.json()["title"] == "The server has its hands full" for answer in away)
    assert [answer.status_code for answer in answers].count(200) == 5
    assert detector.most == 2


def test_a_damaged_picture_gives_its_turn_back(known, city, picture):
    """Who is refused holds no place, however many come."""
    from serving.api import application

    app = application(known, Slow(), Settings(pictures_at_once=1, pictures_waiting=0))
    app.state.detector.may.set()
    with city.served(app) as url:
        for _ in range(3):
            assert httpx.post(f"{url}/v1/detect", content=b"no picture").status_code == 422
            assert httpx.post(f"{url}/v1/detect", files={"fil": b"x"}).status_code == 422
        assert httpx.post(f"{url}/v1/detect", content=picture).status_code == 200
