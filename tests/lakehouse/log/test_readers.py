"""What others read the lake with: every table, offline, as the README does it."""

import socket
from datetime import UTC, date, datetime

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from deltalake import DeltaTable, QueryBuilder

from lakehouse.store import Lake
from lakehouse.tables import TABLES

ROWS = 3


def value(kind, number):
    """A value of a type."""
    told = {
        pa.types.is_string: f"text {number}",
        pa.types.is_boolean: bool(number % 2),
        pa.types.is_integer: number,
        pa.types.is_floating: number / 2,
        pa.types.is_date: date(2026, 11, 23),
        pa.types.is_timestamp: datetime(2026, 11, 23, 3, number, tzinfo=UTC),
        pa.types.is_map: [("people", number / 2)],
    }
    for is_kind, found in told.items():
        if is_kind(kind):
            return found
    if pa.types.is_list(kind):
        return [value(kind.value_type, number)]
    return {field.name: value(field.type, number) for field in kind}


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A lake with some rows in every table, no column of them NULL."""
    lake = Lake.create(tmp_path_factory.mktemp("full") / "lake")
    for name, table in TABLES.items():
        rows = [{field.name: value(field.type, n) for field in table.schema} for n in range(ROWS)]
        lake.append(name, pa.Table.from_pylist(rows, schema=table.schema))
    return lake


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """No connection to anywhere."""

    def refuse(*_):
        raise AssertionError("a table was not read offline")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.parametrize("name", TABLES)
def test_every_reader_finds_the_same_rows(full, name):
    """DuckDB, Polars and deltalake itself give every column of every row, nested ones and days too."""
    place = f"{full.root}/{name}"
    by_duckdb = duckdb.from_arrow(DeltaTable(place).to_pyarrow_dataset()).to_arrow_table()
    by_polars = pl.scan_delta(place).collect().to_arrow()
    by_deltalake = pa.table(QueryBuilder().register("t", DeltaTable(place)).execute("select * from t"))
    expected = full.read(name)
    plain = [field.name for field in TABLES[name].schema if not pa.types.is_nested(field.type)]
    for found in (by_duckdb, by_polars, by_deltalake):
        assert set(found.column_names) == set(expected.column_names)
        assert not sum(column.null_count for column in found.columns)
        for column in plain:
            assert sorted(found[column].to_pylist()) == sorted(expected[column].to_pylist())
