"""What an analytic is, and the catalogue of those that this installation has."""

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from lakehouse.cameras import Camera, Purpose, Zone
from lakehouse.scenes import Event, Measure, Scene

Theme = Literal["crowd", "traffic", "tourism", "cleanliness", "flood", "health", "safety"]
Summed = Literal["sum", "mean", "peak", "share"]


@dataclass(frozen=True)
class Quantity:
    """A number that an analytic reads off a minute; `name` is the part behind the analytic's kind."""

    name: str
    title: dict[str, str]
    unit: dict[str, str]
    summed: Summed
    additive: bool
    forecast: bool = False


@dataclass(frozen=True)
class EventKind:
    """Something that an analytic reports and a person would act on."""

    name: str
    title: dict[str, str]


class Settings(BaseModel):
    """An analytic's settings: units stand in the names, and an unknown name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Analytic(ABC):
    """One thing that the city looks for, in one zone of one camera.

    A subclass is one file: it says what it measures and reports, and sees. Its state is plain, bounded
    and picklable: wherever a stream is cut, pickled and resumed, the last revisions are the same.
    """

    kind: ClassVar[str]
    theme: ClassVar[Theme]
    title: ClassVar[dict[str, str]]
    quantities: ClassVar[tuple[Quantity, ...]] = ()
    events: ClassVar[tuple[EventKind, ...]] = ()
    zone: ClassVar[Purpose | None] = None
    labels: ClassVar[tuple[str, ...]] = ()
    state: ClassVar[Literal["stable", "experimental"]] = "stable"
    version: ClassVar[str] = "1"
    Settings: ClassVar[type[Settings]] = Settings

    def __init__(self, camera: Camera, zone: Zone | None, settings: Settings) -> None:
        self.camera = camera
        self.zone_of_camera = zone
        self.settings = settings

    @abstractmethod
    def see(self, scene: Scene) -> Iterable[Event | Measure]:
        """Take the camera's next scene; return the revisions and the minutes that it completes."""


@cache
def catalogue() -> dict[str, type[Analytic]]:
    """Every analytic by kind: the files of `serving/analytics`, then installed plug-ins.

    Raises:
        ValueError: two analytics call themselves the same.
    """
    folder = importlib.import_module("serving.analytics")
    for module in pkgutil.iter_modules(folder.__path__, folder.__name__ + "."):
        importlib.import_module(module.name)
    for plugin in entry_points(group="matakota.analytics"):
        plugin.load()
    found: dict[str, type[Analytic]] = {}
    for analytic in Analytic.__subclasses__():
        other = found.setdefault(analytic.kind, analytic)
        if other is not analytic:
            raise ValueError(f"two analytics call themselves {analytic.kind!r}: {other} and {analytic}")
    return dict(sorted(found.items()))
