"""What is live and what is a recording, as the source itself says, over real connections."""

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from fractions import Fraction
from itertools import count, islice

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.problem import BadSource
from lakehouse.scenes import Outcome
from serving.watching.sources import footage, open_source
from serving.watching.sources.clock import Clock
from serving.watching.sources.footage import Footage
from serving.watching.sources.http import OPTIONS, PROTOCOLS
from serving.watching.sources.replays import Replays
from serving.watching.sources.video import decoded, opened


@pytest.fixture
def watched(film):
    """What a source shows: seconds from START."""

    def seconds(address, fps=2, **told):
        source = open_source(str(address), film.CAMERA, fps=fps, start=film.START, **told)
        return [round((frame.at - film.START).total_seconds(), 3) for frame in source.frames()], source

    return seconds


class Wall:
    """A clock on the wall that moves when somebody waits."""

    def __init__(self, at):
        self.at = at

    def __call__(self):
        """What it shows."""
        return self.at

    def wait(self, seconds):
        """Let time pass."""
        self.at += timedelta(seconds=seconds)


HALVES = [half / 2 for half in range(8)]


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts", "clip.h264"])
@pytest.mark.parametrize("kind", ["file", "http"])
def test_a_recording_is_watched_once_in_its_own_time(film, watched, tmp_path, name, kind):
    """A clip of four seconds comes to its end after eight frames, wherever it lies."""
    path = film.encode(tmp_path / name)
    if kind == "file":
        seconds, source = watched(f"FILE://{path}")
    else:
        with film.site(lambda _: path.read_bytes()) as (address, _):
            seconds, source = watched(f"Http{address[4:]}/{name}")
    assert seconds == pytest.approx(HALVES)
    assert not source.live
    assert source.missed() == []


@pytest.mark.parametrize("name", ["clip.mkv", "clip.ts"])
def test_a_server_without_ranges_is_read_to_the_end(film, watched, tmp_path, name):
    """A length alone says that it is a recording."""
    path = film.encode(tmp_path / name)
    with film.site(lambda _: path.read_bytes(), ranges=False) as (address, asked):
        assert watched(f"{address}/{name}")[0] == pytest.approx(HALVES)
    assert len(asked) == 1


class Playlist:
    """An HLS playlist of segments of a second, whose window moves on whenever it is asked for."""

    def __init__(self, film, folder, segments, *, window=None, live=True):
        self.segments, self.live = [], live
        self.window, self.last = window or segments, window or segments
        for number in range(segments):
            times = [number + tenth / 10 for tenth in range(10)]
            path = film.encode(folder / f"{number}.ts", times=times, kind="mpegts", options={"bf": "0"})
            self.segments.append(path.read_bytes())

    def __call__(self, path):
        """The playlist, or one of its segments while it is in the window."""
        if path.endswith(".m3u8"):
            return self._list()
        number = int(path.strip("/").partition(".")[0])
        return self.segments[number] if number >= self.last - self.window - 2 else None

    def _list(self):
        first = self.last - self.window
        head = f"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:{first}\n"
        lines = [f"#EXTINF:1.0,\n{number}.ts\n" for number in range(first, self.last)]
        self.last = min(self.last + 1, len(self.segments))
        return (head + "".join(lines) + ("" if self.live else "#EXT-X-ENDLIST\n")).encode()


def test_a_playlist_with_an_end_is_a_recording(film, watched, tmp_path):
    """It is fetched once, from its first segment to its last, at its own time."""
    playlist = Playlist(film, tmp_path, 4, live=False)
    with film.site(playlist) as (address, asked):
        seconds, source = watched(f"{address}/clip.m3u8")
    assert seconds == pytest.approx(HALVES)
    assert Counter(asked).most_common(1)[0][1] == 1
    assert not source.live


