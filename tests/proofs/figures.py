"""Figures of a proof: a table on the screen and, where asked for, in its page of the documents."""

import platform
import re
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from lakehouse import clock

_PLACE = "<!-- {} -->"


def show(title: str, figures: Mapping[str, object], page: Path | None = None) -> None:
    """Print figures; with a page, put them between its comments `title` and `/title` too."""
    rows = {
        **figures,
        "machine": machine(),
        "when": f"{clock.now():%Y-%m-%d %H:%M} UTC",
        "command": _command(),
    }
    table = "\n".join(
        ["| | |", "|---|---|", *(f"| {name} | {_said(value)} |" for name, value in rows.items())]
    )
    sys.stdout.write(f"\n{title}\n{table}\n")
    if page:
        begin, end = _PLACE.format(title), _PLACE.format(f"/{title}")
        between = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        text, found = between.subn(lambda _: f"{begin}\n{table}\n{end}", page.read_text())
        if not found:
            raise SystemExit(
                f"{page} has no place for figures called {title!r}: write {begin} and {end} into it"
            )
        page.write_text(text)


def progress(text: str) -> None:
    """A line that says how far a proof has come."""
    sys.stdout.write(f"  {text}\n")
    sys.stdout.flush()


def machine() -> str:
    """The processor and how many cores of it there are, and the kernel."""
    described = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    names = re.findall(r"model name\s*: (.+)", described)
    name = names[0] if names else platform.processor()
    return f"{name}, {len(names)} cores, {platform.system()} {platform.release().partition('-')[0]}"


def _said(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _command() -> str:
    return "`" + shlex.join(["python", *sys.argv]) + "`"
