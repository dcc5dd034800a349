"""When something goes wrong before a synthetic camera, and when the camera itself is down."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np

from lakehouse.synthetic.chance import Draw, Flags, Floats, Ints, uniform
from lakehouse.synthetic.slots import HOUR_S, SLOT_S, UTC_OFFSET_S

_OUTAGE_SLOT_S = 12 * HOUR_S
_FILLING_S = 30
"""So long a queue takes to fill the road in view, and to leave it."""

_MEETING_WEIGHT = 4

Spans = tuple[Ints, Floats, Floats]
"""Camera numbers, starts and ends, each (n,)."""


@dataclass(frozen=True)
class Incident:
    """Something a person would act on, with its exact start and end."""

    kind: str
    camera_id: str
    zone_id: str
    started_at: datetime
    ended_at: datetime


@dataclass(frozen=True)
class Habit:
    """A kind of incident that comes up at a site by itself, with a chance in each two hours."""

    number: int
    kind: str
    chance: float
    minutes: tuple[float, float]
    hours: tuple[int, int] = (0, 24)
    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    zone_id: str = "people"

    def spans(self, seed: int, camera: int, start: float, stop: float) -> list[tuple[float, float]]:
        """Start and end of each at one camera that touches [start, stop)."""
        slots = np.arange(start // _HABIT_SLOT_S - 1, stop // _HABIT_SLOT_S + 1).astype(np.int64)
        keys = (seed, self.number, camera, slots)
        local = slots * _HABIT_SLOT_S + UTC_OFFSET_S
        length = 60 * (self.minutes[0] + np.ptp(self.minutes) * uniform(Draw.HABIT_LENGTH, *keys))
        begin = np.rint(slots * _HABIT_SLOT_S + (_HABIT_SLOT_S - length) * uniform(Draw.HABIT_START, *keys))
        end = np.rint(begin + length)
        comes = (uniform(Draw.HABIT, *keys) < self.chance) & self._season(local)
        comes &= (begin < stop) & (end > start)
        return [(float(a), float(b)) for a, b in zip(begin[comes], end[comes], strict=True)]

    def _season(self, local: Ints) -> Flags:
        hour, day = local // HOUR_S % 24, (local // (24 * HOUR_S) + 3) % 7
        first, last = self.hours
        inside = (hour >= first) & (hour < last) if first < last else (hour >= first) | (hour < last)
        return inside & np.isin(day, self.days)


_HABIT_SLOT_S = 2 * HOUR_S

PARKING = Habit(1, "parking", 0.25, (5, 25), (6, 22), zone_id="kerb")
LITTER = Habit(2, "litter", 0.08, (20, 100))
MASKS = Habit(3, "masks", 0.10, (10, 60), (6, 22))
RACING = Habit(4, "racing", 0.35, (6, 14), (22, 4), (0, 4, 5, 6), zone_id="road")
RACED = ("dr-cipto", "fatmawati", "kalibanteng")
"""Where people race, on the nights around the weekend."""


class Rota:
    """Which camera is down, jammed or crowded when: worked out from the slot's number alone.

    A jam and a gathering pass from camera to camera, each beginning before the last one ends, and skip
    cameras that are down, so that one of each goes on somewhere at every time. Jams come up at `roads`,
    gatherings anywhere, but more often at `meetings`.
    """

    def __init__(self, seed: int, cameras: int, roads: list[int], meetings: list[int]) -> None:
        self._seed, self._cameras, self._roads = seed, np.arange(cameras), np.array(roads)
        self._jam_hosts = lru_cache(maxsize=64)(self._new_jam_hosts)
        self.gatherings = lru_cache(maxsize=64)(self._new_gatherings)
        self._stages = np.concatenate([self._cameras, np.tile(meetings, _MEETING_WEIGHT)])

    def outages(self, group: int, slots: Ints) -> Spans:
        """The outage of each slot of half a day among the even (0) or the odd (1) cameras."""
        keys = (self._seed, group, slots)
        length: Floats = np.rint(900 + 6 * HOUR_S * uniform(Draw.OUTAGE_LENGTH, *keys) ** 2)
        free = _OUTAGE_SLOT_S - length
        start: Floats = np.rint(slots * _OUTAGE_SLOT_S + free * uniform(Draw.OUTAGE_START, *keys))
        return _pick(self._cameras[group::2], uniform(Draw.OUTAGE, *keys)), start, start + length

    def outages_between(self, start: float, stop: float) -> Spans:
        """Every outage that touches [start, stop)."""
        slots = np.arange(start // _OUTAGE_SLOT_S, stop // _OUTAGE_SLOT_S + 1).astype(np.int64)
        both = [self.outages(group, slots) for group in (0, 1)]
        camera, begin, end = (np.concatenate(parts) for parts in zip(*both, strict=True))
        touches = (begin < stop) & (end > start)
        return camera[touches], begin[touches], end[touches]

    def jammed(self, camera: int, slots: Ints) -> Flags:
        """Whether the camera's road is jammed in each of consecutive slots (n,)."""
        relay = slots // 2
        first = int(relay[0]) - 1
        here = self._jam_hosts(first, int(relay[-1]) + 1) == camera
        jammed: Flags = here[relay - first] | (here[relay - 1 - first] & (slots % 2 == 0))
        return jammed

    def jams(self, start: float, stop: float) -> Spans:
        """Every congestion that touches [start, stop): while the queue fills the road in view."""
        first, last = int(start // (2 * SLOT_S)) - 1, int(stop // (2 * SLOT_S)) + 1
        turn = (2 * SLOT_S * np.arange(first, last)).astype(np.float64)
        begin, end = turn + _FILLING_S, turn + 3 * SLOT_S - _FILLING_S
        touches = (begin < stop) & (end > start)
        return self._jam_hosts(first, last)[touches], begin[touches], end[touches]

    def _new_jam_hosts(self, first: int, last: int) -> Ints:
        relay = np.arange(first, last)
        begin = (2 * SLOT_S * relay).astype(np.float64)
        return self._host(Draw.JAM, self._roads, relay, begin, begin + 3 * SLOT_S)

    def _new_gatherings(self, start: float, stop: float) -> tuple[Spans, Ints]:
        """Every crowding that touches [start, stop), and the number of its slot (n,)."""
        relay = np.arange(start // SLOT_S, stop // SLOT_S + 2).astype(np.int64)
        end = (relay + 1).astype(np.float64) * SLOT_S
        begin: Floats = np.rint(end - SLOT_S - 60 - 30 * uniform(Draw.GATHERING_START, self._seed, relay))
        host = self._host(Draw.GATHERING, self._stages, relay, begin, end)
        touches = (begin < stop) & (end > start)
        return (host[touches], begin[touches], end[touches]), relay[touches]

    def _host(
        self,
        draw: Draw,
        cameras: Ints,
        relay: Ints,
        begin: Floats,
        end: Floats,
    ) -> Ints:
        """Whose turn it is: even and odd turns take from different cameras; one that is down is skipped."""
        share, even = uniform(draw, self._seed, relay), relay % 2 == 0
        halves = cameras[cameras % 2 == 0], cameras[cameras % 2 == 1]
        host = np.where(even, _pick(halves[0], share), _pick(halves[1], share))
        for step in (1, 2):
            other = np.where(even, _pick(halves[0], share, step), _pick(halves[1], share, step))
            host = np.where(self._down(host, begin, end), other, host)
        return host

    def _down(self, camera: Ints, begin: Floats, end: Floats) -> Flags:
        hit = np.zeros(len(camera), bool)
        for moment in (begin, end):
            for group in (0, 1):
                down, start, stop = self.outages(group, (moment // _OUTAGE_SLOT_S).astype(np.int64))
                hit |= (down == camera) & (start < end) & (stop > begin)
        return hit


def _pick(cameras: Ints, share: Floats, step: int = 0) -> Ints:
    return cameras[((share * len(cameras)).astype(np.int64) + step) % len(cameras)]
