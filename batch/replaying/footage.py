"""What a camera's analytics saw: its scenes, rebuilt from looks and observations."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lakehouse.scenes import FAILED, UNMEASURED, Outcome, Scene
from lakehouse.witness import WITNESS_COLUMNS, frames_of

LOOK_COLUMNS = (*WITNESS_COLUMNS, "camera_version", "readings")
BOX_COLUMNS = (
    "at",
    "camera_id",
    "track_id",
    "label",
    "confidence",
    "x1",
    "y1",
    "x2",
    "y2",
    "vx",
    "vy",
    "producer",
    "epoch",
)
"""What is read of looks and observations."""

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_UNKNOWN = -1

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Life:
    """A stream's life: what a camera's tracker and analytics lived through without a break.

    A producer's life may hold several of a camera's streams, `number` after `number`.
    """

    producer: str
    epoch: int
    number: int
    camera_version: int


@dataclass
class Thread:
    """Where a producer's watching of the camera has come to."""

    life: Life
    at_ms: int
    tracks: int
    scene: Scene | None = None


class Footage:
    """Rebuilds one camera's scenes, piece by piece in the order of time.

    A frame that was looked at shows its boxes, or nothing where it has none; a gated one shows the last
    scene at its own time; what was dropped or could not be decoded shows nothing of its own. Of the
    readings only their means over ten seconds are kept, so each scene has those of its look; that an
    analytic had failed is no reading of a frame.
    """

    def __init__(self, camera_id: str) -> None:
        self.camera_id = camera_id
        self._threads: dict[tuple[str, int], Thread] = {}

    def scenes(
        self, looks: pa.Table, boxes: pa.Table, start: datetime, stop: datetime
    ) -> Iterator[tuple[Life, Scene]]:
        """The scenes of [start, stop), each with the life that it belongs to; life after life.

        `looks` and `boxes` are the camera's rows in LOOK_COLUMNS and BOX_COLUMNS that hold them.
        """
        for key in sorted(set(zip(looks["producer"].to_pylist(), looks["epoch"].to_pylist(), strict=True))):
            frames = Frames.of(_of(looks, key), _ms(start), _ms(stop))
            if len(frames.at_ms):
                yield from self._follow(key, frames, Boxes.of(_of(boxes, key)))

    def _follow(self, key: tuple[str, int], frames: "Frames", boxes: "Boxes") -> Iterator[tuple[Life, Scene]]:
        first, last = (np.searchsorted(boxes.at_ms, frames.at_ms, side) for side in ("left", "right"))
        thread = self._threads.get(key)
        if thread is None:
            life = Life(*key, 0, int(frames.version[0]))
            thread = self._threads[key] = Thread(life, int(frames.at_ms[0]), _UNKNOWN)
        cut = _cuts(thread, frames, boxes.tracks(first, last))
        for number in range(len(frames.at_ms)):
            if cut[number]:
                thread.life = Life(*key, thread.life.number + 1, int(frames.version[number]))
                thread.scene = None
            at = _BEGINNING + timedelta(milliseconds=int(frames.at_ms[number]))
            if frames.looked[number]:
                part = slice(first[number], last[number])
                thread.scene = boxes.scene(self.camera_id, at, part, frames.readings[number])
            elif thread.scene is not None:
                thread.scene = thread.scene.held(at)
            if thread.scene is not None:
                yield thread.life, thread.scene
        thread.at_ms = int(frames.at_ms[-1])


@dataclass(frozen=True)
class Frames:
    """The frames of looks that show something: arrays (n,) in the order of time.

    anew says which are the first of a look that begins where another one did.
    """

    at_ms: Ints
    looked: NDArray[np.bool_]
    version: Ints
    anew: NDArray[np.bool_]
    readings: list[dict[str, float]]

    @classmethod
    def of(cls, looks: pa.Table, start_ms: int, stop_ms: int) -> "Frames":
        """Those of [start_ms, stop_ms); the looks are of one life of a producer."""
        owner, offset, outcome = frames_of(looks)
        begin = _milliseconds(looks["at"])
        at_ms = begin[owner] + offset
        wanted = (at_ms >= start_ms) & (at_ms < stop_ms) & np.isin(outcome, (Outcome.LOOKED, Outcome.GATED))
        by = np.flatnonzero(wanted)[np.argsort(at_ms[wanted], kind="stable")]
        owner, again = owner[by], _again(begin, owner, at_ms)
        enters = np.concatenate([[True], owner[1:] != owner[:-1]])[: len(owner)]
        readings = [_of_frames(row) for row in looks["readings"].to_pylist()]
        return cls(
            at_ms[by],
            outcome[by] == Outcome.LOOKED,
            looks["camera_version"].to_numpy()[owner].astype(np.int64),
            again[owner] & enters,
            [readings[row] for row in owner.tolist()],
        )


