"""Which box is the same thing as a moment ago, at one or two frames a second."""

from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from lakehouse.scenes import VEHICLES, Detections
from serving.measuring.geometry import shared

Numbers = NDArray[np.float64]

LOST_S = 5.0
MIDDLE, SIZE = 0.08, 0.2
SLOPPY, STILL = 0.1, 0.5
UNKNOWN = 3.0
NEARER = 0.8
SWAY, WEAVE, SPURT = 0.4, 0.1, 0.1
FAR = 16.0
WORTH = 14.0
MOST_GROWTH = 1.8

_SAME = 0.7
_EPOCH = 2**32
_SEEN, _UNMOVED = slice(0, 5), [0, 1, 4]


class Tracks:
    """Things that are followed, one a row, as they are expected at `at_s`: an extended Kalman filter each.

    states (n, 6): the middle x, y and its velocity in pixels (a second), the logarithm of the size of its box, the root of the
    area, and the share by which it gets nearer a second; doubts (n, 6, 6) are their covariances.
    """

    def __init__(self) -> None:
        self.at_s = 0.0
        self.ids, self.seen_s = np.empty(0, np.int64), np.empty(0)
        self.states, self.doubts = np.empty((0, 6)), np.empty((0, 6, 6))

    def __len__(self) -> int:
        return len(self.ids)

    def keep(self, which: NDArray[np.bool_]) -> None:
        """Forget the others."""
        self.ids, self.seen_s = self.ids[which], self.seen_s[which]
        self.states, self.doubts = self.states[which], self.doubts[which]

    def add(self, ids, seen: Numbers) -> None:
        """Begin with sightings (n, 5)."""
        states = np.concatenate([seen, np.zeros((len(seen), 1))], axis=1)
        unknown = np.isnan(seen[:, 2])
        states[unknown, 2:4] = 0.0
        doubts = np.zeros((len(seen), 6, 6))
        doubts[:, _SEEN, _SEEN] = _noise(states)
        sizes = np.exp(states[:, 4])
        for axis in (2, 3):
            doubts[unknown, axis, axis] = (UNKNOWN * sizes[unknown]) ** 2
        doubts[:, 5, 5] = NEARER**2
        self.ids, self.seen_s = np.append(self.ids, ids), np.append(self.seen_s, np.full(len(ids), self.at_s))
        self.states, self.doubts = np.concatenate([self.states, states]), np.concatenate([self.doubts, doubts])

    def move(self, at_s: float) -> None:
        """Expect each thing where it will be: what comes nearer grows and speeds up by the same ratio."""
        step, self.at_s = at_s - self.at_s, at_s
        ways, nearer = self.states[:, 2:4], self.states[:, 5]
        ratio = np.clip(1 / np.maximum(1 - nearer * step, 1 / MOST_GROWTH), 1 / MOST_GROWTH, None)
        slope = np.tile(np.eye(6), (len(self), 1, 1))
        for axis in (0, 1):
            slope[:, axis, axis + 2] = step * ratio
            slope[:, axis, 5] = ways[:, axis] * (step * ratio) ** 2
            slope[:, axis + 2, axis + 2] = ratio**2
            slope[:, axis + 2, 5] = 2 * ways[:, axis] * step * ratio**3
        slope[:, 4, 5] = step * ratio
        slope[:, 5, 5] = ratio**2
        sway = (SWAY * np.exp(self.states[:, 4])) ** 2 + (WEAVE * np.hypot(*ways.T)) ** 2
        self.doubts = slope @ self.doubts @ slope.transpose(0, 2, 1)
        for axis in (0, 1):
            self.doubts[:, axis, axis] += sway * step**3 / 3
            self.doubts[:, axis, axis + 2] += sway * step**2 / 2
            self.doubts[:, axis + 2, axis] += sway * step**2 / 2
            self.doubts[:, axis + 2, axis + 2] += sway * step
        self.doubts[:, 5, 5] += SPURT**2 * step
        moved = ways * (step * ratio)[:, None]
        ahead = [self.states[:, :2] + moved, ways * ratio[:, None] ** 2]
        last = [self.states[:, 4] + np.log(ratio), nearer * ratio]
        self.states = np.concatenate([*ahead, np.stack(last, axis=1)], axis=1)

    def likeness(self, seen: Numbers) -> Numbers:
        """How much likelier each track (n) is what was seen (m, 5) than something new; 0 where it is not."""
        spread = self.doubts[:, _SEEN, _SEEN] + _noise(self.states)
        off = seen[None] - self.states[:, None, _SEEN]
        scale = np.exp(self.states[:, 4])
        unmoved = np.isnan(seen[:, 2])
        fit = np.zeros((len(self), len(seen)))
        for told, which in ((unmoved, _UNMOVED), (~unmoved, [0, 1, 2, 3, 4])):
            block, away = spread[:, which][:, :, which], off[:, told][:, :, which]
            far = np.einsum("nmi,nij,nmj->nm", away, np.linalg.inv(block), away)
            broad = np.linalg.slogdet(block)[1] - (len(which) - 1) * 2 * np.log(scale) - 2 * np.log(SIZE)
            fit[:, told] = np.where(far < FAR, np.maximum(WORTH - far - broad[:, None], 0.0), 0.0)
        return fit

    def see(self, rows, seen: Numbers) -> None:
        """Take the sightings (n, 5) of some tracks."""
        noise = _noise(self.states[rows])
        unmoved = np.isnan(seen[:, 2])
        for axis in (2, 3):
            noise[unmoved, axis, axis] = 1e12
        doubts = self.doubts[rows]
        spread = doubts[:, _SEEN, _SEEN] + noise
        gain = doubts[:, :, _SEEN] @ np.linalg.inv(spread)
        off = np.nan_to_num(seen - self.states[rows][:, _SEEN])
        self.states[rows] += np.einsum("nij,nj->ni", gain, off)
        self.doubts[rows] = doubts - gain @ doubts[:, _SEEN, :]
        self.seen_s[rows] = self.at_s


