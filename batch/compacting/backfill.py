"""Backfill: the rows that compaction kept out since they came too late, landed again on purpose."""

import logging
from dataclasses import dataclass

from lakehouse.problem import BadSegment
from lakehouse.store import Lake

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Backfilled:
    """What a backfill did: late segments that were landed again, and the rows of them that were late."""

    segments: int
    rows: int

    def __str__(self) -> str:
        if not self.segments:
            return "landed nothing again: no late segment was set aside"
        return f"landed {self.rows:,} late rows of {self.segments:,} segments again; compact to see them"


def backfill(lake: Lake, producer: str | None = None) -> Backfilled:
    """Land again what came too late, of one producer or of all, exactly once however often it is run."""
    counts = []
    for name in lake.landing.late():
        if producer not in {None, name.producer}:
            continue
        try:
            counts.append(lake.landing.land_again(name))
        except FileNotFoundError:
            continue  # another backfill was faster
        except BadSegment as problem:
            log.warning("left where it lies: %s", problem)
    return Backfilled(len(counts), sum(counts))