def _of_frames(readings: Iterable[tuple[str, float]] | None) -> dict[str, float]:
    """What was read of a look's frames themselves."""
    return {name: value for name, value in readings or () if not name.startswith(FAILED)}


@dataclass(frozen=True)
class Boxes:
    """Boxes in the order of time and track: arrays (n,), corners (n, 4), velocities (n, 2)."""

    at_ms: Ints
    corners: NDArray[np.int16]
    labels: NDArray[np.str_]
    confidences: NDArray[np.uint8]
    track_ids: Ints
    velocities: NDArray[np.int16]

    @classmethod
    def of(cls, rows: pa.Table) -> "Boxes":
        """The rows of one producer's life."""
        rows = rows.sort_by([("at", "ascending"), ("track_id", "ascending")])
        return cls(
            _milliseconds(rows["at"]),
            np.stack([rows[name].to_numpy() for name in ("x1", "y1", "x2", "y2")], axis=1),
            np.asarray(rows["label"].to_pylist(), np.str_),
            rows["confidence"].to_numpy().astype(np.uint8),
            rows["track_id"].to_numpy(),
            np.stack([pc.fill_null(rows[name], UNMEASURED).to_numpy() for name in ("vx", "vy")], axis=1),
        )

    def tracks(self, first: Ints, last: Ints) -> Ints:
        """By frame, the upper half of its track ids, which tells a stream's life; -1 where it has none."""
        found = np.full(len(first), _UNKNOWN, np.int64)
        shown = last > first
        found[shown] = self.track_ids[first[shown]] >> 32
        return found

    def scene(self, camera_id: str, at: datetime, part: slice, readings: dict[str, float]) -> Scene:
        """The scene that some of the boxes make up."""
        return Scene(
            camera_id,
            at,
            self.corners[part],
            self.labels[part],
            self.confidences[part],
            self.track_ids[part],
            self.velocities[part],
            readings,
        )


def _cuts(thread: Thread, frames: Frames, tracks: Ints) -> NDArray[np.bool_]:
    """Which frames (n,) begin a new life of the camera's stream within a producer's; moves the thread on.

    It is new where another version of the camera is watched, where a look begins twice, and between boxes
    whose track ids are of different lives: there, the longest pause is where one ended.
    """
    before = np.concatenate([[thread.life.camera_version], frames.version[:-1]])
    cut = frames.anew | (frames.version != before)
    at_ms = np.concatenate([[thread.at_ms], frames.at_ms])
    tracks = np.concatenate([[thread.tracks], tracks])
    known = np.flatnonzero(tracks != _UNKNOWN)
    for earlier, later in pairwise(known.tolist()):
        if tracks[earlier] != tracks[later] and not cut[earlier:later].any():
            cut[earlier + int(np.diff(at_ms[earlier : later + 1]).argmax())] = True
    thread.tracks = int(tracks[known[-1]]) if len(known) else _UNKNOWN
    return np.asarray(cut)


def _again(begin: Ints, owner: Ints, at_ms: Ints) -> NDArray[np.bool_]:
    """Which looks (n,) begin where another one did and hold later frames: the stream was opened anew."""
    first = np.full(len(begin), np.iinfo(np.int64).max)
    np.minimum.at(first, owner, at_ms)
    by = np.lexsort((first, begin))
    again = np.zeros(len(begin), np.bool_)
    again[by[1:]] = begin[by[1:]] == begin[by[:-1]]
    return again


def _of(rows: pa.Table, key: tuple[str, int]) -> pa.Table:
    return rows.filter((pc.field("producer") == key[0]) & (pc.field("epoch") == key[1]))


def _milliseconds(instants: pa.ChunkedArray) -> Ints:
    return np.asarray(instants.cast(pa.int64()).to_numpy() // 1000)


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
