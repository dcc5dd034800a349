"""`python -m serving watch`: one source, one process, from pixels to rows that landed."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.compute as pc
import pytest
from typer.testing import CliRunner

from lakehouse.city import cameras
from lakehouse.city.beginning import begin
from lakehouse.city.tree import read as read_tree
from lakehouse.problem import BadLake, BadSource, BadTime, BadWeights, UnknownCamera
from lakehouse.scenes import Outcome
from lakehouse.store import Lake
from lakehouse.synthetic import City
from serving.__main__ import app
from serving.watching.adhoc import place
from serving.watching.tally import CountLine, outcomes_in_words
from serving.watching.watch import watch

HOUSE = Path(__file__).parents[3]
DATA = Path(os.environ.get("MATAKOTA_DATA", HOUSE.parent / "shared" / "data"))
START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def clip(noisy_clip):
    """Ten seconds of a noisy picture, ten frames a second."""
    return noisy_clip(frames=100, rate=10)


@pytest.fixture(scope="module")
def weights(rehearsed):
    """An engine with a script: a person stands, and now and then a car drives down the picture."""
    drive = [0.3, 0.45, 0.6, 0.75, 0.9]
    person = ["person", 0.9, 0.1, 0.3, 0.2, 0.6]
    script = [[person, ["car", 0.8, 0.5, low - 0.15, 0.7, low]] for low in drive] + [[person]] * 6
    return rehearsed(script)


def _sums(lake):
    measures = Lake.open(lake).read("measures", fresh=True)
    return {
        kind: pc.sum(measures.filter(pc.field("kind") == kind)["sum"]).as_py()
        for kind in set(measures["kind"].to_pylist())
    }


def test_a_file_becomes_rows(clip, weights, tmp_path):
    """Every due frame of a file is looked at, and boxes, minutes and looks land at the file's time."""
    lake = str(tmp_path / "lake")
    lines = watch(str(clip), lake, weights=weights, start=START)
    assert "20 looked at" in lines[0]
    assert f"next: python -m batch compact --lake {lake}" in lines
    assert _sums(lake) == {
        "crowd.people": 20,
        "traffic.flow": 2,
        "traffic.flow_untracked": 0,
        "traffic.flow_variance": 0,
        "traffic.occupancy": pytest.approx(10 * 0.03, rel=0.1),
    }
    opened = Lake.open(lake)
    boxes = opened.read("observations", fresh=True)
    assert boxes.num_rows == 30
    assert pc.min(boxes["at"]).as_py() == START
    looks = opened.read("looks", fresh=True).to_pylist()
    assert [len(look["frames"]) for look in looks] == [20]
    assert {frame["outcome"] for look in looks for frame in look["frames"]} == {Outcome.LOOKED}
    assert opened.read("kinds").num_rows == 13


def test_a_recording_over_http_is_watched_once(film, clip, weights, tmp_path):
    """A clip on a web server is looked at as the same clip on a disk, and then `watch` ends."""
    with film.site(lambda _: clip.read_bytes()) as (address, asked):
        lines = watch(f"HTTP{address[4:]}/jalan.mp4", str(tmp_path / "lake"), weights=weights, start=START)
    assert "frames: 20 looked at" in lines[0]
    assert len(asked) < 5
    lake = Lake.open(tmp_path / "lake")
    assert pc.min(lake.read("observations", fresh=True)["at"]).as_py() == START
    (camera,) = cameras.read(lake).values()
    assert camera.source == f"{address}/jalan.mp4"


def test_a_file_address_is_the_same_camera_as_its_path(clip, weights, tmp_path):
    """However a file is written, it is one camera."""
    for source in (str(clip), f"file://{clip}", f"File:{clip}"):
        assert "20 looked at" in watch(source, str(tmp_path / "lake"), weights=weights)[0]
    assert len(cameras.read(Lake.open(tmp_path / "lake"))) == 1