@pytest.mark.slow
def test_a_live_playlist_gives_as_many_frames_as_asked(film, tmp_path):
    """Its segments come at once, and its pictures are seen as far apart as they were taken, to the last."""
    playlist, wall = Playlist(film, tmp_path, 9, window=5), Wall(film.START)
    with film.site(playlist) as (address, _):
        source = Footage(
            f"{address}/live.m3u8", "cam-1", 2, PROTOCOLS, OPTIONS, 10, now=wall, sleep=wall.wait
        )
        seconds, behind = [], []
        for frame in islice(source.frames(), 11):
            assert frame.at <= wall()
            seconds.append((frame.at - film.START).total_seconds())
            behind.append(source.behind_s)
    assert seconds == pytest.approx([half / 2 for half in range(11)])
    assert source.live
    assert (source.missed(), source.breaks) == ([], 0)
    assert max(behind) >= 1
    assert "s behind" in source.standing() or not behind[-1]


@pytest.mark.slow
@pytest.mark.parametrize("live", [True, False])
def test_segments_whose_time_begins_anew_follow_one_another(film, tmp_path, live):
    """A playlist of segments that each begin at zero, as an encoder's restarts make them, has no gaps."""
    playlist, wall = Playlist(film, tmp_path, 7, window=5 if live else None, live=live), Wall(film.START)
    playlist.segments = playlist.segments[:1] * 7
    with film.site(playlist) as (address, _):
        source = Footage(
            f"{address}/v.m3u8", "cam-1", 2, PROTOCOLS, OPTIONS, 10, film.START, now=wall, sleep=wall.wait
        )
        seconds = [(frame.at - film.START).total_seconds() for frame in islice(source.frames(), 7)]
    assert seconds == pytest.approx([half / 2 for half in range(7)])
    assert source.breaks == 3
    assert source.missed() == []


def test_a_server_without_ranges_is_told(film, tmp_path):
    """An MP4 whose index stands at its end cannot be read from a server that gives no parts of it."""
    clip = film.encode(tmp_path / "clip.mp4")
    with (
        film.site(lambda _: clip.read_bytes(), ranges=False) as (address, _),
        pytest.raises(BadSource, match="no ranges"),
    ):
        next(open_source(f"{address}/clip.mp4", film.CAMERA, fps=2).frames())


def test_what_a_playlist_shows_again_is_known(film, tmp_path):
    """After a new connection the packets that were there are known again, until the first that is new."""
    with av.open(str(film.encode(tmp_path / "clip.ts", kind="mpegts", options={"bf": "0"}))) as container:
        packets = [packet for packet in container.demux(video=0) if packet.pts is not None]
        replays = Replays()
        replays.begin()
        for packet in packets[:30]:
            replays.note(packet)
        pictures = [picture for packet in packets for picture in packet.decode()]
    assert not any(map(replays.has, pictures))
    replays.begin()
    for packet in packets[20:]:
        replays.note(packet)
    assert [replays.has(picture) for picture in pictures] == [
        20 <= number < 30 for number in range(len(pictures))
    ]


@pytest.mark.slow
def test_a_live_stream_that_was_ended_is_not_watched_again(film, tmp_path):
    """When its sender ends a live playlist, what is left of it is no news; the next one is waited for."""
    playlist, wall, waits = Playlist(film, tmp_path, 6, window=4), Wall(film.START), []

    def wait(seconds):
        waits.append(seconds)
        wall.wait(seconds)
        if seconds >= 4:
            raise InterruptedError

    def follow(source):
        for frame in source.frames():
            seen.append(frame)
            playlist.live = len(seen) < 3

    seen = []
    with film.site(playlist) as (address, _):
        source = Footage(f"{address}/live.m3u8", "cam-1", 2, PROTOCOLS, OPTIONS, 10, now=wall, sleep=wait)
        with pytest.raises(InterruptedError):
            follow(source)
    assert 8 >= len(seen) >= 4
    assert waits[-3:] == [1, 2, 4]


