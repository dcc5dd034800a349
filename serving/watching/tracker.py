"""Which box is the same thing as a moment ago, at one or two frames a second."""

from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from lakehouse.scenes import VEHICLES, Detections
from serving.measuring.geometry import shared

Numbers = NDArray[np.float64]

LOST_S = 5.0
"""A track that was not seen for so long is over: a pillar may hide somebody for four seconds."""

UNKNOWN = 2.5
"""How fast things are before anything is known of their motion: the standard deviation, in sizes of a box a
second. The size of a box is the root of its area."""

MIDDLE, SIZE = 0.08, 0.2
"""By how much a box is off: its middle in sizes of the box, its size as a share."""

SLOPPY, STILL = 0.1, 0.5
"""By how much a measured velocity is off: as a share of it, and in sizes of the box a second. Measured with
Lucas-Kanade on rendered walkers: half are off by less than 0.23 sizes a second, nine of ten by less than
0.42, mostly to the slow side, so that many together are no better than one."""

SWAY, WEAVE = 0.4, 0.1
"""By how much a velocity changes in a second: in sizes of the box, and as a share of it."""

NEARER, SPURT, MOST_GROWTH = 0.8, 0.1, 1.8
"""By what share a new thing may get nearer or farther in a second, by how much that changes, and by how much
it may grow from one look to the next."""

FAR, WORTH = 16.0, 11.0
"""A box is no track's whose distance, squared and in standard deviations, is more; and a match is so much
likelier than a new thing, as twice a logarithm, before its distance and its doubt are taken off."""

_SAME = 0.7
_EPOCH = 2**32
_SEEN, _PLACED = [0, 1, 2, 3, 4], [0, 1, 4]
_UNTOLD = 1e12


