"""`python -m lakehouse tables`: the contract, for people and for programs."""

import json

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from lakehouse.__main__ import app
from lakehouse.tables import LANDED, TABLES


@pytest.fixture(scope="module")
def told():
    """The contract as programs read it, by table."""
    done = CliRunner().invoke(app, ["tables", "--json"])
    return {table["name"]: table for table in json.loads(done.stdout)}


def test_the_contract_holds_every_table_and_column(told):
    """Each has its type, and each table its writer, key and order."""
    for name, table in TABLES.items():
        columns = [(column["name"], column["type"]) for column in told[name]["columns"]]
        assert columns == [(field.name, str(field.type)) for field in table.schema]
        assert told[name]["writer"] == table.writer
        assert told[name]["order"][: len(table.order)] == list(table.order)
        assert set(told[name]["key"]) <= set(told[name]["order"])
    assert {name for name, table in told.items() if table["landed"]} == set(LANDED)


def test_what_readers_skip_by_has_statistics(told):
    """Instants, cameras, areas and kinds carry a least and a greatest value in every file."""
    for table in told.values():
        instants = {one["name"] for one in table["columns"] if one["type"] == str(pa.timestamp("us", "UTC"))}
        wanted = instants | {"camera_id", "area_id", "kind"} & {one["name"] for one in table["columns"]}
        assert wanted <= set(table["statistics"])


def test_people_read_the_same(told):
    """Every table and column stands in the text, with its unit."""
    text = CliRunner().invoke(app, ["tables"]).stdout
    for name, table in told.items():
        assert f"\n{name}: {table['about']} (written by {table['writer']}" in text
        assert all(f"  {column['name']} " in text and column["about"] in text for column in table["columns"])
    assert "a file holds the rows of a month, in the order kind, area_id, hour" in text
