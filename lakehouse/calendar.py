"""City time, and the days that differ."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

CITY_ZONE = ZoneInfo("Asia/Jakarta")
"""UTC+7 the whole year."""


def city_day(at: datetime) -> date:
    """The city's local date at an instant."""
    return at.astimezone(CITY_ZONE).date()
