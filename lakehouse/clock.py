"""The one clock, and city time: the zone, its local date, and an instant that somebody wrote."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from lakehouse.problem import BadTime

Now = Callable[[], datetime]
"""Tells what time it is, in UTC: `now`, or what somebody brings in its place."""

CITY_ZONE = ZoneInfo("Asia/Jakarta")
"""UTC+7 the whole year."""

_1970 = datetime(1970, 1, 1, tzinfo=UTC)


def now() -> datetime:
    """What time it is by this machine: read here and nowhere else, so that anyone can be told another."""
    return datetime.now(UTC)


def milliseconds(at: datetime) -> int:
    """Whole milliseconds since 1970."""
    return (at - _1970) // timedelta(milliseconds=1)


def city_day(at: datetime) -> date:
    """The city's local date at an instant."""
    return at.astimezone(CITY_ZONE).date()


def instant(text: str) -> datetime:
    """The instant that somebody wrote, in RFC 3339; without an offset, or as a mere day, it is city time.

    Raises:
        BadTime: it is neither.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        remedy = "write 2026-11-23T10:00:00+07:00, or 2026-11-23"
        raise BadTime(text, "it is no RFC 3339 time and no day", remedy) from error
    return at if at.tzinfo else at.replace(tzinfo=CITY_ZONE)
