"""What is no number or no date is refused by column, value and number; all else that changes is told."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.knowing.frame import judged
from forecasting.knowing.frequency import FREQUENCIES
from forecasting.knowing.notation import Notation
from forecasting.knowing.panel import Panel
from lakehouse.problem import BadTable


def _daily(**columns):
    frame = {"unique_id": "a", "ds": pd.date_range("2024-01-01", periods=4), "y": [1.0, 2.0, 3.0, 4.0]}
    return pd.DataFrame(frame | columns)


def _told(frame, freq="D", **asked):
    """The judged frame, and the lines that were told."""
    lines = []
    return judged(frame, FREQUENCIES[freq], told=lines.append, **asked), lines


@pytest.mark.parametrize(
    ("columns", "notation", "said"),
    [
        ({"y": ["1", "2", "x", "4"]}, {}, "'x': y is no number in 1 of 4 rows, this one being row 3"),
        ({"y": ["1,5", "2", "3", "4"]}, {}, "'1,5': y is no number in 1 of 4 rows"),
        ({"y": ["1.234", "2.000", "3", "4"]}, {}, "'1.234': y can be thousands as well"),
        ({"y": ["1,23", "2", "3", "4"]}, {"decimal": "."}, "'1,23': y is no number in 1 of 4"),
        ({"y": ["1_000", "0x1F", "5%", "Rp 3"]}, {}, "'1_000': y is no number in 4 of 4 rows"),
        ({"y": [1, 2, "three", None]}, {}, "'three': y is no number in 1 of 4 rows"),
        ({"y": pd.date_range("2024-01-01", periods=4)}, {}, "y is no number in 4 of 4 rows"),
        ({"ds": ["01/02/2024", "02/02/2024", "03/02/2024", "04/02/2024"]}, {}, "'01/02/2024': ds is no date"),
        ({"ds": ["31.12.23", "01.01.24", "02.01.24", "03.01.24"]}, {"dates": "DD.MM.YYYY"}, "in 4 of 4 rows"),
        ({"ds": ["12/31/2023", "1/1/2024", "1/2/2024", "1/3/2024"]}, {"dates": "DD/MM/YYYY"}, "in 1 of 4"),
        ({"ds": ["2024-02-28", "2024-02-29", "2024-02-30", "2024-03-01"]}, {}, "'2024-02-30': ds is no date"),
        ({"ds": [20240101, 20240102, 20240103, 20240104]}, {}, "ds holds numbers and no dates"),
        ({"ds": [45292.0, 45293.0, 45294.0, 45295.0]}, {}, "ds holds numbers and no dates"),
        ({"ds": ["2024-01-01", None, "2024-01-03", ""]}, {}, "ds is missing in 2 of 4 rows"),
        ({"unique_id": ["a", "a", None, " "]}, {}, "unique_id is missing in 2 of 4 rows"),
        ({"ds": "2024-01-01"}, {}, "has several values of one day and series in 4 of 4"),
        ({"ds": pd.date_range("2024-01-01", periods=4, freq="6h")}, {}, "several values of one day"),
        (
            {"ds": pd.date_range("2024-01-01 17:00", periods=4, tz="UTC")},
            {},
            "'2024-01-01 17:00:00': ds carries a zone in which no day begins then",
        ),
    ],
)
def test_what_cannot_be_read_in_one_way_is_refused(columns, notation, said):
    """The column, its first bad value, how many there are and in which row the first is."""
    with pytest.raises(BadTable) as refused:
        judged(_daily(**columns), FREQUENCIES["D"], notation=Notation(**notation))
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("text", "notation", "numbers"),
    [
        (["1", "2.5", "-3e2", " 4 "], {}, [1, 2.5, -300, 4]),
        (["1.234,5", "2,5", "-3", "1.234.567"], {"decimal": ","}, [1234.5, 2.5, -3, 1234567]),
        (["1,234.5", "2.5", "1 234", "1'234'567"], {"decimal": "."}, [1234.5, 2.5, 1234, 1234567]),
        (["1.234", "0.5", "7", "8"], {}, [1.234, 0.5, 7, 8]),
        (["1.234", "2.345", "7", "8"], {"decimal": "."}, [1.234, 2.345, 7, 8]),
    ],
)
def test_numbers_are_read_as_they_are_declared(text, notation, numbers):
    """A comma or a mark of thousands counts only where somebody said which it is."""
    found, _ = _told(_daily(y=text), notation=Notation(**notation))
    assert found.long["y"].tolist() == numbers


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("31/12/2023 13:05", "DD/MM/YYYY"),
        ("12/31/2023 1:05 PM", "MM/DD/YYYY"),
        ("20231231 13:05:00", "YYYYMMDD"),
        ("2023-12-31T13:05:00.000", ""),
        ("2023/12/31 13:05", ""),
        ("2023-12-31 13:05:00+07:00", ""),
    ],
)
def test_dates_are_read_as_they_are_declared(text, dates):
    """The same wall clock, however it is written."""
    wall, _ = Notation(dates).times(pd.Series([text]))
    assert wall[0] == pd.Timestamp("2023-12-31 13:05")


@pytest.mark.parametrize("dates", ["DD/MM", "dd/mm/yyyy", "DD/DD/YYYY", "D/M/Y", "%d/%m/%Y"])
def test_a_declaration_that_names_no_date_is_refused(dates):
    """It names year, month and day once each."""
    with pytest.raises(BadTable, match="YYYY"):
        Notation(dates)


def test_a_midnight_without_a_time_is_a_midnight():
    """R leaves the time of midnights out; they are kept."""
    ds = pd.date_range("2024-01-01", periods=49, freq="h").strftime("%Y-%m-%d %H:%M:%S")
    text = [one.removesuffix(" 00:00:00") for one in ds]
    assert text[24] == "2024-01-02"
    found, lines = _told(pd.DataFrame({"unique_id": "a", "ds": text, "y": 1.0}), "h")
    assert found.long["ds"].tolist() == list(pd.date_range("2024-01-01", periods=49, freq="h"))
    assert not lines


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Jakarta", "America/St_Johns", "UTC"])
def test_the_wall_clock_that_a_stamp_carries_is_kept(zone):
    """Midnights of a zone are the days of that zone, be the stamps typed or text."""
    days = pd.date_range("2024-03-01", periods=300, tz=zone)
    for ds in (days, days.map(lambda day: day.isoformat())):
        found, _ = _told(pd.DataFrame({"unique_id": "a", "ds": ds, "y": 1.0}))
        assert found.long["ds"].tolist() == list(pd.date_range("2024-03-01", periods=300))


def test_days_of_23_and_25_hours_are_whole_days():
    """An hour that came twice is the mean of both, one that was skipped is no gap."""
    hours = pd.date_range("2024-01-01", "2025-01-01", freq="h", tz="Europe/Berlin")
    found, lines = _told(pd.DataFrame({"unique_id": "a", "ds": hours, "y": np.arange(len(hours))}), "h")
    assert len(found.long) == len(hours) - 1
    twice = found.long.loc[found.long["ds"] == pd.Timestamp("2024-10-27 02:00"), "y"].item()
    assert twice == np.flatnonzero(hours == pd.Timestamp("2024-10-27 00:00Z"))[0] + 0.5
    assert any("1 hours came twice" in line for line in lines)
    assert not any("absent" in line for line in lines)
    naive, lines = _told(pd.DataFrame({"unique_id": "a", "ds": hours.tz_localize(None), "y": 1.0}), "h")
    assert len(naive.long) == len(hours) - 1
    assert any("1 hours are absent in 1 gaps" in line for line in lines)


def test_clocks_of_different_zones_in_one_series_are_refused():
    """Summer time is one clock; two zones, or a zone here and none there, are not."""
    for ds in (
        ["2024-01-01T00:00+07:00", "2024-01-02T00:00Z", "2024-01-03T00:00Z", "2024-01-04T00:00Z"],
        ["2024-01-01T00:00Z", "2024-01-02", "2024-01-03T00:00Z", "2024-01-04T00:00Z"],
    ):
        with pytest.raises(BadTable, match="zone"):
            judged(_daily(ds=ds), FREQUENCIES["D"])
    each = [
        "2024-01-01T00:00+07:00",
        "2024-01-02T00:00+07:00",
        "2024-01-01T00:00+08:00",
        "2024-01-02 00:00+08",
    ]
    found, _ = _told(_daily(unique_id=["a", "a", "b", "b"], ds=each))
    assert found.long["ds"].nunique() == 2


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        ({"y": [1.0, np.nan, 3.0, 4.0]}, "y: 1 of 4 values are missing, first nan in row 2"),
        ({"y": ["1", "NA", "", "4"]}, "y: 2 of 4 values are missing"),
        ({"y": [1.0, np.inf, -np.inf, 4.0]}, "y: 2 of 4 values are infinite and count as missing, first inf"),
        ({"y": [1, -5, 3, 4]}, "y: 1 of 4 values are below zero and stay so, first -5 in row 2"),
        ({"y": [True, False, True, True]}, "y: true counts as 1 and false as 0"),
        ({"y": [1, 2**53 + 1, 3, 4]}, "their last digits can be lost, first 9007199254740993 in row 2"),
        (
            {"ds": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-05", "2024-01-09"])},
            "5 days are absent",
        ),
        (
            {"ds": pd.date_range("2024-01-01 08:00", periods=4)},
            "4 of 4 values are not at the beginning of a day",
        ),
        ({"sales": 1}, "not looked at: sales"),
    ],
)
def test_what_is_not_taken_as_it_was_given_is_told(columns, line):
    """With the column, the first value and how many there are."""
    _, lines = _told(_daily(**columns))
    assert any(line in one for one in lines), lines


def test_a_clean_frame_is_taken_in_silence():
    """There is nothing to tell of numbers and dates that are just that."""
    assert _told(_daily())[1] == []


def test_rows_that_stand_twice_count_once():
    """The same value for the same step says nothing new; an unknown one beside it says less."""
    frame = pd.concat([_daily(), _daily(), _daily(y=np.nan)])
    found, lines = _told(frame)
    assert found.long.sort_values("ds")["y"].tolist() == [1, 2, 3, 4]
    assert any("ds: 4 rows stand twice and count once" in line for line in lines)


def test_words_known_beforehand_are_a_column_each():
    """The rule is told; what is no word and no number is refused, and so are words without end."""
    frame = _daily(promo=pd.Categorical(["yes", "no", "yes", None]))
    found, lines = _told(frame, future=["promo"])
    assert found.future == ("promo=no", "promo=yes")
    assert np.array_equal(found.long["promo=yes"], [1, 0, 1, np.nan], equal_nan=True)
    assert any(
        "promo: words, each a column of its own that is 1 where it stands: no, yes" in one for one in lines
    )
    panel = Panel.of(frame, "D", 1, future=["promo"])
    assert set(panel.known) == {"promo=no", "promo=yes"}
    with pytest.raises(BadTable, match="'yes': promo is no number in 1 of 4 rows"):
        judged(_daily(promo=["1", "yes", "0", "1"]), FREQUENCIES["D"], ["promo"])
    with pytest.raises(BadTable, match="nothing is known"):
        judged(_daily(promo=""), FREQUENCIES["D"], ["promo"])
    many = pd.concat([_daily(unique_id=f"s{k}", note=f"word {k}") for k in range(13)])
    with pytest.raises(BadTable, match="13 different words"):
        judged(many, FREQUENCIES["D"], ["note"])


@pytest.mark.parametrize("name", ["y", "ds", "unique_id"])
def test_what_is_forecast_is_not_known_beforehand(name):
    """A column that gives the answer away is refused."""
    with pytest.raises(BadTable, match=name):
        judged(_daily(), FREQUENCIES["D"], [name])


@given(
    st.lists(
        st.one_of(
            st.none(), st.floats(-1e9, 1e9), st.integers(-(10**9), 10**9).map(str), st.text(max_size=4)
        ),
        min_size=1,
        max_size=12,
    )
)
def test_every_value_is_read_told_or_refused(values):
    """No value becomes unknown unless it is missing or infinite, and then a line says how many did."""
    ds = pd.date_range("2024-01-01", periods=len(values))
    frame = pd.DataFrame({"unique_id": "a", "ds": ds, "y": pd.Series(values, dtype=object)})
    try:
        found, lines = _told(frame)
    except BadTable:
        return
    lost = int(found.long["y"].isna().sum())
    counted = sum(int(line.split()[1]) for line in lines if "missing" in line)
    assert lost == counted
