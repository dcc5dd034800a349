"""A table as the client wants it: JSON, or CSV where the header Accept asks for it."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from fastapi import Request
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from lakehouse.clock import CITY_ZONE
from serving.api.manners.refusals import NotAcceptable

CSV_RESPONSE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}},
    304: {"description": "The edition named in If-None-Match is still the newest"},
}
"""What the OpenAPI document adds for a route that also answers CSV."""


JSON, CSV = "application/json", "text/csv"
_FORMS = (JSON, CSV)


def negotiated(request: Request) -> str:
    """The media type, JSON or CSV, that the header Accept likes best; JSON where it likes both alike.

    A header that only says what is not wanted leaves all the others (RFC 9110, 12.5.1).

    Raises:
        NotAcceptable: it likes neither.
    """
    header = ", ".join(request.headers.getlist("accept"))
    # Parameters such as a charset do not tell our forms apart.
    wished = MIMEAccept((kind.partition(";")[0], q) for kind, q in parse_accept_header(header))
    if any(q > 0 for _, q in wished):
        best = wished.best_match(_FORMS)
    else:
        best = next((form for form in _FORMS if wished.find(form) < 0), None)
    if best is None:
        raise NotAcceptable(header, f"there are {' and '.join(_FORMS)}", "accept one of them")
    return best


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
