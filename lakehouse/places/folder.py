"""Where the files of a lake lie: a folder of a disk, or of an object store; the same either way."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pyarrow.fs import FileSystem

TEMPORARY = "_tmp-"
"""How the name of a file begins while it is written."""


@dataclass(frozen=True)
class Entry:
    """A file below a folder: its path from there, its bytes, and when it was last written."""

    path: str
    bytes: int
    changed: datetime


class Folder(ABC):
    """A folder whose every operation is atomic, and durable on return."""

    @property
    @abstractmethod
    def uri(self) -> str:
        """A path, or s3://bucket/path."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The last part of its address."""

    @abstractmethod
    def __truediv__(self, name: str) -> "Folder": ...

    @abstractmethod
    def make(self) -> "Folder":
        """Make the folder and those above it; return it."""

    @abstractmethod
    def names(self, ending: str = "") -> list[str]:
        """The names in the folder that end so, sorted; none where there is no folder."""

    @abstractmethod
    def walk(self) -> Iterator[Entry]:
        """Every file in the folder and below it, those that are being written too."""

    @abstractmethod
    def has(self, name: str) -> bool:
        """Whether a file of this name stands here."""

    @abstractmethod
    def size(self, name: str) -> int:
        """A file's bytes; 0 of one that is gone."""

    @abstractmethod
    def read(self, name: str) -> bytes:
        """A file's content.

        Raises:
            FileNotFoundError: there is none.
        """

    @abstractmethod
    def create(self, name: str, data: bytes) -> None:
        """Write a file, whole or not at all; one of the same name holds the same.

        Raises:
            DiskFull: the disk's reserve would be touched; nothing was written.
        """

    @abstractmethod
    def replace(self, name: str, data: bytes) -> None:
        """Put other content in a file's place, whole or not at all.

        Raises:
            DiskFull: the disk's reserve would be touched; the file is as it was.
        """

    @abstractmethod
    def claim(self, name: str) -> bool:
        """Make an empty file that nobody made before; False where somebody did."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Delete a file that may already be gone; `sync` makes it durable."""

    @abstractmethod
    def move(self, name: str, to: "Folder") -> None:
        """Move a file that may already be gone into another folder under the same name."""

    @abstractmethod
    def sync(self, *names: str) -> None:
        """Make these files, and what the folder lists, survive a power cut."""

    @abstractmethod
    def filesystem(self) -> FileSystem:
        """The folder as pyarrow reads it."""
