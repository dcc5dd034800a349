"""A lake of the first release, and the next one, to be imported by the tests and to be run as a program."""

import sys
import tarfile
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))


@pytest.fixture(scope="session")
def first_release(tmp_path_factory):
    """A lake of two cameras that the first release made, with batches in landing and a late one."""
    folder = tmp_path_factory.mktemp("first")
    with tarfile.open(HERE / "format-1.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "lake"
