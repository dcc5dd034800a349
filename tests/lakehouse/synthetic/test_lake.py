"""The synthetic city in a lake: founded, given a past, and compared with what was measured."""

import json
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from typer.testing import CliRunner

from lakehouse import models
from lakehouse.__main__ import app
from lakehouse.problem import BadWeights
from lakehouse.store import Lake
from lakehouse.synthetic import City, Observed
from lakehouse.synthetic.founding import found
from lakehouse.synthetic.past import HISTORY, land, midnight_before, span
from lakehouse.synthetic.verdict import compare
from lakehouse.tables import TABLES

NOW = datetime(2026, 11, 23, 3, 20, 40, tzinfo=UTC)
CITY = City(7)


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    """A lake of the synthetic city with two hours of past."""
    lake = Lake.create(tmp_path_factory.mktemp("city") / "lake")
    list(found(lake, CITY, NOW))
    land(lake, CITY, Observed.perfect(), NOW.replace(second=0) - timedelta(hours=2), NOW.replace(second=0))
    return lake


def test_founding_twice_changes_nothing(founded):
    """The second time, no table gets a new version."""
    versions = {name: founded.version(name) for name in TABLES}
    lines = list(found(founded, CITY, NOW))
    assert {name: founded.version(name) for name in TABLES} == versions
    assert lines[0].endswith("16 kecamatan, 177 kelurahan")


def test_the_weather_has_its_vintage(founded):
    """Past hours are known when they are over; the next seven days are told of now, and told again later."""
    weather = founded.read("weather")
    ahead = weather.filter(pc.greater_equal(weather["at"], weather["issued_at"]))
    assert ahead.num_rows == 7 * 24
    assert set(weather["origin"].to_pylist()) == {"synthetic"}
    truth = {row["at"]: row["tide_cm"] for row in weather.to_pylist() if row["at"] < row["issued_at"]}
    assert min(truth.values()) > -10
    assert max(truth.values()) < 140


def test_the_past_is_landed_as_if_it_had_been_watched(founded):
    """Each minute that a camera was up has six looks and a measure of each of its kinds, with the truth."""
    looks = founded.read("looks", fresh=True)
    assert set(looks["producer"].to_pylist()) == {HISTORY}
    measures = founded.read("measures", where=pc.field("camera_id") == "tugu-muda", fresh=True).to_pylist()
    flow = [row for row in measures if row["kind"] == "traffic.flow"]
    truth = CITY.minutes("tugu-muda", "traffic.flow", NOW - timedelta(hours=2), NOW)[:-1]
    assert [row["value"] for row in sorted(flow, key=lambda row: row["minute"])] == list(truth)
    assert {row["zone_id"] for row in flow} == {"flow"}
    people = [row for row in measures if row["kind"] == "crowd.people"]
    assert all(row["sum"] == pytest.approx(row["value"] * row["n"]) for row in people)


def test_the_past_is_landed_once_and_never_over_pixels(founded, lake, look):
    """Where it was landed, or from the first look at pixels on, there is nothing left to land."""
    start = midnight_before(NOW, 48)
    assert start == datetime(2026, 11, 20, 17, tzinfo=UTC)
    assert span(founded, start, NOW) is None
    assert span(lake, start, NOW) == (start, NOW.replace(second=0))
    from lakehouse.landing import rows

    seen = rows.looks([look(at=NOW - timedelta(hours=1))], {"cam": 1})
    lake.landing.producer("shard-0").append({"looks": seen})
    assert span(lake, start, NOW) == (start, NOW.replace(second=0) - timedelta(hours=1))


def test_an_outage_leaves_no_looks(lake):
    """While a camera is down nothing of it is landed."""
    camera_id, (down, up) = next(
        (camera_id, outage)
        for camera_id in CITY.cameras
        for outage in CITY.outages(camera_id, NOW, NOW + timedelta(days=3))
    )
    stop = up.replace(second=0) + timedelta(minutes=5)
    start = down.replace(second=0) - timedelta(minutes=5)
    land(lake, CITY, Observed.perfect(), start, stop)
    own = pc.field("camera_id") == camera_id
    at = lake.read("looks", where=own, fresh=True)["at"].to_pylist()
    assert at
    assert not [look for look in at if down - timedelta(seconds=10) < look < up]
    minutes = lake.read("measures", where=own, fresh=True)["minute"].to_pylist()
    assert not [minute for minute in minutes if down <= minute and minute + timedelta(minutes=1) <= up]


