"""A table as the client wants it: JSON, or CSV where the header Accept asks for it."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from fastapi import Request

from lakehouse.clock import CITY_ZONE

CSV_RESPONSE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}},
    304: {"description": "The edition named in If-None-Match is still the newest"},
}
"""What the OpenAPI document adds for a route that also answers CSV."""


def wants_csv(request: Request) -> bool:
    """Whether the client prefers CSV to JSON."""
    accepted = request.headers.get("accept", "")
    return "text/csv" in accepted and "application/json" not in accepted


def csv(rows: pa.Table) -> bytes:
    """`rows` as CSV with a header line; instants carry the city's offset, structs become `a_b` columns."""
    rows = rows.flatten()
    rows = rows.rename_columns([name.replace(".", "_") for name in rows.column_names])
    for position, column in enumerate(rows.schema):
        if pa.types.is_timestamp(column.type):
            rows = rows.set_column(position, column.name, _city_text(rows.column(position)))
    sink = pa.BufferOutputStream()
    pyarrow.csv.write_csv(rows, sink, pyarrow.csv.WriteOptions(quoting_style="needed"))
    written: bytes = sink.getvalue().to_pybytes()
    return written


def _city_text(instants: pa.ChunkedArray) -> pa.ChunkedArray:
    local = pc.cast(instants, pa.timestamp("s", tz=CITY_ZONE.key), safe=False)
    return pc.strftime(local, format="%Y-%m-%dT%H:%M:%S+07:00")
