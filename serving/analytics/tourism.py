"""Tourism: visits, counted where people walk in."""

from collections.abc import Iterator

from lakehouse.city.cameras import Camera, Purpose, Zone
from lakehouse.scenes import Event, Measure, Scene
from serving import analytic
from serving.analytic import Both, Quantity
from serving.measuring.crossing import Line, Passing
from serving.measuring.geometry import riders
from serving.measuring.minutes import Minutes


class Settings(analytic.Settings):
    """When a person has come in."""

    line: Passing = Passing()


class Tourism(analytic.Analytic):
    """People who cross an ENTRANCE line inward."""

    kind = "tourism"
    theme = "tourism"
    title = Both("Pariwisata", "Tourism")
    quantities = (
        Quantity(
            "visits",
            Both("Kunjungan", "Visits"),
            Both("kunjungan", "visits"),
            summed="sum",
            additive=True,
            forecast=True,
        ),
    )
    zone = Purpose.ENTRANCE
    labels = ("person",)
    settings_class = Settings

    def __init__(self, camera: Camera, zone: Zone, settings: Settings) -> None:
        super().__init__(camera, zone, settings)
        self._line = Line(camera, zone, settings.line)
        self._minutes = Minutes(camera.camera_id, zone.zone_id)

    def see(self, scene: Scene) -> Iterator[Event | Measure]:
        """Count who is known to have come in since the last scene."""
        self._minutes.late("tourism.visits", self._line.left(scene).inward)
        yield from self._minutes.turn(scene.at)
        walking = (scene.labels == "person") & ~riders(scene)
        self._minutes.count("tourism.visits", self._line.see(scene, walking).inward)

    def end(self) -> Iterator[Event | Measure]:
        """The minute that is not over."""
        self._minutes.late("tourism.visits", self._line.end().inward)
        yield from self._minutes.finish()