def watched(lake, factor, cameras=None):
    """Put camera minutes from pixels into the lake: the truth times a factor."""
    start = NOW.replace(second=0) - timedelta(minutes=10)
    rows = [
        {
            "day": (start + timedelta(hours=7)).date(), "minute": start + timedelta(minutes=n),
            "camera_id": camera_id, "kind": kind, "value": float(value) * factor, "n": 120,
            "coverage": 1.0, "reason": None, "origin": "pixels",
        }
        for camera_id in (cameras or CITY.cameras)
        for kind in CITY.kinds_of(camera_id)
        for n, value in enumerate(CITY.minutes(camera_id, kind, start, NOW.replace(second=0)))
    ]  # fmt: skip
    lake.append("camera_minutes", pa.Table.from_pylist(rows, schema=TABLES["camera_minutes"].schema))


def test_the_truth_measured_is_within_bounds(lake):
    """When pixels gave the truth, every camera is good."""
    watched(lake, 1.0)
    verdict = compare(lake, CITY, NOW - timedelta(days=1), NOW)
    assert len(verdict.good) == 24
    assert verdict.share >= 1.0
    assert all(row.measured == pytest.approx(row.truth) for row in verdict.comparisons)


def test_half_the_truth_is_not(lake):
    """Half of what was there is off, unless there was next to nothing."""
    watched(lake, 0.5)
    verdict = compare(lake, CITY, NOW - timedelta(days=1), NOW)
    assert len(verdict.good) < 6
    assert all(row.truth <= 2.0 for row in verdict.comparisons if row.holds)


def test_a_camera_that_was_not_watched_is_not_good(lake):
    """Only watched cameras can be good."""
    watched(lake, 1.0, ["tugu-muda", "srondol"])
    verdict = compare(lake, CITY, NOW - timedelta(days=1), NOW)
    assert set(verdict.good) <= {"tugu-muda", "srondol"}
    assert verdict.share < 0.2


def test_the_command_line_founds_lists_and_judges(tmp_path):
    """The verbs print what stands, and `truth --at-least` fails where nothing was measured."""
    cli, lake = CliRunner(), str(tmp_path / "lake")
    told = cli.invoke(app, ["city", "--lake", lake])
    assert told.exit_code == 0, told.output
    assert "24 of" in told.output
    assert "tugu-muda" in cli.invoke(app, ["cameras", "--lake", lake]).output
    assert "33.74.16" in cli.invoke(app, ["areas", "--lake", lake]).output
    assert "mm in the hour" in cli.invoke(app, ["tables"]).output
    assert cli.invoke(app, ["truth", "--lake", lake]).exit_code == 0
    judged = cli.invoke(app, ["truth", "--lake", lake, "--at-least", "0.9"])
    assert judged.exit_code == 1
    assert "0 of 24 cameras within 30 %" in judged.output
    assert cli.invoke(app, ["city", "--lak", lake]).exit_code == 2


def test_the_past_by_the_command_line(tmp_path):
    """`history` lands the last hours once, as the model card's weights would have seen them."""
    cli, lake, card = CliRunner(), str(tmp_path / "lake"), tmp_path / "card.json"
    cli.invoke(app, ["city", "--lake", lake])
    card.write_text(json.dumps({"name": "x", "observation": {}}))
    told = cli.invoke(app, ["history", "--lake", lake, "--observed", str(card), "--hours", "0"])
    assert told.exit_code == 0, told.output
    assert "synthetic" in told.output
    again = cli.invoke(app, ["history", "--lake", lake, "--observed", str(card), "--hours", "0"])
    assert "nothing" in again.output


def test_weights_are_noted_once_by_their_sha256(lake):
    """A model has one row, named by the first digits of its sha256; another text is no sha256."""
    sha256 = "0123456789abcdef" * 4
    assert models.register(lake, {"name": "matakota-n"}, sha256) == "0123456789ab"
    assert models.register(lake, {"name": "matakota-n"}, sha256) == "0123456789ab"
    assert lake.read("models")["name"].to_pylist() == ["matakota-n"]
    with pytest.raises(BadWeights, match="64 hexadecimal digits"):
        models.register(lake, {}, "abc")
