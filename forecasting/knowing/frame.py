"""A long frame, judged before it is laid on a grid: what is no number or date is refused, the rest told."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.knowing.frequency import Frequency
from forecasting.knowing.notation import MISSING, Notation
from lakehouse.problem import BadTable

Told = Callable[[str], None]
KEYS = ("unique_id", "ds", "y")
AS_WRITTEN = Notation()
_EXACT = 2.0**53
"""Up to here a float holds every whole number."""
_MOST_WORDS = 12
"""A column of more different words says something of single rows, and not what kind they are of."""
_DECLARE = "correct it, leave it empty, or declare how numbers are written: --decimal , or --decimal ."
_STEPS = {"h": "hour", "D": "day", "MS": "month", "QS": "quarter"}
_HOUR = pd.Timedelta(hours=1)


def untold(_: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Frame:
    """`long` has a row a step and series: its wall clock, y, and the covariates as numbers."""

    clock: Frequency
    long: pd.DataFrame
    future: tuple[str, ...]
    static: tuple[str, ...]


def judged(
    frame: pd.DataFrame,
    clock: Frequency,
    future: Collection[str] = (),
    static: Collection[str] = (),
    notation: Notation = AS_WRITTEN,
    told: Told = untold,
) -> Frame:
    """A long frame as numbers and wall clocks, a row a step; `told` hears of all that is not as it was given.

    Times with a zone keep their wall clock. Infinite values are missing. Words of a column that is known
    beforehand become a column each, which is 1 where they stand.

    Raises:
        BadTable: a column is missing, is named twice, has something that is no number or no date, or has
            several values for one step.
    """
    rows = _chosen(frame, [*future, *static], told)
    ids = _ids(rows["unique_id"])
    wall, instant, zoned = _times(rows["ds"], ids, notation, told)
    known = {"unique_id": ids, "ds": wall, "instant": instant, "y": _values(rows["y"], notation, told)}
    ahead: dict[str, pd.Series[float]] = {}
    for name in dict.fromkeys(future):
        ahead |= _beforehand(rows[name], notation, told)
    fixed = {name: _fixed(rows[name], ids, notation, told) for name in dict.fromkeys(static)}
    long = pd.DataFrame({**known, **ahead, **fixed})
    if zoned:
        _refuse_other_days(long["ds"], clock)
    return Frame(clock, _stepped(long, clock, ahead, told), tuple(ahead), tuple(fixed))


def _chosen(frame: pd.DataFrame, covariates: Collection[str], told: Told) -> pd.DataFrame:
    """The columns that are used, rows numbered as they came."""
    named, names = list(dict.fromkeys([*KEYS, *covariates])), [str(name) for name in frame.columns]
    missing = sorted(set(named) - set(names))
    if missing:
        rule = f"the frame has no such column, but {', '.join(names)}"
        raise BadTable(", ".join(missing), rule, "a long frame has unique_id, ds and y")
    for name in set(KEYS) & set(covariates):
        raise BadTable(name, "it is no column beside what is forecast", "name others as known beforehand")
    for name in named:
        if names.count(name) > 1:
            raise BadTable(name, "the frame has this column twice", "name every column once")
    unused = [name for name in names if name not in named]
    if unused:
        told(f"not looked at: {', '.join(unused)}")
    return frame[named].reset_index(drop=True)


def _ids(column: pd.Series) -> "pd.Series[str]":
    """The names of the series, as a category of their own order."""
    codes, found = pd.factorize(column)
    names = np.array([str(name) for name in found], dtype=np.str_)
    blank = np.append(np.char.strip(names) == "", True)
    _refuse(column, pd.Series(blank[codes]), "is missing", "say which series each row is of")
    every, place = np.unique(names, return_inverse=True)
    return pd.Series(pd.Categorical.from_codes(place[codes], pd.Index(every)), name=column.name)


def _times(
    column: pd.Series, ids: "pd.Series[str]", notation: Notation, told: Told
) -> tuple["pd.Series[pd.Timestamp]", "pd.Series[pd.Timestamp]", bool]:
    """The wall clock that each stamp carries, its instant, and whether it carries a zone at all."""
    _refuse(column, _missing(column), "is missing", "give every row its date")
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        wall, instant = (column.dt.tz_localize(None), column.dt.tz_convert(None))
        offset = wall - instant
    elif pd.api.types.is_datetime64_any_dtype(column.dtype):
        return column, column, False
    elif pd.api.types.is_numeric_dtype(column.dtype) and not notation.dates:
        rule = f"{column.name} holds numbers and no dates"
        raise BadTable(_plain(column.iloc[0]), rule, "write 2026-01-31, or declare --dates YYYYMMDD")
    else:
        text = _text(column)
        wall, offset = notation.times(text)
        remedy = "write 2026-01-31 or 2026-01-31 13:00, or declare how dates are written"
        _refuse(
            column, wall.isna(), "is no date that can be read in one way", f"{remedy}: --dates DD/MM/YYYY"
        )
        instant = wall - offset.fillna(pd.Timedelta(0))
    zoned = bool(offset.notna().any())
    if zoned:
        _one_clock(column, ids, offset, told)
    return wall, instant, zoned


def _one_clock(
    column: pd.Series, ids: "pd.Series[str]", offset: "pd.Series[pd.Timedelta]", told: Told
) -> None:
    """A series' clock may have a summer time; more than that are different zones."""
    _refuse(column, offset.isna(), "has no zone where others have one", "write all with a zone, or none")
    each = offset.groupby(ids, observed=True)
    strange = (offset - each.transform("min") > _HOUR) | (
        each.transform("nunique") > len(("winter", "summer"))
    )
    rule = "is of another zone than other rows of its series"
    _refuse(column, strange, rule, "write a series' times in one zone")
    seen = ", ".join(_zone(one) for one in sorted(offset.unique()))
    told(f"ds: the wall clocks that the times carry are kept ({seen} ahead of UTC)")


