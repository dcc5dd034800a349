"""The last days of the synthetic city, landed as if cameras had watched them."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tqdm import tqdm

from lakehouse.city import cameras
from lakehouse.city.cameras import Camera
from lakehouse.clock import CITY_ZONE, city_day
from lakehouse.landing.landing import Receipt
from lakehouse.landing.segments import landed_schema
from lakehouse.runs import HISTORY, LIVE
from lakehouse.scenes import LOOK_S, Health, Outcome
from lakehouse.store import Lake
from lakehouse.synthetic.chance import Flags, Ints
from lakehouse.synthetic.city import City
from lakehouse.synthetic.observed import Observed
from lakehouse.synthetic.site import PEOPLE
from lakehouse.synthetic.slots import DAY_S, UTC_OFFSET_S
from lakehouse.tables import AT, FRAMES, READINGS

_LOOKS = 60 // LOOK_S
Span = tuple[datetime, datetime]


def midnight_before(now: datetime, hours: float) -> datetime:
    """The city's local midnight before `hours` ago, in UTC."""
    return datetime.combine(city_day(now - timedelta(hours=hours)), time(), CITY_ZONE).astimezone(UTC)


def span(lake: Lake, start: datetime, now: datetime) -> Span | None:
    """What of [start, now) may be landed: up to the first look at pixels, and None once it was landed."""
    looks = lake.read("looks", columns=["at", "producer"], fresh=True)
    if pc.any(pc.equal(looks["producer"], HISTORY)).as_py():
        return None
    first = pc.min(looks["at"]).as_py()
    stop = (now if first is None else min(now, first)).replace(second=0, microsecond=0)
    return (start, stop) if stop > start else None


def land(lake: Lake, city: City, observed: Observed, start: datetime, stop: datetime) -> tuple[Receipt, int]:
    """Land measures and looks of [start, stop), both on the minute; all of it, or after an error nothing.

    Returns:
        What was acknowledged, and how many measures it holds.
    """
    hung = cameras.read(lake)
    watched = [hung.get(camera_id, camera) for camera_id, camera in city.cameras.items()]
    measures, looks = [], []
    for camera in tqdm(watched, desc="history", unit="camera", leave=False, disable=None):
        up = _up(city, camera.camera_id, start, stop)
        kinds = city.kinds_of(camera.camera_id)
        measures += [_measures(city, camera, kind, (start, stop), observed, up) for kind in kinds]
        looks.append(_looks(camera, _seconds(start, stop, LOOK_S)[up]))
    tables = {"measures": pa.concat_tables(measures), "looks": pa.concat_tables(looks)}
    return lake.landing.producer(HISTORY, backfill=True).append(tables), tables["measures"].num_rows


def _seconds(start: datetime, stop: datetime, step: int) -> Ints:
    return np.arange(int(start.timestamp()), int(stop.timestamp()), step)


def _up(city: City, camera_id: str, start: datetime, stop: datetime) -> Flags:
    """Which ten seconds (n,) the camera was up for."""
    begin = _seconds(start, stop, LOOK_S)
    up = np.ones(len(begin), np.bool_)
    for down, back in city.outages(camera_id, start, stop):
        up &= (begin + LOOK_S <= down.timestamp()) | (begin >= back.timestamp())
    return up


def _measures(city: City, camera: Camera, kind: str, span: Span, observed: Observed, up: Flags) -> pa.Table:
    value = city.observed_minutes(camera.camera_id, kind, *span, observed)
    frames = up.reshape(-1, _LOOKS).sum(axis=1)
    seen = (frames > 0) & ~np.isnan(value)
    value, frames, minutes = value[seen], frames[seen], _seconds(*span, 60)[seen]
    columns = {
        "minute": _instants(minutes),
        "value": value,
        "sum": value * frames if kind == PEOPLE else value,
        "n": frames.astype(np.int32),
    }
    zone_id = city.zone_of(camera.camera_id, kind)
    same = {"camera_id": camera.camera_id, "zone_id": zone_id, "kind": kind, "run": LIVE}
    return _table("measures", minutes, columns, same)


def _looks(camera: Camera, at: Ints) -> pa.Table:
    """One frame that was looked at, in each ten seconds."""
    count = len(at)
    offsets, outcomes = np.zeros(count, np.int16), np.full(count, Outcome.LOOKED, np.int8)
    frame = pa.StructArray.from_arrays(
        [pa.array(offsets), pa.array(outcomes)], fields=list(FRAMES.value_type)
    )
    columns = {
        "at": _instants(at),
        "frames": pa.ListArray.from_arrays(pa.array(np.arange(count + 1, dtype=np.int32)), frame),
        "readings": pa.array([[]] * count, READINGS),
    }
    same: dict[str, str | int] = {"camera_id": camera.camera_id, "camera_version": camera.version}
    same |= {"health": str(Health.LIVE), "width": camera.width, "height": camera.height}
    return _table("looks", at, columns, same)


def _table(name: str, at: Ints, columns: Mapping[str, Any], same: Mapping[str, str | int]) -> pa.Table:
    """Rows of a landed table; `same` are the columns that are alike in all of them."""
    schema = landed_schema(name)
    day = pa.array(((at + UTC_OFFSET_S) // DAY_S).astype(np.int32)).cast(pa.date32())
    alike = {
        column: pa.repeat(pa.scalar(value, schema.field(column).type), len(at))
        for column, value in same.items()
    }
    return pa.table({"day": day, **columns, **alike}, schema=schema)


def _instants(seconds: Ints) -> pa.Array:
    return pa.array(seconds * 1_000_000).cast(AT)
