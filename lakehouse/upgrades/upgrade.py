"""A lake that an older version made, brought to the format of this one, a step at a time."""

import inspect
import pkgutil
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from lakehouse import upgrades
from lakehouse.log import checkpoints
from lakehouse.milestones import reach
from lakehouse.places import card
from lakehouse.places.card import Card
from lakehouse.places.places import folder_at
from lakehouse.problem import BadLake
from lakehouse.store import Lake
from lakehouse.tables import TABLES
from lakehouse.upgrades.changes import Change

_STEP = re.compile(r"format_(?P<format>\d+)")


@dataclass(frozen=True)
class Step:
    """What brings a lake to a format from the one before: the changes, and a sentence that says why."""

    format: int
    about: str
    changes: Sequence[Change]


def found() -> dict[int, Step]:
    """The steps that lie in `lakehouse/upgrades`, by the format that each makes."""
    names = [_STEP.fullmatch(module.name) for module in pkgutil.iter_modules(upgrades.__path__)]
    return {step.format: step for step in (_step(int(name["format"])) for name in names if name)}


def _step(number: int) -> Step:
    module = import_module(f"{upgrades.__name__}.format_{number}")
    about = (inspect.getdoc(module) or "").partition("\n")[0].rstrip(".")
    return Step(number, about, module.CHANGES)


def upgrade(root: str | Path, *, apply: bool, steps: Mapping[int, Step] | None = None) -> Iterator[str]:
    """Bring a lake to the format of this version; say line by line what is done, or would be.

    Before a step changes anything the lake is said to be of its format and unfinished, so that no version,
    older or this one, opens it half changed. A step that was killed is carried out again, and what it had
    done before stays.

    Args:
        root: the lake's folder, or s3://….
        apply: whether to do it.
        steps: by the format that each makes; those of this version by default.

    Raises:
        BadLake: there is no lake, or a newer one.
    """
    folder = folder_at(root)
    now = Card.read(folder)
    if now.format > card.FORMAT:
        now.must_be_present(folder)
    left = _left(now, found() if steps is None else steps, str(root))
    if not left:
        yield f"{root} is of format {now.format}: there is nothing to do"
        return
    yield f"{root} is of format {left[0].format - 1}, and this version reads format {card.FORMAT}"
    for step in left:
        yield f"format {step.format}: {step.about}"
        yield from (f"  {change}" for change in step.changes)
        if apply:
            _carry_out(Lake(folder.uri), step)
    if apply:
        yield f"{root} is of format {card.FORMAT}"
    else:
        yield "nothing was changed: stop what writes to it, copy it if you can, and run it again with --apply"


def _left(now: Card, steps: Mapping[int, Step], root: str) -> list[Step]:
    """The steps that a lake has not had, the one that was begun and not finished first."""
    wanted = range(now.format + (not now.unfinished), card.FORMAT + 1)
    for number in wanted:
        if number not in steps:
            rule = f"no step leads from format {number - 1} to {number}"
            raise BadLake(root, rule, "install this version of Matakota again")
    return [steps[number] for number in wanted]


def _carry_out(lake: Lake, step: Step) -> None:
    folder = folder_at(lake.root)
    Card(step.format, unfinished=True).write(folder)
    reach(f"upgrade: format {step.format} begun")
    for table in TABLES.keys() & set(folder.names()):
        checkpoints.heal(folder / table / "_delta_log")
    for change in step.changes:
        change.carry_out(lake)
        reach(f"upgrade: a change of format {step.format} made")
    Card(step.format).write(folder)
    reach(f"upgrade: format {step.format} finished")
