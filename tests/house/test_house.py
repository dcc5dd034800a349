"""The house has room: no folder is crowded, tests lie as modules do, and one page shows it all."""

import re
import tomllib
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
ROOMS = ("lakehouse", "serving", "batch", "forecasting")
MOST_MODULES = 14
ONE_THING = {"lakehouse/synthetic", "serving/paint"}
"""The synthetic city and its painter: many files, each one thing."""

PAGE = (HOUSE / "docs" / "house.md").read_text()
PAGES = [*HOUSE.glob("*.md"), *(HOUSE / "docs").rglob("*.md")]
CONTRACTS = tomllib.loads((HOUSE / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
LAYERS = {one["containers"][0]: one["layers"] for one in CONTRACTS if one["type"] == "layers"}


def folders(of):
    """The packages of a room, by their path from the house; the room itself first."""
    found = sorted(path.parent for path in (HOUSE / of).rglob("__init__.py"))
    return [path.relative_to(HOUSE) for path in found]


def modules(folder):
    """The modules of a folder that a reader sees."""
    return [path for path in (HOUSE / folder).glob("*.py") if not path.name.startswith("__")]


@pytest.mark.parametrize("folder", [str(one) for room in ROOMS for one in folders(room)])
def test_no_folder_is_crowded(folder):
    """A folder can be taken in at a glance."""
    assert folder in ONE_THING or len(modules(folder)) <= MOST_MODULES


@pytest.mark.parametrize("room", ROOMS)
def test_tests_lie_as_the_modules_lie(room):
    """A test that is named after one module lies in the folder of tests that mirrors the module's."""
    homes = {}
    for folder in folders(room):
        for module in modules(folder):
            homes.setdefault(module.stem, set()).add(folder)
    for path in (HOUSE / "tests" / room).rglob("test_*.py"):
        mirrored = path.parent.relative_to(HOUSE / "tests")
        assert (HOUSE / mirrored).is_dir(), f"{path} mirrors no folder"
        home = homes.get(path.stem.removeprefix("test_"), {mirrored}) if modules(mirrored) else {mirrored}
        assert any(mirrored in (one, *one.parents) for one in home), path


@pytest.mark.parametrize("room", ROOMS)
def test_every_wing_has_its_layer(room):
    """A wing that no contract knows would stand outside of the order."""
    known = {name.strip() for layer in LAYERS[room] for name in re.split("[:|]", layer)}
    wings = {path.name for path in (HOUSE / room).iterdir() if path.is_dir() and any(path.glob("*.py"))}
    single = {module.stem for module in modules(room)}
    assert wings <= known
    assert single <= known


@pytest.mark.parametrize("room", ROOMS)
def test_the_page_draws_every_wing(room):
    """The drawing names each folder of each room, in the order of its layers."""
    drawing = PAGE.split("```")[1]
    wings = [path.name for path in folders(room)[1:]]
    assert not [wing for wing in wings if not re.search(rf"\b{wing}\b", drawing)]


@pytest.mark.parametrize(
    "page", [*HOUSE.glob("*.md"), *(HOUSE / "docs").rglob("*.md")], ids=lambda path: path.name
)
def test_pages_name_only_what_is_there(page):
    """A path or a module of the house that a page names exists."""
    text = re.sub(r"https?://\S+", "", page.read_text())
    for path in re.findall(rf"(?<![\w/.-])((?:{'|'.join(ROOMS)}|tests|docs)/[\w/.-]*\w)", text):
        assert (HOUSE / path).exists(), path
    for name in re.findall(rf"`((?:{'|'.join(ROOMS)})(?:\.[a-z_]+)+)", text):
        parts = name.split(".")
        found = [HOUSE.joinpath(*parts[:end]) for end in range(len(parts), 1, -1)]
        assert any(one.is_dir() or one.with_suffix(".py").is_file() for one in found), name
