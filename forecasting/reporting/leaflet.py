"""A report's pages as HTML that asks nobody for anything: of an area and theme, and the index of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from importlib.resources import files
from typing import Any

import pandas as pd

from forecasting.foretelling.why import Language
from forecasting.reporting.chapter import Chapter
from forecasting.reporting.chart import chart, figure, spark

LANGUAGES: tuple[Language, ...] = ("id", "en")
_THEMES = {
    "crowd": ("Keramaian", "Crowds"),
    "traffic": ("Lalu lintas", "Traffic"),
    "tourism": ("Pariwisata", "Tourism"),
    "cleanliness": ("Kebersihan", "Cleanliness"),
    "flood": ("Banjir", "Floods"),
    "health": ("Kesehatan", "Health"),
    "safety": ("Keselamatan", "Safety"),
}
_MONTHS = {
    "id": (
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
    ),
    "en": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
}
_WEEKDAYS = {
    "id": ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""The page may load nothing at all; its one style stands in it."""
_HALF_A_DAY = 12
"""Days of which fewer hours are forecast have no busiest hour."""
_KEY = (
    ("actual", "terukur", "measured"),
    ("gap", "tidak diketahui", "unknown"),
    ("median", "prakiraan", "forecast"),
    ("inner", "80 % kemungkinan", "80 % of outcomes"),
    ("outer", "90 % kemungkinan", "90 % of outcomes"),
    ("unusual", "di luar kebiasaan", "unusual"),
)
_MARKS = {
    "holiday": ("hari libur", "holiday"),
    "leave": ("cuti bersama", "joint leave"),
    "lebaran": ("sekitar Lebaran", "around Eid"),
    "ramadan": ("Ramadan", "Ramadan"),
    "event": ("acara kota", "city event"),
    "school": ("libur sekolah", "school break"),
    "payday": ("hari gajian", "payday"),
}


def page(chapters: Sequence[Chapter], workbook: str) -> str:
    """One area and theme: each of its kinds with its past, its band, and how far that can be trusted."""
    first = chapters[0]
    theme = _theme(str(first.kind["theme"]))
    title = f"{escape(first.area.name)} · {_both(*theme)}"
    issued = _both(*(f"{_said('issued', lang)} {_when(first.issued_at, lang)}" for lang in LANGUAGES))
    links = (
        f'<a href="index.html">{_both("Semua wilayah", "All areas")}</a> · '
        f'<a href="{escape(workbook)}">{_both("Lembar kerja (XLSX)", "Workbook (XLSX)")}</a>'
    )
    body = "".join(_article(chapter) for chapter in chapters)
    return _document(
        f"{first.area.name}: {theme[0]} / {theme[1]}", title, f"{issued}<br>{links}", body, _foot(chapters)
    )


def index(pages: Mapping[tuple[str, str], Sequence[Chapter]]) -> str:
    """Every area with its themes, the days ahead as a small picture in each."""
    areas: dict[str, list[str]] = {}
    for area_id, theme in pages:
        areas.setdefault(area_id, []).append(theme)
    cards = "".join(_card(area_id, themes, pages) for area_id, themes in areas.items())
    every = [chapter for chapters in pages.values() for chapter in chapters]
    first = every[0]
    issued = _both(*(f"{_said('issued', lang)} {_when(first.issued_at, lang)}" for lang in LANGUAGES))
    title = _both("Tujuh hari ke depan", "The days ahead")
    return _document("Matakota", title, issued, f'<div class="grid-of-areas">{cards}</div>', _foot(every))


def _card(area_id: str, themes: Sequence[str], pages: Mapping[tuple[str, str], Sequence[Chapter]]) -> str:
    rows = []
    for theme in themes:
        chapter = pages[area_id, theme][0]
        link = f"{area_id}-{theme}.html"
        rows.append(
            f'<a class="theme" href="{escape(link)}"><b>{_both(*_theme(theme))}</b>{spark(chapter.steps)}</a>'
        )
    area = pages[area_id, themes[0]][0].area
    wide = " wide" if area.level == "city" else ""
    return f'<section class="card{wide}"><h2>{escape(area.name)}</h2>{"".join(rows)}</section>'


def _article(chapter: Chapter) -> str:
    kind = chapter.kind
    pictures = "".join(
        f'<div lang="{lang}">{chart(chapter.story(lang), lang, _spoken(chapter, lang))}</div>'
        for lang in LANGUAGES
    )
    lead = _both(*(_lead(chapter, lang) for lang in LANGUAGES))
    why = _both(*(escape(_peak(chapter.steps)["why"][lang]) for lang in LANGUAGES))
    skill = _both(*(_skill(chapter.score, lang) for lang in LANGUAGES))
    return (
        f'<section class="card"><h2>{_both(escape(kind["title"]["id"]), escape(kind["title"]["en"]))}</h2>'
        f'<p class="lead">{lead}</p>{pictures}{_key(chapter)}'
        f'<p class="note">{_both("Mengapa puncaknya begitu:", "Why the peak is so:")} {why}</p>'
        f'<p class="note">{skill}</p>{_table(chapter)}</section>'
    )


def _lead(chapter: Chapter, language: Language) -> str:
    peak, unit = _peak(chapter.steps), escape(chapter.kind["unit"][language])
    low, high = figure(peak["q10"], language), figure(peak["q90"], language)
    value = f"<strong>{figure(peak['q50'], language)} {unit}</strong> ({low}\N{EN DASH}{high})"
    when = _when(peak["at"], language)
    if language == "id":
        return f"Jam tersibuk: {when}, {value}."
    return f"The busiest hour: {when}, {value}."


