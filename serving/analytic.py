"""What an analytic is, and the catalogue of those that this installation has."""

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from lakehouse.city.cameras import Camera, Purpose, Zone
from lakehouse.scenes import Event, Measure, Scene
from lakehouse.tables import TABLES

if TYPE_CHECKING:  # analytics stay free of the table library
    from lakehouse.store import Lake

Theme = Literal["crowd", "traffic", "tourism", "cleanliness", "flood", "health", "safety"]
Summed = Literal["sum", "mean", "peak", "share"]


class Both(NamedTuple):
    """A text in Indonesian and in English."""

    id: str
    en: str


@dataclass(frozen=True)
class Quantity:
    """A number that an analytic reads off a minute; `name` is the part behind the analytic's kind."""

    name: str
    title: Both
    unit: Both
    summed: Summed
    additive: bool
    forecast: bool = False


@dataclass(frozen=True)
class EventKind:
    """Something that an analytic reports and a person would act on."""

    name: str
    title: Both


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
    title: ClassVar[Both]
    quantities: ClassVar[tuple[Quantity, ...]] = ()
    events: ClassVar[tuple[EventKind, ...]] = ()
    zone: ClassVar[Purpose | None] = None
    labels: ClassVar[tuple[str, ...]] = ()
    state: ClassVar[Literal["stable", "experimental"]] = "stable"
    version: ClassVar[str] = "1"
    settings_class: ClassVar[type[Settings]] = Settings

    def __init__(self, camera: Camera, zone: Zone | None, settings: Settings) -> None:
        self.camera = camera
        self.zone_of_camera = zone
        self.settings = settings

    @abstractmethod
    def see(self, scene: Scene) -> Iterable[Event | Measure]:
        """Take the camera's next scene; return the revisions and the minutes that it completes."""

    def end(self) -> Iterable[Event | Measure]:
        """What the last scene left unfinished, when a stream ends: its last minute, and what goes on."""
        return ()


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


def instances(camera: Camera, chosen: Mapping[str, Settings] | None = None) -> list[Analytic]:
    """The analytics of a camera: one of each for every zone that it applies in.

    `chosen` are those wanted by kind, with their settings; by default all, with their defaults.
    """
    if chosen is None:
        chosen = {kind: analytic.settings_class() for kind, analytic in catalogue().items()}
    return [
        analytic(camera, zone, settings)
        for analytic, settings in ((catalogue()[kind], settings) for kind, settings in chosen.items())
        for zone in ([None] if analytic.zone is None else camera.zones_for(analytic.zone))
    ]


def rule_versions() -> dict[str, str]:
    """By kind of event, the version of the analytic that reports it."""
    return {f"{one.kind}.{event.name}": one.version for one in catalogue().values() for event in one.events}


def quantities() -> dict[str, Quantity]:
    """By kind, what is measured of it."""
    return {
        f"{one.kind}.{quantity.name}": quantity for one in catalogue().values() for quantity in one.quantities
    }


def kinds() -> pa.Table:
    """Every quantity and event kind, as rows of the table `kinds`."""
    rows = [row for analytic in catalogue().values() for row in _rows(analytic)]
    return pa.Table.from_pylist(sorted(rows, key=lambda row: str(row["kind"])), TABLES["kinds"].schema)


def _rows(analytic: type[Analytic]) -> Iterator[dict[str, Any]]:
    about = {"theme": analytic.theme, "state": analytic.state, "version": analytic.version}
    for quantity in analytic.quantities:
        yield about | {
            "kind": f"{analytic.kind}.{quantity.name}",
            "analytic": analytic.kind,
            "what": "quantity",
            "title": quantity.title._asdict(),
            "unit": quantity.unit._asdict(),
            "summed": quantity.summed,
            "additive": quantity.additive,
            "forecast": quantity.forecast,
        }
    for event in analytic.events:
        yield about | {
            "kind": f"{analytic.kind}.{event.name}",
            "analytic": analytic.kind,
            "what": "event",
            "title": event.title._asdict(),
            "forecast": False,
        }


def publish(lake: "Lake") -> int | None:
    """Write the table `kinds`; return its new version, or None where nothing changed."""
    return lake.replace("kinds", kinds())