def _zone(offset: pd.Timedelta) -> str:
    minutes = int(offset / pd.Timedelta(minutes=1))
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def _values(column: pd.Series, notation: Notation, told: Told) -> "pd.Series[float]":
    numbers = _numbers(column, notation, told)
    _tell(column, numbers < 0, "are below zero and stay so", told)
    return numbers


def _numbers(column: pd.Series, notation: Notation, told: Told) -> "pd.Series[float]":
    """A column of numbers; refused where anything in it is none."""
    numbers = _read(column, notation)
    _refuse(column, numbers.isna() & ~_missing(column), "is no number", _DECLARE)
    if pd.api.types.is_bool_dtype(column.dtype):
        told(f"{column.name}: true counts as 1 and false as 0")
    _tell(column, _missing(column), "are missing", told)
    _tell(column, numbers.abs() == np.inf, "are infinite and count as missing", told)
    finite = numbers.where(np.isfinite(numbers))
    _tell(column, finite.abs() >= _EXACT, "are so large that their last digits can be lost", told)
    return finite


def _read(column: pd.Series, notation: Notation) -> "pd.Series[float]":
    """NaN where there is no number."""
    dtype = column.dtype
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype):
        return pd.Series(column.to_numpy(np.float64, na_value=np.nan), column.index)
    text = _text(column)
    doubtful = notation.doubtful(text)
    _refuse(column, doubtful, "can be thousands as well as thousandths", "declare --decimal , or --decimal .")
    return notation.numbers(text)


def _beforehand(column: pd.Series, notation: Notation, told: Told) -> "dict[str, pd.Series[float]]":
    """A column that is known beforehand, or where it holds words a column for each of them."""
    name, missing = str(column.name), _missing(column)
    if missing.all():
        raise BadTable(name, "nothing is known of it in any row", "leave the column out of --future")
    if _read(column, notation).notna().any():
        return {name: _numbers(column, notation, told)}
    text = _text(column)
    words = sorted(text[~missing].unique())
    if len(words) > _MOST_WORDS:
        rule = f"{name} holds {len(words):,} different words, and no numbers"
        raise BadTable(words[0], rule, f"give numbers, or at most {_MOST_WORDS} different words")
    _tell(column, missing, "are missing", told)
    told(f"{name}: words, each a column of its own that is 1 where it stands: {', '.join(words)}")
    return {f"{name}={word}": text.eq(word).astype("float64").where(~missing) for word in words}


def _fixed(column: pd.Series, ids: "pd.Series[str]", notation: Notation, told: Told) -> pd.Series:
    """A column that says something of a series, as numbers; words by their place in the alphabet."""
    if _read(column, notation).notna().any():
        numbers = _numbers(column, notation, told)
    else:
        words = _text(column)
        numbers = words.astype("category").cat.codes.astype("float64").where(words.notna())
        told(f"{column.name}: words, numbered by the alphabet")
    changing = int((numbers.groupby(ids, observed=True).nunique().gt(1)).sum())
    if changing:
        told(f"{column.name}: changes within {changing:,} series, of which the last value counts")
    return numbers


def _refuse_other_days(wall: "pd.Series[pd.Timestamp]", clock: Frequency) -> None:
    """Midnights of one zone, written in another, would all lie in the day before or after."""
    late = wall != wall.dt.normalize()
    if clock.unit != "h" and late.all():
        rule = "carries a zone in which no day begins then, nor"
        _refuse(wall, late, rule, "write the times in the zone whose days count, or the days alone")


def _stepped(long: pd.DataFrame, clock: Frequency, future: Collection[str], told: Told) -> pd.DataFrame:
    """A row a step and series."""
    step = long["ds"].to_numpy().astype(f"M8[{clock.unit}]").astype("M8[us]")
    late = pd.Series(step != long["ds"].to_numpy().astype("M8[us]"))
    _tell(long["ds"], late, f"are not at the beginning of a {_STEPS[clock.code]} and count as in it", told)
    once = _once(long.assign(ds=step), clock, future, told)
    if told is not untold:
        _tell_gaps(once, clock, told)
    return once.drop(columns="instant")


