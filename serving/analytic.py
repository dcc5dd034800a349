"""What an analytic is, and the catalogue of those that this installation has."""

import importlib
import inspect
import logging
import pkgutil
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, NoReturn, get_args

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from lakehouse.city.cameras import Camera, Purpose, Zone
from lakehouse.problem import BadAnalytic
from lakehouse.scenes import Event, Measure, Scene
from lakehouse.tables import TABLES
from serving.measuring.containment import Contained

if TYPE_CHECKING:  # analytics stay free of the table library
    from lakehouse.store import Lake

log = logging.getLogger(__name__)

GROUP = "matakota.analytics"
"""The entry points under which installed packages name their analytics."""

RETIRED = "retired"
"""The state of a kind that was measured once, and of which no analytic is installed any more."""

Theme = Literal["crowd", "traffic", "tourism", "cleanliness", "flood", "health", "safety"]
Summed = Literal["sum", "mean", "peak", "share"]
State = Literal["stable", "experimental"]


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
    and picklable: wherever a stream is cut, pickled and resumed, the last revisions are the same. `zone` is
    the purpose of the zones that it is for, or several; of a camera with None it gets the whole picture.
    """

    kind: ClassVar[str]
    theme: ClassVar[Theme]
    title: ClassVar[Both]
    quantities: ClassVar[tuple[Quantity, ...]] = ()
    events: ClassVar[tuple[EventKind, ...]] = ()
    zone: ClassVar[Purpose | tuple[Purpose, ...] | frozenset[Purpose] | None] = None
    labels: ClassVar[tuple[str, ...]] = ()
    state: ClassVar[State] = "stable"
    version: ClassVar[str] = "1"
    settings_class: ClassVar[type[Settings]] = Settings

    def __init__(self, camera: Camera, zone: Zone | None, settings: Settings) -> None:
        self.camera = camera
        self.zone_of_camera = zone
        self.settings = settings

    @classmethod
    def purposes(cls) -> frozenset[Purpose]:
        """The purposes of the zones that it is for; none where it takes the whole picture."""
        if cls.zone is None:
            return frozenset()
        return frozenset([cls.zone] if isinstance(cls.zone, Purpose) else cls.zone)

    @abstractmethod
    def see(self, scene: Scene) -> Iterable[Event | Measure]:
        """Take the camera's next scene; return the revisions and the minutes that it completes."""

    def end(self) -> Iterable[Event | Measure]:
        """What the last scene left unfinished, when a stream ends: its last minute, and what goes on."""
        return ()


_NAME = re.compile(r"[a-z][a-z0-9_]*")
_WORD = "small letters, digits and underscores, a letter first"


def check(analytic: type[Analytic]) -> None:
    """Hold a class against what everybody who reads its kinds relies on.

    Raises:
        BadAnalytic: with the class, the attribute, its value, the rule, and what to write.
    """
    settings = getattr(analytic, "settings_class", None)
    _require(analytic, "kind", _is_name, _WORD)
    _require(analytic, "theme", get_args(Theme).__contains__, f"one of {', '.join(get_args(Theme))}")
    _require(analytic, "title", _is_both, "Both(id, en), neither of them empty")
    _require(analytic, "quantities", lambda value: _all_of(value, Quantity), "a tuple of Quantity")
    _require(analytic, "events", lambda value: _all_of(value, EventKind), "a tuple of EventKind")
    _require(analytic, "zone", _is_zone, "a Purpose, a tuple of them, or None")
    _require(analytic, "labels", lambda value: _all_of(value, str), "a tuple of class names")
    _require(analytic, "state", get_args(State).__contains__, f"one of {', '.join(get_args(State))}")
    _require(analytic, "version", lambda value: bool(value) and isinstance(value, str), "a text such as '1'")
    if not (isinstance(settings, type) and issubclass(settings, Settings)):
        _refuse(analytic, "settings_class", settings, "it is no subclass of serving.analytic.Settings")
    for quantity in analytic.quantities:
        _check_quantity(analytic, quantity)
    for event in analytic.events:
        if not _is_both(event.title):
            _refuse(analytic, f"events[{event.name}].title", event.title, "it is not Both(id, en) with words")
    names = [quantity.name for quantity in analytic.quantities] + [event.name for event in analytic.events]
    if not names:
        _refuse(analytic, "quantities", (), "it measures nothing and reports nothing", "name at least one")
    for name in names:
        if not _is_name(name):
            _refuse(analytic, "quantities and events", name, f"a name is {_WORD}")
        if names.count(name) > 1:
            _refuse(analytic, "quantities and events", name, "two of them are called so", "rename one")


