"""What of an installation is handed out, and what is not."""

import io
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

import pytest

from serving.api.manners.published import HOUSE, ROOMS, published

STRAY = (
    "serving/.env", "serving/secrets.json", "serving/key.pem", "serving/mine.yaml", "serving/app.py~",
    "serving/.#app.py", "serving/#app.py#", "serving/app.py.orig", "serving/web/.env",
    "serving/web/notes.bak",
    "serving/seeing/models/yard.pt", "lakehouse/city/cameras.csv.swp", "serving/my-lake/lake.json",
    "serving/venv/lib/thing.py", "serving/__pycache__/app.cpython-311.pyc", "batch/.idea/workspace.xml",
)  # fmt: skip
"""What people's tools and haste leave in a folder."""


@pytest.fixture
def house(tmp_path):
    """A copy of the rooms, with what lies about in one that is lived in."""
    for room in ROOMS:
        shutil.copytree(HOUSE / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HOUSE / "pyproject.toml", tmp_path)
    for name in STRAY:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("secret")
    (tmp_path / "serving" / "linked.py").symlink_to("/etc/hostname")
    (tmp_path / "serving" / "elsewhere").symlink_to(tmp_path / "batch")
    return tmp_path


def test_what_lies_about_is_not_published(house):
    """Hidden, linked, backed up, secret and other strangers' files stay where they are."""
    found = {str(path) for path in published(house)}
    assert not found & {*STRAY, "serving/linked.py"}
    assert not [path for path in found if "elsewhere" in path or "venv" in path]
    assert {"serving/app.py", "serving/web/main.js", "lakehouse/city/areas.csv", "pyproject.toml"} <= found


def test_all_that_is_tracked_is_published():
    """The archive of a checkout holds exactly what is tracked in the rooms."""
    listed = subprocess.run(
        ["git", "ls-files", *ROOMS], cwd=HOUSE, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("this is no checkout")
    tracked = {Path(line) for line in listed.stdout.splitlines() if (HOUSE / line).exists()}
    assert {path for path in published() if path.parts[0] in ROOMS and path in tracked} == tracked


def test_the_archive_is_left_nowhere(reading):
    """Asked for twice, the source is the same zip, and no file of it lies in the temporary folder."""
    before = set(Path(tempfile.gettempdir()).glob("*.zip"))
    first, second = reading.get("/source"), reading.get("/source")
    assert first.content == second.content
    names = zipfile.ZipFile(io.BytesIO(first.content)).namelist()
    assert {Path(name) for name in names} == published()
    assert set(Path(tempfile.gettempdir()).glob("*.zip")) == before


def test_the_page_is_no_way_to_what_lies_beside_it(reading):
    """Only the page's own files are served, however their address is written."""
    for path in ("/web/../settings.py", "/web/%2e%2e/settings.py", "/web/", "/web/elements", "/web/.env"):
        assert reading.get(path).status_code == 404, path
    assert reading.get("/web/elements/hex-map.js").status_code == 200
