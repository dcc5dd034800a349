"""Tourism: visits, counted where people walk in."""

from collections.abc import Iterator

from lakehouse.city.cameras import Camera, Purpose, Zone
from lakehouse.scenes import Event, Measure, Scene
from serving import analytic
from serving.analytic import Both, EventKind, Quantity
from serving.measuring.counting import Counting, Streaming
from serving.measuring.crossing import Passing
from serving.measuring.geometry import riders


class Settings(analytic.Settings):
    """When a person has come in."""

    line: Passing = Passing()
    stream: Streaming = Streaming()


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
        Quantity(
            "visits_untracked",
            Both("Kunjungan dihitung tanpa jejak", "Visits counted without tracks"),
            Both("kunjungan", "visits"),
            summed="sum",
            additive=True,
        ),
        Quantity(
            "visits_variance",
            Both("Kuadrat galat baku kunjungan", "Visits: square of their standard error"),
            Both("kunjungan²", "visits²"),
            summed="sum",
            additive=True,
        ),
    )
    events = (EventKind("miscount", Both("Hitungan kunjungan diragukan", "Visits counted doubtfully")),)
    zone = Purpose.ENTRANCE
    labels = ("person",)
    settings_class = Settings

    def __init__(self, camera: Camera, zone: Zone, settings: Settings) -> None:
        super().__init__(camera, zone, settings)
        self._counting = Counting(
            camera, zone, "tourism.visits", settings.line, settings.stream, both=False, guided=False
        )

    def see(self, scene: Scene) -> Iterator[Event | Measure]:
        """Count who is known to have come in since the last scene."""
        yield from self._counting.see(scene, (scene.labels == "person") & ~riders(scene))

    def end(self) -> Iterator[Event | Measure]:
        """The minute that is not over."""
        yield from self._counting.end()
