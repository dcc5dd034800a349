"""The forecast in a sentence, in Indonesian and in English."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from forecasting.choose import BASE
from forecasting.forecast import Forecast
from forecasting.intervals import LEVELS
from forecasting.vintages import Floats

Language = Literal["id", "en"]

_WORTH_SAYING = 0.03
"""A cause that moves a step by less than this share is left out."""
_DRY_MM = 0.5
_MEDIAN = int(np.flatnonzero(LEVELS == 0.5)[0])  # noqa: PLR2004 - the median
_WEEKDAYS = {
    "id": ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_DAYS = {
    "lebaran": {"id": "sekitar Lebaran", "en": "the days around Eid"},
    "holiday": {"id": "hari libur", "en": "the holiday"},
    "leave": {"id": "cuti bersama", "en": "joint leave"},
    "event": {"id": "acara kota", "en": "the city event"},
    "ramadan": {"id": "Ramadan", "en": "Ramadan"},
    "school": {"id": "libur sekolah", "en": "the school break"},
    "payday": {"id": "hari gajian", "en": "payday"},
}
"""What a day's calendar is called, the strongest first."""
_CAUSES = {
    "calendar": {"id": "kalender", "en": "the calendar"},
    "rain": {"id": "hujan", "en": "rain"},
    "weather": {"id": "cuaca", "en": "the weather"},
    "level": {"id": "keramaian terakhir", "en": "the last days' level"},
    "trend": {"id": "tren", "en": "the trend"},
    "habit": {"id": "kebiasaan pada jam itu", "en": "the habit of that hour"},
}
_METHODS = {
    "base": {
        "id": "rata-rata empat minggu terakhir pada jam yang sama, tanpa hari libur",
        "en": "the mean of the last four same hours of the week, holidays left out",
    },
    "prophet": {"id": "pola dua belas minggu terakhir", "en": "the pattern of the last twelve weeks"},
}


@dataclass(frozen=True)
class Step:
    """One predicted step, in the words' figures."""

    value: float
    usual: float
    weekday: int
    hour: int
    causes: Mapping[str, float]
    """The share by which each cause raises the step, strongest first."""
    model: str


def sentences(made: Forecast, unit: Mapping[Language, str]) -> Iterator[dict[Language, str]]:
    """Of every step, series after series."""
    for series, model in enumerate(made.choice.names):
        for step in _steps(made, series, str(model)):
            yield {"id": _sentence(step, unit["id"], "id"), "en": _sentence(step, unit["en"], "en")}


def _steps(made: Forecast, series: int, model: str) -> Iterator[Step]:
    panel = made.panel
    times = panel.future[series].astype("M8[h]").astype(np.int64)
    usual, values = made.bands[BASE][series, :, _MEDIAN], made.published[series, :, _MEDIAN]
    parts = _causes(made, series)
    for ahead, time in enumerate(times.tolist()):
        moved = {cause: float(shares[ahead]) for cause, shares in parts.items()}
        strong = sorted(
            (cause for cause in moved if abs(moved[cause]) >= _WORTH_SAYING), key=lambda c: -abs(moved[c])
        )
        causes = {_named(made, series, ahead, cause): moved[cause] for cause in strong}
        yield Step(values[ahead], usual[ahead], (time // 24 + 3) % 7, time % 24, causes, model)


def _causes(made: Forecast, series: int) -> Mapping[str, Floats]:
    """What moved the published forecast: the boosting's causes, as far as it has a say in it."""
    if "boosted" not in made.choice.members or not made.parts:
        return {}
    say = made.choice.weights[series, made.choice.members.index("boosted")]
    return {cause: say * shares[series] for cause, shares in made.parts.items()} if say else {}


def _named(made: Forecast, series: int, ahead: int, cause: str) -> str:
    panel = made.panel
    where, column = np.array([series]), np.array([panel.steps + ahead])
    if cause == "calendar":
        for name in _DAYS:
            if name in panel.known and panel.covariate(name, where, column)[0] > 0:
                return name
    if cause == "weather" and "rain_mm" in panel.vintages:
        expected = panel.vintages["rain_mm"].at(column, np.array([panel.steps]))[0]
        return "rain" if expected >= _DRY_MM else cause
    return cause


def _sentence(step: Step, unit: str, language: Language) -> str:
    amount = f"{_number(step.value, language)} {unit}"
    when = f"{_WEEKDAYS[language][step.weekday]} {step.hour:02d}{'.' if language == 'id' else ':'}00"
    compared = _compared(step, when, language)
    reasons = [
        f"{_word(cause, language)} {share:+.0%}".replace("-", "\u2212")
        for cause, share in step.causes.items()
    ]
    if not reasons and step.model in _METHODS:
        reasons = [_METHODS[step.model][language]]
    return f"{amount}, {compared}" + (f": {', '.join(reasons)}." if reasons else ".")


def _compared(step: Step, when: str, language: Language) -> str:
    share = step.value / step.usual - 1 if step.usual > 0 else 0.0
    if abs(share) < _WORTH_SAYING:
        return f"seperti biasanya {when}" if language == "id" else f"as usual for a {when}"
    if language == "id":
        return f"{abs(share):.0%} di {'atas' if share > 0 else 'bawah'} biasanya {when}"
    return f"{abs(share):.0%} {'above' if share > 0 else 'below'} the usual for a {when}"


def _word(cause: str, language: Language) -> str:
    return (_DAYS | _CAUSES)[cause][language]


def _number(value: float, language: Language) -> str:
    text = f"{value:,.0f}" if value >= 10 else f"{value:.1f}"  # noqa: PLR2004 - a decimal where it tells
    return text.translate(str.maketrans(",.", ".,")) if language == "id" else text