def _noise(states: Numbers) -> Numbers:
    """The variances (n, 5, 5) with which things in these states are seen."""
    sizes, speeds = np.exp(states[:, 4]), np.hypot(*states[:, 2:4].T)
    over = np.hypot(SLOPPY * speeds, STILL * sizes)
    spreads = np.stack([MIDDLE * sizes, MIDDLE * sizes, over, over, np.full(len(sizes), SIZE)], axis=1)
    return np.asarray(spreads[:, :, None] ** 2 * np.eye(5))


def _sightings(found: Detections) -> Numbers:
    """Middle, velocity (NaN where unknown) and logarithm of the size of each box (n, 5)."""
    boxes = found.boxes.astype(np.float64).reshape(-1, 4)
    extents = np.maximum(boxes[:, 2:] - boxes[:, :2], 1.0)
    ways = np.full((len(boxes), 2), np.nan) if found.velocities is None else found.velocities.reshape(-1, 2)
    sizes = np.log(extents.prod(axis=1)) / 2
    return np.column_stack([(boxes[:, :2] + boxes[:, 2:]) / 2, ways.astype(np.float64), sizes])


class Tracker:
    """Ids are `epoch` x 2^32 + n and are never used again; `fps` is how often a frame is looked at."""

    def __init__(self, epoch: int, fps: float) -> None:
        self._next = epoch * _EPOCH
        self._people, self._others = Tracks(), Tracks()

    def follow(
        self, at: datetime, found: Detections, size: tuple[int, int]
    ) -> tuple[Detections, NDArray[np.int64]]:
        """What was found in the frame of `at`, each thing once, with the ids (n,) of its tracks.

        `size` is the picture's width and height in pixels: a track that is expected outside is over.
        """
        found = _once(found)
        ids = np.zeros(len(found), np.int64)
        people, seen = found.labels == "person", _sightings(found)
        for tracks, members in ((self._people, people), (self._others, ~people)):
            ids[members] = self._update(tracks, at.timestamp(), seen[members])
            middles = tracks.states[:, :2]
            tracks.keep(((middles >= 0) & (middles <= size)).all(axis=1))
        return found, ids

    def _update(self, tracks: Tracks, at_s: float, seen: Numbers) -> NDArray[np.int64]:
        tracks.keep(at_s - tracks.seen_s <= LOST_S)
        live = tracks.seen_s == tracks.at_s
        tracks.move(at_s)
        mine, theirs = _assigned(tracks.likeness(seen), live)
        ids = np.full(len(seen), -1, np.int64)
        ids[theirs] = tracks.ids[mine]
        tracks.see(mine, seen[theirs])
        fresh = np.flatnonzero(ids < 0)
        ids[fresh] = self._next + np.arange(len(fresh))
        self._next += len(fresh)
        tracks.add(ids[fresh], seen[fresh])
        return ids


TWO = False
def _assigned(likeness, live):
    if TWO:
        a, b = _assign1(likeness * live[:, None])
        rest = likeness.copy(); rest[a] = 0; rest[:, b] = 0
        c, d = _assign1(rest)
        return np.concatenate([a, c]), np.concatenate([b, d])
    return _assign1(likeness)


def _assign1(likeness):
    rows, columns = linear_sum_assignment(likeness, maximize=True)
    good = likeness[rows, columns] > 0
    return rows[good], columns[good]


def _once(found: Detections) -> Detections:
    """Drop a vehicle's box that lies on a surer one: an engine may call one thing a car and a truck."""
    boxes = found.boxes.astype(np.float64).reshape(-1, 4)
    sizes = (boxes[:, 2:] - boxes[:, :2]).clip(0).prod(axis=1)
    both = shared(boxes[:, None], boxes[None])
    same = both > _SAME * (sizes[:, None] + sizes[None] - both)
    vehicle = np.isin(found.labels, VEHICLES)
    keep = np.ones(len(found), np.bool_)
    for box in np.argsort(-found.confidences, kind="stable"):
        if keep[box] and vehicle[box]:
            keep &= ~(same[box] & vehicle)
            keep[box] = True
    moving = None if found.velocities is None else found.velocities[keep]
    return Detections(found.boxes[keep], found.labels[keep], found.confidences[keep], moving)
