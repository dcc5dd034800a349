"""docs/own-analytic.md, walked: its code becomes a plug-in that counts, is replayed, and is removed."""

import re
from pathlib import Path

import pyarrow.compute as pc
import pytest

from lakehouse.store import Lake

PAGE = (Path(__file__).parents[2] / "docs" / "own-analytic.md").read_text()
CODE, READING = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
ENTRY = re.search(r"^cycling = \"(.*)\"$", PAGE, re.MULTILINE).group(1)
COMMANDS = [
    line.split()
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("python -m")
]


@pytest.fixture(scope="module")
def clip(noisy_clip):
    """Ten seconds of a noisy picture."""
    return noisy_clip(frames=100, rate=10)


@pytest.fixture(scope="module")
def weights(rehearsed):
    """An engine that finds two bicycles and a person in every picture."""
    found = [["bicycle", 0.9, 0.1 + 0.3 * n, 0.3, 0.2 + 0.3 * n, 0.6] for n in range(2)]
    return rehearsed([[*found, ["person", 0.9, 0.7, 0.3, 0.8, 0.6]]])


class Installation:
    """A folder of packages beside the product's, into which some are put and from which they are taken."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()

    def install(self, name, entry, code=None):
        """Put a package there, with its entry point, as an installer does."""
        about = self.folder / f"{name}-1.dist-info"
        about.mkdir()
        about.joinpath("METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        about.joinpath("entry_points.txt").write_text(f"[matakota.analytics]\n{name} = {entry}\n")
        if code is not None:
            self.folder.joinpath(f"{entry.partition(':')[0]}.py").write_text(code)

    def uninstall(self, name):
        """Take it away."""
        about = self.folder / f"{name}-1.dist-info"
        for file in about.iterdir():
            file.unlink()
        about.rmdir()


@pytest.fixture
def walk(run, do, tmp_path, clip, weights):
    """Run the page's command that begins so, on a lake and a clip of our own; return what it printed.

    Compaction and rollup load no analytic: they are done in this process, which has no such package.
    """
    installation = Installation(tmp_path / "site-packages")
    lake = tmp_path / "lake"
    ours = {"my-lake": str(lake), "street.mp4": str(clip)}

    def command(*begins, but=()):
        words = next(words for words in COMMANDS if words[2 : 2 + len(begins)] == [*begins])
        words = [ours.get(word, word) for word in words] + [*but]
        words += ["--weights", str(weights)] if "watch" in words else []
        if begins in {("batch", "compact"), ("batch", "rollup")}:
            return do(*words[2:])
        return run(*words, PYTHONPATH=str(installation.folder))

    Lake.create(lake)
    return command, installation, lake


def _hours(lake, kind):
    """By hour that was seen: how many there were on average while the camera was looked at."""
    where = (pc.field("kind") == kind) & (pc.field("area_id") == "33.74") & (pc.field("coverage") > 0)
    rows = Lake.open(lake).read("area_hours", where=where).sort_by("hour").to_pylist()
    return [row["seen"] / row["coverage"] for row in rows]


def _kinds(lake):
    return {row["kind"]: row["state"] for row in Lake.open(lake).read("kinds").to_pylist()}


@pytest.mark.slow
def test_the_page_is_walked(walk, run):
    """Installed, watched, rolled up, read, replayed, adopted, removed: each step does what the page says."""
    command, installation, lake = walk
    installation.install("cycling", ENTRY, CODE)
    assert "cycling.bicycles" in command("serving", "kinds")
    assert "Bicycles" in command("serving", "watch")
    command("batch", "compact")
    command("batch", "rollup")
    assert _hours(lake, "cycling.bicycles") == [pytest.approx(2, rel=1e-3)]
    assert "33.74" in run("python", "-c", READING.replace("my-lake", str(lake)))
    assert "measures" in command("batch", "replay")
    assert "published" in command("batch", "replay", but=["--adopt"])
    command("batch", "rollup")
    assert _hours(lake, "cycling.bicycles") == [pytest.approx(2, rel=1e-3)]

    installation.uninstall("cycling")
    command("serving", "watch", but=["--start", "2026-11-23T12:00:00+07:00"])
    assert _kinds(lake)["cycling.bicycles"] == "experimental"
    assert "(retired)" in command("serving", "kinds")
    assert _kinds(lake)["cycling.bicycles"] == "retired"
    command("batch", "compact")
    assert "rolled up 2026-11-23" in command("batch", "rollup")
    assert _hours(lake, "cycling.bicycles") == [pytest.approx(2, rel=1e-3)]
    assert _hours(lake, "crowd.people") == [pytest.approx(1, rel=1e-3), pytest.approx(1, rel=1e-3)]


@pytest.mark.slow
def test_broken_packages_take_nothing_down(walk):
    """One that cannot be imported, one of another theme and one that raises: the city is watched."""
    command, installation, lake = walk
    installation.install("gone", "no_such_module:Gone")
    parking = CODE.replace('theme = "traffic"', 'theme = "parking"').replace(
        'kind = "cycling"', 'kind = "park"'
    )
    installation.install("parking", "parking:Cycling", parking)
    raising = CODE.replace("count = float(there.sum())", "count = 1 / int(there.sum() * 0)")
    installation.install("cycling", "cycling:Cycling", raising)
    said = command("serving", "watch")
    assert "no_such_module" in said
    assert "theme = 'parking'" in said
    assert said.count("cycling fails at adhoc-") == 1
    assert "20 looked at" in said
    command("batch", "compact")
    command("batch", "rollup")
    assert _hours(lake, "crowd.people") == [pytest.approx(1, rel=1e-3)]
    assert _hours(lake, "cycling.bicycles") == []
