"""Whether rows fit their table."""

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.problem import BadTable
from lakehouse.tables import TABLES


def fit(table: str, rows: pa.Table, schema: pa.Schema | None = None) -> pa.Table:
    """The rows in the columns and types of a table (or of `schema`).

    Raises:
        BadTable: a column is missing, unknown or of another type, NULL where the key needs a value, or
            no number.
    """
    schema = schema or TABLES[table].schema
    wrong = set(schema.names) ^ set(rows.column_names)
    if wrong:
        rule = "is missing or unknown"
        raise BadTable(", ".join(sorted(wrong)), f"{rule} in {table}", f"give {', '.join(schema.names)}")
    try:
        fitting = (
            rows
            if rows.schema.equals(schema, check_metadata=True)
            else rows.select(schema.names).cast(schema)
        )
    except (pa.ArrowException, ValueError) as error:
        raise BadTable(table, f"a column has another type: {error}", "see lakehouse/tables.py") from error
    for column in {*TABLES[table].key, *TABLES[table].partition} & set(schema.names):
        if fitting[column].null_count:
            raise BadTable(column, f"is NULL in a row of {table}", "give every row its key")
    for field in schema:
        if pa.types.is_floating(field.type) and not _finite(fitting[field.name]):
            raise BadTable(field.name, f"is NaN or infinite in a row of {table}", "write the unknown as NULL")
    return fitting


def _finite(numbers: pa.ChunkedArray) -> bool:
    return pc.all(pc.is_finite(numbers)).as_py() is not False
