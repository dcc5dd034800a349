"""What a lake of the synthetic city begins with: its areas, cameras, calendar and weather."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.city import calendar, cameras
from lakehouse.clock import city_day
from lakehouse.log.commits import StaleSnapshotError
from lakehouse.log.reading import Reading
from lakehouse.store import Lake
from lakehouse.synthetic.chance import Draw, Floats, Ints, normal
from lakehouse.synthetic.city import FOUNDED, City
from lakehouse.synthetic.slots import HOUR_S
from lakehouse.tables import AT, TABLES

_AHEAD = timedelta(days=400)
_FORECAST_HOURS = 7 * 24
_TIDE_ERROR_CM_A_DAY, _RAIN_ERROR_A_DAY = 1.5, 0.25
ORIGIN = "synthetic"


def found(lake: Lake, city: City, now: datetime) -> Iterator[str]:
    """Write what is not yet there, stage by stage, and tell of each what stands."""
    changed = cameras.register(lake, city.cameras.values())
    kecamatan, kelurahan = (len(city.areas.at_level(level)) for level in ("kecamatan", "kelurahan"))
    yield f"areas     {kecamatan} kecamatan, {kelurahan} kelurahan"
    owners = {camera.owner for camera in city.cameras.values()}
    yield f"cameras   {len(city.cameras)} of {len(owners)} owners ({changed} new or changed)"
    days = calendar.register(lake, FOUNDED.date(), _newest_day(now))
    yield f"calendar  {days} entries from {FOUNDED.date()} to {_newest_day(now)}"
    yield f"weather   {_weather(lake, city, now)} new hours, synthetic, with a forecast of 7 days"


def _newest_day(now: datetime) -> date:
    """The end of a month, so that the calendar changes once a month and not every day."""
    return (city_day(now) + _AHEAD).replace(day=1)


def _weather(lake: Lake, city: City, now: datetime) -> int:
    """Add the hours observed since the last time, and this hour's forecast; returns how many rows."""
    while True:
        snapshot = lake.table("weather")
        rows = _news(Reading(snapshot), city, int(now.timestamp()) // HOUR_S)
        try:
            return int(rows.num_rows) if lake.append("weather", rows, on=snapshot) else 0
        except StaleSnapshotError:
            continue


def _news(weather: Reading, city: City, hour: int) -> pa.Table:
    """The rows that are missing by an hour, counted since 1970."""
    known = weather.rows(["issued_at"], pc.field("origin") == ORIGIN)["issued_at"]
    newest = pc.max(known).as_py()
    first = int((newest or FOUNDED).timestamp()) // HOUR_S
    if newest is not None and first >= hour:
        return TABLES["weather"].schema.empty_table()
    ahead = np.arange(hour, hour + _FORECAST_HOURS)
    past = np.arange(first, hour)
    return pa.concat_tables([_observed(city, past), _forecast(city, hour, ahead)])


def _observed(city: City, hours: Ints) -> pa.Table:
    """An hour's weather is known when it is over."""
    middle = _middle(hours)
    return _rows(hours + 1, hours, city.weather.rain(middle), city.weather.tide(middle))


def _forecast(city: City, issued: int, hours: Ints) -> pa.Table:
    """What was expected at `issued`, with an error that grows by the day."""
    middle, lead_days = _middle(hours), (hours - issued + 1) / 24
    rain_error, tide_error = (normal(Draw.FORECAST, city.seed, kind, issued, hours) for kind in (0, 1))
    rain = city.weather.rain(middle) * np.exp(_RAIN_ERROR_A_DAY * lead_days * rain_error)
    rain += np.maximum(_RAIN_ERROR_A_DAY * lead_days * (rain_error - 2), 0)
    tide = city.weather.tide(middle) + _TIDE_ERROR_CM_A_DAY * lead_days * tide_error
    return _rows(np.full(len(hours), issued), hours, rain, tide)


def _rows(issued: Ints, hours: Ints, rain: Floats, tide: Floats) -> pa.Table:
    columns = {
        "issued_at": _instants(issued),
        "at": _instants(hours),
        "rain_mm": rain.astype(np.float32),
        "tide_cm": tide.astype(np.float32),
        "origin": pa.repeat(ORIGIN, len(hours)),
    }
    return pa.table(columns, schema=TABLES["weather"].schema)


def _middle(hours: Ints) -> Floats:
    return hours.astype(np.float64) * HOUR_S + HOUR_S / 2


def _instants(hours: Ints) -> pa.Array:
    return pa.array(hours * HOUR_S * 1_000_000).cast(AT)
