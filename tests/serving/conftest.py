"""A small lake with a known content, and its API behind a real server."""

import shutil
import socket
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import httpx
import numpy as np
import pyarrow as pa
import pytest

from lakehouse import clock
from lakehouse.city.tree import semarang
from lakehouse.clock import city_day
from lakehouse.landing import rows
from lakehouse.scenes import Detections, Event, Health, Look, Severity, State
from lakehouse.store import Lake
from lakehouse.synthetic import City
from lakehouse.tables import TABLES

NOW = datetime(2026, 11, 23, 3, 20, 15, tzinfo=UTC)
"""What the lake's clock says: a Monday morning, 10:20:15 in the city."""

HOUR = NOW.replace(minute=0, second=0)
CAMERAS = {"cam-1": "33.74.01.1001", "cam-2": "33.74.02.1001"}
ZONE = '[{"zone_id": "plaza", "purpose": "people", "corners": [[0, 0], [1, 0], [1, 1]]}]'


class Scripted:
    """A detector that finds one person in the upper left of every picture."""

    model_id = "scripted0000"

    def detect(self, images):
        """One person each."""
        found = Detections(np.float32([[1, 2, 30, 40]]), np.array(["person"]), np.float32([0.9]))
        return [found for _ in images]


def table(name, items):
    """Rows of a table; what an item leaves out is NULL."""
    return pa.Table.from_pylist(items, schema=TABLES[name].schema)


def event(number, *, at=NOW, camera_id="cam-1", revision=1, kind="crowd.crowding"):
    """A revision of event `number`, which began at `at`."""
    now = at + timedelta(seconds=revision - 1)
    state, severity = (State.OPEN, Severity.WARNING) if revision == 1 else (State.ESCALATED, Severity.DANGER)
    return Event(
        camera_id, "plaza", kind, str(number), at, now, revision, state, severity, {"people": 30.0}, 0.9
    )


def event_rows(*events):
    """Events as a producer lands them."""
    return rows.events(events, CAMERAS, {"crowd.crowding": "1"})


def look_rows(*, at=NOW, camera_id="cam-1"):
    """A look at a camera as a producer lands it."""
    offsets, outcomes = np.zeros(1, np.int16), np.zeros(1, np.int8)
    return rows.looks([Look(camera_id, at, 640, 360, offsets, outcomes, Health.LIVE)], {camera_id: 1})


def _cameras():
    common = {
        "valid_from": NOW,
        "version": 1,
        "owner": "Dishub",
        "site": "square",
        "lat": -6.99,
        "lon": 110.42,
    }
    common |= {
        "source": "synthetic:7",
        "width": 640,
        "height": 360,
        "fps": 2.0,
        "zones": ZONE,
        "grants": "events",
    }
    return [{**common, "camera_id": name, "name": name, "area_id": area} for name, area in CAMERAS.items()]


def _kinds():
    both = {"id": "Orang", "en": "People"}
    common = {"title": both, "theme": "crowd", "state": "stable", "version": "1", "analytic": "crowd"}
    quantity = {"what": "quantity", "unit": both, "summed": "mean", "additive": True, "forecast": True}
    return [
        {**common, **quantity, "kind": "crowd.people"},
        {**common, **quantity, "kind": "traffic.flow", "summed": "sum", "theme": "traffic"},
        {**common, "kind": "crowd.crowding", "what": "event"},
    ]


def hour_rows(areas=("33.74", "33.74.01", "33.74.02", "33.74.01.1001"), hours=4):
    """The last hours of some areas, the running one included."""
    items = [
        {
            "day": city_day(HOUR - timedelta(hours=back)),
            "hour": HOUR - timedelta(hours=back),
            "area_id": area,
            "kind": "crowd.people",
            "seen": 10.0 + back,
            "value": None if back == hours - 1 else 12.0 + back,
            "cameras_reporting": 1,
            "cameras_total": 2,
            "coverage": 0.9,
            "reason": "running" if back == 0 else "too little was seen" if back == hours - 1 else None,
            "origin": "pixels",
            "source_version": 3,
        }
        for area in areas
        for back in range(hours)
    ]
    return table("area_hours", items)


