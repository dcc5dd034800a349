"""Keys: which rows a table has already, so that none is written twice, whoever writes."""

from collections.abc import Sequence
from functools import reduce
from operator import and_

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from lakehouse.log.reading import Reading
from lakehouse.places.places import folder_at
from lakehouse.problem import BadTable
from lakehouse.tables import TABLES

_ROW = "row number"


def must_differ(name: str, rows: pa.Table) -> None:
    """Find out whether each of some rows has a key of its own.

    Raises:
        BadTable: two have the same one.
    """
    key = list(TABLES[name].key)
    counted = rows.select(key).group_by(key).aggregate([([], "count_all")])
    if counted.num_rows < rows.num_rows:
        twice = counted.filter(pc.field("count_all") > 1).slice(0, 1).to_pylist()[0]
        told = ", ".join(f"{column} {twice[column]}" for column in key)
        raise BadTable(name, f"{told} is there {twice['count_all']} times", "give each row a key of its own")


def unclaimed(snapshot: DeltaTable, rows: pa.Table) -> pa.Table:
    """The rows that a snapshot of their table has no others in the place of, in their order.

    A table says what its writers claim as a whole, such as a forecast's every hour: where one row of it is
    there, the others are not new either. Files that can hold nothing of it are not opened, and the others are
    read a piece at a time.
    """
    claim = list(TABLES[folder_at(snapshot.table_uri).name].claim)
    wanted = rows.select(claim).group_by(claim).aggregate([])
    pieces = Reading(snapshot).batches(claim, between(wanted)) if wanted.num_rows else ()
    taken = [those_in(wanted, pa.table(piece)) for piece in pieces if piece.num_rows]
    taken = [one for one in taken if one.num_rows]
    return without(rows, pa.concat_tables(taken), claim) if taken else rows


def between(rows: pa.Table) -> pc.Expression:
    """What every one of some rows, of which there is one, lies within: files are skipped by it."""
    bounds = {name: pc.min_max(rows[name]) for name in rows.column_names}
    return reduce(
        and_,
        ((pc.field(name) >= of["min"]) & (pc.field(name) <= of["max"]) for name, of in bounds.items()),
    )


def those_in(rows: pa.Table, others: pa.Table) -> pa.Table:
    """Those of some plain rows that are among others too."""
    return rows.join(others.cast(rows.schema), rows.column_names, join_type="left semi")


def without(rows: pa.Table, taken: pa.Table, claim: Sequence[str]) -> pa.Table:
    """The rows whose claim is not among those that are taken, in their order."""
    # A join knows no nested columns, so that it joins numbers.
    numbered = rows.select(claim).append_column(_ROW, pa.array(np.arange(rows.num_rows)))
    kept = numbered.join(taken, list(claim), join_type="left anti")[_ROW]
    return rows.take(kept.take(pc.array_sort_indices(kept.combine_chunks())))