def _check_quantity(analytic: type[Analytic], quantity: Quantity) -> None:
    place = f"quantities[{quantity.name}]"
    for part in ("title", "unit"):
        if not _is_both(getattr(quantity, part)):
            _refuse(analytic, f"{place}.{part}", getattr(quantity, part), "it is not Both(id, en) with words")
    if quantity.summed not in get_args(Summed):
        rule = f"it is one of {', '.join(get_args(Summed))}"
        _refuse(analytic, f"{place}.summed", quantity.summed, rule)
    for flag in ("additive", "forecast"):
        if not isinstance(getattr(quantity, flag), bool):
            _refuse(analytic, f"{place}.{flag}", getattr(quantity, flag), "it is True or False")


def _require(analytic: type[Analytic], attribute: str, holds: Callable[[Any], bool], rule: str) -> None:
    value = getattr(analytic, attribute, None)
    if isinstance(value, list | set | dict) or not holds(value):
        _refuse(analytic, attribute, value, f"it is {rule}")


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(_NAME.fullmatch(value))


def _is_both(value: object) -> bool:
    return isinstance(value, Both) and all(isinstance(text, str) and text.strip() for text in value)


def _is_zone(value: object) -> bool:
    several = value if isinstance(value, tuple | frozenset) else (value,)
    return value is None or (bool(several) and all(isinstance(one, Purpose) for one in several))


def _all_of(value: object, kind: type) -> bool:
    return isinstance(value, tuple) and all(isinstance(one, kind) for one in value)


def _refuse(
    analytic: type, attribute: str, value: object, rule: str, remedy: str = "write it so, or uninstall it"
) -> NoReturn:
    raise BadAnalytic(f"{_name(analytic)}.{attribute} = {value!r}", rule, remedy)


def _name(analytic: type) -> str:
    return f"{analytic.__module__}.{analytic.__qualname__}"


class Catalogue(NamedTuple):
    """The analytics by kind, and what is installed and cannot be used, each with the reason."""

    usable: dict[str, type[Analytic]]
    left_out: tuple[BadAnalytic, ...]


@cache
def catalogue() -> dict[str, type[Analytic]]:
    """Every analytic by kind: the files of `serving/analytics`, then installed plug-ins.

    What is left out is logged, once in the life of a process.

    Raises:
        BadAnalytic: one of our own files is not as an analytic must be.
    """
    usable, left_out = found()
    for problem in left_out:
        log.error("an analytic is left out: %s", problem)
    return usable


def found() -> Catalogue:
    """Look for analytics: every concrete descendant of `Analytic`, wherever it was loaded from.

    A plug-in that cannot be imported, or is not as an analytic must be, is left out: the city goes on with
    the others.

    Raises:
        BadAnalytic: one of our own files is not as an analytic must be.
    """
    folder = importlib.import_module("serving.analytics")
    for module in pkgutil.iter_modules(folder.__path__, folder.__name__ + "."):
        importlib.import_module(module.name)
    left_out = [problem for plugin in entry_points(group=GROUP) for problem in _load(plugin)]
    usable: dict[str, type[Analytic]] = {}
    own = f"{folder.__name__}."
    for one in sorted(_descendants(), key=lambda one: (not one.__module__.startswith(own), _name(one))):
        try:
            check(one)
            if one.kind in usable:
                _refuse(one, "kind", one.kind, f"{_name(usable[one.kind])} is called so", "choose another")
            usable[one.kind] = one
        except BadAnalytic as problem:
            if one.__module__.startswith(own):
                raise
            left_out.append(problem)
    return Catalogue(dict(sorted(usable.items())), tuple(left_out))


