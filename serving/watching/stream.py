"""One camera's life: source, gate, detector, tracker, analytics, sink."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from lakehouse import clock
from lakehouse.city.cameras import Camera
from lakehouse.clock import Now
from lakehouse.scenes import (
    FAILED,
    Detections,
    Event,
    Frame,
    Health,
    Measure,
    Outcome,
    Scene,
    to_millisecond,
)  # fmt: skip
from serving.analytic import Analytic, contained, instances
from serving.measuring.containment import Contained
from serving.seeing import motion
from serving.seeing.detectors import Detector
from serving.watching.gate import Gate
from serving.watching.glance import glance
from serving.watching.health import Checkup, brightness
from serving.watching.looks import Looks
from serving.watching.sink import Outlet
from serving.watching.sources import Source
from serving.watching.tracker import Tracker


class Stream:
    """What becomes of one camera's frames. It holds no thread.

    A shard asks `admit` which frames are worth a look, has things found in many cameras' pictures at
    once, and gives what was found to `observe`. `run` does that for one camera.

    Args:
        camera: whose frames these are.
        sink: where the outputs go.
        epoch: the producer's, so that track ids are never used again.
        late_after_s: an older frame is dropped; None where age means nothing, as in a file.
        gate: which frames are worth a look; None looks into every one.
        analytics: what looks at the scenes; by default all that apply to the camera.
        now: the time of day, for late frames.
    """

    def __init__(
        self,
        camera: Camera,
        sink: Outlet,
        *,
        epoch: int,
        late_after_s: float | None = None,
        gate: Gate | None = None,
        analytics: Iterable[Analytic | Contained] | None = None,
        now: Now = clock.now,
    ) -> None:
        self.camera = camera
        self.outcomes = dict.fromkeys(Outcome, 0)
        self.health = Health.LIVE
        self.scene: Scene | None = None
        self._sink = sink
        self._tracker = Tracker(epoch)
        self._late_after = None if late_after_s is None else timedelta(seconds=late_after_s)
        self._gate = gate
        self._analytics = instances(camera) if analytics is None else [_contained(one) for one in analytics]
        self._now = now
        self._checkup = Checkup()
        self._looks = Looks(camera.camera_id)
        self._found: Detections | None = None
        self._readings: dict[str, float] = {}
        self._size = (camera.width, camera.height)
        self._at = datetime.min.replace(tzinfo=UTC)

    def admit(self, frame: Frame) -> NDArray[np.uint8] | None:
        """The picture to look into, or None where it was late, shows nothing, or nothing moved.

        Whoever gets a picture gives what was found in it to `observe` before the next `admit`, or tells
        `miss` that nobody looked.
        """
        at = to_millisecond(frame.at)
        if at <= self._at or (self._late_after and self._now() - at > self._late_after):
            self.miss(at, Outcome.DROPPED)
            return None
        self._at = at
        self._land_look(at)
        grey = glance(frame.image)
        self.health = self._checkup.see(at, grey)
        self._readings = {"brightness": brightness(grey), "motion": self._checkup.motion}
        height, width = frame.image.shape[:2]
        self._size = (width, height)
        self._looks.picture(width, height, self.health, self._readings)
        if self.health is not Health.LIVE:
            self.miss(at, Outcome.DROPPED)
            return None
        if self._gate is None or self._gate.admit(at, grey) or self._found is None:
            return frame.image
        self._stand_still(at)
        return None

    def observe(self, frame: Frame, found: Detections) -> Scene:
        """Take what was found in an admitted frame through tracker, analytics and sink."""
        at = to_millisecond(frame.at)
        moving = motion.measured(frame, found)
        self._found, track_ids = self._tracker.follow(at, moving, self._size)
        scene = Scene.of(frame, self._found, track_ids, self._readings)
        self._note(at, Outcome.LOOKED)
        self._see(scene, stored=scene)
        return scene

    def miss(self, at: datetime, outcome: Outcome) -> None:
        """Count a frame that nobody looked into."""
        self._land_look(at)
        self._note(at, outcome)

    def close(self) -> None:
        """Hand over what the last frame left unfinished; the sink stays open."""
        outputs = [output for analytic in self._analytics for output in analytic.end()]
        self._sink.put(self.camera, look=self._looks.finish(), outputs=outputs)

    def _stand_still(self, at: datetime) -> None:
        """A gated frame: the last scene holds on, and its tracks with it."""
        if self.scene is None or self._found is None:
            return
        self._found = self._found.held()
        self._tracker.follow(at, self._found, self._size)
        self._note(at, Outcome.GATED)
        self._see(self.scene.held(at), stored=None)

    def _see(self, scene: Scene, stored: Scene | None) -> None:
        self.scene = scene
        outputs: list[Event | Measure] = [one for analytic in self._analytics for one in analytic.see(scene)]
        for kind in {analytic.kind for analytic in self._analytics if analytic.rests(scene.at)}:
            self._looks.reading(f"{FAILED}{kind}", 1.0)
        self._sink.put(self.camera, stored, outputs=outputs)

    def _land_look(self, at: datetime) -> None:
        look = self._looks.turn(at)
        if look is not None:
            self._sink.put(self.camera, look=look)

    def _note(self, at: datetime, outcome: Outcome) -> None:
        self.outcomes[outcome] += 1
        self._looks.note(at, outcome)


def _contained(analytic: Analytic | Contained) -> Contained:
    if isinstance(analytic, Contained):
        return analytic
    anew = contained(type(analytic), analytic.camera, analytic.zone_of_camera, analytic.settings)
    return replace(anew, working=analytic)


def run(stream: Stream, source: Source, detector: Detector, stop: Callable[[], bool] = lambda: False) -> None:
    """Watch a source until it ends, or until `stop` says so; then hand over what is unfinished.

    Raises:
        BadSource: the source gave nothing to see.
    """
    try:
        for frame in source.frames():
            for at, outcome in source.missed():
                stream.miss(at, outcome)
            picture = stream.admit(frame)
            if picture is not None:
                stream.observe(frame, detector.detect([picture])[0])
            if stop():
                return
        for at, outcome in source.missed():
            stream.miss(at, outcome)
    finally:
        stream.close()
