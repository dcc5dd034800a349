"""Videos that these tests make, and a web server that shows them."""

import re
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import av
import numpy as np
import pytest

from lakehouse.city.cameras import Camera

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
CAMERA = Camera(
    camera_id="cam-1", valid_from=START, name="Simpang", owner="Dishub", site="street", area_id="33.74.01",
    lat=-6.98, lon=110.42, source="test", width=320, height=240,
)  # fmt: skip
_MILLISECOND = Fraction(1, 1000)
_WALL = np.random.default_rng(0).integers(30, 200, (24, 32, 3)).repeat(10, 0).repeat(10, 1).astype(np.uint8)


def picture(number):
    """A red box that wanders to the right before a motley wall, (240, 320, 3) BGR."""
    image = _WALL.copy()
    image[80:160, 10 * number % 240 : 10 * number % 240 + 60] = (40, 40, 220)
    return image


def encode(path, count=40, *, rate=10, kind=None, codec="libx264", times=None, options=None):
    """Write pictures to a file, at `times` in seconds or one after the other; returns its path."""
    with av.open(str(path), "w", format=kind) as container:
        stream = container.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 320, 240, "yuv420p", 5
        if times is not None:
            stream.codec_context.time_base = _MILLISECOND
        for number in range(count if times is None else len(times)):
            frame = av.VideoFrame.from_ndarray(picture(number), format="bgr24")
            if times is not None:
                frame.pts, frame.time_base = round(times[number] * 1000), _MILLISECOND
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@contextmanager
def site(answer, *, ranges=True, cut=None):
    """A web server: `answer` gives a path's bytes, None, or another address; the first answer may be `cut`.

    Yields the server's address, and the paths that it was asked for.
    """
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = answer(self.path)
            part = re.match(r"bytes=(\d+)-", self.headers.get("Range", "")) if ranges else None
            begin = int(part[1]) if part else 0
            if isinstance(body, str):
                self.send_response(302)
                self.send_header("Location", body)
                self.end_headers()
                return
            if body is None or begin >= max(len(body), 1):
                self.send_error(404 if body is None else 416)
                return
            self.send_response(206 if part else 200)
            if ranges:
                self.send_header("Accept-Ranges", "bytes")
            if part:
                self.send_header("Content-Range", f"bytes {begin}-{len(body) - 1}/{len(body)}")
            self.send_header("Content-Length", str(len(body) - begin))
            self.end_headers()
            self.wfile.write(body[begin : cut if len(asked) == 1 else None])

        def log_message(self, *_words):
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_request):
            """Whoever hangs up has seen enough."""

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def film():
    """The words that these tests speak of videos in."""
    return SimpleNamespace(START=START, CAMERA=CAMERA, picture=picture, encode=encode, site=site)