def _load(plugin: EntryPoint) -> Iterator[BadAnalytic]:
    """Import a plug-in; what is wrong with it, if anything."""
    named = f"{plugin.name} = {plugin.value}"
    remedy = "mend the package, or uninstall it"
    try:
        loaded = plugin.load()
    except Exception as error:  # noqa: BLE001 - others' code, of which anything may come
        yield BadAnalytic(named, f"it cannot be imported: {type(error).__name__}: {error}", remedy)
        return
    if isinstance(loaded, ModuleType):
        return
    if not (isinstance(loaded, type) and issubclass(loaded, Analytic)):
        yield BadAnalytic(named, "it is no subclass of serving.analytic.Analytic", remedy)
    elif inspect.isabstract(loaded):
        lacking = ", ".join(sorted(loaded.__abstractmethods__))
        yield BadAnalytic(named, f"it is abstract: it does not say {lacking}", remedy)


def _descendants() -> set[type[Analytic]]:
    """All concrete classes below `Analytic`; an abstract one in between is no analytic."""
    below: set[type[Analytic]] = set()
    queue = list(Analytic.__subclasses__())
    while queue:
        below.add(one := queue.pop())
        queue += one.__subclasses__()
    return {one for one in below if not inspect.isabstract(one)}


def instances(camera: Camera, chosen: Mapping[str, Settings] | None = None) -> list[Contained]:
    """The analytics of a camera: one of each for every zone that it applies in.

    `chosen` are those wanted by kind, with their settings; by default all, with their defaults.
    """
    if chosen is None:
        chosen = {kind: analytic.settings_class() for kind, analytic in catalogue().items()}
    return [
        contained(catalogue()[kind], camera, zone, settings)
        for kind, settings in chosen.items()
        for zone in _zones(catalogue()[kind], camera)
    ]


def contained(analytic: type[Analytic], camera: Camera, zone: Zone | None, settings: Settings) -> Contained:
    """An analytic in one zone that may fail without harm to the others."""
    told = frozenset(row["kind"] for row in _rows(analytic))
    return Contained(analytic.kind, camera, zone, partial(analytic, camera, zone, settings), told)


def _zones(analytic: type[Analytic], camera: Camera) -> Iterable[Zone | None]:
    if analytic.zone is None:
        return [None]
    return [zone for zone in camera.zones if zone.purpose in analytic.purposes()]


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


def publish(lake: "Lake", *, retire: bool = False) -> int | None:
    """Write what this installation measures and reports into the table `kinds`, beside what others wrote.

    A kind that another installation wrote stays as it is. With `retire` this installation speaks for the
    whole city: what it does not have is retired, so that its past stays readable and it is not forecast.

    Returns:
        The table's new version, or None where nothing changed.
    """
    from lakehouse.log.commits import StaleSnapshotError  # noqa: PLC0415 - loads the table library
    from lakehouse.log.reading import Reading  # noqa: PLC0415 - the same

    while True:
        snapshot = lake.table("kinds")
        before = {row["kind"]: row for row in Reading(snapshot).rows().to_pylist()}
        if retire:
            before = {kind: row | {"state": RETIRED, "forecast": False} for kind, row in before.items()}
        rows = before | {row["kind"]: row for row in kinds().to_pylist()}
        table = pa.Table.from_pylist([rows[kind] for kind in sorted(rows)], TABLES["kinds"].schema)
        try:
            return lake.replace("kinds", table, on=snapshot)
        except StaleSnapshotError:
            continue
