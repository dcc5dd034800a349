"""A folder does the same on a disk and in an object store."""

import pytest

from lakehouse.places.disk import Disk
from lakehouse.places.places import folder_at
from lakehouse.problem import BadLake


@pytest.fixture(params=["disk", "bucket"])
def folder(request, tmp_path):
    """An empty folder of either kind."""
    if request.param == "disk":
        return Disk(tmp_path / "here").make()
    return folder_at(request.getfixturevalue("bucket"))


def test_what_is_created_is_read_back(folder):
    """A file has its bytes, its size and its name."""
    folder.create("b.arrow", b"bytes")
    folder.create("a.arrow", b"")
    assert folder.read("b.arrow") == b"bytes"
    assert folder.size("b.arrow") == 5
    assert folder.names() == ["a.arrow", "b.arrow"]
    assert folder.names(".parquet") == []


def test_what_is_not_there(folder):
    """A missing file is no file, has no bytes, and cannot be read."""
    assert not folder.has("x")
    assert folder.size("x") == 0
    with pytest.raises(FileNotFoundError):
        folder.read("x")
    folder.remove("x")
    folder.move("x", folder / "other")
    assert (folder / "other").names() == []


def test_creating_the_same_again_is_no_error(folder):
    """Whoever lost the answer to a write may write again."""
    folder.create("a", b"1")
    folder.create("a", b"1")
    assert folder.read("a") == b"1"


def test_a_file_is_replaced(folder):
    """Where it is meant, other content takes a file's place."""
    folder.create("a", b"1")
    folder.replace("a", b"2")
    assert folder.read("a") == b"2"


def test_a_name_is_claimed_once(folder):
    """Of two who claim a name one gets it."""
    assert folder.claim("e1")
    assert not folder.claim("e1")


def test_a_moved_file_is_there_and_no_longer_here(folder):
    """Moving takes a file to another folder under the same name."""
    folder.create("a", b"1")
    folder.move("a", folder / "aside")
    assert not folder.has("a")
    assert (folder / "aside").read("a") == b"1"


def test_walking_finds_every_file_below(folder):
    """Paths are told from the folder on, with bytes and age."""
    folder.create("a", b"1")
    (folder / "day=2026-11-23").make().create("b", b"22")
    found = {entry.path: entry.bytes for entry in folder.walk()}
    assert found == {"a": 1, "day=2026-11-23/b": 2}
    assert all(entry.changed.tzinfo for entry in folder.walk())


def test_pyarrow_reads_the_folder(folder):
    """What was created is seen through the folder's file system."""
    folder.create("a", b"bytes")
    assert folder.filesystem().open_input_file("a").read() == b"bytes"


def test_names_are_those_of_the_folder_only(folder):
    """A file deeper down is not listed, its folder is."""
    (folder / "deep").make().create("a", b"1")
    folder.create("b", b"1")
    assert folder.names() == ["b", "deep"]


def test_a_bucket_refuses_to_overwrite(bucket):
    """An object of another content is never replaced."""
    folder = folder_at(bucket)
    folder.create("a", b"1")
    with pytest.raises(FileExistsError):
        folder.create("a", b"2")


@pytest.mark.usefixtures("bucket")
def test_a_bucket_that_is_not_there_is_named():
    """A misspelt bucket is an error that says where to look."""
    with pytest.raises(BadLake, match="no-such-bucket"):
        folder_at("s3://no-such-bucket/lake").names()
