"""The forecast in a sentence, in Indonesian and in English."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from forecasting.foretelling.feast import Feast
from forecasting.foretelling.forecast import Forecast
from forecasting.judging.choose import BASE, BLEND
from forecasting.judging.intervals import LEVELS
from forecasting.knowing.panel import Panel, Times
from forecasting.knowing.vintages import Floats, Ints

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
    "others": {"id": "model lain dalam gabungan", "en": "the other models of the blend"},
    "around": {"id": "penyelarasan antarwilayah", "en": "agreement between the areas"},
}
_METHODS = {
    "base": {
        "id": "rata-rata empat minggu terakhir pada jam yang sama, tanpa hari libur",
        "en": "the mean of the last four same hours of the week, holidays left out",
    },
    "prophet": {"id": "pola dua belas minggu terakhir", "en": "the pattern of the last twelve weeks"},
    "kin": {
        "id": "pola kamera sejenis di sekitarnya, karena riwayatnya sendiri masih pendek",
        "en": "the pattern of its kind nearby, as its own past is short",
    },
    "counts": {
        "id": "hitungan pada jam-jam serupa, banyak di antaranya nol",
        "en": "the counts of such hours, many of them zero",
    },
}


@dataclass(frozen=True)
class Reasons:
    """Of n areas: the `usual` and the models' `own` median (n, horizon), and what lies between them.

    `moved` has, by cause, the logarithm (n, horizon) of the factor by which it raises a step; all of them
    together lead from the usual to the models' own median. `days` numbers the names in _DAYS, -1 for none.
    """

    at: Times
    usual: Floats
    own: Floats
    moved: Mapping[str, Floats]
    days: Ints
    wet: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, made: Forecast, feast: Feast) -> "Reasons":
        """The boosting's causes as far as it has a say, the rest of the blend, and the feast."""
        usual, own = (made.bands[name][..., _MEDIAN] for name in (BASE, BLEND))
        moved = _moved(made)
        rest = _log_ratio(own, usual) - np.sum([*moved.values(), np.zeros_like(own)], axis=0)
        ahead = _log_ratio(feast.upon(made.published)[..., _MEDIAN], own)
        moved |= {"others": rest, "calendar": moved.get("calendar", 0) + ahead}
        return cls(made.panel.future, usual, own * np.exp(ahead), moved, *_circumstances(made.panel))

    def only(self, chosen: Ints) -> "Reasons":
        """Some of the areas, by number."""
        moved = {cause: logs[chosen] for cause, logs in self.moved.items()}
        return Reasons(
            self.at[chosen], self.usual[chosen], self.own[chosen], moved, self.days[chosen], self.wet[chosen]
        )

    @classmethod
    def joined(cls, parts: Sequence["Reasons"]) -> "Reasons":
        """The areas of several shards; what a shard did not know of moved nothing there."""
        causes = dict.fromkeys(cause for part in parts for cause in part.moved)
        moved = {
            cause: np.concatenate([part.moved.get(cause, np.zeros_like(part.own)) for part in parts])
            for cause in causes
        }
        at, usual, own, days, wet = (
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("at", "usual", "own", "days", "wet")
        )
        return cls(at, usual, own, moved, days, wet)

    def sentences(
        self, values: Floats, models: Sequence[str], unit: Mapping[Language, str], scenario: str = ""
    ) -> Iterator[dict[Language, str]]:
        """Of every step, area after area.

        Args:
            values: (n, horizon) what is published in the middle of the bands.
            models: (n,) their names.
            unit: of the kind.
            scenario: what is supposed, if anything.
        """
        factors = {**self.moved, "around": _log_ratio(values, self.own)}
        shares = {cause: np.expm1(logs) for cause, logs in factors.items()}
        hours = self.at.astype("M8[h]").astype(np.int64)
        for area, model in enumerate(models):
            for ahead, hour in enumerate(hours[area].tolist()):
                causes = self._strongest(shares, area, ahead) if model not in {"kin", "counts"} else {}
                step = _Step(
                    values[area, ahead],
                    self.usual[area, ahead],
                    (hour // 24 + 3) % 7,
                    hour % 24,
                    causes,
                    model,
                )
                yield {
                    "id": _sentence(step, unit, scenario, "id"),
                    "en": _sentence(step, unit, scenario, "en"),
                }

    def _strongest(self, shares: Mapping[str, Floats], area: int, ahead: int) -> Mapping[str, float]:
        moved = {cause: float(share[area, ahead]) for cause, share in shares.items()}
        strong = [cause for cause in moved if abs(moved[cause]) >= _WORTH_SAYING]
        strong.sort(key=lambda cause: -abs(moved[cause]))
        return {self._named(cause, area, ahead): moved[cause] for cause in strong}

    def _named(self, cause: str, area: int, ahead: int) -> str:
        if cause == "calendar" and self.days[area, ahead] >= 0:
            return str(list(_DAYS)[self.days[area, ahead]])
        return "rain" if cause == "weather" and self.wet[area, ahead] else cause


@dataclass(frozen=True)
class _Step:
    """One step in the words' figures; `causes` by the share that each raises it, strongest first."""

    value: float
    usual: float
    weekday: int
    hour: int
    causes: Mapping[str, float]
    model: str


def _moved(made: Forecast) -> dict[str, Floats]:
    if "boosted" not in made.choice.members or not made.parts:
        return {}
    say = made.choice.say("boosted", made.panel.near_unlike_ahead)
    return {cause: np.where(say > 0, say * np.log1p(shares), 0) for cause, shares in made.parts.items()}


def _log_ratio(values: Floats, usual: Floats) -> Floats:
    """0 where there is nothing to compare with."""
    both = (values > 0) & (usual > 0)
    return np.log(np.where(both, values, 1) / np.where(both, usual, 1))


def _circumstances(panel: Panel) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """What kind of day each step lies in, and whether rain is expected in it."""
    n = len(panel.ids)
    series = np.repeat(np.arange(n), panel.horizon)
    columns = np.tile(panel.steps + np.arange(panel.horizon), n)
    days = np.full(len(series), -1)
    for number, name in reversed(list(enumerate(_DAYS))):
        if name in panel.known:
            days = np.where(panel.covariate(name, series, columns) > 0, number, days)
    wet = np.zeros(len(series), np.bool_)
    if "rain_mm" in panel.vintages:
        wet = panel.vintages["rain_mm"].at(columns, np.full_like(columns, panel.steps)) >= _DRY_MM
    return days.reshape(n, -1), wet.reshape(n, -1)


def _sentence(step: _Step, unit: Mapping[Language, str], scenario: str, language: Language) -> str:
    amount = f"{_number(step.value, language)} {unit[language]}"
    when = f"{_WEEKDAYS[language][step.weekday]} {step.hour:02d}{'.' if language == 'id' else ':'}00"
    supposed = f"{'Andaikan' if language == 'id' else 'If'} {scenario}: " if scenario else ""
    compared = _compared(step, when, language)
    reasons = [
        f"{_word(cause, language)} {share:+.0%}".replace("-", "\u2212")
        for cause, share in step.causes.items()
    ]
    if step.model in _METHODS and set(step.causes) <= {"others"}:
        reasons = [_METHODS[step.model][language]]
    return f"{supposed}{amount}, {compared}" + (f": {', '.join(reasons)}." if reasons else ".")


def _compared(step: _Step, when: str, language: Language) -> str:
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
