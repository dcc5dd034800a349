"""The contract of a table as people and programs read it: its columns, key, files, and its one writer."""

from collections.abc import Iterator
from typing import Any

from lakehouse.tables import Table


def contract(table: Table) -> dict[str, Any]:
    """All that is promised of a table, in plain types."""
    return {
        "name": table.name,
        "about": table.about,
        "writer": table.writer,
        "landed": table.landed,
        "key": list(table.key),
        "partition": list(table.partition),
        "file": _file(table),
        "order": list(dict.fromkeys([*table.order, *table.key])),
        "statistics": list(table.skipping),
        "columns": [
            {
                "name": column.name,
                "type": str(column.type),
                "about": (column.metadata or {}).get(b"about", b"").decode(),
            }
            for column in table.schema
        ],
    }


def _file(table: Table) -> str:
    """What the rows of one data file have in common."""
    if table.monthly:
        return "a month"
    return "a day" if table.partition else "a commit"


def lines(table: Table) -> Iterator[str]:
    """The same for a person."""
    told = contract(table)
    landed = ", from landed segments" if table.landed else ""
    yield f"{table.name}: {table.about} (written by {table.writer}{landed})"
    bare = [column for column in table.schema.names if column not in (*table.skipping, *table.partition)]
    yield f"  key {', '.join(table.key)}; partition {', '.join(table.partition) or 'none'}"
    yield f"  a file holds the rows of {told['file']}, in the order {', '.join(told['order'])}"
    yield f"  statistics of every column{' but ' if bare else ''}{', '.join(bare)}"
    for column in told["columns"]:
        yield f"  {column['name']:18} {column['type']:22.22} {column['about']}".rstrip()
