"""A table as a Ray Dataset: the rows that are asked for, from the files that can hold them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from batch.executor import connect
from lakehouse.log.listing import listed
from lakehouse.log.reading import Reading
from lakehouse.store import Lake

if TYPE_CHECKING:
    from ray.data import Dataset

BLOCK_BYTES = 64 * 2**20
"""Of compressed files, about so much is read by one task and makes one block."""

PARTITIONS = 4
"""Into so many parts a join or a grouping cuts its rows; Ray's own default is 200, each a process."""


def dataset(
    lake: Lake,
    table: str,
    *,
    columns: Sequence[str] | None = None,
    days: Collection[date] | None = None,
    where: pc.Expression | None = None,
) -> "Dataset":
    """The rows of a table as it stands now, as far as it is compacted, for Ray Data to go on with.

    Only files that the table's newest version holds are read, and of these only such as may have rows of the
    days and for the condition by what the log says of them.

    Args:
        lake: the lake.
        table: its name.
        columns: those wanted; all by default.
        days: local dates, of a table that has a column `day`; all by default.
        where: which rows, such as `pc.field("kind") == "traffic.flow"`.

    Raises:
        SmallCluster: no CPU is free for it.
    """
    import ray  # noqa: PLC0415 - whoever does without Ray does not load it

    connect()
    ray.data.DataContext.get_current().default_hash_shuffle_parallelism = PARTITIONS
    snapshot = lake.table(table)
    if days is not None:
        of_days = pc.field("day").isin(pa.array(sorted(days), pa.date32()))
        where = of_days if where is None else of_days & where
    wanted = Rows(lake.root, table, snapshot.version(), None if columns is None else tuple(columns), where)
    sizes = {one.file.path: one.file.size for one in listed(snapshot)}
    blocks = _blocks({path: sizes[path] for path in wanted.paths()})
    if not blocks:
        return ray.data.from_arrow(wanted.read({"paths": ()}))
    found = ray.data.from_items([{"paths": paths} for paths in blocks], override_num_blocks=len(blocks))
    return found.map_batches(wanted.batch, batch_size=1, batch_format="pyarrow")


@dataclass(frozen=True)
class Rows:
    """What is wanted of a table at a version."""

    root: str
    table: str
    version: int
    columns: tuple[str, ...] | None
    where: pc.Expression | None

    def paths(self) -> list[str]:
        """The files that may hold such rows."""
        return [one.path for one in self._stored().get_fragments(filter=self.where)]

    def batch(self, block: pa.Table) -> pa.Table:
        """The rows of the files that a block names."""
        return self.read(block.to_pylist()[0])

    def read(self, block: dict[str, Collection[str]]) -> pa.Table:
        """The rows of some files, in the columns that were asked for."""
        stored, paths = self._stored(), set(block["paths"])
        fragments = [one for one in stored.get_fragments() if one.path in paths]
        files = ds.FileSystemDataset(fragments, stored.schema, stored.format, stored.filesystem)
        return files.to_table(columns=self.columns and list(self.columns), filter=self.where)

    def _stored(self) -> ds.FileSystemDataset:
        return Reading(Lake(self.root).table(self.table, self.version)).stored()


def _blocks(sizes: dict[str, int]) -> list[list[str]]:
    """The files in their order, so many together as make up a block."""
    blocks: list[list[str]] = []
    held = BLOCK_BYTES
    for path, size in sorted(sizes.items()):
        if held >= BLOCK_BYTES:
            blocks.append([])
            held = 0
        blocks[-1].append(path)
        held += size
    return blocks
