"""The words of the live path: a frame, what it shows, what was made of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Self
from uuid import UUID, uuid5

import numpy as np
from numpy.typing import ArrayLike, NDArray

LABELS = ("person", "bicycle", "motorcycle", "car", "bus", "truck")
"""What the shipped detector tells apart, in the order of its outputs."""

VEHICLES = ("bicycle", "motorcycle", "car", "bus", "truck")

GRID = 8192
"""A box's corners are stored in 1/GRID of the frame's width and height, its velocity in as much a second."""

UNMEASURED = -(2**15)
"""The velocity of a box in which nothing could be followed."""

FASTEST = 2**15 - 1
"""The largest velocity that is told, four frames a second."""

_EVENTS = UUID("6f1d8a52-64ce-5d29-9d0f-3c1a6a1f0d5e")


def to_millisecond(at: datetime) -> datetime:
    """The same instant in UTC, cut to the millisecond that looks are stored in.

    Raises:
        ValueError: `at` has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no time zone: camera time is UTC")
    at = at.astimezone(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


@dataclass(frozen=True, slots=True)
class Glimpse:
    """The picture that followed a frame's, only to see how things move.

    `grey` is (height, width) uint8, luma, of the same view as the frame's picture and of any size; `after_s`
    is how many seconds later it was taken.
    """

    grey: NDArray[np.uint8]
    after_s: float


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a camera: `image` is (height, width, 3) uint8 in BGR, `at` is camera time in UTC.

    `glimpse` is the picture a moment later; None where there is none.
    """

    camera_id: str
    at: datetime
    image: NDArray[np.uint8]
    glimpse: Glimpse | None = None


@dataclass(frozen=True, slots=True)
class Detections:
    """What an engine found in one picture.

    boxes (n, 4) float32, x1 y1 x2 y2 in pixels of that picture; labels (n,) str; confidences (n,) 0-1;
    velocities (n, 2) float32, x y in its pixels a second, NaN where nothing could be followed, None where
    nobody measured.
    """

    boxes: NDArray[np.float32]
    labels: NDArray[np.str_]
    confidences: NDArray[np.float32]
    velocities: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def held(self) -> Self:
        """The same things where they are: nothing moved, or somebody would have looked."""
        return self if self.velocities is None else replace(self, velocities=self.velocities * 0)


@dataclass(frozen=True, slots=True)
class Scene:
    """What one frame shows, quantised and ordered as it is stored, so that live equals replay.

    boxes (n, 4) int16, x1 y1 x2 y2 in 1/8192 of the frame; labels (n,) str; confidences (n,) uint8,
    0-100; track_ids (n,) int64, ascending; velocities (n, 2) int16, x y in 1/8192 of the frame a second,
    UNMEASURED where nothing could be followed; readings are numbers of the whole frame, such as
    `brightness` (0-1).
    """

    camera_id: str
    at: datetime
    boxes: NDArray[np.int16]
    labels: NDArray[np.str_]
    confidences: NDArray[np.uint8]
    track_ids: NDArray[np.int64]
    velocities: NDArray[np.int16]
    readings: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        frame: Frame,
        detections: Detections,
        track_ids: ArrayLike,
        readings: Mapping[str, float] | None = None,
    ) -> Self:
        """Quantise what was found in `frame`; `track_ids` (n,) are those of `detections`."""
        height, width = frame.image.shape[:2]
        scale = np.array([width, height, width, height], np.float32) / GRID
        boxes = np.clip(np.rint(detections.boxes.reshape(-1, 4) / scale), 0, GRID).astype(np.int16)
        confidences = np.clip(np.rint(detections.confidences * 100), 0, 100).astype(np.uint8)
        rounded = {name: float(np.float32(value)) for name, value in (readings or {}).items()}
        labels, ids = np.asarray(detections.labels, np.str_), np.asarray(track_ids, np.int64)
        by = np.argsort(ids, kind="stable")
        velocities = _quantised(detections, (width, height))
        columns = boxes[by], labels[by], confidences[by], ids[by], velocities[by]
        return cls(frame.camera_id, to_millisecond(frame.at), *columns, rounded)

    def __len__(self) -> int:
        return len(self.labels)

    def held(self, at: datetime) -> Self:
        """The same things where they are, at `at`: nothing moved, or somebody would have looked."""
        still = np.where(self.velocities == UNMEASURED, self.velocities, 0).astype(np.int16)
        return replace(self, at=at, velocities=still)

    def motion(self) -> NDArray[np.float64]:
        """How each box moves, (n, 2) in shares of the frame's width and height a second, NaN if unknown."""
        told = self.velocities.astype(np.float64)
        return np.where(self.velocities == UNMEASURED, np.nan, told / GRID)

    def ground_points(self) -> NDArray[np.float64]:
        """Where each box stands, the middle of its lower edge: (n, 2) as shares of the frame, 0-1."""
        boxes = self.boxes.astype(np.float64) / GRID
        return np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]], axis=1)

    def of_labels(self, labels: tuple[str, ...]) -> NDArray[np.bool_]:
        """Which boxes (n,) carry one of `labels`."""
        return np.isin(self.labels, labels)