def _once(long: pd.DataFrame, clock: Frequency, future: Collection[str], told: Told) -> pd.DataFrame:
    """Of a step's rows the one that knows y; an hour that came twice as clocks were put back is its mean."""
    key = ["unique_id", "ds"]
    again = long.duplicated(key, keep=False)
    if not again.any():
        return long
    rows, known = long[again], long["y"].notna()[again]
    rows = rows[known | ~known.groupby([rows[name] for name in key], observed=True).transform("any")]
    twins = rows.duplicated([*key, "instant", "y", *future])
    if (twins & rows["y"].notna()).any():
        told(f"ds: {twins.sum():,} rows stand twice and count once, first {rows['ds'][twins].iloc[0]}")
    rows = rows[~twins]
    _refuse_several(rows[rows["y"].notna()], clock)
    merged = rows.groupby(key, as_index=False, observed=True).mean()
    if len(merged) < rows["y"].notna().sum():
        told(f"ds: {len(rows) - len(merged):,} hours came twice as clocks were put back; their mean counts")
    return pd.concat([long[~again], merged], ignore_index=True)


def _refuse_several(rows: pd.DataFrame, clock: Frequency) -> None:
    """Of one step there is one value; only an hour may come twice, once a year, or as its zone has it."""
    step = [rows["unique_id"], rows["ds"]]
    each = rows.groupby(step, observed=True)["instant"]
    size, apart = each.transform("size"), each.transform("max") - each.transform("min")
    several = size > 1
    if clock.unit == "h":
        years = rows[several].groupby([rows["unique_id"], rows["ds"].dt.year], observed=True)
        a_year = years["ds"].transform("nunique")
        put_back = (apart == _HOUR) | ((apart == pd.Timedelta(0)) & (a_year == 1))
        several &= ~(put_back.reindex(rows.index, fill_value=False) & (size == len(("before", "after"))))
    word = _STEPS[clock.code]
    rule = f"has several values of one {word} and series"
    _refuse(
        rows["ds"], several, rule, f"add them up, take their mean, or name the series apart: one a {word}"
    )


def _tell_gaps(long: pd.DataFrame, clock: Frequency, told: Told) -> None:
    """How many steps are absent between a series' first and last; hours that clocks skipped are not."""
    hourly = clock.unit == "h"
    time = long["instant" if hourly else "ds"].to_numpy().astype("M8[m]" if hourly else f"M8[{clock.unit}]")
    ids = long["unique_id"].cat.codes.to_numpy()
    order = np.lexsort((time, ids))
    ahead = np.diff(time[order].astype(np.int64)) // (60 if hourly else clock.stride) - 1
    gaps = np.flatnonzero((ahead > 0) & (ids[order][1:] == ids[order][:-1]))
    if len(gaps):
        first = order[gaps[0]]
        told(
            f"ds: {ahead[gaps].sum():,} {_STEPS[clock.code]}s are absent in {len(gaps):,} gaps and count as"
            f" missing, first after {long['ds'].iloc[first]} of {long['unique_id'].iloc[first]}"
        )


def _text(column: pd.Series) -> "pd.Series[str]":
    """Values as text without the spaces around them; NaN where they are missing."""
    text = column.astype(object).map(str, na_action="ignore").astype("str").str.strip()
    return text.where(~text.str.lower().isin(MISSING))


def _missing(column: pd.Series) -> "pd.Series[bool]":
    return _text(column).isna() if _is_text(column) else column.isna()


def _is_text(column: pd.Series) -> bool:
    dtype = column.dtype
    return not (pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_datetime64_any_dtype(dtype))


def _refuse(column: pd.Series, bad: "pd.Series[bool]", rule: str, remedy: str) -> None:
    """Name the column, its first bad value and how many there are.

    Raises:
        BadTable: there is one.
    """
    if bad.any():
        place = int(np.flatnonzero(bad)[0])
        where = f"{bad.sum():,} of {len(bad):,} rows, this one being row {place + 1:,}"
        raise BadTable(_plain(column.iloc[place]), f"{column.name} {rule} in {where}", remedy)


def _tell(column: pd.Series, some: "pd.Series[bool]", what: str, told: Told) -> None:
    if some.any():
        place = int(np.flatnonzero(some)[0])
        first = f"first {_plain(column.iloc[place])} in row {place + 1:,}"
        told(f"{column.name}: {some.sum():,} of {len(some):,} values {what}, {first}")


def _plain(value: object) -> object:
    """As a person writes it."""
    return value.item() if isinstance(value, np.generic) else value if isinstance(value, str) else str(value)
