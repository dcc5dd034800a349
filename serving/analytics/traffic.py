"""Traffic: how much flows, how fast, how full the road is, and when it is congested."""

from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lakehouse.city.cameras import Calibration, Camera, Purpose, Zone
from lakehouse.scenes import VEHICLES, Event, Measure, Scene, Severity
from serving import analytic
from serving.analytic import Both, EventKind, Quantity
from serving.measuring.alarm import Alarm, Terms
from serving.measuring.counting import Counting, Streaming
from serving.measuring.crossing import Passing
from serving.measuring.geometry import covered, inside, raster
from serving.measuring.minutes import Minutes


class Settings(analytic.Settings):
    """When a vehicle has passed, and when traffic is congested.

    Congested is what the city alarms on: more than half of the road occupied and slower than 10 km/h for
    two minutes. It is a danger at half as much again of both.
    """

    line: Passing = Passing()
    stream: Streaming = Streaming()
    baseline_s: float = Field(default=1.0, gt=0, description="a speed is a way over at least so long")
    fastest_kmh: float = Field(default=150, gt=0, description="faster is a mistaken track")
    congested_occupancy: float = Field(default=0.5, gt=0, le=1)
    congested_kmh: float = Field(default=10, gt=0)
    danger_times: float = Field(default=1.5, gt=1)
    on_after_s: float = Field(default=120, ge=0)
    off_after_s: float = Field(default=60, ge=0)
    off_share: float = Field(default=0.85, gt=0, le=1)
    gap_s: float = Field(default=10, gt=0, description="dips up to so long do not count")


class Traffic(analytic.Analytic):
    """Vehicles in a ROAD zone: a line counts the flow, a polygon gives speed, occupancy and congestion."""

    kind = "traffic"
    theme = "traffic"
    title = Both("Lalu lintas", "Traffic")
    quantities = (
        Quantity(
            "flow",
            Both("Arus kendaraan", "Traffic flow"),
            Both("kendaraan", "vehicles"),
            summed="sum",
            additive=True,
            forecast=True,
        ),
        Quantity(
            "flow_untracked",
            Both("Arus dihitung tanpa jejak", "Flow counted without tracks"),
            Both("kendaraan", "vehicles"),
            summed="sum",
            additive=True,
        ),
        Quantity(
            "flow_variance",
            Both("Kuadrat galat baku arus", "Flow: square of its standard error"),
            Both("kendaraan²", "vehicles²"),
            summed="sum",
            additive=True,
        ),
        Quantity(
            "speed",
            Both("Kecepatan", "Speed"),
            Both("km/jam", "km/h"),
            summed="mean",
            additive=False,
        ),
        Quantity(
            "occupancy",
            Both("Keterisian jalan", "Road occupancy"),
            Both("bagian", "share"),
            summed="mean",
            additive=False,
        ),
    )
    events = (
        EventKind("congestion", Both("Kemacetan", "Congestion")),
        EventKind("miscount", Both("Hitungan arus diragukan", "Flow counted doubtfully")),
    )
    zone = Purpose.ROAD
    labels = VEHICLES
    settings_class = Settings

    def __init__(self, camera: Camera, zone: Zone, settings: Settings) -> None:
        super().__init__(camera, zone, settings)
        self._part = (Flow if zone.is_line else Road)(camera, zone, settings)

    def see(self, scene: Scene) -> Iterator[Event | Measure]:
        """Take the camera's next scene."""
        yield from self._part.see(scene)

    def end(self) -> Iterator[Event | Measure]:
        """The minute that is not over, and the end of what goes on."""
        yield from self._part.end()


class Flow:
    """The vehicles that cross a line, in both directions."""

    def __init__(self, camera: Camera, zone: Zone, settings: Settings) -> None:
        self._counting = Counting(camera, zone, "traffic.flow", settings.line, settings.stream, both=True)

    def see(self, scene: Scene) -> Iterator[Event | Measure]:
        """Count what crossed since the last scene."""
        yield from self._counting.see(scene, scene.of_labels(VEHICLES))

    def end(self) -> Iterator[Event | Measure]:
        """The minute that is not over."""
        yield from self._counting.end()