def unmeasured(count: int) -> NDArray[np.int16]:
    """The velocities (count, 2) of boxes in which nothing was followed."""
    return np.full((count, 2), UNMEASURED, np.int16)


def _quantised(detections: Detections, size: tuple[int, int]) -> NDArray[np.int16]:
    if detections.velocities is None:
        return unmeasured(len(detections))
    shares = detections.velocities.reshape(-1, 2).astype(np.float64) / size * GRID
    told = np.clip(np.rint(shares), -FASTEST, FASTEST)
    return np.where(np.isnan(shares).any(axis=1, keepdims=True), UNMEASURED, told).astype(np.int16)


class State(StrEnum):
    """Where an event stands in its life."""

    OPEN = "open"
    ESCALATED = "escalated"
    CLOSED = "closed"


class Severity(IntEnum):
    """How much an event asks of a person."""

    NOTICE = 1
    WARNING = 2
    DANGER = 3


@dataclass(frozen=True, slots=True)
class Event:
    """One revision of something that a person would act on; times are camera time in UTC.

    `subject` tells two events apart that begin in the same zone at the same time (a track, a slot).
    """

    camera_id: str
    zone_id: str
    kind: str
    subject: str
    started_at: datetime
    at: datetime
    revision: int
    state: State
    severity: Severity
    measures: Mapping[str, float]
    confidence: float
    ended_at: datetime | None = None

    @property
    def event_id(self) -> str:
        """The same for every revision, and the same again in a replay."""
        start = self.started_at.astimezone(UTC).isoformat(timespec="milliseconds")
        return str(uuid5(_EVENTS, f"{self.camera_id}|{self.zone_id}|{self.kind}|{self.subject}|{start}"))


@dataclass(frozen=True, slots=True)
class Measure:
    """One value of a quantity in one minute: `sum` over `n` frames (or things), and `value`."""

    camera_id: str
    zone_id: str
    minute: datetime
    kind: str
    value: float
    sum: float
    n: int


class Outcome(IntEnum):
    """What became of one frame."""

    LOOKED = 0
    GATED = 1
    DROPPED = 2
    UNDECODABLE = 3


class Health(StrEnum):
    """How a camera's picture is; anything but `LIVE` is unknown, never zero."""

    LIVE = "live"
    FROZEN = "frozen"
    BLACK = "black"
    COVERED = "covered"
    SILENT = "silent"


LOOK_S = 10
"""A look covers this many seconds of a camera."""

FAILED = "failed "
"""How the reading of a look begins that says in which share of its frames an analytic, named behind it, had
failed and saw nothing."""


@dataclass(frozen=True, slots=True)
class Look:
    """A camera's ten seconds that begin at `at`: what became of each frame.

    offsets_ms (n,) int16 from `at`; outcomes (n,) int8 of `Outcome`; readings are means over the frames
    that were looked at.
    """

    camera_id: str
    at: datetime
    width: int
    height: int
    offsets_ms: NDArray[np.int16]
    outcomes: NDArray[np.int8]
    health: Health
    readings: Mapping[str, float] = field(default_factory=dict)
