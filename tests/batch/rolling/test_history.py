"""The synthetic past: loaded once, closed days only, and marked for what it is."""

from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from batch.rolling import history
from batch.rolling.rollup import kinds
from lakehouse.synthetic import City, Observed
from lakehouse.tables import TABLES


@pytest.fixture(scope="module")
def city():
    """The synthetic city, its cameras cut down to three."""
    made = City(7)
    kept = sorted(made.cameras)[:3]
    made.__dict__["cameras"] = {camera: made.cameras[camera] for camera in kept}
    return made


@pytest.fixture
def load(lake, city):
    """Load a month of history that ends at 2026-11-01."""
    (kind,) = lake.read("kinds", where=pc.field("kind") == "traffic.flow").to_pylist()
    kind["kind"] = "tourism.visits"
    lake.append("kinds", pa.Table.from_pylist([kind], TABLES["kinds"].schema))

    def run():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(history, "city_day", lambda _: date(2026, 11, 1))
            return history.load(lake, city, Observed.perfect(), 1, kinds(lake))

    return run


def test_history_is_loaded_once_and_marked(lake, load):
    """A second load writes nothing, and every row says that it is synthetic."""
    assert load().hours == lake.read("area_hours").num_rows
    version = lake.version("area_hours")
    assert load() is None
    assert lake.version("area_hours") == version
    assert pc.unique(lake.read("area_hours")["origin"]).to_pylist() == ["synthetic"]


def test_history_holds_the_closed_days_of_its_months(lake, load):
    """A month before the first of November is the whole of October, hour by hour."""
    loaded = load()
    assert (loaded.start, loaded.stop) == (date(2026, 10, 1), date(2026, 11, 1))
    where = (pc.field("area_id") == "33.74") & (pc.field("kind") == "crowd.people")
    hours = lake.read("area_hours", where=where).sort_by("hour")["hour"].to_pylist()
    assert (len(hours), hours[0]) == (31 * 24, datetime(2026, 9, 30, 17, tzinfo=UTC))


def test_history_is_the_citys_truth_where_the_camera_was_up(lake, load, city):
    """Seen perfectly, a camera's whole hours are the city's own."""
    load()
    camera = min(city.cameras)
    where = (pc.field("area_id") == f"camera:{camera}") & (pc.field("kind") == "crowd.people")
    rows = lake.read("area_hours", where=where & (pc.field("coverage") == 1)).sort_by("hour")
    truth = city.hours(camera, "crowd.people", rows["hour"].to_numpy())
    assert rows["value"].to_numpy() == pytest.approx(truth)


def test_history_overwrites_no_day_that_is_there(lake, load):
    """A day that area_hours already has is left as it is."""
    row = {
        "day": date(2026, 10, 15),
        "hour": datetime(2026, 10, 15, 3, tzinfo=UTC),
        "area_id": "33.74",
        "kind": "crowd.people",
        "seen": 1.0,
        "value": 1.0,
        "cameras_reporting": 1,
        "cameras_total": 1,
        "coverage": 1.0,
        "reason": None,
        "origin": "pixels",
        "source_version": 1,
    }
    lake.append("area_hours", pa.Table.from_pylist([row], TABLES["area_hours"].schema))
    load()
    assert lake.read("area_hours", where=pc.field("day") == date(2026, 10, 15)).to_pylist() == [row]


def test_history_ends_where_landed_history_begins(see, load):
    """The days that have landed as measures and looks are left to the rollup."""
    see("cam-a", range(-43200, -43190), producer="history")
    assert load().stop == date(2026, 10, 24)
