"""From a level that flickers to an event with a start, steps and an end."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from lakehouse.scenes import Event, Severity, State


@dataclass
class Lasting:
    """Since when something holds, not counting absences of up to `gap_s` seconds."""

    gap_s: float
    since: datetime | None = None
    until: datetime | None = None

    def see(self, at: datetime, *, holds: bool) -> float:
        """Take whether it holds now; return for how many seconds it has."""
        if self.until is None or (at - self.until).total_seconds() > self.gap_s:
            self.since = self.until = None
        if holds:
            self.since, self.until = self.since or at, at
        if self.since is None or self.until is None:
            return 0.0
        return (self.until - self.since).total_seconds()


@dataclass(frozen=True)
class Terms:
    """When an event begins and ends: thresholds of the level by severity, and for how long.

    It begins after `on_after_s` at or above a threshold and ends after `off_after_s` below `off_share` of
    the lowest one; absences of up to `gap_s` do not count, unless a threshold is reached again and again.
    """

    thresholds: Mapping[Severity, float]
    on_after_s: float
    off_after_s: float
    off_share: float
    gap_s: float

    @property
    def lowest(self) -> float:
        """The threshold at which an event begins."""
        return min(self.thresholds.values())


class Alarm:
    """One kind of event in one zone: at most one goes on at a time."""

    def __init__(self, camera_id: str, zone_id: str, kind: str, terms: Terms) -> None:
        self.camera_id = camera_id
        self.zone_id = zone_id
        self.kind = kind
        self.terms = terms
        self._above = {severity: Lasting(terms.gap_s) for severity in terms.thresholds}
        self._below = Lasting(terms.gap_s)
        self._event: Event | None = None
        self._at: datetime | None = None

    def see(
        self, at: datetime, level: float, measures: Mapping[str, float], confidence: float
    ) -> list[Event]:
        """Take the level of the next scene; return the revision that it makes, if any."""
        self._at = at
        severity = self._reached(at, level)
        if self._event is None:
            return self._open(at, severity, measures, confidence)
        changed = replace(self._event, at=at, measures=measures, confidence=confidence)
        if self._goes_on(at, level):
            self._below = Lasting(self.terms.gap_s)
        if (
            self._below.see(at, holds=level < self.terms.off_share * self.terms.lowest)
            >= self.terms.off_after_s
        ):
            return self._close(changed, self._below.since or at)
        if severity is not None and severity > changed.severity:
            return self._revise(replace(changed, severity=severity, state=State.ESCALATED))
        return []

    def end(self) -> list[Event]:
        """Close what goes on, as of the last scene: nobody watches any longer."""
        if self._event is None or self._at is None:
            return []
        return self._close(replace(self._event, at=self._at), self._at)

    def _reached(self, at: datetime, level: float) -> Severity | None:
        lasting = {
            severity: self._above[severity].see(at, holds=level >= threshold)
            for severity, threshold in self.terms.thresholds.items()
        }
        return max(
            (one for one, seconds in lasting.items() if seconds >= self.terms.on_after_s), default=None
        )

    def _goes_on(self, at: datetime, level: float) -> bool:
        """Whether a threshold is reached again and not just once: so a level that trembles ends nothing."""
        since = self._above[min(self._above)].since
        return level >= self.terms.lowest and since is not None and since < at

    def _open(
        self, at: datetime, severity: Severity | None, measures: Mapping[str, float], confidence: float
    ) -> list[Event]:
        since = self._above[min(self._above)].since
        if severity is None or since is None or since == at:
            return []
        self._below = Lasting(self.terms.gap_s)
        begun = (self.camera_id, self.zone_id, self.kind, "", since, at)
        self._event = Event(*begun, 1, State.OPEN, severity, measures, confidence)
        return [self._event]

    def _revise(self, event: Event) -> list[Event]:
        self._event = replace(event, revision=event.revision + 1)
        return [self._event]

    def _close(self, event: Event, ended: datetime) -> list[Event]:
        closed = self._revise(replace(event, state=State.CLOSED, ended_at=ended))
        self._event = None
        self._above = {severity: Lasting(self.terms.gap_s) for severity in self.terms.thresholds}
        return closed
