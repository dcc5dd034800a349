"""What is told and drawn of a lake's last minutes."""

import subprocess
import sys
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from lakehouse.landing import rows
from lakehouse.scenes import Health, Look, Outcome
from lakehouse.store import Lake
from lakehouse.tables import TABLES
from serving.showing.account import Account
from serving.showing.picture import GROUND, PANEL, draw
from serving.showing.telling import nothing, tell


def measure(kind, value, *, minute, n=1, **more):
    """A row of measures of the first camera's plaza."""
    day = minute.date()
    common = {"day": day, "minute": minute, "camera_id": "cam-1", "zone_id": "plaza", "kind": kind}
    common |= {"value": value, "sum": value * n, "n": n, "run": "live", "producer": "x", "epoch": 1, "seq": 1}
    return common | more


@pytest.fixture
def counted(city, lake):
    """Two minutes of two kinds, and one that is too long ago."""
    now, early = city.NOW.replace(second=0), city.NOW.replace(second=0) - timedelta(hours=2)
    items = [
        measure("traffic.flow", 3.0, minute=now),
        measure("traffic.flow", 4.0, minute=now - timedelta(minutes=1), seq=2),
        measure("crowd.people", 2.0, minute=now, n=1),
        measure("crowd.people", 4.0, minute=now - timedelta(minutes=1), n=3, seq=2),
        measure("traffic.flow", 99.0, minute=early, seq=3),
    ]
    lake.append("measures", pa.Table.from_pylist(items, TABLES["measures"].schema))
    return lake


def look(city, camera_id, health, outcome, *, seconds=10):
    """A look of three frames that all came to the same."""
    offsets, outcomes = np.int16([0, 500, 1000]), np.full(3, outcome, np.int8)
    made = Look(camera_id, city.NOW + timedelta(seconds=seconds), 640, 360, offsets, outcomes, health)
    return rows.looks([made], {camera_id: 1})


def said(lake, language="en", **asked):
    """The account of a lake in one text."""
    return "\n".join(tell(Account.of(lake, **asked), lake.root, language))


def test_counts_add_up_and_means_weigh(counted):
    """Of the last minutes a flow is a sum and a number of people a mean over frames, each with its unit."""
    text = said(counted)
    assert "plaza        People                   7 People" in text
    assert "plaza        People                   3.5 People" in text
    assert "99" not in text


def test_both_languages(counted):
    """Indonesian has its own words, and its decimal comma."""
    text = said(counted, "id")
    assert "3,5 Orang" in text
    assert "gambar terlihat" in text


def test_what_nobody_looked_at_is_unknown(counted):
    """A camera without a look in these minutes is no zero: what it should count is unknown, and why."""
    text = said(counted)
    block = text[text.index("cam-2") :]
    assert "0 of 0 frames seen" in block.splitlines()[0]
    assert "unknown: " in block.splitlines()[1]
    assert "(not looked at in these minutes)" in block.splitlines()[1]


@pytest.mark.parametrize(
    ("health", "outcome", "why"),
    [
        (Health.FROZEN, Outcome.LOOKED, "the picture is frozen"),
        (Health.LIVE, Outcome.UNDECODABLE, "none of its pictures could be used"),
        (Health.LIVE, Outcome.LOOKED, "nothing was there to measure, or it needs a calibrated camera"),
    ],
)
def test_an_unknown_has_its_reason(city, lake, health, outcome, why):
    """A frozen picture, one that cannot be decoded, and nothing to measure are told apart."""
    lake.landing.producer("shard-1").append({"looks": look(city, "cam-2", health, outcome)})
    assert f"({why})" in said(lake, camera_id="cam-2")


def test_events_stand_with_their_times(lake):
    """What goes on is told, the worst first."""
    lines = said(lake).splitlines()
    start = lines.index("Events: 4")
    assert lines[start + 1].endswith("goes on")


def test_an_hour_without_a_value_says_how_much_was_seen(counted, city):
    """So that a short clip's empty hour is understood."""
    item = {"day": city.NOW.date(), "hour": city.HOUR, "area_id": "camera:cam-1", "kind": "traffic.flow"}
    item |= {"seen": 7.0, "coverage": 0.01, "cameras_reporting": 1, "cameras_total": 1}
    item |= {"reason": "too little was seen", "origin": "pixels", "source_version": 1}
    counted.append("area_hours", pa.Table.from_pylist([item], TABLES["area_hours"].schema))
    assert "10:00 camera:cam-1 People: no value: 1% of it was seen, and 50% are needed" in said(counted)


def test_before_a_rollup_the_way_to_the_hours_is_told(lake):
    """No hour is no silence."""
    assert "none yet: run `python -m batch compact" in said(lake)


def test_the_picture_has_a_panel_a_camera_and_no_camera_frame(counted):
    """Its zones lie on plain ground; a camera more makes it wider."""
    both, one = draw(Account.of(counted), "en"), draw(Account.of(counted, camera_id="cam-1"), "en")
    assert both.width > one.width
    plain = {tuple(bytes.fromhex(colour[1:])) for colour in (GROUND, PANEL)}
    counts = one.getcolors(one.width * one.height)
    assert sum(count for count, colour in counts if colour in plain) > 0.9 * one.width * one.height


def test_a_lake_that_has_seen_nothing_says_so(tmp_path):
    """It is no error, and no zero."""
    lake = Lake.create(tmp_path / "lake")
    assert Account.of(lake) is None
    assert "Nothing has been looked at yet" in nothing(lake.root, "en")
    assert "Belum ada yang dilihat" in nothing(lake.root, "id")


@pytest.mark.slow
def test_the_command_prints_where_the_picture_is(counted, tmp_path):
    """It ends with the picture's path; a camera that there is not is refused."""
    words = [sys.executable, "-m", "serving", "show", "--lake", counted.root]
    done = subprocess.run([*words, "--out", tmp_path / "it.png"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == str(tmp_path / "it.png")
    assert Image.open(tmp_path / "it.png").format == "PNG"
    refused = subprocess.run([*words, "--camera", "nobody"], capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "has no such camera" in refused.stderr
