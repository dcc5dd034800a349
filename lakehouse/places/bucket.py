"""A folder of an S3 object store: every PUT is durable, and a name is taken once with a conditional one.

Address, region and credentials come from the environment (AWS_ENDPOINT_URL, AWS_REGION,
AWS_ACCESS_KEY_ID …), which deltalake reads too; they are in no table.
"""

from collections.abc import Iterator
from functools import cache

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import ObjectStore, from_url
from pyarrow.fs import FileSystem

from lakehouse.places import readahead
from lakehouse.places.folder import Entry, Folder
from lakehouse.problem import BadLake


@cache
def _store(bucket: str) -> ObjectStore:
    """One client, with its connections, for each bucket."""
    return from_url(bucket)


class Bucket(Folder):
    """A prefix of a bucket. There are no folders to make and nothing to sync."""

    def __init__(self, uri: str) -> None:
        scheme, _, rest = uri.partition("://")
        bucket, _, prefix = rest.strip("/").partition("/")
        self._bucket, self._prefix = f"{scheme}://{bucket}", prefix.strip("/")
        self._store = _store(self._bucket)

    @property
    def uri(self) -> str:
        """s3://bucket/prefix."""
        return f"{self._bucket}/{self._prefix}".rstrip("/")

    @property
    def name(self) -> str:
        """The last part of its address."""
        return self.uri.rpartition("/")[2]

    def __truediv__(self, name: str) -> "Bucket":
        return Bucket(f"{self.uri}/{name}")

    def make(self) -> "Bucket":
        """An object store has no folders: there is nothing to make."""
        return self

    def names(self, ending: str = "") -> list[str]:
        """The names below the prefix, files and folders, that end so, sorted.

        Raises:
            BadLake: the bucket cannot be listed.
        """
        try:
            listed = obstore.list_with_delimiter(self._store, self._path(""))
        except BaseError as error:
            rule = f"its bucket cannot be listed: {str(error).splitlines()[0]}"
            raise BadLake(self.uri, rule, "check the bucket's name and the AWS_… variables") from error
        files = [entry["path"] for entry in listed["objects"]]
        found = (path.rstrip("/").rpartition("/")[2] for path in [*files, *listed["common_prefixes"]])
        return sorted(name for name in found if name.endswith(ending))

    def walk(self) -> Iterator[Entry]:
        """Every object below the prefix."""
        start = len(self._path(""))
        for batch in obstore.list(self._store, self._path("")):
            for entry in batch:
                yield Entry(entry["path"][start:], entry["size"], entry["last_modified"])

    def has(self, name: str) -> bool:
        """Whether an object of this name stands here."""
        try:
            obstore.head(self._store, self._path(name))
        except FileNotFoundError:
            return False
        return True

    def size(self, name: str) -> int:
        """An object's bytes; 0 of one that is gone."""
        try:
            return int(obstore.head(self._store, self._path(name))["size"])
        except FileNotFoundError:
            return 0

    def read(self, name: str) -> bytes:
        """An object's content."""
        return bytes(obstore.get(self._store, self._path(name)).bytes())

    def create(self, name: str, data: bytes) -> None:
        """Put an object that is not there yet, or is the same: a lost answer may be asked for again.

        Raises:
            FileExistsError: another one has this name.
        """
        while True:
            try:
                obstore.put(self._store, self._path(name), data, mode="create")
            except AlreadyExistsError as error:
                try:
                    held = self.read(name)
                except FileNotFoundError:
                    continue  # a vacuum took it meanwhile
                if held != data:
                    raise FileExistsError(f"{self.uri}/{name} holds something else") from error
            return

    def replace(self, name: str, data: bytes) -> None:
        """Put other content in an object's place."""
        obstore.put(self._store, self._path(name), data)

    def claim(self, name: str) -> bool:
        """Put an empty object that nobody put before; False where somebody did."""
        try:
            obstore.put(self._store, self._path(name), b"", mode="create")
        except AlreadyExistsError:
            return False
        return True

    def remove(self, name: str) -> None:
        """Delete an object that may already be gone."""
        try:
            obstore.delete(self._store, self._path(name))
        except (FileNotFoundError, NotFoundError):
            return

    def move(self, name: str, to: Folder) -> None:
        """Copy an object that may already be gone to another folder, then delete it here."""
        try:
            to.create(name, self.read(name))
        except FileNotFoundError:
            return
        self.remove(name)

    def sync(self, *names: str) -> None:
        """A PUT is durable once it is answered."""

    def filesystem(self) -> FileSystem:
        """The prefix as pyarrow reads it."""
        return readahead.filesystem(self.uri)

    def _path(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name
