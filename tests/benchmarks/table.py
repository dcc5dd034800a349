"""A benchmark's table, line by line, and the machine that it was made on."""

from dataclasses import dataclass
from pathlib import Path

HEAD = "| figure | measured | goal | holds |\n|---|---|---|---|"


@dataclass(frozen=True)
class Line:
    """A row of the table: what, how much, and whether its goal holds (None: it has none)."""

    what: str
    value: str
    goal: str = ""
    holds: bool | None = None

    def __str__(self) -> str:
        verdict = "" if self.holds is None else "yes" if self.holds else "**no**"
        return f"| {self.what} | {self.value} | {self.goal} | {verdict} |"


def machine() -> str:
    """The CPU by its model, and how many."""
    told = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in told if line.startswith("model name")]
    return f"{len(models)} cores of {models[0] if models else 'an unnamed CPU'}"
