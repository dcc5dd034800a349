"""How well a day was watched: told by camera or by area, the worst first."""

import json
from datetime import date, datetime, timedelta

import pytest
from typer.testing import CliRunner

from batch.__main__ import app
from batch.compacting.compact import compact
from batch.rolling.quality import quality
from batch.rolling.rollup import rollup
from lakehouse.city import cameras
from lakehouse.city.cameras import Camera
from lakehouse.problem import UnknownCamera, UnknownDay
from lakehouse.scenes import Health, Outcome
from lakehouse.store import Lake

DAY = date(2026, 11, 23)


@pytest.fixture
def lake(lake, midnight):
    """The lake as it is looked at when the day is long over."""
    return Lake.open(lake.root, lambda: midnight + timedelta(days=2))


@pytest.fixture
def hang(lake):
    """Hang a camera of so many frames a second in an area, at a time of the day."""

    def register(camera_id, midnight, minute=-60, fps=0.125, area_id="33.74.01"):
        camera = Camera(
            camera_id=camera_id,
            valid_from=midnight + timedelta(minutes=minute),
            name=camera_id.upper(),
            owner="x",
            site="street",
            area_id=area_id,
            lat=-7,
            lon=110,
            source="test",
            width=640,
            height=360,
            fps=fps,
        )
        cameras.register(lake, [camera])

    return register


@pytest.fixture
def midnight():
    """When the day of the looks begins."""
    return datetime.fromisoformat("2026-11-23T00:00:00+07:00")


@pytest.fixture
def told(lake):
    """The quality of the newest day, by area."""

    def tell(**asked):
        compact(lake)
        return {one.area_id: one for one in quality(lake, **asked)[1]}

    return tell


def test_the_worst_camera_stands_first(lake, see, hang, midnight):
    """A camera that was watched half of the time stands before one that was watched all of it."""
    for camera in ("cam-a", "cam-b"):
        hang(camera, midnight)
    see("cam-a", range(60))
    see("cam-b", range(30), producer="shard-1")
    compact(lake)
    day, found = quality(lake)
    assert day == DAY
    assert [(one.area_id, one.name, one.coverage, one.low_hours) for one in found] == [
        ("cam-b", "CAM-B", 0.5, 0),
        ("cam-a", "CAM-A", 1.0, 0),
    ]


def test_frames_are_told_by_what_became_of_them(see, hang, midnight, told):
    """Expected are those of the rate until the hour is over, also while nobody looked."""
    hang("cam-a", midnight)
    see("cam-a", range(30))
    see("cam-a", [30], outcome=Outcome.GATED)
    see("cam-a", range(31, 60), outcome=Outcome.DROPPED)
    see("cam-a", [89])
    found = told()["cam-a"]
    assert found.expected == 120 * 7.5
    assert found.frames == {"looked_at": 31 * 12, "gated": 12, "dropped": 29 * 12, "undecodable": 0}


def test_unknown_minutes_are_told_by_their_reason(lake, see, hang, midnight, told, looks):
    """Not looked at, black, undecoded, and seen but not measured: each minute has its one reason."""
    hang("cam-a", midnight)
    see("cam-a", [0])
    see("cam-a", [1, 2], health=Health.BLACK)
    see("cam-a", [3], outcome=Outcome.UNDECODABLE)
    lake.landing.producer("x").append({"looks": looks("cam-a", [4])})
    see("cam-a", [9])
    compact(lake)
    rollup(lake)
    found = told()["cam-a"]
    assert found.unknown == {
        "not looked at": 50 + 4, "unhealthy: black": 2, "no frame decoded": 1, "not measured": 1,
    }  # fmt: skip
    assert (found.low_hours, found.hours) == (1, 1)


def test_a_camera_that_nobody_looked_at_is_told(see, hang, midnight, told):
    """A camera that hangs and was never watched is not seen at all, and not left out."""
    hang("cam-a", midnight)
    hang("cam-b", midnight)
    see("cam-b", range(60))
    assert (told()["cam-a"].coverage, told()["cam-a"].expected) == (0.0, 450)


def test_before_a_camera_hung_nothing_was_expected(see, hang, midnight, told):
    """Of a camera hung at half past, half an hour is told; one hung later than that day is not told."""
    hang("cam-a", midnight, minute=30)
    hang("cam-b", midnight, minute=3000)
    see("cam-a", range(30, 60))
    found = told()
    assert (found["cam-a"].coverage, found["cam-a"].expected) == (1.0, 225)
    assert set(found) == {"cam-a"}


def test_areas_are_told_by_their_cameras(see, hang, midnight, told):
    """A kecamatan has the frames of its cameras together, and their mean coverage."""
    for camera, area in (("cam-a", "33.74.01"), ("cam-b", "33.74.01"), ("cam-c", "33.74.02")):
        hang(camera, midnight, area_id=area)
    see("cam-a", range(60))
    see("cam-c", range(60), producer="shard-1")
    found = told(level="kecamatan")
    assert {area: (one.cameras, one.coverage, one.low_hours, one.hours) for area, one in found.items()} == {
        "33.74.01": (2, 0.5, 1, 2),
        "33.74.02": (1, 1.0, 0, 1),
    }


def test_the_synthetic_past_expects_the_frames_that_it_has(see, hang, midnight, told):
    """A look of the producer `history` is one frame, and so is one that is missing."""
    hang("cam-a", midnight, fps=2)
    see("cam-a", range(30), producer="history")
    see("cam-a", [59], producer="history")
    assert told()["cam-a"].expected == 31 * 12 + 29 * 6


@pytest.mark.parametrize(
    ("asked", "problem"),
    [({"day": date(2020, 1, 1)}, UnknownDay), ({"cameras": ["cam-a", "nobody"]}, UnknownCamera)],
)
def test_an_unknown_day_or_camera_is_named(see, told, asked, problem):
    """What the lake does not have is an error that names it, and what there is."""
    see("cam-a", [0])
    with pytest.raises(problem, match=r"2020-01-01.*2026-11-23|nobody"):
        told(**asked)


def test_an_empty_lake_has_no_day(lake):
    """A lake in which nothing was looked at says what to do."""
    with pytest.raises(UnknownDay, match="compact"):
        quality(lake)


def test_the_command_prints_text_and_json(lake, see, hang, midnight, told):
    """`quality` prints a line for each camera; `--json` prints the same for machines."""
    hang("cam-a", midnight)
    see("cam-a", range(60))
    told()
    asked = ["quality", "--lake", lake.root, "--day", "2026-11-23"]
    text = CliRunner().invoke(app, asked).stdout
    assert text.splitlines()[1].split()[:4] == ["cam-a", "100%", "450", "720"]
    found = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)
    assert (found["day"], found["floor"]) == ("2026-11-23", 0.5)
    assert [(one["area_id"], one["coverage"]) for one in found["items"]] == [("cam-a", 1.0)]
