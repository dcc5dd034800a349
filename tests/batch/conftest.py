"""A small city with three cameras, and a day of it to land."""

import os
import shutil
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from lakehouse.city.areas import Area, Areas
from lakehouse.landing import rows
from lakehouse.scenes import Health, Look, Measure, Outcome
from lakehouse.store import Lake
from lakehouse.tables import TABLES

DAY = date(2026, 11, 23)
MIDNIGHT = datetime(2026, 11, 22, 17, tzinfo=UTC)
CAMERAS = {"cam-a": "33.74.01", "cam-b": "33.74.01", "cam-c": "33.74.02"}
KINDS = {
    "traffic.flow": ("sum", True),
    "crowd.people": ("mean", True),
    "traffic.speed": ("mean", False),
}


def _area(area_id, parent_id, level):
    return Area(area_id, parent_id, level, area_id, None, None, -7.0, 110.4)


def _kind(kind):
    summed, additive = KINDS[kind]
    words = {"id": kind, "en": kind}
    return {
        "kind": kind,
        "analytic": kind.partition(".")[0],
        "what": "quantity",
        "title": words,
        "unit": words,
        "summed": summed,
        "additive": additive,
        "theme": "traffic",
        "forecast": additive,
        "state": "stable",
        "version": "1",
    }


@pytest.fixture(scope="session")
def founded(tmp_path_factory):
    """The lake of the city, which nobody writes to."""
    made = Lake.create(tmp_path_factory.mktemp("founded") / "lake", lambda: MIDNIGHT)
    areas = [_area("33.74", None, "city")]
    areas += [_area(area, "33.74", "kecamatan") for area in sorted(set(CAMERAS.values()))]
    areas += [_area(f"camera:{camera}", area, "camera") for camera, area in CAMERAS.items()]
    made.append("areas", Areas(areas).table())
    made.append("kinds", pa.Table.from_pylist([_kind(kind) for kind in KINDS], TABLES["kinds"].schema))
    return made


@pytest.fixture
def lake(founded, tmp_path):
    """A lake with a city of two kecamatan and three cameras, nothing seen yet, and its clock at midnight."""
    return Lake.open(shutil.copytree(founded.root, tmp_path / "lake"), founded.now)


@pytest.fixture(scope="session")
def looks():
    """Make the looks of a camera's minutes: six a minute, each of two frames."""

    def make(camera_id, minutes, health=Health.LIVE, outcome=Outcome.LOOKED, slots=range(6)):
        offsets = np.array([0, 5000], np.int16)
        outcomes = np.full(2, outcome, np.int8)
        starts = (MIDNIGHT + timedelta(minutes=m, seconds=10 * slot) for m in minutes for slot in slots)
        made = [Look(camera_id, at, 640, 360, offsets, outcomes, health) for at in starts]
        return rows.looks(made, {camera_id: 1})

    return make


@pytest.fixture(scope="session")
def measures():
    """Make a measure of each of a camera's minutes; `total` over `n`, and value as the kind is summed."""

    def make(camera_id, minutes, kind="traffic.flow", total=6.0, n=120, zone_id="zone"):
        value = total if KINDS.get(kind, ("sum",))[0] == "sum" else total / n
        starts = (MIDNIGHT + timedelta(minutes=m) for m in minutes)
        made = [Measure(camera_id, zone_id, at, kind, value, total, n) for at in starts]
        return rows.measures(made)

    return make


@pytest.fixture
def see(lake, looks, measures):
    """Land, on purpose however long ago, what a camera saw: its looks, and a measure of each minute."""

    def land(camera_id, minutes, kind="traffic.flow", total=6.0, n=120, producer="shard-0", **how):
        said = {
            "looks": looks(camera_id, minutes, **how),
            "measures": measures(camera_id, minutes, kind, total, n),
        }
        return lake.landing.producer(producer, backfill=True).append(said)

    return land


@pytest.fixture(scope="module")
def ray(tmp_path_factory):
    """A Ray that ends with its module: other tests start theirs in this process too."""
    import ray

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray.init(
        address="local",
        num_cpus=2,
        include_dashboard=False,
        object_store_memory=100 * 2**20,
        _temp_dir=str(tmp_path_factory.mktemp("r")),
        log_to_driver=False,
        logging_level="ERROR",
    )
    yield ray
    ray.shutdown()
