"""What a stream has made so far: a line while it goes on, and a summary in the end."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TextIO

from lakehouse.city.cameras import Camera
from lakehouse.scenes import VEHICLES, Event, Look, Measure, Outcome, Scene
from serving.analytic import quantities
from serving.watching.sink import Sink

REDRAW_S, QUIET_S = 0.2, 10.0
"""How often the line is written: at a terminal, and where nobody sits at one."""

_OUTCOMES = {
    Outcome.LOOKED: "looked at",
    Outcome.GATED: "gated",
    Outcome.DROPPED: "dropped",
    Outcome.UNDECODABLE: "undecodable",
}


@dataclass
class Tally:
    """Counts what a stream makes on its way to the sink."""

    sink: Sink
    sums: dict[str, tuple[float, int]] = field(default_factory=dict)
    events: Counter[str] = field(default_factory=Counter)
    boxes: int = 0
    people: int = 0
    vehicles: int = 0

    def put(
        self,
        camera: Camera,
        scene: Scene | None = None,
        look: Look | None = None,
        outputs: Iterable[Event | Measure] = (),
    ) -> bool:
        """Count, and hand on to the sink."""
        made = list(outputs)
        for output in made:
            self._count(output)
        if scene is not None:
            self.boxes += len(scene)
            self.people = int((scene.labels == "person").sum())
            self.vehicles = int(scene.of_labels(VEHICLES).sum())
        return self.sink.put(camera, scene, look, made)

    def _count(self, output: Event | Measure) -> None:
        if isinstance(output, Event):
            self.events[output.kind] += output.revision == 1
        else:
            total, n = self.sums.get(output.kind, (0.0, 0))
            self.sums[output.kind] = (total + output.sum, n + output.n)

    def now(self) -> str:
        """What is in view, and what has landed."""
        return f"now {self.people} people, {self.vehicles} vehicles; {self.sink.landed:,} rows landed"

    def summary(self) -> Iterator[str]:
        """What was measured, a line a kind."""
        for kind, (total, n) in sorted(self.sums.items()):
            quantity = quantities()[kind]
            added = quantity.summed == "sum"
            value, how = (total, "in all") if added else (total / max(n, 1), "on average")
            yield f"  {quantity.title.en:18} {value:8.2f} {quantity.unit.en} {how}"
        for kind, count in sorted(self.events.items()):
            yield f"  {kind:18} {count:8} events"
        refused = f", {self.sink.refused:,} refused" if self.sink.refused else ""
        yield f"  {self.boxes:,} boxes; {self.sink.landed:,} rows landed{refused}"


def outcomes_in_words(outcomes: dict[Outcome, int]) -> str:
    """What became of the frames; what never happened is left out."""
    told = [f"{count:,} {_OUTCOMES[one]}" for one, count in outcomes.items() if count or not one]
    return f"frames: {', '.join(told)}"


class CountLine:
    """A line that is rewritten at a terminal, and elsewhere written anew now and then."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream or sys.stderr
        self._clock = clock
        self._terminal = self._stream.isatty()
        self._next = clock()

    def show(self, text: Callable[[], str], *, last: bool = False) -> None:
        """Write the line if it is time to, or if it is the last one."""
        if self._clock() < self._next and not last:
            return
        self._next = self._clock() + (REDRAW_S if self._terminal else QUIET_S)
        begin, end = ("\r\x1b[K", "\n" if last else "") if self._terminal else ("", "\n")
        self._stream.write(begin + text() + end)
        self._stream.flush()
