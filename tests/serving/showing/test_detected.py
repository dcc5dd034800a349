"""A picture or a clip is looked into, drawn and told; what cannot be looked into is refused by name."""

import io
import os
import re
import struct
import subprocess
import sys
import zlib
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from lakehouse.city.cameras import Camera, Purpose, Zone
from lakehouse.problem import BadFolder, BadImage, BadSource
from serving.seeing import detectors
from serving.showing.detected import detected

HOUSE = Path(__file__).parents[3]
DATA = Path(os.environ.get("MATAKOTA_DATA", HOUSE.parent / "shared" / "data"))
CAR = [["car", 0.8, 0.1, 0.5, 0.5, 0.9]]


@pytest.fixture
def finds(rehearsed):
    """A detector that finds what a script says."""
    return lambda script: detectors.load(rehearsed(script))


def saved(path, mode="RGB", size=(64, 48), **options):
    """A plain picture's file."""
    Image.new(mode, size).save(path, **options)
    return str(path)


@pytest.mark.parametrize(
    ("name", "mode", "told"),
    [
        ("a.jpg", "RGB", "JPEG, colour, 64 x 48 pixels"),
        ("a.jpg", "CMYK", "JPEG, CMYK, 64 x 48 pixels"),
        ("a.jpg", "L", "JPEG, grey, 64 x 48 pixels"),
        ("a.png", "I;16", "PNG, 16-bit grey, 64 x 48 pixels"),
        ("a.png", "RGBA", "PNG, transparent colour, 64 x 48 pixels"),
        ("a.png", "P", "PNG, indexed colour, 64 x 48 pixels"),
        ("a.webp", "RGB", "WEBP, colour, 64 x 48 pixels"),
        ("a.bmp", "1", "BMP, black and white, 64 x 48 pixels"),
    ],
)
def test_a_picture_of_any_kind_is_converted_and_that_is_said(tmp_path, finds, name, mode, told):
    """One picture in, one JPEG out, a line of what it was and a line of counts."""
    lines = list(detected(saved(tmp_path / name, mode), tmp_path / "out", finds([CAR])))
    assert lines[0] == f"{name}: {told}; looked at in 64 x 48, 8-bit colour"
    assert lines[1] == "1 car"
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["a-seen.jpg"]
    assert Image.open(tmp_path / "out" / "a-seen.jpg").size == (64, 48)


def test_a_large_picture_says_in_what_size_it_was_looked_at(tmp_path, finds):
    """What is larger than the detector needs comes smaller, and nobody has to guess."""
    lines = list(detected(saved(tmp_path / "a.png", size=(5200, 20)), tmp_path, finds([[]])))
    assert lines[0].endswith("5200 x 20 pixels; looked at in 1734 x 7, 8-bit colour")
    assert lines[1] == "nothing"


