"""The ledger: what producers were told, kept outside the lake, and whether a table holds exactly that."""

import json
import os
import zlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from lakehouse.landing.segments import STAMP

Batch = tuple[str, int, int]
"""Who landed it, in which life, and as which one: producer, epoch, number."""

Share = tuple[str, int, int, str]
"""What one camera has in one batch: producer, epoch, number, camera."""

Tally = dict[Share, tuple[int, int]]
"""How many rows each share has in a table, and the sum of what they hash to."""

_ODD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Violation:
    """A share of a table that is not as it was told; `rows` are those lost, doubled or otherwise wrong."""

    kind: str
    table: str
    share: Share
    rows: int

    def __str__(self) -> str:
        return f"{self.kind}: {self.rows} rows of {'/'.join(map(str, self.share))} in {self.table}"


@dataclass
class Book:
    """The ledger as it stood at a moment; what was expected only ever grows, and is shared."""

    expected: dict[str, Tally] = field(default_factory=lambda: defaultdict(dict))
    acknowledged: set[Batch] = field(default_factory=set)
    late: set[Batch] = field(default_factory=set)
    bad: set[str] = field(default_factory=set)
    forgetting: set[str] = field(default_factory=set)
    forgotten: set[str] = field(default_factory=set)
    rows: int = 0
    """Those that were acknowledged."""

    @staticmethod
    def is_in(told: set[str], table: str, share: Share) -> bool:
        """Whether what was told to be forgotten, a camera or a camera in a table, is this share."""
        return not told.isdisjoint({share[3], f"{share[3]} in {table}"})

    def take(self, entry: dict[str, Any]) -> None:
        """Enter one line."""
        if "intend" in entry:
            for table, shares in entry["shares"].items():
                for camera, (rows, total) in shares.items():
                    self.expected[table][(*entry["intend"], camera)] = (rows, total)
        for told in ("acknowledged", "late"):
            if told in entry:
                getattr(self, told).add(tuple(entry[told]))
                self.rows += entry["rows"]
        if "landed_again" in entry:
            self.acknowledged |= self.late
        for told in ("bad", "forgetting", "forgotten"):
            if told in entry:
                getattr(self, told).add(entry[told])

    def copy(self) -> "Book":
        """The same, which stays as it is."""
        sets = {
            name: set(getattr(self, name))
            for name in ("acknowledged", "late", "bad", "forgetting", "forgotten")
        }
        return replace(self, **sets)


class Journal:
    """A file of JSON lines, to which any number of processes append and which each reads on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o644)
        self._read = 0

    def say(self, **entry: object) -> None:
        """Append a line; one that a kill cut off is passed over by whoever reads."""
        os.write(self._file, f"\n{json.dumps(entry)}\n".encode())

    def hear(self) -> list[dict[str, Any]]:
        """What was written to its end since this process, or the one it was forked from, last heard."""
        with self.path.open("rb") as file:
            file.seek(self._read)
            data = file.read()
        data = data[: data.rfind(b"}\n") + 2] if b"}\n" in data else b""
        self._read += len(data)
        return [json.loads(line) for line in data.splitlines() if line.endswith(b"}")]


class Ledger(Journal):
    """The journal of what producers intended and were told."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._book = Book()

    def intend(self, batch: Batch, tables: dict[str, pa.Table]) -> None:
        """Say what a batch holds, before it is handed over."""
        shares = {table: _by_camera(rows) for table, rows in tables.items()}
        self.say(intend=batch, shares=shares)

    def acknowledge(self, batch: Batch, tables: dict[str, pa.Table], *, late: bool = False) -> None:
        """Say that a batch was acknowledged; a late one is due once all were landed again."""
        rows = sum(part.num_rows for part in tables.values())
        self.say(**{"late" if late else "acknowledged": batch, "rows": rows})

    def read(self) -> Book:
        """All that was said so far."""
        for entry in self.hear():
            self._book.take(entry)
        return self._book.copy()


def audit(table: str, rows: pa.Table, before: Book, after: Book) -> list[Violation]:
    """Compare what was read of a table with the ledger as it stood before and after the reading.

    What was acknowledged before must be there, once and unchanged; what was not acknowledged may be
    missing, yet not in part. What was forgotten before must be gone, and nothing else.
    """
    found, expected = tally(rows), after.expected[table]
    wrong = []
    for share, (count, total) in found.items():
        known, known_total = expected.get(share, (0, 0))
        if before.is_in(before.forgotten, table, share):
            wrong.append(Violation("came back", table, share, count))
        elif count > known:
            wrong.append(Violation("twice", table, share, count - known))
        elif after.is_in(after.forgetting, table, share):
            continue
        elif count < known:
            wrong.append(Violation("lost", table, share, known - count))
        elif total != known_total:
            wrong.append(Violation("changed", table, share, count))
    for share, (count, _) in expected.items():
        due = share[:3] in before.acknowledged and not after.is_in(after.forgetting, table, share)
        if due and share not in found:
            wrong.append(Violation("lost", table, share, count))
    return wrong


def tally(rows: pa.Table) -> Tally:
    """How many rows each share has, and the sum of their hashes."""
    hashed = rows.select([*STAMP, "camera_id"]).append_column("hash", pa.array(_hashes(rows)))
    groups = hashed.group_by([*STAMP, "camera_id"]).aggregate([("hash", "count"), ("hash", "sum")])
    columns = [groups[name].to_pylist() for name in (*STAMP, "camera_id", "hash_count", "hash_sum")]
    return {
        share: (count, total)
        for *share, count, total in zip(*columns, strict=True)
        for share in [tuple(share)]
    }


def _by_camera(rows: pa.Table) -> dict[str, tuple[int, int]]:
    hashes, cameras = _hashes(rows), rows["camera_id"].to_pylist()
    counts, totals = Counter(cameras), Counter()
    for camera, one in zip(cameras, hashes.tolist(), strict=True):
        totals[camera] += one
    return {camera: (count, totals[camera]) for camera, count in counts.items()}


def _hashes(rows: pa.Table) -> np.ndarray:
    """A 32-bit hash of each row, over every column but the stamp that landing adds."""
    mixed = np.zeros(rows.num_rows, np.uint64)
    for name in sorted(set(rows.column_names) - set(STAMP)):
        mixed = (mixed ^ _bits(rows[name])) * _ODD
        mixed ^= mixed >> np.uint64(29)
    return (mixed >> np.uint64(16)).astype(np.uint32)


def _bits(column: pa.ChunkedArray) -> np.ndarray:
    """A column's values as 64-bit numbers; NULL is 0."""
    kind = column.type
    if pa.types.is_string(kind):
        encoded = column.combine_chunks().dictionary_encode()
        words = np.array([_crc(word) for word in encoded.dictionary.to_pylist()] or [0], np.uint64)
        return words[encoded.indices.fill_null(0).to_numpy()]
    if pa.types.is_nested(kind):
        return np.array([_crc(value) for value in column.to_pylist()], np.uint64)
    if pa.types.is_floating(kind):
        return column.cast(pa.float64()).fill_null(0.0).to_numpy().view(np.uint64)
    whole = pa.int32() if pa.types.is_date(kind) else pa.int64()
    return column.cast(whole).fill_null(0).to_numpy().astype(np.int64).view(np.uint64)


def _crc(value: object) -> int:
    return zlib.crc32(repr(value).encode())
