"""A table in a file: parquet, or CSV as spreadsheets write it, whose values stay the text that they are."""

import csv
import gzip
import io
from collections.abc import Collection
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import csv as arrow_csv

from lakehouse.problem import BadTable

_GZIP, _PARQUET, _SHEET = b"\x1f\x8b", b"PAR1", b"PK\x03\x04"
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
_SEPARATORS = (",", ";", "\t", "|")
_REMEDY = "name a parquet file, or CSV in UTF-8 or UTF-16, which may be compressed with gzip"


def read(path: Path, columns: Collection[str]) -> pd.DataFrame:
    """The table in a file, be it named as it may: what lies in it says what it is.

    Args:
        path: of the file.
        columns: that it must have; CSV is separated by whatever finds most of them in its first line.

    Raises:
        BadTable: there is no such file, or it is neither parquet nor CSV with one value a column.
    """
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if content.startswith(_GZIP) else content
    except (OSError, EOFError) as error:
        raise BadTable(str(path), f"it cannot be read: {error}", _REMEDY) from error
    if content.startswith(_PARQUET):
        return _parquet(path, content)
    if content.startswith(_SHEET) or b"\0\0" in content[:4096]:
        raise BadTable(str(path), "it is neither parquet nor CSV", _REMEDY)
    return _csv(path, _text(path, content), columns)


def _parquet(path: Path, content: bytes) -> pd.DataFrame:
    try:
        return pd.read_parquet(io.BytesIO(content))
    except (OSError, ValueError) as error:
        raise BadTable(str(path), f"it cannot be read as parquet: {error}", _REMEDY) from error


def _text(path: Path, content: bytes) -> str:
    encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        rule = f"byte {error.start + 1:,} is no {encoding.removesuffix('-sig').upper()}"
        raise BadTable(str(path), rule, _REMEDY) from error


def _csv(path: Path, text: str, columns: Collection[str]) -> pd.DataFrame:
    first, _, rest = text.partition("\n")
    told = (
        first.strip().strip('"').removeprefix("sep=") if first.strip().strip('"').startswith("sep=") else ""
    )
    body, separators = (rest, [told]) if told else (text, list(_SEPARATORS))
    headers = {separator: _header(body, separator) for separator in separators}
    separator = max(headers, key=lambda one: len(set(columns) & set(headers[one])))
    names = headers[separator]
    if not set(columns) & set(names):
        rule = f"its first line, {body.partition(chr(10))[0][:80]!r}, names none of the columns"
        raise BadTable(str(path), rule, f"begin the file with a line that names {', '.join(columns)}")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise BadTable(twice, f"{path} has this column twice", "name every column once")
    try:
        table = arrow_csv.read_csv(
            io.BytesIO(body.encode()),
            read_options=arrow_csv.ReadOptions(column_names=names, skip_rows=1),
            parse_options=arrow_csv.ParseOptions(delimiter=separator),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        remedy = "give every row one value a column; a value with the separator in it stands in quotes"
        raise BadTable(str(path), f"it is no CSV with {len(names)} columns: {error}", remedy) from error
    frame: pd.DataFrame = table.to_pandas()
    return frame


def _header(text: str, separator: str) -> list[str]:
    rows = csv.reader(io.StringIO(text[:65_536]), delimiter=separator)
    return [name.strip() for name in next(rows, [])]
