"""A lake for real cameras, as its operator begins one."""

from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from lakehouse.__main__ import app
from lakehouse.city import cameras
from lakehouse.city.areas import Areas
from lakehouse.city.beginning import begin
from lakehouse.city.tree import read, semarang
from lakehouse.problem import BadLake, UnknownCamera
from lakehouse.store import Lake

CITY = "area_id,parent_id,level,name,lat,lon\n33.73,,city,Salatiga,-7.33,110.50\n"
CAMERAS = "id,area_id,latitude,longitude,liveViewUrl\ncam-1,{area},{lat},{lon},rtsp://10.0.0.5/s\n"


@pytest.fixture
def invoke():
    """Run a command of the room."""

    def run(*words):
        return CliRunner().invoke(app, [str(word) for word in words])

    return run


def hang(invoke, tmp_path, lake, area="33.74", lat=-6.99, lon=110.42):
    """Import one camera."""
    listing = tmp_path / "cameras.csv"
    listing.write_text(CAMERAS.format(area=area, lat=lat, lon=lon))
    return invoke("cameras", "import", listing, "--lake", lake)


def test_one_command_makes_a_lake_into_which_cameras_can_be_imported(invoke, tmp_path):
    """`new` makes Semarang's areas and the days that differ, and nothing synthetic; it can be run again."""
    root = tmp_path / "lake"
    done = invoke("new", root)
    assert done.exit_code == 0
    assert "1 city, 16 kecamatan, 177 kelurahan" in done.stdout
    lake = Lake.open(root)
    assert len(lake.read("calendar")) > 100
    assert not len(lake.read("weather")) + len(lake.read("cameras"))
    versions = {name: lake.version(name) for name in ("areas", "calendar")}
    assert invoke("new", root).exit_code == 0
    assert versions == {name: lake.version(name) for name in versions}
    assert hang(invoke, tmp_path, root).exit_code == 0
    assert list(cameras.read(lake)) == ["cam-1"]


def test_a_tree_of_ones_own_takes_the_place_of_semarangs(invoke, tmp_path):
    """With `--areas` the lake is that city's, and its cameras hang in it."""
    (tmp_path / "areas.csv").write_text(CITY)
    assert invoke("new", tmp_path / "lake", "--areas", tmp_path / "areas.csv").exit_code == 0
    assert hang(invoke, tmp_path, tmp_path / "lake", "33.73", -7.33, 110.5).exit_code == 0
    lake = Lake.open(tmp_path / "lake")
    assert [area.area_id for area in Areas.read(lake)] == ["33.73", "camera:cam-1"]


def test_a_lake_keeps_its_areas(tmp_path):
    """Another city's tree is refused, and nothing is changed."""
    lake = Lake.create(tmp_path / "lake")
    list(begin(lake, semarang()))
    (tmp_path / "areas.csv").write_text(CITY)
    before = lake.version("areas")
    with pytest.raises(BadLake, match="other areas"):
        list(begin(lake, read(tmp_path / "areas.csv")))
    assert lake.version("areas") == before


@pytest.mark.parametrize("at", ["2026-11-29", "2027-12-31", "2028-02-29", "2031-07-01"])
def test_the_calendar_reaches_over_a_year_ahead_on_any_day(tmp_path, at):
    """Whatever the day, what differs is known for the longest forecast, and of two years behind."""
    now = datetime.fromisoformat(at).replace(tzinfo=UTC)
    lake = Lake.create(tmp_path / "lake", lambda: now)
    list(begin(lake, semarang()))
    days = sorted(lake.read("calendar")["day"].to_pylist())
    assert (now.date() - days[0]).days > 700
    assert (days[-1] - now.date()).days > 365


def test_a_camera_that_was_taken_down_hangs_no_more(invoke, tmp_path):
    """It is listed and watched no more; its versions stay, and a new import hangs it again."""
    root = tmp_path / "lake"
    invoke("new", root)
    hang(invoke, tmp_path, root)
    done = invoke("cameras", "--lake", root, "remove", "cam-1")
    assert (done.exit_code, done.stdout.split()[0]) == (0, "1")
    lake = Lake.open(root)
    assert not cameras.read(lake)
    assert not cameras.with_source(lake)
    assert list(cameras.removed(lake)) == ["cam-1"]
    assert invoke("cameras", "--lake", root).stdout == ""
    with pytest.raises(UnknownCamera):
        cameras.remove(lake, ["cam-1"])
    assert hang(invoke, tmp_path, root).exit_code == 0
    assert list(cameras.read(lake)) == ["cam-1"]
    assert sorted(version for _, version in cameras.versions(lake)) == [1, 2, 3]


def test_nothing_is_taken_down_where_one_is_unknown(invoke, tmp_path):
    """A misspelt id is named, and the others stay."""
    invoke("new", tmp_path / "lake")
    hang(invoke, tmp_path, tmp_path / "lake")
    lake = Lake.open(tmp_path / "lake")
    with pytest.raises(UnknownCamera, match="cam-9"):
        cameras.remove(lake, ["cam-1", "cam-9"])
    assert list(cameras.read(lake)) == ["cam-1"]
