"""How text writes numbers and dates: what can be read in two ways is not read until it is declared."""

import re
from dataclasses import dataclass

import pandas as pd

from lakehouse.problem import BadTable

MISSING = frozenset({"", "na", "n/a", "nan", "nat", "null", "none", "<na>", "#n/a"})
"""How files write that nothing is known, in any case."""
_INFINITE = r"[+-]?(?i:inf(?:inity)?)"
_EXPONENT = r"(?:[eE][+-]?[0-9]+)?"
_PLAIN = rf"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+){_EXPONENT}"
_MARKS = {".": r"[,' \u00a0\u202f]", ",": r"[.' \u00a0\u202f]"}
"""By the decimal sign: what may stand between thousands."""
_THOUSANDS = r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}"
_YEAR_FIRST = r"(?P<Y>[0-9]{4})[-/](?P<M>[0-9]{1,2})(?:[-/](?P<D>[0-9]{1,2}))?"
_TIME = (
    r"(?:[T ]+(?P<h>[0-9]{1,2}):(?P<m>[0-9]{2})(?::(?P<s>[0-9]{2}(?:\.[0-9]{1,6})?)(?:[0-9]*))?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?)?"
)
_ZONE = r"(?: ?(?P<zone>Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?))?"
_LETTERS = {"YYYY": "Y", "MM": "M", "DD": "D"}
_NOON = 12


@dataclass(frozen=True)
class Notation:
    """What is declared of a file's text: `dates` such as DD/MM/YYYY, and the `decimal` sign, . or , alone.

    Raises:
        BadTable: the declaration itself cannot be understood.
    """

    dates: str = ""
    decimal: str = ""

    def __post_init__(self) -> None:
        if self.decimal not in {"", ".", ","}:
            raise BadTable(self.decimal, "a decimal sign is . or ,", "declare one of these")
        parts = re.findall("YYYY|MM|DD", self.dates)
        if self.dates and (sorted(parts) != sorted(_LETTERS) or re.search("[A-Za-z0-9]", self._between)):
            rule = "a way to write dates names YYYY, MM and DD once each"
            raise BadTable(self.dates, rule, "write DD/MM/YYYY; a time of day may follow in the file")

    @property
    def _between(self) -> str:
        return re.sub("YYYY|MM|DD", "", self.dates)

    def numbers(self, text: "pd.Series[str]") -> "pd.Series[float]":
        """The numbers that text writes; NaN where it writes none, or where that is missing."""
        pattern = rf"{self._number}|{_INFINITE}"
        plain = text.where(text.str.fullmatch(pattern).eq(True))
        if self.decimal:
            marks = _MARKS[self.decimal]
            plain = plain.str.replace(marks, "", regex=True).str.replace(self.decimal, ".", regex=False)
        return pd.to_numeric(plain).astype("float64")

    def doubtful(self, text: "pd.Series[str]") -> "pd.Series[bool]":
        """Which numbers of a column may be thousands as well as thousandths: 1.234, and none like 1.2."""
        if self.decimal:
            return pd.Series(data=False, index=text.index)
        thousands = text.str.fullmatch(_THOUSANDS).eq(True)
        dotted = text.str.contains(".", regex=False).eq(True)
        return thousands & bool((thousands == dotted).all())

    def times(self, text: "pd.Series[str]") -> tuple["pd.Series[pd.Timestamp]", "pd.Series[pd.Timedelta]"]:
        """Wall clocks, and how far they are ahead of UTC where that is written; NaT where text has none.

        A time of day may be absent: that is midnight, as R writes it.
        """
        found = text.str.extract(rf"^{self._date}{_TIME}{_ZONE}$")
        hour = pd.to_numeric(found["h"].fillna("0"))
        half = found["half"].str.lower()
        hour = (hour % _NOON + _NOON * half.eq("p")).where(half.notna(), hour).astype("int64").astype("str")
        date = found["Y"] + "-" + found["M"].str.zfill(2) + "-" + found["D"].fillna("01").str.zfill(2)
        time = hour.str.zfill(2) + ":" + found["m"].fillna("00") + ":" + found["s"].fillna("00")
        wall = pd.to_datetime(date + " " + time, format="ISO8601", errors="coerce").astype("datetime64[us]")
        return wall, _offset(found["zone"])

    @property
    def _number(self) -> str:
        if not self.decimal:
            return _PLAIN
        whole = rf"[0-9]{{1,3}}(?:({_MARKS[self.decimal]})[0-9]{{3}}(?:\1[0-9]{{3}})*)?"
        sign = re.escape(self.decimal)
        return rf"[+-]?(?:(?:{whole}|[0-9]+)(?:{sign}[0-9]*)?|{sign}[0-9]+){_EXPONENT}"

    @property
    def _date(self) -> str:
        if not self.dates:
            return _YEAR_FIRST
        pattern, short = re.escape(self.dates), "{1,2}" if len(self._between) > 1 else "{2}"
        for letters, name in _LETTERS.items():
            digits = "{4}" if name == "Y" else short
            pattern = pattern.replace(letters, f"(?P<{name}>[0-9]{digits})")
        return pattern


def _offset(zone: "pd.Series[str]") -> "pd.Series[pd.Timedelta]":
    digits = zone.str.replace("Z|UTC", "+00", regex=True).str.replace(":", "").str.ljust(5, "0")
    minutes = pd.to_numeric(digits.str[1:3]) * 60 + pd.to_numeric(digits.str[3:5])
    return pd.to_timedelta(minutes * digits.str[0].map({"+": 1, "-": -1}), unit="min")