def test_a_recording_can_be_shown_as_if_it_happened_now(film, tmp_path):
    """A registered camera may be a clip, for a demonstration: it is paced, and ends."""
    wall = Wall(film.START)
    source = Footage(
        str(film.encode(tmp_path / "clip.mp4", times=[*np.arange(20) / 10, *(np.arange(20) / 10 + 5000)])),
        "cam-1", 2, "file", paced=True, now=wall, sleep=wall.wait,
    )  # fmt: skip
    seconds = []
    for frame in source.frames():
        assert frame.at <= wall()
        seconds.append((frame.at - film.START).total_seconds())
    assert seconds == pytest.approx(HALVES)
    assert source.breaks == 1


def test_a_broken_recording_is_fetched_on(film, watched, tmp_path):
    """A connection that breaks off half-way is made again from there."""
    data = film.encode(tmp_path / "clip.ts", 200, kind="mpegts").read_bytes()
    with film.site(lambda _: data, cut=len(data) // 2) as (address, asked):
        seconds, _ = watched(f"{address}/clip.ts")
    assert seconds == pytest.approx([half / 2 for half in range(40)])
    assert len(asked) > 1


@pytest.mark.parametrize("scheme", ["file://", "FILE:", "concat:", "subfile,,start,0,end,0,,:"])
@pytest.mark.parametrize("way", ["playlist", "variants", "redirect"])
def test_no_server_leads_to_a_file(film, tmp_path, scheme, way):
    """A playlist may send on to another address, and a redirect too, but never to a file of this machine."""
    target = f"{scheme}{film.encode(tmp_path / 'secret.ts', kind='mpegts')}"
    texts = {
        "playlist": f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{target}\n#EXT-X-ENDLIST\n",
        "variants": f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{target}\n",
    }
    answer = target if way == "redirect" else texts[way].encode()
    with film.site(lambda _: answer) as (address, _), pytest.raises(BadSource):
        next(open_source(f"{address}/x.m3u8", film.CAMERA, fps=2).frames())


@pytest.mark.parametrize(
    ("times", "closed"),
    [
        ([*np.arange(20) / 10, *(7200 + np.arange(20) / 10)], 1),
        (np.arange(40) / 10 - 2, 0),
        (np.arange(40) / 10 + 95442, 0),
    ],
)
def test_times_of_a_file_may_begin_and_leap_anywhere(film, watched, tmp_path, times, closed):
    """A hole of hours is closed, and told; what begins before or long after zero begins at the start."""
    seconds, source = watched(film.encode(tmp_path / "clip.mkv", times=times))
    assert seconds == pytest.approx(HALVES)
    assert source.breaks == closed
    assert ("1 break in its time closed" in source.standing()) == bool(closed)


def test_recordings_that_were_glued_together_are_both_watched(film, watched, tmp_path):
    """Where time begins anew, the second follows the first."""
    once = film.encode(tmp_path / "once.ts", kind="mpegts").read_bytes()
    (tmp_path / "glued.ts").write_bytes(once * 3)
    seconds, source = watched(tmp_path / "glued.ts")
    assert seconds == pytest.approx([half / 2 for half in range(24)], abs=0.11)
    assert source.breaks == 2
    assert source.missed() == []


def test_a_small_hole_is_time_that_passed(film, watched, tmp_path):
    """Two seconds in which nothing was recorded are two seconds."""
    times = [*np.arange(10) / 10, *(3 + np.arange(10) / 10)]
    assert watched(film.encode(tmp_path / "clip.mkv", times=times))[0] == pytest.approx([0, 0.5, 3, 3.5])


@pytest.mark.parametrize("rate", [5, 10, 25, 30, 50])
def test_times_are_made_from_the_frame_rate(film, watched, tmp_path, rate):
    """A raw stream has no times; it lasts as long as it has pictures."""
    seconds, source = watched(film.encode(tmp_path / "clip.h264", 4 * rate, rate=rate))
    assert seconds == pytest.approx(HALVES, abs=0.9 / rate)
    assert source.missed() == []


@pytest.fixture
def covered(film, tmp_path):
    """A clip whose first stream is a cover, and whose second is a smaller picture of the street."""
    clip, path = film.encode(tmp_path / "clip.mp4"), tmp_path / "cover.mkv"
    with av.open(str(clip)) as given, av.open(str(path), "w") as container:
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 640, 480, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        street = container.add_stream_from_template(given.streams.video[0])
        still = av.VideoFrame.from_ndarray(np.zeros((480, 640, 3), np.uint8), format="bgr24")
        container.mux(cover.encode(still))
        for packet in given.demux(video=0):
            if packet.dts is not None:
                packet.stream = street
                container.mux(packet)
    return path


def test_the_video_is_watched_and_not_its_cover(film, watched, covered):
    """A picture that a file carries for show is not what it is about."""
    assert watched(covered)[0] == pytest.approx(HALVES)
    shown = next(open_source(str(covered), film.CAMERA, fps=2).frames())
    assert shown.image.shape == (240, 320, 3)


def test_the_true_failure_is_told(film, tmp_path):
    """A video without a picture, and one of which none can be decoded, are two things."""
    with av.open(str(tmp_path / "empty.mkv"), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        container.start_encoding()
    damaged = bytearray(film.encode(tmp_path / "clip.mkv").read_bytes())
    first = damaged.index(b"\x1f\x43\xb6\x75")  # the first cluster of Matroska
    with av.open(str(tmp_path / "clip.mkv")) as container:
        for packet in container.demux(video=0):
            place = damaged.find(bytes(packet), first) if packet.size else -1
            damaged[max(place, 0) : max(place, 0) + packet.size] = bytes([0xFF]) * packet.size
    (tmp_path / "damaged.mkv").write_bytes(damaged)
    for name, rule in (("empty.mkv", "End of file"), ("damaged.mkv", "none of its pictures")):
        with pytest.raises(BadSource, match=rule):
            next(open_source(str(tmp_path / name), film.CAMERA, fps=2).frames())


class Packet:
    """Stands for a packet of a damaged stream: it gives pictures of these times, or cannot be decoded."""

    def __init__(self, times):
        self.times = times

    def decode(self):
        """The pictures."""
        if self.times is None:
            raise av.error.InvalidDataError(1, "damaged")
        pictures = [av.VideoFrame(16, 16, "bgr24") for _ in self.times]
        for picture, at_s in zip(pictures, self.times, strict=True):
            picture.pts, picture.time_base = None if at_s is None else round(at_s * 1000), _MILLISECOND
        return pictures


_MILLISECOND = Fraction(1, 1000)


@given(
    st.lists(
        st.none() | st.lists(st.none() | st.floats(-1e5, 1e5) | st.floats(0, 5), max_size=4), max_size=30
    )
)
def test_everything_is_seen_or_counted_once(film, packets):
    """Whatever comes, each picture that is due is a frame, or is dropped; each bad packet is undecodable."""
    source = Footage("x", "cam-1", 1000, "file")
    video = type("Video", (), {"timed": True, "aspect": 1, "reordered": True})
    frames = list(source._due(video, [Packet(times) for times in packets], Clock(0.1, film.START)))
    missed = Counter(outcome for _, outcome in source.missed())
    assert missed[Outcome.UNDECODABLE] == packets.count(None)
    assert len(frames) + missed[Outcome.DROPPED] == sum(len(times or ()) for times in packets)
    assert [frame.at for frame in frames] == sorted({frame.at for frame in frames})
    assert source.missed() == []


def test_a_container_that_breaks_up_is_read_on(film, tmp_path):
    """PyAV fails with an IndexError on a packet of a stream that came up amid damage; the rest is read."""
    video = opened(str(film.encode(tmp_path / "clip.ts", kind="mpegts")), "file")
    demux, failures = video._container.demux, count()

    class Failing:
        def demux(self, stream):
            for packet in demux(stream):
                if next(failures) == 3:
                    raise IndexError
                yield packet

    video._container = Failing()
    packets = list(video.packets())
    assert packets.count(None) == 1
    assert len(packets) > 38


@pytest.mark.parametrize(
    ("rate", "after_s"), [(60, 0.05), (30, 2 / 30), (25, 0.08), (15, 1 / 15), (10, 0.1), (5, None)]
)
def test_a_due_frame_has_the_picture_a_moment_later(film, tmp_path, rate, after_s):
    """It is the first that is 0.05 s later or more; where pictures are farther apart than 0.15 s, none."""
    source = open_source(str(film.encode(tmp_path / "c.mp4", 2 * rate, rate=rate)), film.CAMERA, fps=2)
    glimpses = [frame.glimpse for frame in source.frames()]
    if after_s is None:
        assert glimpses == [None] * 4
    else:
        assert [one.after_s for one in glimpses] == pytest.approx([after_s] * 4, abs=0.002)
        assert {one.grey.shape for one in glimpses} == {(240, 320)}


def test_a_glimpse_is_the_picture_that_followed(film, tmp_path):
    """At 30 a second it resembles the third picture more than any other."""
    path = film.encode(tmp_path / "c.mp4", 8, rate=30)
    frame = next(open_source(str(path), film.CAMERA, fps=2).frames())
    greys = [film.picture(number) @ (0.114, 0.587, 0.299) for number in range(8)]
    alike = [np.corrcoef(frame.glimpse.grey.ravel(), grey.ravel())[0, 1] for grey in greys]
    assert int(np.argmax(alike)) == 2


def test_nothing_is_seen_across_a_break(film, tmp_path):
    """Where time was joined nobody knows how far two pictures lie apart: no glimpse is had there."""
    times = [*np.arange(0, 16) / 30, *(7200 + np.arange(0, 16) / 30)]
    source = open_source(str(film.encode(tmp_path / "c.mkv", times=times)), film.CAMERA, fps=2)
    frames = list(source.frames())
    assert source.breaks == 1
    assert [frame.glimpse is None for frame in frames] == [False, True, False]


def test_the_last_frame_comes_without_one(film, tmp_path):
    """What is due when nothing follows any more is a frame like the others."""
    source = open_source(str(film.encode(tmp_path / "c.mp4", 16, rate=30)), film.CAMERA, fps=2)
    assert [frame.glimpse is None for frame in source.frames()] == [False, True]


@pytest.mark.parametrize("failure", [IndexError, ValueError, MemoryError, OSError])
def test_whatever_a_container_raises_is_a_break(film, tmp_path, failure):
    """A recording that fails half-way ends there, with the frames that it had, and no traceback."""
    source = Footage(str(film.encode(tmp_path / "c.ts", kind="mpegts")), "cam-1", 2, "file")
    video = opened(source.address, "file")
    demux = video._container.demux

    class Failing:
        def __init__(self):
            self.begun = False

        def demux(self, stream):
            if not self.begun:
                self.begun = True
                yield from islice(demux(stream), 20)
            raise failure("damaged")

        def close(self):
            """Nothing is left to be closed."""

    video._container = Failing()
    frames = list(source._recording(video))
    assert len(frames) >= 3


def test_whatever_a_decoder_raises_is_undecodable(film):
    """A packet that cannot be decoded is counted, whatever is wrong with it."""

    class Mad:
        def __init__(self, failure):
            self.failure = failure

        def decode(self):
            raise self.failure

    source = Footage("x", "cam-1", 1000, "file")
    video = type("Video", (), {"timed": True, "aspect": 1, "reordered": True})
    packets = [Mad(failure) for failure in (IndexError(), ValueError(), MemoryError(), RuntimeError())]
    assert list(source._due(video, packets, Clock(0.1, film.START))) == []
    assert [outcome for _, outcome in source.missed()] == [Outcome.UNDECODABLE] * 4


@pytest.mark.parametrize("failure", [IndexError, ValueError, MemoryError])
def test_whatever_a_header_raises_is_refused(monkeypatch, failure):
    """A header that PyAV stumbles over is a bad source, with its address."""

    def fail(*_args, **_kwargs):
        raise failure

    monkeypatch.setattr(av, "open", fail)
    with pytest.raises(BadSource, match=f"it cannot be read: {failure.__name__}"):
        opened("x.mp4", "file")


@pytest.fixture(scope="module")
def whole(film, tmp_path_factory):
    """A small clip of four seconds as MP4 and as MPEG-TS."""
    folder = tmp_path_factory.mktemp("whole")
    return {
        "mp4": film.encode(folder / "clip.mp4").read_bytes(),
        "ts": film.encode(folder / "clip.ts", kind="mpegts").read_bytes(),
    }


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("kind", ["mp4", "ts"])
def test_a_damaged_clip_ends_in_frames_or_is_refused(film, whole, tmp_path, kind, seed):
    """Bytes that were changed anywhere, or in the index, never end in a traceback."""
    random = np.random.default_rng(seed)
    data = np.frombuffer(whole[kind], np.uint8).copy()
    index = whole[kind].find(b"moov")
    begin = index if kind == "mp4" and seed % 2 else 0
    places = random.integers(begin, len(data), 12 if begin else 200)
    data[places] = random.integers(0, 256, len(places))
    path = tmp_path / f"clip.{kind}"
    path.write_bytes(data.tobytes())
    source = open_source(str(path), film.CAMERA, fps=2, start=film.START)
    times = None
    with suppress(BadSource):
        times = [frame.at for frame in source.frames()]
    assert times is None or (times == sorted(set(times)) and 0 < len(times) <= 40)


def test_a_hole_that_leads_beyond_a_recordings_end_is_not_believed(film):
    """What a clip of six seconds has an hour later follows the last picture; a hole within it is time."""
    clock = Clock(0.1, film.START, lasts_s=6.0)
    told = [clock.tell(own_s) for own_s in (0.0, 0.1, 2.0, 2.1, 2600.0, 2600.1, 2600.2)]
    assert [round((at - film.START).total_seconds(), 3) for at in told] == [0, 0.1, 2.0, 2.1, 2.2, 2.3, 2.4]
    assert clock.breaks == 1


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    """Make ten seconds as a camera sends them, a key frame every so many pictures of 30 a second."""

    def make(gap, options):
        path = tmp_path_factory.mktemp("sent") / "camera.mkv"
        random = np.random.default_rng(0)
        place = random.integers(40, 200, (24, 32, 3)).repeat(10, axis=0).repeat(10, axis=1).astype(np.uint8)
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=30, options={"sc_threshold": "0", **options})
            stream.width, stream.height, stream.pix_fmt, stream.gop_size = 320, 240, "yuv420p", gap
            for number in range(300):
                picture = np.roll(place, 3 * number, axis=1)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
            container.mux(stream.encode(None))
        return str(path)

    return make


def _looked(monkeypatch, film, path, fps, *, thrifty=True):
    """The frames at so many a second, and how many packets were decoded for them."""
    handed = []
    monkeypatch.setattr(footage, "decoded", lambda packet: handed.append(packet) or decoded(packet))
    if not thrifty:
        monkeypatch.setattr(footage, "_needed", lambda _video, packets, _keys: packets)
    frames = list(Footage(path, "cam-1", fps, "file", start=film.START).frames())
    monkeypatch.undo()
    return frames, len(handed)


@pytest.mark.parametrize(("gap", "fps", "most"), [(30, 1, 70), (15, 1, 55), (30, 0.5, 50), (30, 2, 230)])
def test_a_look_needs_the_pictures_since_its_key_frame_and_no_others(monkeypatch, film, sent, gap, fps, most):
    """What is left out is never missed: frames and glimpses are what they would have been."""
    path = sent(gap, {"bf": "0"})
    frames, handed = _looked(monkeypatch, film, path, fps)
    whole, every = _looked(monkeypatch, film, path, fps, thrifty=False)
    assert every >= 300
    assert handed <= most
    assert [frame.at for frame in frames] == [frame.at for frame in whole]
    for one, other in zip(frames, whole, strict=True):
        assert (one.image == other.image).all()
        assert one.glimpse.after_s == other.glimpse.after_s
        assert (one.glimpse.grey == other.glimpse.grey).all()


def test_where_pictures_are_reordered_all_are_decoded(monkeypatch, film, sent):
    """B frames are shown before what they are made from: nothing is left out."""
    assert _looked(monkeypatch, film, sent(30, {"bf": "2"}), 1)[1] >= 300
