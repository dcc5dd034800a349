"""A table in a file, as spreadsheets and statisticians write it."""

import gzip

import pandas as pd
import pytest

from forecasting.knowing.file import read
from lakehouse.problem import BadTable

KEYS = ("unique_id", "ds", "y")
TEXT = "unique_id,ds,y\nNA,2024-01-01,1\n007,2024-01-02,\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        TEXT.replace(",", ";").encode(),
        TEXT.replace(",", "\t").encode(),
        ("sep=;\r\n" + TEXT.replace(",", ";").replace("\n", "\r\n")).encode("utf-8-sig"),
        ('"sep=|"\n' + TEXT.replace(",", "|")).encode(),
        TEXT.replace("unique_id,ds,y", '"unique_id", "ds" ,y').encode(),
        gzip.compress(TEXT.encode()),
    ],
    ids=["utf8", "mark", "utf16", "semicolon", "tab", "sep", "quoted sep", "quoted header", "gzip"],
)
def test_csv_is_read_however_it_is_separated_and_encoded(tmp_path, content):
    """Every value stays the text that it is: a series named NA or 007 keeps its name."""
    path = tmp_path / "series.csv"
    path.write_bytes(content)
    assert read(path, KEYS).to_numpy().tolist() == [["NA", "2024-01-01", "1"], ["007", "2024-01-02", ""]]


def test_parquet_is_read_whatever_its_name(tmp_path):
    """What lies in a file says what it is."""
    path = tmp_path / "series.data"
    pd.DataFrame({"unique_id": ["a"], "ds": ["2024-01-01"], "y": [1]}).to_parquet(path)
    assert read(path, KEYS)["y"].tolist() == [1]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "names none of the columns"),
        (b"hello\n", "names none of the columns"),
        (b"unique_id,ds,y\na,2024-01-01,3,14\n", "Expected 3 columns, got 4"),
        (b"unique_id,ds,y\na,2024-01-01\n", "Expected 3 columns, got 2"),
        (b"unique_id,ds,y,y\na,2024-01-01,1,2\n", "twice"),
        (b"unique_id,ds,y\n\xff\xfea,2024-01-01,1\n", "is no UTF-8"),
        (b"PK\x03\x04....", "neither parquet nor CSV"),
        (b"PAR1....", "cannot be read as parquet"),
        (b"\x1f\x8bnot gzip", "cannot be read"),
        (None, "cannot be read"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, content, said):
    """The file is named with what is wrong in it."""
    path = tmp_path / "series.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadTable, match=said):
        read(path, KEYS)
