"""What the README shows is what happens."""

import re
from importlib import import_module
from pathlib import Path

import pytest
from typer.testing import CliRunner

HOUSE = Path(__file__).parents[2]
README = (HOUSE / "README.md").read_text()
SNIPPETS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
VERBS = [
    (room, verb)
    for room, cell in re.findall(r"^\| `(\w+)` \| (`python -m .*?)(?:;.*)? \|$", README, re.MULTILINE)
    for verb in re.findall(r"`(?:python -m \w+ )?(\w+)`", cell)
]


def test_it_says_what_it_is_and_for_whom():
    """Line one says what it is, line three for whom."""
    lines = README.splitlines()
    assert lines[0].startswith("# Matakota: ")
    assert lines[2].startswith("For data scientists")


@pytest.mark.slow
@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_python_snippet_runs(snippet, run, small_lake):
    """A snippet runs as it stands, on a lake that the product made."""
    printed = run("python", "-c", snippet.replace("demo-lake", str(small_lake)))
    assert printed.strip()


@pytest.mark.parametrize(("room", "verb"), VERBS, ids=lambda word: word)
def test_named_command_exists(room, verb):
    """Every command that the README names explains itself."""
    done = CliRunner().invoke(import_module(f"{room}.__main__").app, [verb, "--help"])
    assert (done.exit_code, "--help" in done.stdout) == (0, True)


@pytest.mark.slow
@pytest.mark.parametrize("room", sorted({room for room, _ in VERBS}))
def test_a_room_lists_its_commands(room, run):
    """Each room has its door, and tells what is behind it."""
    said = run("python", "-m", room, "--help")
    assert not [verb for known, verb in VERBS if known == room and verb not in said]


@pytest.mark.parametrize("target", re.findall(r"\]\((?!http)([^)#]+)\)", README))
def test_link_leads_somewhere(target):
    """Every file that the README points at is there."""
    assert (HOUSE / target).exists()
