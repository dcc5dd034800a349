"""A report's figures as a workbook: a sheet for each kind, and one of how well they were forecast before."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from forecasting.reporting.chapter import Chapter
from lakehouse.tables import QUANTILES, quantile_column

_FIGURES = [quantile_column(q) for q in QUANTILES] + ["mean"]
_COLUMNS = ["time", "observed", "coverage", *_FIGURES, "model", "calendar", "mengapa", "why"]
_SCORES = ["kind", "model", "mase", "rmsse", "sql", "wql", "coverage80", "coverage95", "n"]
_WIDTHS = {"time": 17, "calendar": 26, "mengapa": 70, "why": 70}
_LONGEST_NAME = 31


def write(chapters: Sequence[Chapter], path: Path) -> None:
    """Write one area and theme; times are the city's, unknown is empty."""
    with xlsxwriter.Workbook(path, {"nan_inf_to_errors": False, "remove_timezone": True}) as book:
        bold = book.add_format({"bold": True, "bottom": 1})
        time = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        number = book.add_format({"num_format": "#,##0.0"})
        for chapter in chapters:
            sheet = book.add_worksheet(str(chapter.kind["kind"])[:_LONGEST_NAME])
            rows = [*_past(chapter), *_ahead(chapter)]
            _fill(sheet, _COLUMNS, rows, bold, {"time": time}, number)
            sheet.insert_chart(1, len(_COLUMNS) + 1, _chart(book, sheet.get_name(), chapter, len(rows)))
        skill = book.add_worksheet("skill")
        _fill(
            skill,
            _SCORES,
            [_score(chapter) for chapter in chapters],
            bold,
            {},
            book.add_format({"num_format": "0.000"}),
        )


def _past(chapter: Chapter) -> list[dict[str, Any]]:
    named = chapter.hours.rename(columns={"at": "time", "value": "observed"})
    return [dict(row, calendar=_calendar(chapter, row["time"])) for row in _records(named)]


def _ahead(chapter: Chapter) -> list[dict[str, Any]]:
    return [
        dict(
            row,
            time=row["at"],
            mengapa=row["why"]["id"],
            why=row["why"]["en"],
            calendar=_calendar(chapter, row["at"]),
        )
        for row in _records(chapter.steps)
    ]


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]


def _calendar(chapter: Chapter, at: pd.Timestamp) -> str:
    return ", ".join(mark["id"] for mark in chapter.days.get(at.date(), ()))


def _score(chapter: Chapter) -> dict[str, Any]:
    return {**(chapter.score or {}), "kind": chapter.kind["kind"]}


def _fill(
    sheet: Any,
    columns: Sequence[str],
    rows: Sequence[dict[str, Any]],
    bold: Any,
    formats: dict[str, Any],
    number: Any,
) -> None:
    sheet.freeze_panes(1, 1)
    for place, column in enumerate(columns):
        sheet.set_column(place, place, _WIDTHS.get(column, 11))
        sheet.write_string(0, place, column, bold)
        for line, row in enumerate(rows, 1):
            value = row.get(column)
            if isinstance(value, str):
                sheet.write_string(line, place, value)
            elif value is not None and not pd.isna(value):
                time = isinstance(value, pd.Timestamp)
                sheet.write(
                    line, place, value.to_pydatetime() if time else value, formats.get(column, number)
                )


def _chart(book: Any, sheet: str, chapter: Chapter, count: int) -> Any:
    drawn = book.add_chart({"type": "line"})
    for column, colour, width in (
        ("observed", "#20303A", 1.5),
        ("q50", "#2D7F86", 1.75),
        ("q10", "#9CC4C6", 1),
        ("q90", "#9CC4C6", 1),
    ):
        place = _COLUMNS.index(column)
        drawn.add_series(
            {
                "name": [sheet, 0, place],
                "categories": [sheet, 1, 0, count, 0],
                "values": [sheet, 1, place, count, place],
                "line": {"color": colour, "width": width},
            }
        )
    drawn.set_title(
        {"name": f"{chapter.area.name}: {chapter.kind['title']['id']}", "name_font": {"size": 12}}
    )
    drawn.set_x_axis({"date_axis": True, "num_format": "dd mmm"})
    drawn.set_legend({"position": "bottom"})
    drawn.set_size({"width": 900, "height": 360})
    return drawn
