"""What the README shows is what happens."""

import re
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_python_snippet_runs(snippet, run, small_lake):
    """A snippet runs as it stands, on a lake that the product made."""
    printed = run("python", "-c", snippet.replace("demo-lake", str(small_lake)))
    assert printed.strip()


@pytest.mark.parametrize(("room", "verb"), VERBS, ids=lambda word: word)
def test_named_command_exists(room, verb, run):
    """Every command that the README names explains itself."""
    assert "--help" in run("python", "-m", room, verb, "--help")


@pytest.mark.parametrize("target", re.findall(r"\]\((?!http)([^)#]+)\)", README))
def test_link_leads_somewhere(target):
    """Every file that the README points at is there."""
    assert (HOUSE / target).exists()
