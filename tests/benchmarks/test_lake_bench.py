"""The lake's benchmark computes figures, whatever they are."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.ray
@pytest.mark.slow
def test_the_benchmark_measures_every_figure(tmp_path):
    """At a small size each line of the table has a figure above zero, and the page says how it was made."""
    page = tmp_path / "bench.md"
    words = [sys.executable, HERE / "lake.py", "--rows", "48000", "--rounds", "1", "--commits-a-day", "2"]
    done = subprocess.run(
        [*words, "--place", tmp_path, "--write", page],
        capture_output=True,
        text=True,
        check=False,
        cwd=HERE.parents[1],
        env=None,
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split(" | ") for line in page.read_text().splitlines() if re.match(r"\| .* \| \d", line)]
    assert len(lines) == 15
    assert all(float(re.match(r"[\d.]+", line[1])[0]) > 0 for line in lines)
    assert "--rows 1000000" in page.read_text()
