"""Tracked boxes as a city's cameras give them: tracks that begin, move smoothly, tremble and end."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from lakehouse.landing.segments import coded, landed_schema
from lakehouse.scenes import GRID
from lakehouse.synthetic.slots import DAY_S, UTC_OFFSET_S

BOXES = 8
"""How many things a camera has in view on average."""

STAYS_S = ((0.70, 3.0, 30.0), (0.25, 30.0, 300.0), (0.05, 900.0, 7200.0))
"""What passes, what lingers, what is parked: its share of the boxes, and how long it stays, in seconds."""

TREMBLE = 5
"""How far a detector's corner lies from where it was, in 1/8192 of the frame: 0.4 pixels of 640."""

WAVER = 10
"""How far a measured velocity lies from the true one, in 1/8192 of the frame a second: 0.8 pixels of 640."""

LOST = 0.1
"""The share of boxes in which nothing could be followed."""

JITTER_MS = 4
LABELS = ("person", "motorcycle", "car", "truck", "bus", "bicycle")
SHARES = (0.35, 0.3, 0.25, 0.04, 0.03, 0.03)
_EPOCH = 1 << 32


@dataclass(frozen=True)
class Traffic:
    """What one shard's cameras see from `start` (seconds UTC) on, for so many seconds."""

    cameras: tuple[str, ...]
    start: int
    seconds: int
    seed: int
    epoch: int = 1
    fps: float = 2.0

    def rows(self) -> pa.Table:
        """Rows of observations as a producer lands them, in the order of their times."""
        parts = [_camera(name, self, number) for number, name in enumerate(self.cameras)]
        together = pa.concat_tables(parts)
        order = np.argsort(together["at"].to_numpy(), kind="stable")
        return together.take(pa.array(order)).combine_chunks()

    def coded(self) -> pa.RecordBatch:
        """The same in one batch, with texts coded as a segment holds them."""
        return coded(self.rows().replace_schema_metadata(None).to_batches()[0])

    def batches(self, size: int) -> Iterator[pa.Table]:
        """The same, cut into batches of so many rows."""
        rows = self.rows()
        for first in range(0, len(rows), size):
            yield rows.slice(first, size)


def _camera(name: str, traffic: Traffic, number: int) -> pa.Table:
    rng = np.random.default_rng((traffic.seed, number))
    frames = int(traffic.seconds * traffic.fps)
    begin, length = _tracks(rng, frames, traffic.fps)
    track = np.repeat(np.arange(len(begin)), length)
    age = np.arange(len(track)) - np.repeat(np.cumsum(length) - length, length)
    at_ms = (
        1000 * traffic.start
        + (np.arange(frames) * 1000 / traffic.fps).astype(int)
        + rng.integers(0, JITTER_MS + 1, frames)
    )
    at_ms = at_ms[begin[track] + age]
    label = rng.choice(len(LABELS), len(begin), p=SHARES)
    sure = rng.integers(35, 93, len(begin))[track] + np.rint(rng.normal(0, 4, len(track)))
    columns = {
        "day": pa.array(((at_ms // 1000 + UTC_OFFSET_S) // DAY_S).astype(np.int32)).cast(pa.date32()),
        "at": pa.array(at_ms * 1000).cast(pa.timestamp("us", tz="UTC")),
        "camera_id": pa.repeat(name, len(track)),
        "track_id": traffic.epoch * _EPOCH + number * 10_000_000 + track,
        "label": pa.array(LABELS).take(pa.array(label[track])),
        "confidence": np.clip(sure, 0, 100).astype(np.int8),
        "model_id": pa.repeat("a1b2c3d4e5f6", len(track)),
        **_moving(rng, track, age / length[track], length / traffic.fps),
    }
    return pa.table(columns).select(landed_schema("observations").names).cast(landed_schema("observations"))


def _tracks(rng: np.random.Generator, frames: int, fps: float) -> tuple[np.ndarray, np.ndarray]:
    """When each track begins and how many frames it lasts, in the order in which they begin."""
    begins, lengths = [], []
    for share, shortest, longest in STAYS_S:
        mean = (longest - shortest) / np.log(longest / shortest) * fps
        count = rng.poisson(BOXES * share * (frames + mean) / mean)
        begin = rng.uniform(-mean, frames, count)
        length = np.exp(rng.uniform(np.log(shortest), np.log(longest), count)) * fps
        first, last = np.clip(begin, 0, frames).astype(int), np.clip(begin + length, 0, frames).astype(int)
        begins.append(first[last > first])
        lengths.append((last - first)[last > first])
    begin, length = np.concatenate(begins), np.concatenate(lengths)
    order = np.argsort(begin, kind="stable")
    return begin[order], length[order]


def _moving(
    rng: np.random.Generator, track: np.ndarray, done: np.ndarray, stays_s: np.ndarray
) -> dict[str, np.ndarray | pa.Array]:
    """A box that goes straight and grows as it comes nearer; one that stays trembles in its place."""
    count = len(stays_s)
    passing = stays_s < STAYS_S[0][2]
    from_x, from_y = rng.uniform(0, GRID, count), rng.uniform(0.2 * GRID, GRID, count)
    to_x, to_y = (
        np.where(passing, rng.uniform(0, GRID, count), start + rng.uniform(-100, 100, count))
        for start in (from_x, from_y)
    )
    x = from_x[track] + (to_x - from_x)[track] * done
    y = from_y[track] + (to_y - from_y)[track] * done
    height = y * rng.uniform(0.08, 0.3, count)[track]
    width = height * rng.uniform(0.2, 1.0, count)[track]
    edges = {"x1": x - width / 2, "y1": y - height, "x2": x + width / 2, "y2": y}
    corners = {
        name: np.clip(edge + rng.normal(0, TREMBLE, len(edge)), 0, GRID).astype(np.int16)
        for name, edge in edges.items()
    }
    return corners | _velocities(
        rng, track, {"vx": (to_x - from_x) / stays_s, "vy": (to_y - from_y) / stays_s}
    )


def _velocities(
    rng: np.random.Generator, track: np.ndarray, true: dict[str, np.ndarray]
) -> dict[str, pa.Array]:
    """What is measured of each box's velocity, in 1/8192 of the frame a second; NULL where it is lost."""
    lost = rng.random(len(track)) < LOST
    return {
        name: pa.array((each[track] + rng.normal(0, WAVER, len(track))).astype(np.int16), mask=lost)
        for name, each in true.items()
    }
