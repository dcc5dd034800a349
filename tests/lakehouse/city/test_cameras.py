"""Cameras on the ground and in the lake."""

import threading
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.city import cameras
from lakehouse.city.areas import CITY, Areas
from lakehouse.city.cameras import Calibration, Camera, Purpose, Zone
from lakehouse.problem import UnknownArea

HUNG = datetime(2026, 1, 1, tzinfo=UTC)


def camera(**changes):
    """A camera with one zone."""
    zone = Zone(zone_id="all", purpose=Purpose.PEOPLE, corners=((0, 0), (1, 0), (1, 1), (0, 1)), capacity=20)
    told = {
        "camera_id": "cam-1", "valid_from": HUNG, "name": "Cam", "owner": "RW 3", "site": "street",
        "area_id": CITY, "lat": -7.0, "lon": 110.4, "source": "rtsp://host/live", "width": 640,
        "height": 360, "zones": (zone,), "limit_kmh": 30.0,
        "calibration": Calibration(height_m=8, pitch_deg=28, fov_deg=75),
    }  # fmt: skip
    return Camera(**{**told, **changes})


@given(
    x=st.floats(-10, 10),
    y=st.floats(8, 40),
    height=st.floats(4, 12),
    pitch=st.floats(15, 45),
    fov=st.floats(40, 90),
)
def test_ground_undoes_project(x, y, height, pitch, fov):
    """A point of the ground is where its place in the picture says it is."""
    view = Calibration(height_m=height, pitch_deg=pitch, fov_deg=fov)
    assert view.ground(view.project([[x, y, 0.0]])) == pytest.approx(np.array([[x, y]]), abs=1e-6)


def test_a_camera_is_read_back_as_it_was_registered(lake):
    """A registered camera is in the lake with its zones and calibration, and is a leaf of the areas."""
    assert cameras.register(lake, [camera()]) == 1
    assert cameras.read(lake) == {"cam-1": camera()}
    assert Areas.read(lake).path("camera:cam-1") == ("camera:cam-1", CITY)


def test_an_unchanged_camera_gets_no_new_version(lake):
    """Registering the same camera again writes nothing."""
    cameras.register(lake, [camera()])
    versions = lake.version("cameras"), lake.version("areas")
    assert cameras.register(lake, [camera(valid_from=HUNG + timedelta(days=1))]) == 0
    assert (lake.version("cameras"), lake.version("areas")) == versions


def test_a_changed_camera_gets_the_next_version_from_later_on(lake):
    """A change makes version 2, which holds from after version 1 began."""
    cameras.register(lake, [camera()])
    assert cameras.register(lake, [camera(name="Moved")]) == 1
    last = cameras.read(lake)["cam-1"]
    assert (last.version, last.name) == (2, "Moved")
    assert last.valid_from > HUNG
    assert lake.read("cameras").num_rows == 2


def test_a_source_is_kept_without_its_secrets(lake):
    """Neither a password nor a token of an address reaches the table."""
    cameras.register(lake, [camera(source="rtsp://admin:hunter2@host/live?token=abc&channel=1")])
    assert cameras.read(lake)["cam-1"].source == "rtsp://***@host/live?token=***&channel=1"


def test_a_camera_hangs_in_a_known_area(lake):
    """A camera of an unknown area is refused, and nothing is written."""
    with pytest.raises(UnknownArea, match="nowhere"):
        cameras.register(lake, [camera(area_id="nowhere")])
    assert cameras.read(lake) == {}
    assert lake.read("areas").num_rows == 0


def test_two_registrations_at_once_lose_and_double_nothing(lake):
    """Whoever hangs cameras while another does plans again: each has its versions once, and its leaf."""
    failures = []

    def hang(owner):
        try:
            for number in range(3):
                cameras.register(
                    lake, [camera(camera_id=f"{owner}-{number}"), camera(name=f"{owner} {number}")]
                )
        except Exception as error:  # noqa: BLE001 - a thread's failure is the test's
            failures.append(error)

    threads = [threading.Thread(target=hang, args=(owner,)) for owner in ("rt", "rw")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    rows = lake.read("cameras").select(["camera_id", "version"]).to_pylist()
    assert len({(row["camera_id"], row["version"]) for row in rows}) == len(rows) == 6 + 6
    leaves = {area.area_id for area in Areas.read(lake).at_level("camera")}
    assert leaves == {f"camera:{row['camera_id']}" for row in rows}