class Tracks:
    """Things that are followed, one a row, as they are expected at `at_s`, each by an extended Kalman filter.

    states (n, 6) are the middle of the box and its velocity, x and y in pixels and a second, the logarithm of
    its size, and the share of its distance by which it comes nearer in a second; doubts (n, 6, 6) are their
    covariances. What comes nearer grows and speeds up in the picture by the same ratio (a pinhole camera).
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

    def add(self, ids: NDArray[np.int64], seen: Numbers) -> None:
        """Begin with sightings (n, 5), under these ids."""
        states = np.column_stack([seen, np.zeros(len(seen))])
        untold = np.isnan(seen[:, 2])
        states[untold, 2:4] = 0.0
        doubts = np.zeros((len(seen), 6, 6))
        doubts[:, :5, :5] = _noise(states)
        doubts[untold, 2, 2] = doubts[untold, 3, 3] = (UNKNOWN * np.exp(states[untold, 4])) ** 2
        doubts[:, 5, 5] = NEARER**2
        self.ids, self.seen_s = np.append(self.ids, ids), np.append(self.seen_s, np.full(len(ids), self.at_s))
        self.states, self.doubts = np.append(self.states, states, 0), np.append(self.doubts, doubts, 0)

    def move(self, at_s: float) -> None:
        """Expect each thing where it will be at a time."""
        step, self.at_s = at_s - self.at_s, at_s
        velocities, nearer = self.states[:, 2:4], self.states[:, 5]
        ratio = np.clip(1 / np.maximum(1 - nearer * step, 1 / MOST_GROWTH), 1 / MOST_GROWTH, None)
        slope, sway = np.tile(np.eye(6), (len(self), 1, 1)), np.zeros((len(self), 6, 6))
        changes = (SWAY * np.exp(self.states[:, 4])) ** 2 + (WEAVE * np.hypot(*velocities.T)) ** 2
        for middle, velocity in ((0, 2), (1, 3)):
            slope[:, middle, velocity] = step * ratio
            slope[:, middle, 5] = self.states[:, velocity] * (step * ratio) ** 2
            slope[:, velocity, velocity] = ratio**2
            slope[:, velocity, 5] = 2 * self.states[:, velocity] * step * ratio**3
            sway[:, middle, middle] = changes * step**3 / 3
            sway[:, middle, velocity] = sway[:, velocity, middle] = changes * step**2 / 2
            sway[:, velocity, velocity] = changes * step
        slope[:, 4, 5], slope[:, 5, 5] = step * ratio, ratio**2
        sway[:, 5, 5] = SPURT**2 * step
        self.doubts = slope @ self.doubts @ slope.transpose(0, 2, 1) + sway
        self.states[:, :2] += velocities * (step * ratio)[:, None]
        self.states[:, 2:4] *= ratio[:, None] ** 2
        self.states[:, 4] += np.log(ratio)
        self.states[:, 5] *= ratio

    def likeness(self, seen: Numbers) -> Numbers:
        """How much likelier a track is what was seen (m, 5) than a new thing is: (n, m), 0 where it is not.

        What is known badly, such as where somebody is after seconds behind a pillar, is less likely than
        what is known well: so live tracks come before lost ones.
        """
        spreads = self.doubts[:, :5, :5] + _noise(self.states)
        off = seen[None] - self.states[:, None, :5]
        untold = np.isnan(seen[:, 2])
        fit = np.zeros((len(self), len(seen)))
        for boxes, told in ((untold, _PLACED), (~untold, _SEEN)):
            spread, away = spreads[:, told][:, :, told], off[:, boxes][:, :, told]
            far = np.einsum("nmi,nij,nmj->nm", away, np.linalg.inv(spread), away)
            sizes = 2 * (len(told) - 1) * self.states[:, 4] + 2 * np.log(SIZE)
            vague = np.linalg.slogdet(spread).logabsdet - sizes
            fit[:, boxes] = np.where(far < FAR, np.maximum(WORTH - far - vague[:, None], 0), 0)
        return fit

    def see(self, rows: NDArray[np.int64], seen: Numbers) -> None:
        """Take the sightings (n, 5) of some tracks."""
        noise = _noise(self.states[rows])
        untold = np.isnan(seen[:, 2])
        noise[untold, 2, 2] = noise[untold, 3, 3] = _UNTOLD
        doubts = self.doubts[rows]
        gain = doubts[:, :, :5] @ np.linalg.inv(doubts[:, :5, :5] + noise)
        off = np.nan_to_num(seen - self.states[rows, :5])
        self.states[rows] += np.einsum("nij,nj->ni", gain, off)
        self.doubts[rows] = doubts - gain @ doubts[:, :5]
        self.seen_s[rows] = self.at_s


class Tracker:
    """One id for one thing at few looks a second: people apart from everything else, whatever it is called.

    Ids are `epoch` x 2^32 + n and are never used again. The frames' own times say how far things came.

    A vehicle is expected where its measured velocity carries it, from its first box on; without one it may be
    found around its place, the nearer the likelier. Up to so many sizes of their boxes a second things that
    follow one another are counted within 5 % (`python tests/benchmarks/motion.py --speeds`): with velocities
    18 at 5 and 2 looks/s and 12 at 1, without any 8, 1 and 0. On the synthetic truth, with 10 % of the boxes
    missing, corners off by 3 % and no velocities, 1.00, 0.99 and 0.87 of the flow are counted.
    """

    def __init__(self, epoch: int) -> None:
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
        seen[people, 2:4] = np.nan  # what is followed on a walker is half of it standing legs and street
        for tracks, members in ((self._people, people), (self._others, ~people)):
            ids[members] = self._update(tracks, at.timestamp(), seen[members])
            tracks.keep(np.all((tracks.states[:, :2] >= 0) & (tracks.states[:, :2] <= size), axis=1))
        return found, ids

    def _update(self, tracks: Tracks, at_s: float, seen: Numbers) -> NDArray[np.int64]:
        """Ids (n,) of sightings (n, 5); a track that begins has one from its first box on."""
        tracks.keep(at_s - tracks.seen_s <= LOST_S)
        tracks.move(at_s)
        likeness = tracks.likeness(seen)
        rows, boxes = linear_sum_assignment(likeness, maximize=True)
        same = likeness[rows, boxes] > 0
        rows, boxes = rows[same], boxes[same]
        tracks.see(rows, seen[boxes])
        fresh = np.setdiff1d(np.arange(len(seen)), boxes)
        ids = np.empty(len(seen), np.int64)
        ids[boxes], ids[fresh] = tracks.ids[rows], self._next + np.arange(len(fresh))
        self._next += len(fresh)
        tracks.add(ids[fresh], seen[fresh])
        return ids


def _sightings(found: Detections) -> Numbers:
    """Middle, velocity (NaN unknown) and the logarithm of the size of each box: (n, 5)."""
    boxes = found.boxes.astype(np.float64).reshape(-1, 4)
    extents = np.maximum(boxes[:, 2:] - boxes[:, :2], 1.0)
    velocities = np.full((len(boxes), 2), np.nan) if found.velocities is None else found.velocities
    sizes = np.log(extents.prod(axis=1)) / 2
    return np.column_stack([(boxes[:, :2] + boxes[:, 2:]) / 2, velocities.reshape(-1, 2), sizes])


def _noise(states: Numbers) -> Numbers:
    """The covariances (n, 5, 5) with which things in these states are seen."""
    sizes, speeds = np.exp(states[:, 4]), np.hypot(*states[:, 2:4].T)
    off, drift = MIDDLE * sizes, np.hypot(SLOPPY * speeds, STILL * sizes)
    spreads = np.stack([off, off, drift, drift, np.full(len(sizes), SIZE)], axis=1)
    return np.asarray(spreads[:, :, None] ** 2 * np.eye(5))


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
