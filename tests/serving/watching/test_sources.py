"""Sources: files, and real streams over real connections."""

import base64
import socketserver
import struct
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice

import av
import cv2
import numpy as np
import pytest

from lakehouse import clock
from lakehouse.city.cameras import Camera
from lakehouse.problem import BadSource
from lakehouse.scenes import Frame, Outcome
from serving.watching.sources import open_source
from serving.watching.sources.footage import Footage
from serving.watching.sources.newest import Newest

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
CAMERA = Camera(
    camera_id="cam-1", valid_from=START, name="Simpang", owner="Dishub", site="street", area_id="33.74.01",
    lat=-6.98, lon=110.42, source="test", width=320, height=240,
)  # fmt: skip
PASSWORD = "geheim"  # noqa: S105 - it must not show up anywhere


def _picture(number):
    picture = np.full((240, 320, 3), 60, np.uint8)
    picture[80:160, 10 * number % 240 : 10 * number % 240 + 60] = (40, 40, 220)
    return picture


def _video(path, rate=10, count=40, kind=None, codec="libx264"):
    with av.open(str(path), "w", format=kind) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 320, 240, "yuv420p", 5
        for number in range(count):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(_picture(number), format="bgr24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Four seconds of video, ten frames a second."""
    return _video(tmp_path_factory.mktemp("clip") / "jalan.mp4")


def _seconds(source):
    return [round((frame.at - START).total_seconds(), 3) for frame in source.frames()]


@pytest.mark.parametrize(("fps", "seconds"), [(2, np.arange(8) / 2), (1, range(4)), (30, np.arange(40) / 10)])
def test_every_due_frame_of_a_file(clip, fps, seconds):
    """A file's time is its start plus presentation time, and at most the frames that it has are due."""
    assert _seconds(open_source(str(clip), CAMERA, fps=fps, start=START)) == pytest.approx(list(seconds))


def test_a_file_shows_its_pictures(clip):
    """What comes out are the file's pictures in BGR."""
    frame = next(open_source(str(clip), CAMERA, fps=2, start=START).frames())
    assert frame.camera_id == "cam-1"
    assert frame.image.shape == (240, 320, 3)
    blue, green, red = frame.image[120, 40].astype(int)
    assert red > 180
    assert max(blue, green) < 90


def test_a_file_begins_now_unless_told(clip):
    """Without a start a file's first frame is now."""
    before = clock.now()
    first = next(open_source(str(clip), CAMERA, fps=2).frames())
    assert before - timedelta(seconds=1) < first.at <= clock.now()


def test_a_damaged_file_never_goes_backwards(tmp_path):
    """Bytes that were flipped cost pictures; times still only grow, and what cannot be decoded is counted."""
    data = bytearray(_video(tmp_path / "whole.ts", count=80, kind="mpegts").read_bytes())
    random = np.random.default_rng(1)
    for place in random.integers(len(data) // 4, len(data), 120):
        data[place] ^= 0xFF
    (tmp_path / "damaged.ts").write_bytes(data)
    seconds = _seconds(open_source(str(tmp_path / "damaged.ts"), CAMERA, fps=10, start=START))
    assert 0 < len(seconds) < 80
    assert seconds == sorted(set(seconds))


@pytest.mark.parametrize("wrong", ["absent", "text", "audio", "torn"])
def test_a_file_that_is_no_video_is_named(tmp_path, clip, wrong):
    """A file that is absent, no video, or torn off in its header is an error that names it."""
    path = tmp_path / "wrong.mp4"
    if wrong == "text":
        path.write_text("# no video\n" * 100)
    elif wrong == "audio":
        with av.open(str(path), "w") as container:
            stream = container.add_stream("aac", rate=16000)
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate = 16000
            container.mux(stream.encode(frame))
    elif wrong == "torn":
        path.write_bytes(clip.read_bytes()[:2000])
    with pytest.raises(BadSource, match=r"wrong\.mp4"):
        list(open_source(str(path), CAMERA, fps=2, start=START).frames())


@pytest.mark.parametrize("source", ["ftp://host/x", "concat:a|b", "synthetic:seven", "synthetic:-1"])
def test_an_address_that_cannot_be_read_is_named(source):
    """A scheme that is none, or a seed that is none, is an error before anything is read."""
    with pytest.raises(BadSource, match=source.partition(":")[0]):
        list(open_source(source, CAMERA, fps=2).frames())


def test_a_playlist_does_not_open_local_files(tmp_path, serve_http):
    """A playlist from the network that points at a file of this machine is not followed."""
    secret = _video(tmp_path / "secret.ts", kind="mpegts")
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nfile://{secret}\n#EXT-X-ENDLIST\n"
    address = serve_http("application/vnd.apple.mpegurl", [playlist.encode()], name="live.m3u8")
    with pytest.raises(BadSource):
        next(open_source(address, CAMERA, fps=2).frames())


class Server(socketserver.ThreadingTCPServer):
    """A server of one connection at a time, on a free port of this machine."""

    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def _serving(handle):
    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            try:
                handle(self.rfile, self.wfile)
            except (ConnectionError, ValueError):
                return

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def _request(reader):
    lines = list(iter(lambda: reader.readline().decode().strip(), ""))
    if not lines:
        raise ConnectionError
    return lines[0], dict(line.split(": ", 1) for line in lines[1:] if ": " in line)


@pytest.fixture
def serve_http():
    """Serve parts over HTTP, slowly; each connection counts in `connections`."""
    open_servers = []

    def serve(content_type, parts, name="video", pause_s=0.0):
        def handle(reader, writer):
            _request(reader)
            serve.connections += 1
            writer.write(f"HTTP/1.0 200 OK\r\nContent-Type: {content_type}\r\n\r\n".encode())
            for part in parts:
                writer.write(part)
                writer.flush()
                time.sleep(pause_s)

        serving = _serving(handle)
        open_servers.append(serving)
        return f"http://user:{PASSWORD}@127.0.0.1:{serving.__enter__()}/{name}"

    serve.connections = 0
    yield serve
    for serving in open_servers:
        serving.__exit__(None, None, None)


def _mjpeg(count):
    for number in range(count):
        data = cv2.imencode(".jpg", _picture(number))[1].tobytes()
        yield b"--next\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(data), data)


def test_mjpeg_over_http_arrives_now(serve_http):
    """Pictures of an MJPEG camera have the time at which they arrived."""
    address = serve_http("multipart/x-mixed-replace; boundary=next", list(_mjpeg(60)), pause_s=0.02)
    before = clock.now()
    source = open_source(address, CAMERA, fps=5)
    frames = list(islice(source.frames(), 4))
    assert source.live
    times = [frame.at for frame in frames]
    assert before < times[0]
    assert times == sorted(set(times))
    assert frames[0].image.shape == (240, 320, 3)


def test_a_broken_connection_is_made_again(serve_http, caplog):
    """When a stream ends it is tried again, with pauses that grow, and no log line has the password."""
    address = serve_http("multipart/x-mixed-replace; boundary=next", list(_mjpeg(5)))
    pauses = []
    source = Footage(address, "cam-1", 1000.0, "http,tcp", sleep=pauses.append)
    assert len(list(islice(source.frames(), 12))) == 12
    assert serve_http.connections >= 3
    assert 1.0 in pauses
    assert "trying again" in caplog.text
    assert PASSWORD not in caplog.text


def test_what_was_never_there_is_an_error(unused_port):
    """An address at which nobody answers is named, without its password."""
    with pytest.raises(BadSource) as refused:
        next(open_source(f"http://user:{PASSWORD}@127.0.0.1:{unused_port}/x", CAMERA, fps=2).frames())
    assert f"127.0.0.1:{unused_port}" in str(refused.value)
    assert PASSWORD not in str(refused.value) + repr(refused.value.__cause__)


def test_a_page_is_no_stream(serve_http):
    """An address that answers with something else than video is named, without its password."""
    address = serve_http("text/html", [b"<html>no camera here</html>" * 50])
    with pytest.raises(BadSource) as refused:
        next(open_source(address, CAMERA, fps=2).frames())
    assert PASSWORD not in str(refused.value)


@pytest.fixture
def unused_port():
    """A port on which nobody listens."""
    with _serving(lambda *_: None) as port:
        pass
    return port


@pytest.fixture
def rtsp(tmp_path):
    """A real RTSP camera on this machine that asks for a password: MPEG-TS in RTP (RFC 2326, 2250)."""
    stream = _video(tmp_path / "camera.ts", count=200, kind="mpegts", codec="mpeg2video").read_bytes()
    wanted = "Basic " + base64.b64encode(f"user:{PASSWORD}".encode()).decode()
    described = (
        "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=cam\r\nt=0 0\r\nm=video 0 RTP/AVP 33\r\na=control:track\r\n"
    )

    def answer(writer, headers, status="200 OK", body="", **more):
        told = {
            "CSeq": headers["CSeq"],
            "Session": "1",
            **{name.replace("_", "-"): text for name, text in more.items()},
        }
        told |= {"Content-Length": str(len(body))} if body else {}
        lines = "".join(f"{name}: {text}\r\n" for name, text in told.items())
        writer.write(f"RTSP/1.0 {status}\r\n{lines}\r\n{body}".encode())

    def play(writer):
        for number, place in enumerate(range(0, len(stream), 7 * 188)):
            packet = (
                struct.pack(">BBHII", 0x80, 33, number & 0xFFFF, number * 900, 7)
                + stream[place : place + 7 * 188]
            )
            writer.write(struct.pack(">cBH", b"$", 0, len(packet)) + packet)
            time.sleep(0.002)

    def handle(reader, writer):
        while True:
            request, headers = _request(reader)
            verb = request.split()[0]
            if verb != "OPTIONS" and headers.get("Authorization") != wanted:
                answer(writer, headers, "401 Unauthorized", WWW_Authenticate='Basic realm="cam"')
            elif verb == "DESCRIBE":
                answer(writer, headers, body=described, Content_Type="application/sdp")
            elif verb == "SETUP":
                answer(writer, headers, Transport="RTP/AVP/TCP;unicast;interleaved=0-1")
            else:
                answer(writer, headers, Public="DESCRIBE, SETUP, PLAY, TEARDOWN")
            if verb == "PLAY":
                play(writer)

    with _serving(handle) as port:
        yield port


def test_an_rtsp_camera_is_seen(rtsp):
    """A camera that asks for a password shows its pictures over RTSP."""
    address = f"rtsp://user:{PASSWORD}@127.0.0.1:{rtsp}/track"
    source = open_source(address, CAMERA, fps=1000)
    frames = list(islice(source.frames(), 5))
    assert source.live
    assert [frame.image.shape for frame in frames] == [(240, 320, 3)] * 5
    assert clock.now() - frames[-1].at < timedelta(minutes=1)


def test_a_wrong_password_is_not_repeated(rtsp):
    """A camera that refuses is named, and the password that was tried is not."""
    with pytest.raises(BadSource) as refused:
        next(open_source(f"rtsp://user:{PASSWORD}x@127.0.0.1:{rtsp}/track", CAMERA, fps=2).frames())
    assert "127.0.0.1" in str(refused.value)
    assert PASSWORD not in str(refused.value)


class Steps:
    """A source that gives one frame whenever it is told to, and then ends or fails."""

    def __init__(self, count, failure=None, *, live=True):
        self.go, self.count, self.failure = threading.Semaphore(0), count, failure
        self.given, self.live = threading.Semaphore(0), live

    def frames(self):
        """One a step."""
        for number in range(self.count):
            self.go.acquire()
            yield Frame("cam-1", START + timedelta(seconds=number), _picture(number))
            self.given.release()
        if self.failure:
            raise self.failure

    def missed(self):
        """One that could not be decoded."""
        return [(START + timedelta(seconds=0.5), Outcome.UNDECODABLE)]

    def standing(self):
        """How it goes."""
        return "going"


def test_who_is_slow_gets_the_newest(clip):
    """Frames that were overtaken while nobody asked are dropped and counted."""
    steps = Steps(4)
    newest = Newest(steps, lambda: False)
    frames = newest.frames()
    steps.go.release()
    assert next(frames).at == START
    for _ in range(3):
        steps.go.release()
    for _ in range(4):
        steps.given.acquire(timeout=10)
    assert next(frames).at == START + timedelta(seconds=3)
    assert newest.missed() == [
        (START + timedelta(seconds=0.5), Outcome.UNDECODABLE),
        (START + timedelta(seconds=1), Outcome.DROPPED),
        (START + timedelta(seconds=2), Outcome.DROPPED),
    ]
    assert list(frames) == []
    assert clip.exists()


def test_a_recording_waits_for_who_is_slow():
    """No frame of a recording is overtaken, however long it takes to look at one."""
    steps = Steps(4, live=False)
    newest = Newest(steps, lambda: False)
    for _ in range(4):
        steps.go.release()
    assert [frame.at - START for frame in newest.frames()] == [timedelta(seconds=n) for n in range(4)]
    assert [outcome for _, outcome in newest.missed()] == [Outcome.UNDECODABLE]
    assert (newest.live, newest.standing()) == (False, "going")


def test_a_failure_in_the_thread_comes_out():
    """A source that fails tells whoever asks for its frames."""
    with pytest.raises(BadSource):
        list(Newest(Steps(0, BadSource("x", "gone", "look")), lambda: False).frames())


def test_nothing_comes_and_it_can_be_stopped():
    """A live source that is silent can be left, and its reader ends with it."""
    steps, asked = Steps(1), []

    def stop():
        asked.append(True)
        if len(asked) == 3:
            steps.go.release()
        return len(asked) == 3

    assert list(Newest(steps, stop).frames()) == []
    assert "newest" not in {thread.name for thread in threading.enumerate()}
