"""How far what the cameras' pixels gave is from what was really there."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow.compute as pc

from lakehouse.store import Lake
from lakehouse.synthetic.city import City

WITHIN_SHARE = 0.30
WITHIN_UNITS = 1.0
WATCHED = 0.9
"""Of a minute that was seen in part the truth is another one: a street is not alike in its two halves."""
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Comparison:
    """One camera's kind over the minutes that were watched: the means a minute of each."""

    camera_id: str
    kind: str
    minutes: int
    measured: float
    truth: float

    @property
    def ratio(self) -> float:
        """Measured by truth; NaN where there was nothing."""
        return self.measured / self.truth if self.truth else float("nan")

    @property
    def holds(self) -> bool:
        """Within 30 % of the truth, or within one unit a minute where counts are tiny."""
        return abs(self.measured - self.truth) <= max(WITHIN_SHARE * self.truth, WITHIN_UNITS)


@dataclass(frozen=True)
class Verdict:
    """The comparisons, and the cameras that were down all the while and so could not be compared."""

    comparisons: tuple[Comparison, ...]
    cameras: tuple[str, ...]
    down: tuple[str, ...]

    @property
    def good(self) -> tuple[str, ...]:
        """The cameras that were watched and whose kinds all hold."""
        return tuple(camera for camera in self.cameras if self._holds(camera))

    def _holds(self, camera: str) -> bool:
        own = [comparison.holds for comparison in self.comparisons if comparison.camera_id == camera]
        return bool(own) and all(own)

    @property
    def share(self) -> float:
        """The share 0-1 of the cameras that were up whose kinds all hold."""
        up = len(self.cameras) - len(self.down)
        return len(self.good) / up if up else 0.0


def compare(lake: Lake, city: City, since: datetime, until: datetime) -> Verdict:
    """Compare the camera minutes that came from pixels in [since, until) with the exact truth.

    A minute counts when at least WATCHED of it was seen; what is summed up (vehicles, visits) is made up for
    the rest, as in the hours. A camera is good when, for each of its kinds that are forecast (people,
    vehicles, visits), the mean over its watched minutes lies within 30 % of the truth's mean over the same
    minutes, or within one unit a minute where counts are tiny. A camera that was watched in no minute is
    not good, unless it was down from the first watched minute to the last.
    """
    summed = lake.read("kinds", where=pc.field("summed") == "sum")["kind"].to_pylist()
    watched = (
        (pc.field("origin") == "pixels")
        & (pc.field("coverage") >= WATCHED)
        & pc.is_valid(pc.field("value"))
        & (pc.field("minute") >= since)
        & (pc.field("minute") < until)
    )
    columns = ["camera_id", "kind", "minute", "value", "coverage"]
    groups: dict[tuple[str, str], dict[datetime, float]] = {}
    for row in lake.read("camera_minutes", columns=columns, where=watched).to_pylist():
        part = row["coverage"] if row["kind"] in summed else 1.0
        groups.setdefault((row["camera_id"], row["kind"]), {})[row["minute"]] = row["value"] / part
    known = [(*key, minutes) for key, minutes in sorted(groups.items()) if _is_known(city, *key)]
    return Verdict(
        tuple(_compared(city, *entry) for entry in known),
        tuple(city.cameras),
        tuple(_down(city, [minute for *_, minutes in known for minute in minutes])),
    )


def _is_known(city: City, camera_id: str, kind: str) -> bool:
    return camera_id in city.cameras and kind in city.kinds_of(camera_id)


def _compared(city: City, camera_id: str, kind: str, minutes: dict[datetime, float]) -> Comparison:
    first = min(minutes)
    truth = city.minutes(camera_id, kind, first, max(minutes) + _MINUTE)
    same = truth[[(minute - first) // _MINUTE for minute in minutes]]
    return Comparison(
        camera_id, kind, len(minutes), float(np.mean(list(minutes.values()))), float(same.mean())
    )


def _down(city: City, minutes: Iterable[datetime]) -> list[str]:
    """The cameras that were down in every minute in which another one was watched."""
    watched = sorted(set(minutes))
    if not watched:
        return []
    first, last = watched[0], watched[-1] + _MINUTE
    return [
        camera_id
        for camera_id in city.cameras
        if any(start <= first and end >= last for start, end in city.outages(camera_id, first, last))
    ]