def _skill(score: Mapping[str, Any] | None, language: Language) -> str:
    if score is None or score["mase"] is None:
        return "Prakiraan ini belum diuji." if language == "id" else "This forecast has not been tested yet."
    share = abs(1 - score["mase"])
    mase = f"{score['mase']:.2f}".replace(".", "," if language == "id" else ".")
    better = score["mase"] < 1
    if language == "id":
        compared = (
            f"{share:.0%} {'lebih' if better else 'kurang'} teliti daripada meniru jam yang sama kemarin"
        )
        return f"Pada masa lalu: {compared} (MASE {mase}){_held(score, language)}."
    compared = (
        f"{share:.0%} {'closer' if better else 'further off'} than repeating the same hour of the day before"
    )
    return f"On the past: {compared} (MASE {mase}){_held(score, language)}."


def _held(score: Mapping[str, Any], language: Language) -> str:
    if score["coverage80"] is None:
        return ""
    if language == "id":
        return f"; pita 80 % memuat {score['coverage80']:.0%} dari jam uji"
    return f"; the 80 % band held {score['coverage80']:.0%} of the tested hours"


def _table(chapter: Chapter) -> str:
    heads = (
        ("", _both("Hari", "Day")),
        ("", _both("Jam tersibuk", "Busiest hour")),
        ("number", _both("Prakiraan", "Forecast")),
        ("number", "80 %"),
        ("", _both("Kalender", "Calendar")),
    )
    head = "".join(f'<th class="{name}">{text}</th>' for name, text in heads)
    days = (day for _, day in chapter.steps.groupby(chapter.steps["at"].dt.date))
    rows = "".join(_row(chapter, day) for day in days if len(day) >= _HALF_A_DAY)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(chapter: Chapter, day: pd.DataFrame) -> str:
    peak = _peak(day)
    marks = chapter.days.get(peak["at"].date(), ())
    names = {lang: escape(", ".join(mark[lang] for mark in marks)) for lang in LANGUAGES}
    cells = (
        ("", _both(*(_date(peak["at"], lang) for lang in LANGUAGES))),
        ("", _both(*(_clock(peak["at"], lang) for lang in LANGUAGES))),
        ("number", _both(*(figure(peak["q50"], lang) for lang in LANGUAGES))),
        (
            "number",
            _both(*("\N{EN DASH}".join(figure(peak[q], lang) for q in ("q10", "q90")) for lang in LANGUAGES)),
        ),
        ("", _both(names["id"], names["en"])),
    )
    return "<tr>" + "".join(f'<td class="{name}">{text}</td>' for name, text in cells) + "</tr>"


def _key(chapter: Chapter) -> str:
    """What the picture's marks mean, of the calendar only what is marked."""
    shown = dict.fromkeys(str(mark["kind"]) for marks in chapter.days.values() for mark in marks)
    entries = [(f"k-{name}", *words) for name, *words in _KEY]
    entries += [(f"mark {name}", *_MARKS[name]) for name in shown]
    return (
        '<p class="key">'
        + "".join(f'<span><i class="{name}"></i>{_both(*words)}</span>' for name, *words in entries)
        + "</p>"
    )


def _spoken(chapter: Chapter, language: Language) -> str:
    return f"{chapter.kind['title'][language]}, {chapter.area.name}"


def _foot(chapters: Sequence[Chapter]) -> str:
    synthetic = any((chapter.hours["origin"].dropna() != "pixels").any() for chapter in chapters)
    made_up = (
        _both(
            "Sebagian riwayat bersifat sintetis: berasal dari kota tiruan yang kebenarannya diketahui. ",
            "Some of the past is synthetic: it comes from a made-up city whose truth is known. ",
        )
        if synthetic
        else ""
    )
    private = _both(
        "Wajah dan pelat nomor tidak dikenali, dan gambar tidak disimpan.",
        "No face and no number plate is recognised, and no picture is stored.",
    )
    return f"{made_up}{private} Matakota, AGPL-3.0-or-later."


def _document(name: str, title: str, sub: str, body: str, foot: str) -> str:
    style = files("forecasting.reporting").joinpath("report.css").read_text(encoding="utf-8")
    choices = (('id="in-id" checked', "Indonesia"), ('id="in-en"', "English"))
    switch = "".join(
        f'<label><input type="radio" name="language" {which}>{word}</label>' for which, word in choices
    )
    return (
        '<!doctype html><html lang="id"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{escape(name)}</title><style>{style}</style></head><body>"
        f'<header class="top"><div><h1>{title}</h1><p class="sub">{sub}</p></div>'
        f'<div class="languages">{switch}</div></header>'
        f"<main>{body}</main><footer>{foot}</footer></body></html>"
    )


def _both(indonesian: str, english: str) -> str:
    return (
        indonesian
        if indonesian == english
        else f'<span lang="id">{indonesian}</span><span lang="en">{english}</span>'
    )


def _theme(theme: str) -> tuple[str, str]:
    return _THEMES.get(theme, (theme, theme))


def _peak(steps: pd.DataFrame) -> Any:
    return steps.iloc[int(steps["q50"].to_numpy().argmax())]


def _said(word: str, language: Language) -> str:
    return {"issued": {"id": "Dibuat", "en": "Issued"}}[word][language]


def _date(at: datetime, language: Language) -> str:
    return f"{_WEEKDAYS[language][at.weekday()]} {at.day} {_MONTHS[language][at.month - 1]}"


def _clock(at: datetime, language: Language) -> str:
    return f"{at.hour:02d}{'.' if language == 'id' else ':'}00"


def _when(at: datetime, language: Language) -> str:
    return f"{_date(at, language)}, {_clock(at, language)}"
