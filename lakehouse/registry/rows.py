"""The rows of a list of cameras, CSV or GeoJSON, in the words of this project."""

import csv
import io
import json
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lakehouse.places.addresses import redact
from lakehouse.problem import BadRegistry

WORDS = {
    "camera_id": ("cameraid", "id", "kode", "idkamera", "kodekamera"),
    "name": ("name", "nama", "location", "lokasi", "namalokasi", "namakamera"),
    "owner": ("owner", "pemilik"),
    "site": ("site",),
    "area_id": ("areaid", "kodewilayah"),
    "kecamatan": ("kecamatan", "kec"),
    "kelurahan": ("kelurahan", "kel", "kelurahandesa", "desa"),
    "rw": ("rw",),
    "rt": ("rt", "rtrw"),
    "lat": ("lat", "latitude", "lintang"),
    "lon": ("lon", "lng", "long", "longitude", "bujur"),
    "source": ("source", "liveviewurl", "url", "stream", "streamurl"),
    "status": ("status",),
    "width": ("width",),
    "height": ("height",),
    "fps": ("fps",),
    "zones": ("zones",),
    "limit_kmh": ("limitkmh",),
    "calibration": ("calibration",),
    "grants": ("grants",),
}
"""By our own name, those that a column may have, in small letters; the first that says something holds."""

NEEDED = (("kelurahan", "area_id"), ("lat",), ("lon",), ("source",))
"""Of each of these groups a list must have a column."""

_DELIMITERS = ",;\t|"
_DECLARED = re.compile(r"(?i)\s*\"?sep=(?P<delimiter>[^\r\n\"])\"?[^\S\r\n]*(?=\r|\n|$)")
"""Excel's own first line, `sep=;`, which says what stands between cells."""


class BadRow(Exception):  # noqa: N818 - a reason to be printed, no failure of the program
    """Why a row cannot be imported. It repeats no address."""


@dataclass(frozen=True)
class Row:
    """One camera as a list tells of it: `where` is its line or its feature, `cells` are by our own names."""

    where: str
    cells: Mapping[str, str]
    reason: str = ""
    """Why the row itself cannot be read; empty where it can."""

    def __getitem__(self, name: str) -> str:
        return self.cells.get(name, "")


def read(path: Path) -> list[Row]:
    """Every row of a file.

    Raises:
        BadRegistry: there is no such file, it is no text in UTF-8, no CSV and no GeoJSON, or lacks a column.
    """
    text = _text(path)
    rows = list(_features(path, text) if text.lstrip().startswith("{") else _lines(path, text))
    if not rows:
        raise BadRegistry(str(path), "it has no row", "name a list of cameras, CSV or GeoJSON")
    return rows


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
        return data.decode("utf-16" if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig")
    except OSError as error:
        raise BadRegistry(str(path), f"it cannot be read: {error.strerror}", "name another file") from error
    except UnicodeDecodeError as error:
        rule = f"byte {error.start} is not {error.encoding.upper()}"
        raise BadRegistry(str(path), rule, "save it as 'CSV UTF-8'") from error


def _lines(path: Path, text: str) -> Iterator[Row]:
    declared = _DECLARED.match(text)
    if declared:  # its line stays, empty, so that the others keep their numbers
        text = text[declared.end() :]
    head = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = declared["delimiter"] if declared else max(_DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    names: list[str] = []
    line = 1
    try:
        for cells in reader:
            where, line = f"line {line}", reader.line_num + 1
            if names and any(cells):
                yield _row(where, names, cells)
            elif any(cells):
                names = cells
                _must_have_columns(path, names)
    except csv.Error as error:
        raise BadRegistry(
            str(path), f"line {reader.line_num} is no CSV: {error}", "correct the line"
        ) from error


def _row(where: str, names: list[str], cells: list[str]) -> Row:
    if any(cells[len(names) :]):
        reason = (
            f"it has {len(cells)} cells, and the header {len(names)}: put quotes around a cell with commas"
        )
        return Row(where, {}, reason)
    return Row(where, _ours(dict(zip(names, cells, strict=False))))


def _features(path: Path, text: str) -> Iterator[Row]:
    try:
        features = json.loads(text)["features"]
        told = [{**(feature.get("properties") or {}), **_point(feature)} for feature in features]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadRegistry(str(path), "it is no GeoJSON FeatureCollection", "name another file") from error
    _must_have_columns(path, [*{name: None for properties in told for name in properties}])
    for number, properties in enumerate(told, 1):
        cells = {name: "" if value is None else _said(value) for name, value in properties.items()}
        yield Row(f"feature {number}", _ours(cells))


def _point(feature: Mapping[str, Any]) -> dict[str, Any]:
    """A point's coordinates, which go before those of its properties."""
    geometry = feature.get("geometry") or {}
    if geometry.get("type") != "Point":
        return {}
    lon, lat, *_ = geometry["coordinates"]
    return {"lat": lat, "lon": lon}


def _said(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _letters(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def _ours(cells: Mapping[str, str]) -> dict[str, str]:
    """The cells by our own names; what has none is left out."""
    told = {_letters(name): cell.strip() for name, cell in cells.items()}
    found = {name: next(filter(None, map(told.get, words)), "") for name, words in WORDS.items()}
    # An address may stand in any cell, and only that of the source is taken apart.
    return {name: cell if name == "source" else redact(cell) for name, cell in found.items() if cell}


def _must_have_columns(path: Path, names: list[str]) -> None:
    have = set(map(_letters, names))
    for group in NEEDED:
        if not any(have.intersection(WORDS[name]) for name in group):
            rule = f"it has no column {' or '.join(group)}; its columns are {', '.join(names)[:200]}"
            raise BadRegistry(str(path), rule, "name the columns in the first line; see the README")
