"""Opening a folder by its address."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from lakehouse.places.disk import Disk
from lakehouse.places.folder import Folder
from lakehouse.problem import BadLake


def folder_at(address: str | Path, *, reserve_share: float = 1.0) -> Folder:
    """The folder at a path, a file:// address or an s3:// address.

    Args:
        address: of the folder, which need not be there.
        reserve_share: of a disk: how much of its reserve is left alone.

    Raises:
        BadLake: the address is of another kind.
    """
    text = str(address)
    if text.startswith(("s3://", "s3a://")):
        from lakehouse.places.bucket import Bucket  # noqa: PLC0415 - a lake on a disk needs no client of an object store

        return Bucket(text)
    if text.startswith("file://"):
        text = unquote(urlsplit(text).path)
    if "://" in text:
        raise BadLake(text, "a lake lies in a folder or in an S3 bucket", "name a path, or s3://bucket/path")
    return Disk(Path(text).absolute(), reserve_share=reserve_share)
