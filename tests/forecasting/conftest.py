"""Small series, and a small lake with ten weeks of hours."""

import shutil
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from lakehouse.city.tree import semarang
from lakehouse.clock import city_day
from lakehouse.store import Lake
from lakehouse.tables import TABLES

ORIGIN = datetime(2026, 11, 23, 3, tzinfo=UTC)
AREAS = ("33.74", "33.74.01", "33.74.02")


def _rhythm(hours, height=100.0, seed=0):
    """Counts with a daily and a weekly rhythm, as a city has them."""
    rng = np.random.default_rng(seed)
    day = 1 + np.sin((hours % 24 - 9) * np.pi / 12) * 0.8
    week = np.where((hours // 24) % 7 >= 5, 0.6, 1.0)
    return rng.poisson(height * day * week).astype(float)


@pytest.fixture(scope="session")
def long():
    """Make a long frame of n series that end together."""
    return _long


@pytest.fixture(scope="session")
def areas():
    """The areas of which the lake has hours."""
    return AREAS


@pytest.fixture(scope="session")
def origin():
    """The end of the last hour that is over in the lake."""
    return ORIGIN


def _long(n=3, days=70, freq="h", seed=0):
    """A long frame of n series that end together."""
    steps = days * 24 if freq == "h" else days
    ds = pd.date_range("2026-01-05", periods=steps, freq=freq)
    hours = ((ds - pd.Timestamp("2026-01-05")) / pd.Timedelta(hours=1)).to_numpy().astype(int)
    frames = [
        pd.DataFrame({"unique_id": f"s{k}", "ds": ds, "y": _rhythm(hours, 50.0 * (k + 1), seed + k)})
        for k in range(n)
    ]
    return pd.concat(frames, ignore_index=True)


def _hours(kind):
    rows = []
    for number, area in enumerate(AREAS):
        hours = [ORIGIN - timedelta(hours=back) for back in range(70 * 24, 0, -1)]
        values = _rhythm(np.arange(len(hours)), 30.0 * (number + 1), number)
        values[500:520] = np.nan
        rows += [_row(kind, area, hour, value) for hour, value in zip(hours, values, strict=True)]
        rows.append(_row(kind, area, ORIGIN, 9999.0) | {"reason": "running"})
        rows.append(_row(kind, area, ORIGIN + timedelta(hours=1), 9999.0))
    return rows


def _row(kind, area, hour, value):
    known = bool(np.isfinite(value))
    return {
        "day": city_day(hour),
        "hour": hour,
        "area_id": area,
        "kind": kind,
        "seen": float(value) if known else 0.0,
        "value": float(value) if known else None,
        "cameras_reporting": 1,
        "cameras_total": 1,
        "coverage": 1.0 if known else 0.2,
        "reason": None if known else "less than half was seen",
        "origin": "synthetic",
        "source_version": 0,
    }


def _kind(kind, forecast):
    return {
        "kind": kind,
        "analytic": kind,
        "what": "quantity",
        "title": {"id": kind, "en": kind},
        "unit": {"id": "kendaraan", "en": "vehicles"},
        "summed": "sum",
        "additive": True,
        "theme": "traffic",
        "forecast": forecast,
        "state": "stable",
        "version": "1",
    }


def _weather(issued, at, rain):
    return {"issued_at": issued, "at": at, "rain_mm": rain, "tide_cm": 60.0, "origin": "synthetic"}


def _append(lake, name, rows):
    lake.append(name, pa.Table.from_pylist(rows, schema=TABLES[name].schema))


@pytest.fixture(scope="session")
def small_lake():
    """Make a lake in which the city and two kecamatan have ten weeks of traffic, and a third has none."""
    return _small_lake


@pytest.fixture(scope="session")
def untouched(tmp_path_factory):
    """Such a lake, which nobody writes to."""
    return _small_lake(tmp_path_factory.mktemp("untouched") / "lake")


@pytest.fixture
def lake(untouched, tmp_path):
    """A copy of it, of one's own."""
    return Lake.open(shutil.copytree(untouched.root, tmp_path / "lake"))


def _small_lake(root):
    made = Lake.create(root)
    made.replace("areas", semarang().table())
    _append(made, "kinds", [_kind("traffic.flow", forecast=True), _kind("traffic.speed", forecast=False)])
    _append(made, "area_hours", _hours("traffic.flow"))
    hours = [ORIGIN + timedelta(hours=number) for number in range(-1000, 168)]
    _append(made, "weather", [_weather(min(hour + timedelta(hours=1), ORIGIN), hour, 0.0) for hour in hours])
    return made
