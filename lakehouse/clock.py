"""City time: the zone, its local date, and an instant that somebody wrote."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from lakehouse.problem import BadTime

CITY_ZONE = ZoneInfo("Asia/Jakarta")
"""UTC+7 the whole year."""


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
