"""The words of the live path as rows of the landed tables (producer, epoch and seq come in landing)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lakehouse.clock import city_day
from lakehouse.landing.segments import landed_schema
from lakehouse.scenes import UNMEASURED, Event, Look, Measure, Scene, unmeasured
from lakehouse.tables import FRAMES, READINGS

_AS_SAID = (
    "event_id",
    "revision",
    "kind",
    "camera_id",
    "zone_id",
    "started_at",
    "at",
    "ended_at",
    "confidence",
)


def observations(scenes: Iterable[Scene], model_id: str) -> pa.Table:
    """A row for each box of each scene; `model_id` names the weights that found them.

    A velocity that is UNMEASURED is NULL.
    """
    seen = [scene for scene in scenes if len(scene)]
    sizes = [len(scene) for scene in seen]
    boxes = np.concatenate([np.empty((0, 4), np.int16), *(scene.boxes for scene in seen)])
    velocities = np.concatenate([unmeasured(0), *(scene.velocities for scene in seen)])
    owner = pa.array(np.repeat(np.arange(len(seen)), sizes))
    columns = {
        "day": _days(scene.at for scene in seen).take(owner),
        "at": _array("observations", "at", [scene.at for scene in seen]).take(owner),
        "camera_id": pa.array([scene.camera_id for scene in seen], pa.string()).take(owner),
        "track_id": np.concatenate([np.empty(0, np.int64), *(scene.track_ids for scene in seen)]),
        "label": pa.array([str(label) for scene in seen for label in scene.labels], pa.string()),
        "confidence": np.concatenate([np.empty(0, np.int8), *(s.confidences.astype(np.int8) for s in seen)]),
        "model_id": pa.repeat(model_id, len(boxes)),
    }
    corners = dict(zip(("x1", "y1", "x2", "y2"), boxes.T, strict=True))
    return _table("observations", {**columns, **corners, **_known(velocities)})


def looks(looks: Iterable[Look], camera_versions: Mapping[str, int]) -> pa.Table:
    """A row for each look; `camera_versions` says by camera which version of it was looked at."""
    seen = list(looks)
    columns: dict[str, Any] = {
        name: [getattr(look, name) for look in seen] for name in ("at", "camera_id", "width", "height")
    }
    columns |= {
        "day": _days(look.at for look in seen),
        "camera_version": [camera_versions[look.camera_id] for look in seen],
        "frames": _frames(seen),
        "health": [str(look.health) for look in seen],
        "readings": _readings([look.readings for look in seen]),
    }
    return _table("looks", columns)


def measures(measures: Iterable[Measure], run: str = "live") -> pa.Table:
    """A row for each measure."""
    seen = list(measures)
    names = ("minute", "camera_id", "zone_id", "kind", "value", "sum", "n")
    columns: dict[str, Any] = {name: [getattr(measure, name) for measure in seen] for name in names}
    columns |= {"day": _days(measure.minute for measure in seen), "run": [run] * len(seen)}
    return _table("measures", columns)


def events(
    events: Iterable[Event],
    area_ids: Mapping[str, str],
    rule_versions: Mapping[str, str],
    run: str = "live",
) -> pa.Table:
    """A row for each revision, in the day in which its event began.

    Args:
        events: the revisions.
        area_ids: by camera, the area that it hangs in.
        rule_versions: by event kind, the version of the analytic; NULL where a kind is missing.
        run: `live`, or the replay that they come from.
    """
    seen = list(events)
    columns: dict[str, Any] = {name: [getattr(event, name) for event in seen] for name in _AS_SAID}
    columns |= {
        "day": _days(event.started_at for event in seen),
        "state": [str(event.state) for event in seen],
        "severity": [int(event.severity) for event in seen],
        "area_id": [area_ids[event.camera_id] for event in seen],
        "measures": _readings([event.measures for event in seen]),
        "rule_version": [rule_versions.get(event.kind) for event in seen],
        "evidence": [None] * len(seen),
        "run": [run] * len(seen),
    }
    return _table("events", columns)


def _known(velocities: NDArray[np.int16]) -> dict[str, pa.Array]:
    """Velocities (n, 2) as columns; what could not be followed is NULL."""
    return {
        name: pa.array(values, pa.int16(), mask=values == UNMEASURED)
        for name, values in zip(("vx", "vy"), velocities.T, strict=True)
    }


def _days(instants: Iterable[datetime]) -> pa.Array:
    return pa.array([city_day(at) for at in instants], pa.date32())


def _array(table: str, column: str, values: Any) -> pa.Array:
    kind = landed_schema(table).field(column).type
    return values.cast(kind) if isinstance(values, pa.Array) else pa.array(values, kind)


def _table(name: str, columns: Mapping[str, Any]) -> pa.Table:
    schema = landed_schema(name)
    arrays = [_array(name, column, columns[column]) for column in schema.names]
    return pa.Table.from_arrays(arrays, schema=schema)


def _frames(looks: Sequence[Look]) -> pa.Array:
    """Each look's frames as a list of offset and outcome."""
    ends = np.cumsum([0, *(len(look.offsets_ms) for look in looks)])
    offsets = np.concatenate([np.empty(0, np.int16), *(look.offsets_ms for look in looks)])
    outcomes = np.concatenate([np.empty(0, np.int8), *(look.outcomes for look in looks)])
    fields = list(FRAMES.value_type)
    arrays = [pa.array(offsets, pa.int16()), pa.array(outcomes, pa.int8())]
    frames = pa.StructArray.from_arrays(arrays, fields=fields)
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), frames)


def _readings(readings: Sequence[Mapping[str, float]]) -> pa.Array:
    return pa.array([list(reading.items()) for reading in readings], READINGS)
