"""The rules of the house, held by tests."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
ROOMS = ("lakehouse", "serving", "batch", "forecasting")
MODULES = sorted(path for room in ROOMS for path in (HOUSE / room).rglob("*.py"))
DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc", "core", "base"}
WRITERS = ["write_deltalake(", ".optimize.", ".write_delta(", "create_write_transaction(", ".alter."]
LIVE = [
    "serving.watching.stream",
    "serving.watching.tracker",
    "serving.seeing.detectors.openvino",
    "serving.scaling.shard",
]
REFERENCES = {"tables.py"}  # a list of columns, looked up and not read through
TEXTS = {".py", ".md", ".toml", ".yaml", ".sh", ".txt", ".html", ".json"}


def _imported_by(module: str) -> set[str]:
    code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HOUSE)
    return set(done.stdout.split())


def test_import_contracts_hold():
    """The rooms import one another only as the design allows."""
    command = shutil.which("lint-imports", path=Path(sys.executable).parent)
    done = subprocess.run([command], capture_output=True, text=True, check=False, cwd=HOUSE)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_module_is_a_noun_and_says_what_it_is_for(path):
    """Every module opens with a sentence, is no drawer, and can be read in one sitting."""
    text = path.read_text()
    assert path.stem not in DRAWERS
    assert len(text.splitlines()) <= 400 or path.name in REFERENCES
    assert not text.strip() or ast.get_docstring(ast.parse(text)) or path.name == "__init__.py"


@pytest.mark.parametrize("banned", WRITERS)
def test_only_the_store_commits(banned):
    """Tables change through the one fenced commit and no other way."""
    guilty = [str(path.relative_to(HOUSE)) for path in MODULES if banned in path.read_text()]
    allowed = {
        "create_write_transaction(": ["lakehouse/log/commits.py"],
        ".alter.": ["lakehouse/log/columns.py"],
    }
    assert guilty == allowed.get(banned, [])


@pytest.mark.parametrize(
    "module",
    [
        "serving.watching.stream",
        "serving.watching.tracker",
        "serving.seeing.detectors.openvino",
        "serving.scaling.shard",
    ],
)
def test_the_live_path_loads_no_training_library(module):
    """Watching with the shipped engine loads neither torch nor ultralytics."""
    assert not {"torch", "ultralytics"} & _imported_by(module)


@pytest.mark.parametrize("module", ["lakehouse.store", "lakehouse.synthetic"])
def test_the_lakehouse_loads_no_cluster(module):
    """Reading tables needs neither Ray nor a web server."""
    assert not {"ray", "torch", "ultralytics", "fastapi"} & _imported_by(module)


def test_no_secret_and_no_address_of_a_registry_is_tracked():
    """The project names no package registry and no path of the machine that it was written on."""
    tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True, cwd=HOUSE)
    here = re.escape(str(HOUSE))
    pattern = re.compile(rf"https?://\S*(/simple\b|registry\.)|{here}/")
    texts = [HOUSE / name for name in tracked.stdout.split() if Path(name).suffix in TEXTS]
    guilty = [path.name for path in texts if path != Path(__file__) and pattern.search(path.read_text())]
    assert not guilty
