"""A mend: what is broken, what would be done about it, and what that gives up; and files written anew."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable

from lakehouse.log import commits, datafiles
from lakehouse.log.listing import listed
from lakehouse.log.reading import Reading
from lakehouse.store import Lake
from lakehouse.tables import TABLES

REPAIR = "repair"
"""Why a commit put rows right."""


@dataclass(frozen=True)
class Mend:
    """One thing that is broken, and how it is mended."""

    broken: str
    remedy: str
    """What is done, in words; what a person is to do where it cannot be mended here."""
    do: Callable[[], object] | None = None
    """What mends it, safely beside others and however often; None where nothing can."""
    loses: str = ""
    """What is given up for good, if anything: it is not done unless that is accepted."""


def fragments(snapshot: DeltaTable, where: pc.Expression | None = None) -> list[ds.ParquetFileFragment]:
    """The data files that can hold rows for which `where` holds."""
    return list(Reading(snapshot).stored().get_fragments(filter=where))


def rows_of(name: str, file: ds.ParquetFileFragment) -> pa.Table:
    """All rows of a data file, in the columns of its table."""
    return file.to_table(schema=TABLES[name].schema)


def rewrite(
    lake: Lake,
    snapshot: DeltaTable,
    kept: Mapping[str, pa.Table],
    *,
    more: Iterable[pa.Table] = (),
    marks: Mapping[str, int] | None = None,
) -> int:
    """Put other rows in the place of some files' rows, in one commit.

    Args:
        lake: the lake.
        snapshot: of the table, from which this was planned.
        kept: by path, the rows that a file is to have.
        more: further rows.
        marks: app transactions that move in the same commit.

    Raises:
        StaleSnapshotError: another rewriter came in between; nothing changed.
    """
    name = snapshot_name(snapshot)
    empty = TABLES[name].schema.empty_table()
    rows = pa.concat_tables([empty, *kept.values(), *more])
    before = {one.file.path: one.file for one in listed(snapshot) if one.file.path in kept}
    after = datafiles.write(lake.folder(name), TABLES[name], rows, commits.generation(snapshot), before)
    left = {file.path for file in after}
    return commits.commit(
        snapshot,
        [file for file in after if file.path not in before],
        {**(marks or {}), **commits.rewriting(snapshot)},
        removed=[file for path, file in before.items() if path not in left],
        about=commits.because(REPAIR, rows=rows.num_rows),
    )


def snapshot_name(snapshot: DeltaTable) -> str:
    """Which table a snapshot is of."""
    return snapshot.table_uri.rstrip("/").rpartition("/")[2]


def some(things: Sequence[object], most: int = 3) -> str:
    """The first of some things, and how many there are more."""
    told = ", ".join(map(str, things[:most]))
    return told if len(things) <= most else f"{told} and {len(things) - most:,} more"
