"""An empty lake, and rows to land in it."""

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from lakehouse.landing import rows
from lakehouse.scenes import Event, Health, Look, Measure, Scene, Severity, State, unmeasured
from lakehouse.store import Lake

AT = datetime(2026, 11, 23, 3, tzinfo=UTC)


@pytest.fixture(scope="session")
def empty_lake(tmp_path_factory):
    """A lake with every table empty, which nobody writes to."""
    return Lake.create(tmp_path_factory.mktemp("empty") / "lake", lambda: AT)


@pytest.fixture
def lake(empty_lake, tmp_path):
    """A lake with every table empty, whose clock stands on the day that the tests speak of."""
    return Lake.open(shutil.copytree(empty_lake.root, tmp_path / "lake"), lambda: AT)


@pytest.fixture(scope="session")
def scene():
    """Make a scene of so many boxes, of which every other one is measured."""

    def make(boxes=2, at=AT, camera_id="cam"):
        velocities = unmeasured(boxes)
        velocities[::2] = 30, -4
        return Scene(
            camera_id,
            at,
            np.arange(boxes * 4, dtype=np.int16).reshape(-1, 4),
            np.array(["person", "car"] * boxes)[:boxes],
            np.full(boxes, 80, np.uint8),
            np.arange(boxes) + (1 << 32),
            velocities,
            {"brightness": 0.5},
        )

    return make


@pytest.fixture(scope="session")
def event():
    """Make a revision of an event."""

    def make(revision=1, state=State.OPEN, subject="", at=AT, **changes):
        return Event(
            **{
                "camera_id": "cam",
                "zone_id": "square",
                "kind": "crowd.crowding",
                "subject": subject,
                "started_at": at,
                "at": at + timedelta(minutes=revision),
                "revision": revision,
                "state": state,
                "severity": Severity.WARNING,
                "measures": {"people": 30.0},
                "confidence": 0.9,
                "ended_at": at if state is State.CLOSED else None,
                **changes,
            }
        )

    return make


@pytest.fixture(scope="session")
def look():
    """Make a look of two frames."""

    def make(at=AT, camera_id="cam", health=Health.LIVE):
        offsets, outcomes = np.array([0, 500], np.int16), np.array([0, 1], np.int8)
        return Look(camera_id, at, 640, 360, offsets, outcomes, health, {"brightness": 0.5})

    return make


@pytest.fixture(scope="session")
def measure():
    """Make a measure of a minute."""

    def make(value=3.0, at=AT, camera_id="cam", kind="traffic.flow"):
        return Measure(camera_id, "gate", at, kind, value, value, 120)

    return make


@pytest.fixture(scope="session")
def batch(scene, measure, look, event):
    """Make the tables of one batch: so many boxes, and a row of each other table."""

    def make(boxes=2, subject="", minute=0):
        at = AT + timedelta(minutes=minute)
        return {
            "observations": rows.observations([scene(boxes, at)], "a1b2c3"),
            "measures": rows.measures([measure(float(boxes), at)]),
            "events": rows.events([event(subject=subject, at=at)], {"cam": "33.74"}, {"crowd.crowding": "1"}),
            "looks": rows.looks([look(at)], {"cam": 1}),
        }

    return make


@pytest.fixture
def synced(monkeypatch):
    """The paths that are synced from now on, as they are called at that moment."""
    paths, real = [], os.fsync

    def sync(descriptor):
        paths.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    return paths
