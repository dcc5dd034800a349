"""A source's time, told by its pictures' own times: without breaks, and paced where they come in bursts."""

from datetime import UTC, datetime, timedelta

from lakehouse.clock import Now

LARGEST_HOLE_S = 3600.0
"""A recording may hold its breath for so long; a larger leap is a break."""

NEAR_STEPS = 2
"""A picture that is so little earlier than the last is damaged, and left out; before, time began anew."""

LATE_S = 1.0
"""A live picture that comes later than it was due by more was held up, and time goes on from its arrival."""

UNTIMED_LATE_S = 0.1
"""The same for pictures without times, of which nobody knows better than by their arrival."""

_LARGEST_LAG = timedelta(seconds=3)
"""Who is slower than this does not catch up, and sees the rest later."""

LARGEST_WAIT_S = 5.0
"""A hole in a live stream's time is waited for by so much; where a larger one did not pass, it is a break."""

_TOLERANCE_S = 0.001
_LEAST_S = 0.001
"""Frames are told apart by their milliseconds."""


class Clock:
    """The time of a recording: `start`, and the seconds since its first picture, which only grow.

    Where the times of pictures leap, or go back, they are rebased: the next picture follows the last by
    one step. Times are made from the frame rate where there are none.

    Args:
        step_s: seconds from one picture to the next, where nothing else is known.
        start: the time of the first picture.
        lasts_s: how long the recording says it is; no hole leads beyond that.

    Attributes:
        breaks: how often its time was joined where it broke.
        seams: how often it was moved at all; two pictures lie as far apart as they say where it was not.
    """

    largest_hole_s = LARGEST_HOLE_S

    def __init__(self, step_s: float, start: datetime, lasts_s: float = float("inf")) -> None:
        self.step_s = step_s
        self.breaks = self.seams = 0
        self._lasts_s = lasts_s
        self.start = start
        self._elapsed_s: float | None = None
        self._offset_s: float | None = None
        self._former_s: float | None = None

    def tell(self, own_s: float | None) -> datetime | None:
        """When the next picture, presented at `own_s`, was taken; None for one that came out of order."""
        elapsed_s = self._elapsed(own_s)
        return None if elapsed_s is None else self._at(elapsed_s)

    @property
    def last(self) -> datetime:
        """The time of the last picture that had one."""
        return self._at(self._elapsed_s or 0.0)

    def wait_s(self, at: datetime) -> float:  # noqa: ARG002 - what is live is waited for
        """How many seconds it is until what was taken at `at` is to be seen: a recording is never early."""
        return 0.0

    def _at(self, elapsed_s: float) -> datetime:
        return self.start + timedelta(seconds=elapsed_s)

    def _elapsed(self, own_s: float | None) -> float | None:
        last_s, next_s = self._elapsed_s, 0.0 if self._elapsed_s is None else self._elapsed_s + self.step_s
        if own_s is None:
            elapsed_s = next_s
        elif self._offset_s is None or last_s is None:
            elapsed_s, self._offset_s = next_s, next_s - own_s
        else:
            elapsed_s = own_s + self._joined(own_s, last_s, self._offset_s)
            if elapsed_s < last_s + _LEAST_S:
                return None
        self._elapsed_s = elapsed_s
        return elapsed_s

    def _joined(self, own_s: float, last_s: float, offset_s: float) -> float:
        """What makes a picture's own time one that goes on from the last: as before, or anew after a break.

        Where a single picture was astray, its successors come back to where they were.
        """
        gap_s, near_s = own_s + offset_s - last_s, NEAR_STEPS * self.step_s
        if 0 < gap_s <= near_s:
            return offset_s
        former_s = self._former_s
        if former_s is not None and 0 < own_s + former_s - last_s <= near_s:
            self._offset_s, self._former_s = former_s, offset_s
            self.seams += 1
            return former_s
        if not -near_s <= gap_s <= self._largest_gap_s(last_s):
            self.breaks += 1
            self.seams += 1
            self._offset_s, self._former_s = last_s + self.step_s - own_s, offset_s
            return self._offset_s
        return offset_s

    def _largest_gap_s(self, last_s: float) -> float:
        """How long nothing may have been recorded after `last_s`."""
        left_s = self._lasts_s + NEAR_STEPS * self.step_s - last_s
        return min(self.largest_hole_s, max(left_s, 0.0))


class LiveClock(Clock):
    """The time of a live stream: the first picture is now, and the others follow as far as they lie apart.

    What comes in a burst is so spread over the time that it shows, a little behind: whoever waits until
    `tell` has come sees it at its own pace. What arrives later than it was due moves the time forward; who
    was slow to ask catches up.

    Args:
        step_s: seconds from one picture to the next, where nothing else is known.
        now: the time of day.
        late_s: by how much a picture may arrive too late.
    """

    largest_hole_s = float("inf")

    def __init__(self, step_s: float, now: Now, late_s: float = LATE_S) -> None:
        super().__init__(step_s, now())
        self._now = now
        self._late = timedelta(seconds=late_s)
        self._came: datetime | None = None
        self._told: datetime | None = None

    def arrive(self, came: datetime, step_s: float) -> None:
        """Take when the next picture arrived, and how far apart pictures are by now."""
        self._came, self.step_s = came, step_s

    def tell(self, own_s: float | None) -> datetime | None:
        """When the next picture is to be looked at, hardly ever before now; None for one out of order."""
        at, now = super().tell(own_s), self._now()
        if at is None:
            return None
        told = at if self._told is None else self._told
        if at < (self._came or now) - self._late or at < now - _LARGEST_LAG:
            at = self._moved(at, now)
        elif at > now and at - told > timedelta(seconds=LARGEST_WAIT_S):
            self.breaks += 1
            at = self._moved(at, max(now, told + timedelta(seconds=self.step_s)))
        self._told = at
        return at

    def wait_s(self, at: datetime) -> float:
        """Seconds from now to `at`, negative where that is over."""
        return (at - self._now()).total_seconds()

    def _moved(self, at: datetime, to: datetime) -> datetime:
        self.start += to - at
        self.seams += 1
        return to


class Beat:
    """Which of the pictures are due, at `fps` a second: on the beat, or a step later where it was lost."""

    def __init__(self, fps: float) -> None:
        self._step_s = 1 / fps
        self._due_s = float("-inf")

    def due(self, at: datetime) -> bool:
        """Whether the picture of `at` is to be looked at; asked of each one in turn."""
        at_s = (at - _EPOCH).total_seconds()
        if at_s < self._due_s - _TOLERANCE_S:
            return False
        following_s = self._due_s + self._step_s
        self._due_s = following_s if following_s > at_s else at_s + self._step_s
        return True

    def left_s(self, at: datetime) -> float:
        """How many seconds after the picture of `at` the next one is due, 0 where it is by now."""
        return max(0.0, self._due_s - (at - _EPOCH).total_seconds())


_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