class Road:
    """Speed, occupancy and congestion on a stretch of road.

    Occupancy is the share of the polygon, as it is seen in the picture, that vehicles' boxes lie over: the
    road that a vehicle hides counts as held. Congestion compares both with their thresholds at once: its
    level is the lesser of occupancy / congested_occupancy and congested_kmh / speed.
    """

    def __init__(self, camera: Camera, zone: Zone, settings: Settings) -> None:
        self._settings = settings
        self._corners = np.asarray(zone.corners, np.float64)
        self._raster = raster(zone.corners)
        self._minutes = Minutes(camera.camera_id, zone.zone_id)
        self._speeds = Speeds(camera.calibration, settings) if camera.calibration else None
        thresholds = {Severity.WARNING: 1.0, Severity.DANGER: settings.danger_times}
        terms = Terms(
            thresholds, settings.on_after_s, settings.off_after_s, settings.off_share, settings.gap_s
        )
        self._alarm = Alarm(camera.camera_id, zone.zone_id, "traffic.congestion", terms)

    def see(self, scene: Scene) -> Iterator[Event | Measure]:
        """Measure the road in the next scene."""
        yield from self._minutes.turn(scene.at)
        vehicles = scene.of_labels(VEHICLES)
        occupancy = covered(scene.boxes[vehicles], self._raster)
        self._minutes.mean("traffic.occupancy", [occupancy])
        if self._speeds is None:
            return
        there = vehicles & inside(scene.ground_points(), self._corners)
        speeds = self._speeds.see(scene, there)
        self._minutes.mean("traffic.speed", speeds)
        if speeds or not there.any():
            confidence = float(scene.confidences[there].mean() / 100) if there.any() else 0.0
            yield from self._congestion(scene.at, occupancy, speeds, confidence)

    def _congestion(
        self, at: datetime, occupancy: float, speeds: list[float], confidence: float
    ) -> list[Event]:
        level, measures = occupancy / self._settings.congested_occupancy, {"occupancy": occupancy}
        if speeds:
            speed = float(np.mean(speeds))
            level = min(level, self._settings.congested_kmh / max(speed, 0.1))
            measures["speed"] = speed
        return self._alarm.see(at, level, measures, confidence)

    def end(self) -> Iterator[Event | Measure]:
        """The minute that is not over, and the end of what goes on."""
        yield from self._minutes.finish()
        yield from self._alarm.end()


Place = tuple[datetime, float, float]


class Speeds:
    """How fast tracks move over the ground, from where they stood a moment ago."""

    def __init__(self, calibration: Calibration, settings: Settings) -> None:
        self._calibration = calibration
        self._fastest_kmh = settings.fastest_kmh
        self._baseline = timedelta(seconds=settings.baseline_s)
        self._forget = timedelta(seconds=3 * settings.baseline_s)
        self._tracks: dict[int, deque[Place]] = {}

    def see(self, scene: Scene, wanted: NDArray[np.bool_]) -> list[float]:
        """The speeds in km/h of those `wanted` (n,) boxes that have been followed for long enough."""
        spots = self._calibration.ground(scene.ground_points()[wanted]).tolist()
        ids = scene.track_ids[wanted].tolist()
        self._tracks = {
            track: way for track, way in self._tracks.items() if scene.at - way[-1][0] <= self._forget
        }
        speeds = [self._speed(track, (scene.at, x, y)) for track, (x, y) in zip(ids, spots, strict=True)]
        return [speed for speed in speeds if speed is not None and speed <= self._fastest_kmh]

    def _speed(self, track: int, now: Place) -> float | None:
        way = self._tracks.setdefault(track, deque(maxlen=64))
        way.append(now)
        while len(way) > 1 and now[0] - way[1][0] >= self._baseline:
            way.popleft()
        start, x, y = way[0]
        elapsed = (now[0] - start).total_seconds()
        if elapsed < self._baseline.total_seconds():
            return None
        speed = float(np.hypot(now[1] - x, now[2] - y)) / elapsed * 3.6
        return speed if np.isfinite(speed) else None
