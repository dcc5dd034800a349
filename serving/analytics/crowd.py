"""Crowd: how many people stand and walk in a zone, and when there are too many."""

from collections.abc import Iterator

import numpy as np
from pydantic import Field

from lakehouse.city.cameras import Camera, Purpose, Zone
from lakehouse.scenes import Event, Measure, Scene, Severity
from serving import analytic
from serving.analytic import Both, EventKind, Quantity
from serving.measuring.alarm import Alarm, Terms
from serving.measuring.geometry import inside, riders
from serving.measuring.minutes import Minutes


class Settings(analytic.Settings):
    """When a crowd is too dense.

    Per m²: J. J. Fruin's levels, 4 a warning and 5 a danger for people who stand. Where the area is not
    known: shares of the people who fit.
    """

    warning_per_m2: float = Field(default=4.0, gt=0)
    danger_per_m2: float = Field(default=5.0, gt=0)
    warning_capacity_share: float = Field(default=0.8, gt=0)
    danger_capacity_share: float = Field(default=1.0, gt=0)
    on_after_s: float = Field(default=30, ge=0)
    off_after_s: float = Field(default=60, ge=0)
    off_share: float = Field(default=0.85, gt=0, le=1)
    gap_s: float = Field(default=10, gt=0, description="dips up to so long do not count")


class Crowd(analytic.Analytic):
    """People in a PEOPLE zone; who rides through it on a two-wheeler is traffic."""

    kind = "crowd"
    theme = "crowd"
    title = Both("Kerumunan", "Crowd")
    quantities = (
        Quantity(
            "people",
            Both("Orang di tempat", "People present"),
            Both("orang", "people"),
            summed="mean",
            additive=True,
            forecast=True,
        ),
    )
    events = (EventKind("crowding", Both("Kerumunan padat", "Crowding")),)
    zone = Purpose.PEOPLE
    labels = ("person",)
    settings_class = Settings

    def __init__(self, camera: Camera, zone: Zone, settings: Settings) -> None:
        super().__init__(camera, zone, settings)
        self._corners = np.asarray(zone.corners, np.float64)
        self._minutes = Minutes(camera.camera_id, zone.zone_id)
        self._fits, thresholds = _density(zone, settings)
        terms = Terms(
            thresholds, settings.on_after_s, settings.off_after_s, settings.off_share, settings.gap_s
        )
        self._alarm = Alarm(camera.camera_id, zone.zone_id, "crowd.crowding", terms)

    def see(self, scene: Scene) -> Iterator[Event | Measure]:
        """Count the people of the next scene."""
        yield from self._minutes.turn(scene.at)
        people = inside(scene.ground_points(), self._corners) & (scene.labels == "person") & ~riders(scene)
        count = int(people.sum())
        self._minutes.mean("crowd.people", [count])
        if self._fits is not None:
            confidence = float(scene.confidences[people].mean() / 100) if count else 0.0
            yield from self._alarm.see(scene.at, count / self._fits, {"people": float(count)}, confidence)

    def end(self) -> Iterator[Event | Measure]:
        """The minute that is not over, and the end of what goes on."""
        yield from self._minutes.finish()
        yield from self._alarm.end()


def _density(zone: Zone, settings: Settings) -> tuple[float | None, dict[Severity, float]]:
    """What the count is divided by, and the thresholds of the quotient; nothing where neither is known."""
    if zone.area_m2 is not None:
        steps = settings.warning_per_m2, settings.danger_per_m2
    else:
        steps = settings.warning_capacity_share, settings.danger_capacity_share
    return zone.area_m2 or zone.capacity, dict(zip((Severity.WARNING, Severity.DANGER), steps, strict=True))
