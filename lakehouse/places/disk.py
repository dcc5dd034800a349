"""A folder of a disk: files written whole or not at all, and durable once a call returns."""

import errno
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
from pyarrow.fs import LocalFileSystem, SubTreeFileSystem

from lakehouse.places.folder import TEMPORARY, Entry, Folder
from lakehouse.problem import DiskFull

MIB = 2**20


def reserve_bytes(disk_bytes: int) -> int:
    """How much of a disk is left alone: 5 % of it, at least 256 MiB, at most 5 GiB."""
    return min(max(disk_bytes // 20, 256 * MIB), 5 * 1024 * MIB)


class Disk(Folder):
    """A folder of a file system whose every operation is atomic and synced.

    `reserve_share` is how much of the disk's reserve this folder leaves alone: what frees the disk (the
    tables, into which segments are emptied) must still be written when what fills it is refused.
    """

    def __init__(self, path: str | Path, *, reserve_share: float = 1.0) -> None:
        self.path = Path(path)
        self.reserve_share = reserve_share

    @property
    def uri(self) -> str:
        """The folder's path."""
        return str(self.path)

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.name

    def __truediv__(self, name: str) -> "Disk":
        return Disk(self.path / name, reserve_share=self.reserve_share)

    def make(self) -> "Disk":
        """Make the folder and those above it; return it."""
        if not self.path.is_dir():
            above = Disk(self.path.parent).make()
            self.path.mkdir(exist_ok=True)
            above.sync()
        return self

    def names(self, ending: str = "") -> list[str]:
        """The names in the folder that end so, sorted; none where there is no folder."""
        if not self.path.is_dir():
            return []
        found = (entry.name for entry in os.scandir(self.path))
        return sorted(name for name in found if name.endswith(ending) and not name.startswith(TEMPORARY))

    def has(self, name: str) -> bool:
        """Whether a file of this name stands here."""
        return (self.path / name).exists()

    def size(self, name: str) -> int:
        """A file's bytes; 0 of one that is gone."""
        try:
            return (self.path / name).stat().st_size
        except FileNotFoundError:
            return 0

    def read(self, name: str) -> bytes:
        """A file's content."""
        return (self.path / name).read_bytes()

    def walk(self) -> Iterator[Entry]:
        """Every file in the folder and below it, those that are being written too."""
        for place, _, names in os.walk(self.path):
            for name in names:
                path = Path(place) / name
                try:
                    told = path.stat()
                except FileNotFoundError:
                    continue
                changed = datetime.fromtimestamp(told.st_mtime, UTC)
                yield Entry(path.relative_to(self.path).as_posix(), told.st_size, changed)

    def filesystem(self) -> pa.fs.FileSystem:
        """The folder as pyarrow reads it."""
        return SubTreeFileSystem(str(self.path), LocalFileSystem())

    def create(self, name: str, data: bytes) -> None:
        """Write a file: to a temporary name, synced, then renamed, then the folder synced.

        Raises:
            DiskFull: the disk's reserve would be touched; nothing was written.
        """
        self._refuse_when_full(len(data))
        temporary = self.path / f"{TEMPORARY}{uuid4().hex}-{name}"
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(self.path / name)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise self._full(0, len(data)) from error
            raise
        self.sync()

    def replace(self, name: str, data: bytes) -> None:
        """Put other content in a file's place; a rename does it at once."""
        self.create(name, data)

    def claim(self, name: str) -> bool:
        """Make an empty file that nobody made before; False where somebody did."""
        try:
            os.close(os.open(self.path / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            return False
        self.sync(name)
        return True

    def remove(self, name: str) -> None:
        """Delete a file that may already be gone; `sync` makes it durable."""
        (self.path / name).unlink(missing_ok=True)

    def move(self, name: str, to: "Folder") -> None:
        """Move a file that may already be gone into another folder under the same name."""
        try:
            (self.path / name).rename(Path(to.make().uri) / name)
        except FileNotFoundError:
            return
        to.sync()
        self.sync()

    def sync(self, *names: str) -> None:
        """Make these files, and what the folder lists, survive a power cut."""
        for path in (*(self.path / name for name in names), self.path):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _refuse_when_full(self, needed: int) -> None:
        disk = shutil.disk_usage(self.path)
        if disk.free - needed < reserve_bytes(disk.total) * self.reserve_share:
            raise self._full(disk.free, needed)

    def _full(self, free: int, needed: int) -> DiskFull:
        return DiskFull(
            str(self.path),
            f"{needed} bytes do not fit: {free // MIB} MiB are free, and a reserve is left alone",
            "free space on the disk; writing goes on by itself",
        )
