"""Data files that are not as the log says: it is told what they hold, or they are taken out."""

from collections.abc import Iterator
from functools import partial

import pyarrow as pa
from deltalake import DeltaTable

from lakehouse.checks import files
from lakehouse.checks.standing import Standing
from lakehouse.log import commits, datafiles
from lakehouse.log.commits import StaleSnapshotError
from lakehouse.log.datafiles import DataFile
from lakehouse.log.listing import Listed, listed
from lakehouse.problem import BrokenLake
from lakehouse.repairs.mending import REPAIR, Mend, fragments, rows_of, snapshot_name
from lakehouse.store import Lake
from lakehouse.tables import TABLES


def differing(standing: Standing) -> Iterator[Mend]:
    """One mend for each file that is not as the log says."""
    for name, table in TABLES.items():
        snapshot = standing.tables[name]
        stored = {file.path: file for file in fragments(snapshot)}
        for told in standing.follow(listed(snapshot), f"files of {name}"):
            path = told.file.path
            try:
                files.compare(standing, table, told, stored[path])
            except (FileNotFoundError, BrokenLake) as problem:
                what = str(problem) if isinstance(problem, BrokenLake) else f"{name}/{path}: it is not there"
                yield _mend(standing.lake, name, told, what.rpartition("; ")[0] or what)


def _mend(lake: Lake, name: str, told: Listed, what: str) -> Mend:
    path = told.file.path
    if _described(lake, lake.table(name), path):
        return Mend(what, "tells the log what the file holds", partial(_tell, lake, name, path))
    loses = f"{told.rows:,} rows of {name}: put the file back from a copy first, if there is one"
    return Mend(what, "takes the file out of the table", partial(_take_out, lake, name, path), loses)


def _described(lake: Lake, snapshot: DeltaTable, path: str) -> DataFile | None:
    """A file as the log should have it; None where it is not the one that was written, by its name."""
    name = snapshot_name(snapshot)
    try:
        (file,) = (one for one in fragments(snapshot) if one.path == path)
        made = datafiles.described(TABLES[name], rows_of(name, file), path)
    except (pa.ArrowException, OSError, ValueError):
        return None
    return made if made and lake.folder(name).size(path) == made.size else None


def _tell(lake: Lake, name: str, path: str) -> None:
    """Take the file in once more, with what it holds: the log's last word on a path counts."""
    while True:
        snapshot = lake.table(name)
        made, about = _described(lake, snapshot, path), commits.because(REPAIR, path=path)
        try:
            if made:
                commits.commit(snapshot, [made], commits.rewriting(snapshot), about=about)
        except StaleSnapshotError:
            continue
        return


def _take_out(lake: Lake, name: str, path: str) -> None:
    while True:
        snapshot = lake.table(name)
        gone, about = _named(snapshot, path), commits.because(REPAIR, path=path)
        try:
            if gone:
                commits.commit(snapshot, (), commits.rewriting(snapshot), removed=gone, about=about)
        except StaleSnapshotError:
            continue
        return


def _named(snapshot: DeltaTable, path: str) -> list[DataFile]:
    return [one.file for one in listed(snapshot) if one.file.path == path]