def test_breaks_in_time_are_told(film, weights, tmp_path):
    """Two recordings that were glued together are both watched, and the summary says that time broke."""
    once = film.encode(tmp_path / "once.ts", kind="mpegts").read_bytes()
    (tmp_path / "glued.ts").write_bytes(once + once)
    lines = watch(str(tmp_path / "glued.ts"), str(tmp_path / "lake"), weights=weights, start=START)
    assert lines[0].endswith("frames: 16 looked at, 1 break in its time closed")


def test_an_unregistered_source_is_a_camera_of_the_city(clip, weights, tmp_path):
    """The same file is the same camera again, in the city's area, with the whole frame as its zone."""
    lake = str(tmp_path / "lake")
    for _ in range(2):
        watch(str(clip), lake, weights=weights)
    (camera,) = cameras.read(Lake.open(lake)).values()
    digest = hashlib.sha256(str(clip).encode()).hexdigest()
    assert camera.camera_id == f"adhoc-{digest[:10]}"
    assert (camera.area_id, camera.version) == ("33.74", 1)
    assert (camera.width, camera.height, camera.fps) == (320, 240, 2.0)
    assert {zone.corners for zone in camera.zones if not zone.is_line} == {((0, 0), (1, 0), (1, 1), (0, 1))}
    epochs = set(Lake.open(lake).read("measures", fresh=True)["epoch"].to_pylist())
    assert epochs == {1, 2}


def test_a_registered_camera_is_watched_with_its_zones(clip, weights, tmp_path):
    """With a camera's id its own zones count."""
    lake = Lake.create(tmp_path / "lake")
    camera = City(7).cameras["lawang-sewu"]
    cameras.register(lake, [camera])
    watch(str(clip), str(tmp_path / "lake"), weights=weights, camera_id="lawang-sewu", start=START)
    visits = {"tourism.visits", "tourism.visits_untracked", "tourism.visits_variance"}
    assert set(_sums(tmp_path / "lake")) == {"crowd.people", *visits}
    assert list(cameras.read(lake)) == ["lawang-sewu"]


@pytest.mark.slow
def test_a_synthetic_camera_is_watched_live(camera_up, weights, tmp_path):
    """A camera of the synthetic city can be watched as it happens, and left after a while."""
    lake = Lake.create(tmp_path / "lake")
    cameras.register(lake, [City(7).cameras[camera_up]])
    lines = watch("synthetic:7", str(tmp_path / "lake"), weights=weights, camera_id=camera_up, minutes=0.03)
    assert "looked at" in lines[0]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"source": "no-such.mp4"}, BadSource),
        ({"source": str(Path(__file__))}, BadSource),
        ({"camera_id": "nobody"}, UnknownCamera),
        ({"weights": Path("no-such.xml")}, BadWeights),
    ],
)  # fmt: skip
def test_bad_input_leaves_nothing_behind(change, problem, clip, weights, tmp_path):
    """Where something cannot be used it is named, and no lake is made."""
    given = {"source": str(clip), "lake": str(tmp_path / "lake"), "weights": weights} | change
    with pytest.raises(problem):
        watch(**given)
    assert not (tmp_path / "lake").exists()


def test_a_folder_that_is_no_lake_is_refused(clip, weights, tmp_path):
    """A folder with something else in it is not turned into a lake."""
    (tmp_path / "thesis.doc").write_text("mine")
    for camera_id in (None, "nobody"):
        with pytest.raises(BadLake):
            watch(str(clip), str(tmp_path), weights=weights, camera_id=camera_id)


def test_a_time_that_is_none_is_refused():
    """A start that is no time is an error of its own."""
    result = CliRunner().invoke(app, ["watch", "x.mp4", "--start", "gestern"])
    assert isinstance(result.exception, BadTime)


def test_a_password_is_kept_nowhere():
    """A camera's place has no secret, so neither its id nor its row does."""
    assert place("rtsp://admin:geheim@10.0.0.9/live") == "rtsp://***@10.0.0.9/live"


