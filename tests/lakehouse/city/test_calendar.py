"""City time, and the days that differ."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.city.calendar import FAR_DAYS, day_flags, days
from lakehouse.city.feasts import eids, fast_before, joint_leave, public_holidays
from lakehouse.clock import city_day


@pytest.mark.parametrize(
    ("fast", "eid"),
    [
        (date(2025, 3, 1), date(2025, 3, 31)),
        (date(2026, 2, 19), date(2026, 3, 21)),
        (date(2027, 2, 8), date(2027, 3, 10)),
    ],
)
def test_ramadan_and_lebaran_fall_on_their_real_dates(fast, eid):
    """The fast and its end are where the government has them; 2027 is reckoned."""
    assert [feast.day for feast in eids(eid.year)] == [eid]
    assert fast_before(eid) == (fast, eid.year == 2027)


def test_the_joint_leave_of_2026_is_known():
    """The eight days of cuti bersama of 2026 stand beside its seventeen holidays."""
    told = [(2, 16), (3, 18), (3, 20), (3, 23), (3, 24), (5, 15), (5, 28), (12, 24)]
    assert [feast.day for feast in joint_leave(2026)] == [date(2026, *day) for day in told]
    assert len(public_holidays(2026)) == 17


def test_two_moving_feasts_meet_in_2026():
    """Lunar new year, its market, the carnival and the first fasting day crowd into one week."""
    rows = days(date(2026, 2, 13), date(2026, 2, 20)).to_pylist()
    told = {(row["day"].day, row["kind"]) for row in rows}
    assert {(13, "event"), (16, "event"), (16, "leave"), (17, "holiday"), (19, "ramadan")} <= told


def test_what_is_reckoned_says_so():
    """A fast that the government has not set is marked estimated; a fixed feast is not."""
    rows = {(row["day"], row["kind"]): row for row in days(date(2027, 1, 1), date(2028, 1, 1)).to_pylist()}
    assert rows[date(2027, 2, 8), "ramadan"]["estimated"]
    assert not rows[date(2027, 8, 17), "holiday"]["estimated"]
    assert rows[date(2027, 8, 17), "holiday"]["name"]["en"] == "Independence Day"


def test_a_day_has_one_entry_of_a_kind():
    """The table's key holds over many years, those with two Lebaran included."""
    rows = days(date(2024, 1, 1), date(2036, 1, 1))
    keys = list(zip(rows["day"].to_pylist(), rows["kind"].to_pylist(), strict=True))
    assert len(keys) == len(set(keys))
    assert keys == sorted(keys)


@given(st.dates(date(2020, 1, 1), date(2034, 1, 1)))
def test_flags_agree_with_the_table(day):
    """What a model is told of a day is what the calendar says of it."""
    row = day_flags([day]).iloc[0]
    kinds = set(days(day, day + timedelta(days=1))["kind"].to_pylist())
    for kind in ("holiday", "leave", "ramadan", "school", "payday", "event"):
        assert bool(row[kind]) == (kind in kinds)
    assert (abs(row["to_eid"]) <= 7) == ("lebaran" in kinds)
    assert -FAR_DAYS <= row["to_eid"] <= FAR_DAYS


def test_the_citys_day_begins_at_its_own_midnight():
    """17:00 UTC is already the next day."""
    assert city_day(datetime(2026, 11, 22, 16, 59, tzinfo=UTC)) == date(2026, 11, 22)
    assert city_day(datetime(2026, 11, 22, 17, 0, tzinfo=UTC)) == date(2026, 11, 23)
