"""Cameras that several watched at once: nothing is broken by it, but somebody should know."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import groupby

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from lakehouse.checks.standing import Standing
from lakehouse.clock import CITY_ZONE
from lakehouse.landing.segments import app_id
from lakehouse.log.reading import Reading
from lakehouse.witness import SHARING_COLUMNS, WITNESS_COLUMNS, Witnesses, shared

_1970 = datetime(1970, 1, 1, tzinfo=UTC)


def overlaps(standing: Standing) -> list[str]:
    """Which lives watched a camera beside another one, when, and which of them does not count."""
    return standing.judged("looks", partial(_told, standing))


def _told(standing: Standing, snapshot: DeltaTable) -> list[str]:
    days = sorted(date.fromisoformat(found["day"]) for found in snapshot.partitions())
    found = [_of_day(snapshot, day) for day in standing.follow(days, "who watched")]
    watched = pa.concat_tables(found).to_pylist() if found else []
    counting: dict[tuple[str, int], list[str]] = {}
    aside: list[tuple[str, str, str, int]] = []
    for row in watched:
        place, life = (row["camera_id"], row["minute"]), app_id(row["producer"], row["epoch"])
        if row["counts"]:
            counting.setdefault(place, []).append(life)
        else:
            aside.append((row["camera_id"], life, " and ".join(counting[place]), row["minute"]))
    return [*_lines(sorted(aside))]


def _of_day(snapshot: DeltaTable, day: date) -> pa.Table:
    """The lives that shared minutes of a day; frames are read of their cameras only."""
    reading, of_day = Reading(snapshot), pc.field("day") == day
    rows = reading.rows(SHARING_COLUMNS, of_day)
    cameras = pc.unique(rows.filter(pa.array(shared(rows)))["camera_id"])
    return Witnesses.of(reading.rows(WITNESS_COLUMNS, of_day & pc.field("camera_id").isin(cameras))).watched


def _lines(aside: list[tuple[str, str, str, int]]) -> Iterator[str]:
    for (camera, life, others), rows in groupby(aside, key=lambda row: row[:3]):
        minutes = [minute for *_, minute in rows]
        first, last = (_city(minute) for minute in (minutes[0], minutes[-1] + 1))
        yield (
            f"{camera} was watched by {life} beside {others} in {len(minutes):,} minutes "
            f"from {first} to {last}: there {life} does not count"
        )


def _city(minute: int) -> str:
    return (_1970 + timedelta(minutes=minute)).astimezone(CITY_ZONE).strftime("%Y-%m-%d %H:%M")
