"""How well the synthetic city is seen: the same path as live, held against the truth."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, cast

import numpy as np
import typer
from numpy.typing import NDArray
from tqdm import tqdm

from lakehouse.city.cameras import Camera
from lakehouse.clock import CITY_ZONE
from lakehouse.scenes import Event, Look, Measure, Scene
from lakehouse.synthetic import City
from serving.seeing import detectors
from serving.seeing.detectors import Detector
from serving.watching.gate import Gate
from serving.watching.sink import Sink
from serving.watching.sources.synthetic import SyntheticSource
from serving.watching.stream import Stream

HOURS = {"day": (8, 11, 14, 16), "night": (19, 20, 21, 4)}
"""When cameras are looked at, by the city's clock; each camera at one of them in turn."""

_SETTLING = timedelta(seconds=10)
"""Before the first minute that counts, so that tracks are there when it begins."""


def observe(
    out: Annotated[Path, typer.Option(help="The model card that is told what was seen.")],
    weights: Annotated[
        Path | None, typer.Option(help="Weights with a card; by default the shipped ones.")
    ] = None,
    minutes: Annotated[
        int, typer.Option(min=1, max=60, help="How long each camera is watched, day and night.")
    ] = 4,
    day: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])] = datetime(2026, 10, 7),  # noqa: DTZ001 - a date
    seed: Annotated[int, typer.Option(min=0, help="Whose city.")] = 7,
) -> None:
    """Watch every synthetic camera by day and at night; write recalls and false rates into a card."""
    city, detector = City(seed), detectors.load(weights)
    observation: dict[str, Any] = {}
    ratios: dict[str, float] = {}
    for light, hours in HOURS.items():
        jobs = [(camera_id, hours[i % len(hours)]) for i, camera_id in enumerate(city.cameras)]
        seen = [
            pair
            for camera_id, hour in tqdm(jobs, light)
            for pair in watch(city, camera_id, detector, _instant(day, hour), minutes)
        ]
        for kind in sorted({kind for kind, _, _ in seen}):
            pairs = np.array([pair[1:] for pair in seen if pair[0] == kind])
            observation.setdefault(kind, {})[light] = fit(pairs)
            ratios[f"{kind}, {light}"] = round(float(pairs[:, 0].sum() / pairs[:, 1].sum()), 3)
    card = json.loads(out.read_text())
    card["figures"]["synthetic city, seen / true"] = ratios
    out.write_text(json.dumps(card | {"observation": observation}, indent=1) + "\n")


def _instant(day: datetime, hour: int) -> datetime:
    return day.replace(hour=hour, minute=10, tzinfo=CITY_ZONE)


def watch(
    city: City, camera_id: str, detector: Detector, start: datetime, minutes: int
) -> Iterator[tuple[str, float, float]]:
    """What one camera measured in each minute: kind, value, truth; only kinds whose truth is known."""
    camera, stop = city.cameras[camera_id], start + timedelta(minutes=minutes)
    kinds = city.kinds_of(camera_id)
    truths = {kind: city.minutes(camera_id, kind, start, stop) for kind in kinds}
    for measure in _measures(city, camera, detector, start, stop):
        number = int((measure.minute - start).total_seconds() // 60)
        if measure.kind in truths and 0 <= number < minutes:
            yield measure.kind, measure.value, float(truths[measure.kind][number])


def _measures(
    city: City, camera: Camera, detector: Detector, start: datetime, stop: datetime
) -> Iterable[Measure]:
    kept = _Kept()
    stream = Stream(camera, cast("Sink", kept), epoch=1, gate=Gate())
    for frame in SyntheticSource(camera.camera_id, city, camera.fps, start - _SETTLING).frames():
        if frame.at >= stop:
            break
        picture = stream.admit(frame)
        if picture is not None:
            stream.observe(frame, detector.detect([picture])[0])
    stream.close()
    return kept.measures


class _Kept:
    """A sink that keeps the measures."""

    def __init__(self) -> None:
        self.measures: list[Measure] = []

    def put(
        self,
        camera: Camera,  # noqa: ARG002 - a sink's signature
        scene: Scene | None = None,  # noqa: ARG002
        look: Look | None = None,  # noqa: ARG002
        outputs: Iterable[Event | Measure] = (),
    ) -> bool:
        self.measures += [output for output in outputs if isinstance(output, Measure)]
        return True


def fit(pairs: NDArray[np.float64]) -> dict[str, float]:
    """Recall 0-1 and false rate a minute that explain pairs (n, 2) of value and truth, by least squares."""
    from scipy.optimize import lsq_linear  # noqa: PLC0415 - watching does without

    sides = np.column_stack([pairs[:, 1], np.ones(len(pairs))])
    recall, false_rate = lsq_linear(sides, pairs[:, 0], bounds=([0, 0], [1, np.inf])).x
    return {"recall": round(float(recall), 3), "false_rate": round(float(false_rate), 3)}
