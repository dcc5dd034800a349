"""The forecasts as pages for people: one for each area and theme, a workbook beside it, and an index."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from forecasting.reporting import leaflet, workbook
from forecasting.reporting.chapter import Chapter, chapters
from lakehouse.problem import BadFolder, BadLake
from lakehouse.store import Lake


def write(lake: Lake, out: Path) -> list[Path]:
    """Write the newest issue's pages into a folder; returns them, the index last.

    Raises:
        BadLake: the lake has no forecast.
        BadFolder: the folder cannot be made or written to.
    """
    found = list(chapters(lake))
    if not found:
        raise BadLake(lake.root, "it has no forecast", "run `python -m forecasting run --lake DIR` first")
    try:
        out.mkdir(parents=True, exist_ok=True)
        return list(_written(found, out))
    except OSError as error:
        raise BadFolder(str(out), f"it cannot be written to: {error}", "name another folder") from error


def _written(every: Sequence[Chapter], out: Path) -> Iterator[Path]:
    pages: dict[tuple[str, str], list[Chapter]] = {}
    for chapter in every:
        pages.setdefault((chapter.area.area_id, str(chapter.kind["theme"])), []).append(chapter)
    for (area_id, theme), found in pages.items():
        page = out / f"{area_id}-{theme}.html"
        workbook.write(found, page.with_suffix(".xlsx"))
        page.write_text(leaflet.page(found, page.with_suffix(".xlsx").name), encoding="utf-8")
        yield page
    index = out / "index.html"
    index.write_text(leaflet.index(pages), encoding="utf-8")
    yield index
