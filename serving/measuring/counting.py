"""What passes a line in a minute: counted by tracks where they are sure, and by speeds where they are not."""

import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from lakehouse.city.cameras import Camera, Zone
from lakehouse.scenes import Event, Measure, Scene, Severity, unmeasured
from serving.measuring.alarm import Alarm, Terms
from serving.measuring.crossing import Crossed, Line, Passing
from serving.measuring.minutes import Minutes
from serving.measuring.stream import Passed, Stream

_FADES = 0.8
"""What was seen to move far is remembered for some five minutes: a minute's own few looks must not choose
by what they happened to see."""

_COMPARED = 15
_CHANCE = 3.0
_TERMS = Terms({Severity.NOTICE: 1.0}, on_after_s=60, off_after_s=300, off_share=0.85, gap_s=180)


class Streaming(BaseModel):
    """When tracks are not sure, so that what passes is counted by its speed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sure_sizes: float = Field(
        default=1.0, gt=0, description="a track is sure of what moves so many of its sizes between two looks"
    )
    unsure_share: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="tracks are not used where more than this of what passes is unsure",
    )
    recall: float = Field(
        default=1.0, gt=0, le=1, description="the share that the detector finds at the line"
    )
    miscount_share: float = Field(
        default=0.25, gt=0, description="both ways of counting may differ by this, and by chance"
    )


@dataclass(frozen=True)
class Compared:
    """A minute in which both ways hold: what tracks counted, what speeds did, and with what variance."""

    tracks: float
    speeds: float
    variance: float


class Counting:
    """A line's minutes, of what comes in or of both ways, and the events of a line that counts doubtfully.

    Beside the count an analytic announces, in its name, `_untracked`: how much of it was counted without
    tracks, and `_variance`: the square of its standard error, which adds up; tracks are taken as exact. And
    it announces the event `miscount`: both ways of counting differ. Where no velocity was ever measured,
    tracks count, and nothing else is told.

    Args:
        camera: whose scenes they are.
        zone: the line.
        kind: of the count, such as `traffic.flow`.
        passing: when a track has passed.
        streaming: when tracks are not sure.
        both: whether what goes out counts too.
        guided: whether the line may go by velocities. Those of walkers are mostly too slow, since what is
            followed in their boxes is half of it legs that stand and street: at two entrances of the painted
            city, a look a second, 31 came in by them where 46 did without.
    """

    def __init__(
        self,
        camera: Camera,
        zone: Zone,
        kind: str,
        passing: Passing,
        streaming: Streaming,
        *,
        both: bool,
        guided: bool = True,
    ) -> None:
        self.kind = kind
        self._both, self._guided, self._settings = both, guided, streaming
        self._minutes = Minutes(camera.camera_id, zone.zone_id)
        self._line = Line(camera, zone, passing)
        self._stream = Stream(camera, zone, recall=streaming.recall, far=streaming.sure_sizes)
        self._far = self._all = 0.0
        self._compared: deque[Compared] = deque(maxlen=_COMPARED)
        self._alarm = Alarm(camera.camera_id, zone.zone_id, f"{kind.partition('.')[0]}.miscount", _TERMS)

    def see(self, scene: Scene, wanted: NDArray[np.bool_]) -> Iterator[Event | Measure]:
        """Count what passed since the last scene among the `wanted` (n,) boxes."""
        self._minutes.late(self.kind, self._crossed(self._line.left(scene)))
        yield from self._told(self._minutes.turn(scene.at))
        self._stream.see(scene, wanted)
        seen = scene if self._guided else replace(scene, velocities=unmeasured(len(scene)))
        self._minutes.count(self.kind, self._crossed(self._line.see(seen, wanted)))

    def end(self) -> Iterator[Event | Measure]:
        """The minute that is not over, and the end of what goes on."""
        self._minutes.late(self.kind, self._crossed(self._line.end()))
        yield from self._told(self._minutes.finish())
        yield from self._alarm.end()

    def _crossed(self, crossed: Crossed) -> int:
        return crossed.both if self._both else crossed.inward

    def _told(self, counts: Iterable[Measure]) -> Iterator[Event | Measure]:
        """What a minute is told as that tracks have counted."""
        for count in counts:
            passed = self._stream.take()
            if passed is None:
                yield count
                continue
            variance = sum(passed.variance) if self._both else passed.variance[0]
            speeds = passed.both if self._both else passed.inward
            untracked = self._unsure(passed)
            yield _of(count, self.kind, speeds) if untracked else count
            yield _of(count, f"{self.kind}_untracked", speeds if untracked else 0.0)
            yield _of(count, f"{self.kind}_variance", variance if untracked else 0.0)
            if not untracked:
                yield from self._compare(count, Compared(count.value, speeds, variance))

    def _unsure(self, passed: Passed) -> bool:
        """Whether too much of what passed of late moved too far between two looks."""
        self._far = _FADES * self._far + min(passed.far, passed.both)
        self._all = _FADES * self._all + passed.both
        return self._far > self._settings.unsure_share * self._all

    def _compare(self, count: Measure, minute: Compared) -> list[Event]:
        """Hold the last minutes' counts against one another.

        By chance either may be off by what a count of so many is, and speeds by their error too.
        """
        self._compared.append(minute)
        if len(self._compared) < _COMPARED:
            return []
        tracks = math.fsum(one.tracks for one in self._compared)
        speeds = math.fsum(one.speeds for one in self._compared)
        chance = math.sqrt(1 + tracks + speeds + math.fsum(one.variance for one in self._compared))
        allowed = max(_CHANCE * chance, self._settings.miscount_share * max(tracks, speeds))
        measures = {"tracks": tracks, "speeds": speeds}
        return self._alarm.see(count.minute, abs(tracks - speeds) / allowed, measures, confidence=1.0)


def _of(count: Measure, kind: str, value: float) -> Measure:
    """The same minute and looks of another kind or value."""
    return replace(count, kind=kind, value=value, sum=value)
