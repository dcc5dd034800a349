"""Instants at the API: city time with its offset going out, RFC 3339 or a city day coming in."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from lakehouse.clock import CITY_ZONE
from lakehouse.problem import BadTime

_REMEDY = "write RFC 3339 with an offset, as 2026-11-23T10:00:00+07:00, or a city day, as 2026-11-23"
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""Nobody asks for others, and at the ends of the calendar an hour more is no date any longer."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def instant(given: Any) -> datetime:
    """The instant, in UTC, that a query names; a day is its first moment in the city.

    Raises:
        BadTime: it is no date and no time, it has no offset, or no camera can have hung then.
    """
    text = str(given).strip().upper()
    # A space may stand for the T; behind the date it is a + that was not escaped.
    text = text[:11].replace(" ", "T") + text[11:].replace(" ", "+")
    if _DAY.fullmatch(text):
        text += "T00:00:00+07:00"
    # The calendar here has no leap second: it is the first moment after it.
    leap = timedelta(seconds=1 if ":59:60" in text else 0)
    try:
        at = datetime.fromisoformat(text.replace(":59:60", ":59:59"))
    except ValueError as error:
        raise BadTime(given, str(error), _REMEDY) from error
    if at.tzinfo is None:
        raise BadTime(given, "it has no offset, so it could be any of 24 hours", _REMEDY)
    if not EARLIEST <= at < LATEST:
        rule = f"only the years {EARLIEST.year} to {LATEST.year - 1} are asked for"
        raise BadTime(given, rule, _REMEDY)
    return at.astimezone(UTC) + leap


def city_text(at: datetime) -> str:
    """RFC 3339 with the city's offset: 2026-11-23T10:00:00+07:00."""
    return at.astimezone(CITY_ZONE).isoformat()


_SCHEMA = WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-23T10:00:00+07:00"]})

Instant = Annotated[datetime, BeforeValidator(instant), _SCHEMA]
"""An instant as a query parameter."""

CityTime = Annotated[datetime, PlainSerializer(city_text, return_type=str), _SCHEMA]
"""An instant in an answer."""
