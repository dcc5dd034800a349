"""A lake at one moment, taken so that what others do meanwhile looks right and never wrong."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, TypeVar

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from lakehouse.landing.segments import SegmentName, app_id
from lakehouse.problem import BrokenLake
from lakehouse.store import Lake
from lakehouse.tables import LANDED, TABLES

PATIENCE = 5
"""So often a table is read anew whose files others took out meanwhile."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Follow(Protocol):
    """Goes through items one by one, and may show how far it has come."""

    def __call__(self, items: Sequence[Item], label: str, /) -> Iterable[Item]:
        """The same items."""
        ...


def silently(items: Sequence[Item], _label: str) -> Iterable[Item]:
    """Show nothing."""
    return items


@dataclass
class Standing:
    """What is looked at: landing is listed first, then come the tables, then the claims.

    The tables are taken against the order in which they are committed. Marks only rise, so a table that
    is ahead of another one is so in its later snapshot too; a segment is deleted after its commits, so what
    was listed and is gone has been taken in by then; and an epoch is claimed before anything lands in it.
    """

    lake: Lake
    deep: bool = False
    follow: Follow = silently
    aside: list[str] = field(init=False)
    segments: dict[str, list[SegmentName]] = field(init=False)

    def __post_init__(self) -> None:
        self.aside = self.lake.landing.aside()
        self.segments = self.lake.landing.segments()

    @cached_property
    def tables(self) -> dict[str, DeltaTable]:
        """A snapshot of every table.

        Raises:
            BrokenLake: one does not open.
        """
        derived = [name for name in TABLES if name not in {*LANDED, "quarantine"}]
        return {name: self._opened(name) for name in (*derived, *reversed(LANDED), "quarantine")}

    def _opened(self, name: str) -> DeltaTable:
        try:
            return self.lake.table(name)
        except DeltaError as error:
            raise BrokenLake(name, f"it does not open: {error}", "restore its _delta_log") from error

    @cached_property
    def claims(self) -> set[str]:
        """The app id of every epoch that somebody claimed."""
        _ = self.tables
        return self._claims()

    def must_be_claimed(self, app: str, by: str) -> None:
        """Find out whether an epoch is claimed: perhaps it was so meanwhile.

        Raises:
            BrokenLake: it is not, though `by` has a batch of it.
        """
        if app not in self.claims and app not in self._claims():
            rule = f"it holds a batch of {app}, and nobody claimed that epoch"
            raise BrokenLake(by, rule, "two producers may have had one name: restore landing/epochs")

    def _claims(self) -> set[str]:
        return {app_id(*claim) for claim in self.lake.landing.claims()}

    def quarantined(self) -> frozenset[str]:
        """The names of the segments that were refused by now."""
        return frozenset(self.lake.read("quarantine", columns=["segment"])["segment"].to_pylist())

    def judged(self, name: str, judge: Callable[[DeltaTable], Answer]) -> Answer:
        """What `judge` makes of a table: of a newer snapshot where a file was taken out meanwhile."""
        snapshot = self.tables[name]
        for _ in range(PATIENCE):
            try:
                return judge(snapshot)
            except FileNotFoundError:
                snapshot = self.lake.table(name)
            except (pa.ArrowException, OSError) as error:
                rule = f"one of its data files cannot be read: {error}"
                raise BrokenLake(name, rule, "check with --deep, which names the file") from error
        raise BrokenLake(name, "its files vanish while they are read", "check again while no vacuum runs")
