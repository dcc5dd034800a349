"""Which run of an analytic is published for a day: the live one, unless a replay was adopted."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

LIVE = "live"
"""The run of what was measured and reported as the frames came."""

HISTORY = "history"
"""The producer of the synthetic past. It was made from no scene, so that no replay takes its place."""


@dataclass(frozen=True)
class Runs:
    """The adopted replays: by day and analytic, the run that is published."""

    adopted: Mapping[tuple[date, str], str]

    @classmethod
    def of(cls, rows: pa.Table) -> Self:
        """What the rows of the table `runs` come to: the last one of a day and analytic holds."""
        rows = rows.sort_by("adopted_at").to_pylist()
        last = {(row["day"], row["analytic"]): row["run"] for row in rows}
        return cls({place: run for place, run in last.items() if run != LIVE})

    def run(self, day: date, analytic: str) -> str:
        """The run of an analytic that is published for a day."""
        return self.adopted.get((day, analytic), LIVE)

    @property
    def published(self) -> pc.Expression:
        """Which rows of measures or events are published; an event is of the day in which it began."""
        days: dict[tuple[str, str], list[date]] = defaultdict(list)
        for (day, analytic), run in self.adopted.items():
            days[analytic, run].append(day)
        live, replayed = pc.scalar(True), pc.scalar(False)
        for (analytic, run), of_run in sorted(days.items()):
            there = pc.field("day").isin(pa.array(sorted(of_run), pa.date32()))
            there &= pc.starts_with(pc.field("kind"), f"{analytic}.")
            live &= ~there
            replayed |= there & (pc.field("run") == run)
        return ((pc.field("run") == LIVE) & (live | (pc.field("producer") == HISTORY))) | replayed
