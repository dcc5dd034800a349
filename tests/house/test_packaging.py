"""What a newcomer's machine installs, and what is shipped to it."""

import hashlib
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

HOUSE = Path(__file__).parents[2]
PROJECT = tomllib.loads((HOUSE / "pyproject.toml").read_text())["project"]
PINNED = dict(line.split("==") for line in (HOUSE / "constraints.txt").read_text().split())
CARDS = sorted((HOUSE / "serving" / "seeing" / "models").glob("*.json"))
REQUIRED = [Requirement(text) for text in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]]


def _normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_dependency_is_pinned_within_its_range():
    """A fresh machine gets the versions that the tests ran with."""
    pinned = {_normal(name): version for name, version in PINNED.items()}
    missing = [str(one) for one in REQUIRED if pinned.get(_normal(one.name)) not in one.specifier]
    assert not missing


def test_licence_is_the_one_that_the_detector_asks_for():
    """The product is AGPL-3.0-or-later, as ultralytics' licence requires."""
    assert PROJECT["license"] == "AGPL-3.0-or-later"
    assert "GNU AFFERO GENERAL PUBLIC LICENSE" in (HOUSE / "LICENSE").read_text()


@pytest.mark.parametrize("card", CARDS, ids=lambda path: path.name)
def test_shipped_weights_are_small_and_what_their_card_says(card):
    """Weights of at most 12 MB stand beside a card that names their sha256, and hold no pickle."""
    files = json.loads(card.read_text())["files"]
    paths = {card.with_name(name): digest for name, digest in files.items()}
    assert {hashlib.sha256(path.read_bytes()).hexdigest() for path in paths} == set(paths.values())
    assert sum(path.stat().st_size for path in paths) <= 12 * 2**20
    assert not [path for path in paths if path.suffix in {".pt", ".pth", ".pkl"}]


def test_there_is_a_shipped_model():
    """The product watches as it is installed."""
    assert CARDS


def test_bare_make_lists_the_targets():
    """`make` alone tells what can be made."""
    done = subprocess.run(["make"], capture_output=True, text=True, check=True, cwd=HOUSE)
    assert {"demo", "test", "check", "demo-clean"} <= {line.split()[0] for line in done.stdout.splitlines()}
