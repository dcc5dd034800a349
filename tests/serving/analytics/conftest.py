"""A camera, and scenes made of things that stand somewhere."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from lakehouse.city.cameras import Calibration, Camera, Purpose, Zone
from lakehouse.scenes import GRID, Scene, unmeasured

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
ZONES = (
    Zone(
        zone_id="plaza",
        purpose=Purpose.PEOPLE,
        corners=((0.0, 0.5), (0.5, 0.5), (0.5, 1.0), (0.0, 1.0)),
        capacity=10,
    ),
    Zone(zone_id="gate", purpose=Purpose.ENTRANCE, corners=((1.0, 0.5), (0.0, 0.5))),
    Zone(zone_id="flow", purpose=Purpose.ROAD, corners=((0.5, 0.2), (0.5, 1.0))),
    Zone(zone_id="road", purpose=Purpose.ROAD, corners=((0.0, 0.6), (1.0, 0.6), (1.0, 0.9), (0.0, 0.9))),
)


@pytest.fixture(scope="session")
def start():
    """When every test begins, on the minute."""
    return START


@pytest.fixture(scope="session")
def camera():
    """A calibrated camera with a zone of each purpose."""
    return Camera(
        camera_id="cam-1", valid_from=START, name="Simpang", owner="Dishub", site="street",
        area_id="33.74.01", lat=-6.98, lon=110.42, source="test", width=1600, height=900, zones=ZONES,
        calibration=Calibration(height_m=8, pitch_deg=30, fov_deg=70),
    )  # fmt: skip


@pytest.fixture(scope="session")
def scene():
    """Make the scene of a second: things are (track, label, x, y) or with width and height behind.

    x and y, in shares of the frame, are where a thing stands.
    """

    def make(second, *things):
        rows = [(*thing, 0.04, 0.1)[:6] if len(thing) == 4 else thing for thing in things]
        boxes = [(x - w / 2, y - h, x + w / 2, y) for _, _, x, y, w, h in rows]
        return Scene(
            "cam-1",
            START + timedelta(seconds=second),
            np.rint(np.array(boxes).reshape(-1, 4).clip(0, 1) * GRID).astype(np.int16),
            np.array([row[1] for row in rows], np.str_),
            np.full(len(rows), 90, np.uint8),
            np.array([row[0] for row in rows], np.int64),
            unmeasured(len(rows)),
        )

    return make


@pytest.fixture(scope="session")
def seen():
    """Show scenes to an analytic and end it; return its events, and its measures by kind."""

    def show(analytic, scenes, *, end=True):
        outputs = [output for one in scenes for output in analytic.see(one)]
        outputs += analytic.end() if end else []
        events = [output for output in outputs if hasattr(output, "revision")]
        measures = [output for output in outputs if not hasattr(output, "revision")]
        return events, measures

    return show