def forecast_rows(issued_at, value=20.0):
    """Two hours ahead for one kecamatan, as issued at an instant."""
    levels = {name: value for name in TABLES["forecasts"].schema.names if name.startswith("q")}
    common = {
        "issued_at": issued_at,
        "step": "h",
        "area_id": "33.74.01",
        "kind": "crowd.people",
        "scenario": "",
    }
    common |= {"model": "boosted", "mean": value, "why": {"id": "Seperti biasa.", "en": "As usual."}}
    ahead = (1, 2)
    return table("forecasts", [{**common, **levels, "at": issued_at + timedelta(hours=n)} for n in ahead])


def score_rows(issued_at):
    """A backtest of the model behind `forecast_rows`."""
    common = {"issued_at": issued_at, "area_id": "33.74.01", "kind": "crowd.people", "scenario": ""}
    figures = {"mase": 0.6, "coverage80": 0.81, "coverage95": 0.95, "horizon": 48, "n": 100}
    return table("scores", [{**common, **figures, "model": "boosted", "chosen": True}])


def filled(root):
    """A lake with two cameras, three kinds, four hours, two issues of forecasts and four events."""
    lake = Lake.create(root, lambda: NOW)
    lake.replace("areas", semarang().table())
    lake.append("cameras", table("cameras", _cameras()))
    lake.append("kinds", table("kinds", _kinds()))
    lake.append("area_hours", hour_rows())
    for issued_at in (HOUR - timedelta(hours=1), HOUR):
        lake.append("forecasts", forecast_rows(issued_at, value=20.0 + issued_at.hour))
        lake.append("scores", score_rows(issued_at))
    earlier = [event(n, at=NOW - timedelta(minutes=n)) for n in range(3)]
    other = event(9, at=NOW - timedelta(minutes=9), camera_id="cam-2")
    escalated = event(1, at=NOW - timedelta(minutes=1), revision=2)
    producer = lake.landing.producer("shard-0")
    producer.append({"events": event_rows(*earlier, other), "looks": look_rows()})
    producer.append({"events": event_rows(escalated)})
    return lake


def free_port():
    """A port that nobody listens on, outside of Ray's own range."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def served(app):
    """The address of an application behind its own server, in a thread."""
    from serving.api.wire.server import server as made

    server = made(app, "127.0.0.1", free_port(), app.state.settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
        assert thread.is_alive()
    yield f"http://127.0.0.1:{server.config.port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="session")
def city():
    """The words that the tests speak of the known content in."""
    names = {"NOW": NOW, "HOUR": HOUR, "Scripted": Scripted, "served": served, "filled": filled}
    makers = {"event": event, "event_rows": event_rows, "look_rows": look_rows, "hour_rows": hour_rows}
    return SimpleNamespace(**names, **makers, forecast_rows=forecast_rows, free_port=free_port)


@pytest.fixture(scope="session")
def known(tmp_path_factory):
    """The lake with the known content, which nobody writes to."""
    return filled(tmp_path_factory.mktemp("known") / "lake")


@pytest.fixture
def lake(known, tmp_path):
    """A lake of one's own with the known content."""
    return Lake.open(shutil.copytree(known.root, tmp_path / "lake"), known.now)


@pytest.fixture(scope="session")
def reading(known):
    """A client of the API over the known content, with a detector."""
    from serving.api import application

    app = application(known, Scripted())
    with served(app) as url, httpx.Client(base_url=url, timeout=10) as client:
        yield client


@pytest.fixture
def camera_up():
    """A camera of the synthetic city that has no outage in the next minutes: at any time some have."""
    city, now = City(7), clock.now()
    return next(one for one in city.cameras if not city.outages(one, now, now + timedelta(minutes=5)))