def test_a_bomb_is_refused_by_its_name(tmp_path, finds):
    """A small file of billions of pixels is not decoded."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 41_000, 41_000, 1, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(2**20)))
    (tmp_path / "bomb.png").write_bytes(bomb)
    with pytest.raises(BadImage, match=r"bomb\.png'.*pixels"):
        list(detected(str(tmp_path / "bomb.png"), tmp_path, finds([[]])))


def test_half_a_picture_is_a_bad_picture_and_no_clip(tmp_path, finds):
    """A file that begins like a picture is judged as one."""
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (99, 99, 3), np.uint8)).save(buffer, "JPEG")
    (tmp_path / "half.jpg").write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    with pytest.raises(BadImage, match=r"half\.jpg'.*cannot be decoded"):
        list(detected(str(tmp_path / "half.jpg"), tmp_path, finds([[]])))


@pytest.mark.parametrize("data", [None, b"", b"no clip", b"\x89PNG\r\n\x1a\nbroken"])
def test_what_is_neither_picture_nor_clip_is_refused(tmp_path, finds, data):
    """A file that is not there, is empty, or holds something else."""
    path = tmp_path / "thing"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises((BadSource, BadImage), match="thing"):
        list(detected(str(path), tmp_path / "out", finds([[]])))


def test_a_folder_that_is_a_file_is_refused(tmp_path, finds):
    """Pictures are written to a folder."""
    picture = saved(tmp_path / "a.png")
    with pytest.raises(BadFolder, match="name another --out"):
        list(detected(picture, Path(picture), finds([[]])))


def test_a_clip_becomes_a_picture_a_look_and_a_movie(tmp_path, finds, noisy_clip):
    """Four seconds at two looks a second: eight pictures, a movie of four seconds, lines and a summary."""
    clip, out = noisy_clip(80, 20), tmp_path / "out"
    two = [*CAR, ["person", 0.9, 0.5, 0.5, 0.6, 0.9]]
    lines = list(detected(str(clip), out, finds([CAR, two])))
    assert lines[:2] == ["    0.00 s  1 car", "    0.50 s  1 person, 1 car"]
    assert lines[8] == "8 looks"
    assert re.sub(" +", " ", lines[9]) == " person 0.5 a look, 0 to 1"
    assert re.sub(" +", " ", lines[10]) == " car 1.0 a look, 1 to 1"
    assert lines[-1].endswith(str(out))
    names = sorted(file.name for file in out.iterdir())
    assert names == sorted(["jalan-seen.mp4", *[f"jalan-seen-{number:04d}.jpg" for number in range(1, 9)]])
    with av.open(str(out / "jalan-seen.mp4")) as container:
        assert container.duration / av.time_base == pytest.approx(4)


def test_what_is_looked_into_stays_as_it_is(tmp_path, finds, noisy_clip):
    """Pictures and clips may lie in the folder that is written to."""
    picture, clip = Path(saved(tmp_path / "a.jpg")), noisy_clip(20, 20)
    before = picture.read_bytes(), clip.read_bytes()
    list(detected(str(picture), tmp_path, finds([CAR])))
    list(detected(str(clip), clip.parent, finds([CAR])))
    assert (picture.read_bytes(), clip.read_bytes()) == before


def test_a_long_clip_is_looked_into_so_often_at_most(tmp_path, finds, noisy_clip):
    """Who wants more says so."""
    lines = list(detected(str(noisy_clip(80, 20)), tmp_path, finds([[]]), most=3))
    assert "3 looks; there may be more: raise --most" in lines
    assert len(list(tmp_path.glob("*.jpg"))) == 3


def test_the_zones_of_a_camera_are_drawn(tmp_path, finds):
    """A picture with a camera named differs from one without, along the camera's zone."""
    line = Zone(zone_id="flow", purpose=Purpose.ROAD, corners=((0.0, 0.5), (1.0, 0.5)))
    camera = Camera(
        camera_id="one", valid_from=datetime(2026, 1, 1, tzinfo=UTC), name="One", owner="o", site="street",
        area_id="33.74", lat=-7, lon=110, source="", width=640, height=480, zones=(line,),
    )  # fmt: skip
    picture = saved(tmp_path / "a.png", size=(640, 480))
    list(detected(picture, tmp_path / "without", finds([[]])))
    list(detected(picture, tmp_path / "with", finds([[]]), camera=camera))
    bright = [
        np.asarray(Image.open(tmp_path / where / "a-seen.jpg"))[238:242].max(axis=(0, 2))
        for where in ("without", "with")
    ]
    assert bright[0].max() < 20
    assert bright[1].min() > 180


def test_the_verbs_look_and_adopt_at_the_command_line(tmp_path):
    """`detect` tells counts; what `adopt-weights` cannot read is one line on stderr, and status 1."""

    def serving(*words):
        command = [sys.executable, "-m", "serving", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=HOUSE)

    done = serving("detect", saved(tmp_path / "a.png", size=(640, 384)), "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1] == "nothing"
    done = serving("adopt-weights", tmp_path / "no.onnx")
    assert done.returncode == 1
    assert re.fullmatch(r"error: '.*': there is no such file; name .*\n", done.stderr)


@pytest.mark.data
@pytest.mark.skipif(not (DATA / "videos").is_dir(), reason="no real clips: set MATAKOTA_DATA")
@pytest.mark.parametrize("clip", ["vtest.avi", "carpark_stopped_car.mp4", "jakarta_sudirman_traffic.mp4"])
def test_real_clips_are_drawn(tmp_path, clip):
    """Wide and upright clips of real cameras: something is found, and drawn over it."""
    lines = list(detected(str(DATA / "videos" / clip), tmp_path, detectors.load(), fps=1, most=2))
    assert any(" car" in line or " person" in line for line in lines)
    assert len(list(tmp_path.glob("*.jpg"))) == 2