@pytest.mark.slow
def test_an_interrupted_watch_lands_what_it_saw(camera_up, weights, tmp_path):
    """Ctrl-C ends a stream cleanly: what was seen has landed, and the exit status is 0."""
    lake = Lake.create(tmp_path / "lake")
    cameras.register(lake, [City(7).cameras[camera_up]])
    words = [
        "watch",
        "synthetic:7",
        "--lake",
        tmp_path / "lake",
        "--camera",
        camera_up,
        "--weights",
        weights,
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "serving", *map(str, words)],
        cwd=HOUSE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    killer = threading.Timer(60, process.kill)
    killer.start()
    assert "looked at" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    killer.cancel()
    assert process.returncode == 0
    assert "next: python -m batch compact" in out
    assert lake.read("looks", fresh=True).num_rows >= 1


def test_kinds_are_written_and_listed(tmp_path):
    """`kinds` writes what this installation measures, once, and lists it."""
    Lake.create(tmp_path / "lake")
    first, second = (CliRunner().invoke(app, ["kinds", "--lake", str(tmp_path / "lake")]) for _ in range(2))
    assert "traffic.flow" in first.output
    assert "written as version" in first.output
    assert "nothing new" in second.output


class Screen:
    """A terminal, or none."""

    def __init__(self, *, terminal):
        self.terminal, self.text = terminal, ""

    def isatty(self):
        """Whether somebody sits there."""
        return self.terminal

    def write(self, text):
        """Keep it."""
        self.text += text

    def flush(self):
        """It is there already."""


@pytest.mark.parametrize(("terminal", "lines"), [(True, 1), (False, 3)])
def test_the_line_is_rewritten_only_at_a_terminal(terminal, lines):
    """A terminal has one line that changes; a log file has plain lines, now and then."""
    now, screen = [0.0], Screen(terminal=terminal)
    line = CountLine(screen, lambda: now[0])
    for second in range(15):
        now[0] = float(second)
        line.show(lambda: "counting")
    line.show(lambda: "done", last=True)
    assert screen.text.count("\n") == lines
    assert ("\r" in screen.text) == terminal
    assert screen.text.endswith("done\n")


def test_what_never_happened_is_left_out():
    """The summary names only outcomes that there were."""
    assert outcomes_in_words({Outcome.LOOKED: 3, Outcome.GATED: 0, Outcome.DROPPED: 2}) == (
        "frames: 3 looked at, 2 dropped"
    )


@pytest.mark.data
@pytest.mark.skipif(not (DATA / "videos").is_dir(), reason="no real clips: set MATAKOTA_DATA")
@pytest.mark.parametrize(
    ("name", "kind", "least", "most"),
    [
        ("intel_one-by-one-person-detection.mp4", "crowd.people", 170, 250),
        ("adamridene_demo_video.mp4", "traffic.flow", 4, 14),
    ],
)
def test_real_clips_are_counted_as_the_eye_does(name, kind, least, most, tmp_path):
    """What the shipped weights count in real clips is near what a person counted in drawn frames."""
    watch(str(DATA / "videos" / name), str(tmp_path / "lake"), start=START)
    assert least <= _sums(tmp_path / "lake")[kind] <= most


def test_a_source_hangs_in_the_city_of_its_lake(clip, weights, tmp_path):
    """In a lake with a tree of its own, a camera that nobody registered hangs in that city."""
    areas = tmp_path / "areas.csv"
    areas.write_text("area_id,parent_id,level,name,lat,lon\n33.73,,city,Salatiga,-7.33,110.50\n")
    lake = Lake.create(tmp_path / "lake")
    list(begin(lake, read_tree(areas)))
    watch(str(clip), lake.root, fps=1, weights=weights)
    assert [camera.area_id for camera in cameras.read(lake).values()] == ["33.73"]
