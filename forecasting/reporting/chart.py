"""One kind of one area as a picture: what was, the band of what is to come, and the days that differ."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from html import escape
from math import floor, log10

import numpy as np
import pandas as pd

WIDTH, HEIGHT = 1120, 330
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 44, 40
_HOUR = timedelta(hours=1)
_WEEKDAYS = {
    "id": ("Sen", "Sel", "Rab", "Kam", "Jum", "Sab", "Min"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}


@dataclass(frozen=True)
class Story:
    """What a picture shows, in city time.

    `past` has at and value, NaN where unknown; `ahead` has at, q05, q10, q50, q90, q95; `days` maps a day
    to the calendar's (kind, name) on it; `unusual` are spans that were told.
    """

    past: pd.DataFrame
    ahead: pd.DataFrame
    days: Mapping[date, Sequence[tuple[str, str]]]
    unusual: Sequence[tuple[datetime, datetime]]
    now: datetime


def chart(story: Story, language: str, label: str) -> str:
    """An SVG of WIDTH x HEIGHT that is styled by the page it stands in."""
    frame = _Frame.of(story)
    parts = [
        *_days(story, frame, language),
        *_grid(frame, language),
        *_gaps(story, frame),
        *_band(story.ahead, frame),
        *_past(story, frame),
        _now(story.now, frame, language),
    ]
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">'
        + "".join(parts)
        + "</svg>"
    )


def spark(ahead: pd.DataFrame, width: int = 220, height: int = 48) -> str:
    """The median and its band of the days ahead, small and without words."""
    top = max(float(ahead["q95"].max()), 1e-9)
    x = np.linspace(0, width, len(ahead))

    def path(column: str) -> list[tuple[float, float]]:
        return list(zip(x, height - (height - 3) * ahead[column].to_numpy() / top, strict=True))

    band = _line([*path("q05"), *reversed(path("q95"))]) + "Z"
    return (
        f'<svg class="spark" viewBox="0 0 {width} {height}" preserveAspectRatio="none" aria-hidden="true">'
        f'<path class="outer" d="{band}"/><path class="median" d="{_line(path("q50"))}"/></svg>'
    )


@dataclass(frozen=True)
class _Frame:
    """Where instants and values lie on the picture."""

    start: datetime
    stop: datetime
    top: float
    step: float

    @classmethod
    def of(cls, story: Story) -> "_Frame":
        starts = pd.concat([story.past["at"], story.ahead["at"]])
        most = np.nanmax([story.past["value"].max(), story.ahead["q95"].max(), 1.0])
        step = _nice(most / 4)
        top = step * np.ceil(most * 1.02 / step)
        return cls(starts.min().to_pydatetime(), starts.max().to_pydatetime() + _HOUR, float(top), step)

    def x(self, at: datetime) -> float:
        share = (at - self.start) / (self.stop - self.start)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - value / self.top * (HEIGHT - TOP - BOTTOM)

    def points(self, rows: pd.DataFrame, column: str) -> list[tuple[float, float]]:
        middles = (at.to_pydatetime() + _HOUR / 2 for at in rows["at"])
        return [(self.x(at), self.y(value)) for at, value in zip(middles, rows[column], strict=True)]


def _nice(step: float) -> float:
    size = 10.0 ** floor(log10(max(step, 1e-9)))
    return next(size * times for times in (1, 2, 2.5, 5, 10) if size * times >= step)


def _line(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) if points else ""


def _grid(frame: _Frame, language: str) -> Iterator[str]:
    value = 0.0
    while value <= frame.top + 1e-9:
        y = frame.y(value)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield _tick(LEFT - 8, y + 4, "end", figure(value, language))
        value += frame.step


def _days(story: Story, frame: _Frame, language: str) -> Iterator[str]:
    """Weekends are shaded, every day has its name below, and what the calendar says of it above."""
    for day in pd.date_range(frame.start.date(), frame.stop.date()):
        begin = max(day.to_pydatetime(), frame.start)
        end = min(day.to_pydatetime() + 24 * _HOUR, frame.stop)
        if begin >= end:
            continue
        x, width = frame.x(begin), frame.x(end) - frame.x(begin)
        if day.weekday() >= 5:  # noqa: PLR2004 - Saturday
            yield _box("weekend", x, TOP, width, HEIGHT - TOP - BOTTOM)
        if width > 30:  # noqa: PLR2004 - pixels that a name needs
            name = f"{_WEEKDAYS[language][day.weekday()]} {day.day}"
            yield _tick(x + width / 2, HEIGHT - BOTTOM + 20, "middle", name)
        for row, (kind, name) in enumerate(story.days.get(day.date(), ())[:3]):
            title = f"<title>{escape(name)}</title>"
            yield _box(f"mark {kind}", x + 1, 8 + 10 * row, max(width - 2, 1), 7, title)


def _gaps(story: Story, frame: _Frame) -> Iterator[str]:
    """What is unknown is hatched: a gap is no zero."""
    unknown = story.past[story.past["value"].isna()]
    for at in unknown["at"]:
        x = frame.x(at.to_pydatetime())
        yield _box("gap", x, TOP, frame.x(at.to_pydatetime() + _HOUR) - x + 0.3, HEIGHT - TOP - BOTTOM)


def _band(ahead: pd.DataFrame, frame: _Frame) -> Iterator[str]:
    for name, low, high in (("outer", "q05", "q95"), ("inner", "q10", "q90")):
        edge = [*frame.points(ahead, low), *reversed(frame.points(ahead, high))]
        yield f'<path class="{name}" d="{_line(edge)}Z"/>'
    yield f'<path class="median" d="{_line(frame.points(ahead, "q50"))}"/>'


def _past(story: Story, frame: _Frame) -> Iterator[str]:
    known = story.past.assign(run=story.past["value"].isna().cumsum()).dropna(subset=["value"])
    for _, run in known.groupby("run"):
        points = frame.points(run, "value")
        yield f'<path class="actual" d="{_line(points if len(points) > 1 else points * 2)}"/>'
    for begin, end in story.unusual:
        for x, y in frame.points(known[(known["at"] >= begin) & (known["at"] < end)], "value"):
            yield f'<circle class="unusual" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'


def _now(now: datetime, frame: _Frame, language: str) -> str:
    x = frame.x(now)
    word = "kini" if language == "id" else "now"
    return (
        f'<line class="now" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 4}" y2="{HEIGHT - BOTTOM}"/>'
        f'<text class="now" x="{x + 5:.1f}" y="{TOP + 8}">{word}</text>'
    )


def _box(name: str, x: float, y: float, width: float, height: float, inside: str = "") -> str:
    size = f'width="{width:.1f}" height="{height:.1f}"'
    return f'<rect class="{name}" x="{x:.1f}" y="{y:.1f}" {size}>{inside}</rect>'


def _tick(x: float, y: float, anchor: str, text: str) -> str:
    return f'<text class="tick" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'


def figure(value: float, language: str) -> str:
    """A count as people read it: whole from ten on, one decimal below where there is one."""
    whole = abs(value) >= 10 or value == round(value)  # noqa: PLR2004 - a decimal where it tells
    text = f"{value:,.0f}" if whole else f"{value:,.1f}"
    return text.translate(str.maketrans(",.", ".,")) if language == "id" else text
