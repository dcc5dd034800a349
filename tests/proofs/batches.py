"""Batches of a small city: rows of every landed table, made up within some hours."""

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from lakehouse.city.areas import Area, Areas
from lakehouse.clock import city_day
from lakehouse.landing import rows
from lakehouse.landing.segments import landed_schema
from lakehouse.scenes import Event, Health, Look, Measure, Severity, State
from lakehouse.store import Lake
from lakehouse.tables import TABLES

CAMERAS = {f"cam-{n}": f"33.74.0{1 + n % 2}" for n in range(8)}
KINDS = {"traffic.flow": "sum", "crowd.people": "mean"}
PAST_MINUTES = 40 * 60
"""How far back rows lie: two local days or three, and nothing so late that rollup would refuse it."""

_LABELS = np.array(["person", "car", "motorcycle", "bus"])


def found(lake: Lake) -> None:
    """Give a lake its areas and kinds."""
    areas = [Area("33.74", None, "city", "Semarang", None, None, -7.0, 110.4)]
    districts = sorted(set(CAMERAS.values()))
    areas += [Area(area, "33.74", "kecamatan", area, None, None, -7.0, 110.4) for area in districts]
    areas += [
        Area(f"camera:{camera}", area, "camera", camera, None, None, -7.0, 110.4)
        for camera, area in CAMERAS.items()
    ]
    lake.append("areas", Areas(areas).table(), once=("found", 1))
    kinds = pa.Table.from_pylist([_kind(kind) for kind in KINDS], TABLES["kinds"].schema)
    lake.append("kinds", kinds, once=("found", 1))


def _kind(kind: str) -> dict[str, object]:
    words = {"id": kind, "en": kind}
    return {
        "kind": kind,
        "analytic": kind.partition(".")[0],
        "what": "quantity",
        "title": words,
        "unit": words,
        "summed": KINDS[kind],
        "additive": True,
        "theme": "traffic",
        "forecast": True,
        "state": "stable",
        "version": "1",
    }


def batch(
    rng: np.random.Generator, cameras: list[str], boxes: int, number: int, until: datetime
) -> dict[str, pa.Table]:
    """What some cameras saw in a minute: boxes, and of each camera measures, an event and its looks.

    `number` is unlike that of every other batch; the minute lies in the PAST_MINUTES before `until`.
    """
    back = timedelta(minutes=int(rng.integers(1, PAST_MINUTES)))
    minute = until.replace(second=0, microsecond=0) - back
    made = {
        "observations": _observations(rng, cameras, boxes, number, minute),
        "measures": rows.measures(_measures(rng, cameras, minute)),
        "events": _events(cameras, number, minute),
        "looks": rows.looks(_looks(cameras, minute), dict.fromkeys(cameras, 1)),
    }
    dropped = rng.choice(["observations", "events", "none", "none"])
    return {table: part for table, part in made.items() if table != dropped}


def _observations(
    rng: np.random.Generator, cameras: list[str], boxes: int, number: int, minute: datetime
) -> pa.Table:
    corners = rng.integers(0, 8192, (4, boxes), np.int16)
    offsets = np.sort(rng.integers(0, 60_000, boxes)) * 1000
    columns = {
        "day": pa.repeat(pa.scalar(city_day(minute), pa.date32()), boxes),
        "at": pa.array(np.int64(minute.timestamp() * 1e6) + offsets).cast(pa.timestamp("us", "UTC")),
        "camera_id": pa.array(np.array(cameras, object)[rng.integers(0, len(cameras), boxes)], pa.string()),
        "track_id": (np.int64(number) << 32) + np.arange(boxes),
        "label": pa.array(_LABELS[rng.integers(0, 4, boxes)].astype(object), pa.string()),
        "confidence": rng.integers(0, 101, boxes, np.int8),
        "model_id": pa.repeat("a1b2c3d4e5f6", boxes),
        **dict(zip(("x1", "y1", "x2", "y2"), corners, strict=True)),
        **_velocities(rng, boxes),
    }
    schema = landed_schema("observations")
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _velocities(rng: np.random.Generator, boxes: int) -> dict[str, pa.Array]:
    """How the boxes move; NULL in about one of four, as where nothing could be followed."""
    lost = rng.random(boxes) < 0.25
    return {name: pa.array(rng.integers(-8192, 8192, boxes, np.int16), mask=lost) for name in ("vx", "vy")}


def _measures(rng: np.random.Generator, cameras: list[str], minute: datetime) -> list[Measure]:
    made = []
    for camera in cameras:
        for kind, summed in KINDS.items():
            total = float(rng.integers(0, 240))
            value = total if summed == "sum" else total / 120
            made.append(Measure(camera, "zone", minute, kind, value, total, 120))
    return made


def _events(cameras: list[str], number: int, minute: datetime) -> pa.Table:
    def made(camera: str) -> Event:
        state, severity, people = State.OPEN, Severity.NOTICE, {"people": float(number % 97)}
        at = (minute, minute, 1, state, severity, people, 0.5)
        return Event(camera, "zone", "crowd.crowding", str(number), *at)

    return rows.events(map(made, cameras), dict.fromkeys(cameras, "33.74"), {"crowd.crowding": "1"})


def _looks(cameras: list[str], minute: datetime) -> list[Look]:
    offsets, outcomes = np.array([0, 5000], np.int16), np.array([0, 1], np.int8)
    return [
        Look(camera, minute + timedelta(seconds=10 * slot), 640, 360, offsets, outcomes, Health.LIVE)
        for camera in cameras
        for slot in range(6)
    ]
