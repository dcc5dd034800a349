"""The benchmark of seeing computes figures, whatever they are."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
HOUSE = HERE.parents[1]
DATA = Path(os.environ.get("MATAKOTA_DATA", HOUSE.parent / "shared" / "data"))


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.skipif(not (DATA / "videos").is_dir(), reason="no real clips here")
def test_the_benchmark_measures_every_figure(tmp_path):
    """With few looks each line of the table has a figure, and the page says how it was made."""
    page = tmp_path / "bench.md"
    words = [sys.executable, HERE / "detect.py", "--looks", "4", "--write", page]
    environment = os.environ | {"PYTHONPATH": f"{HOUSE}:{os.environ.get('PYTHONPATH', '')}"}
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=HOUSE, env=environment)
    assert done.returncode == 0, done.stderr
    lines = [line.split(" | ") for line in page.read_text().splitlines() if re.match(r"\| .* \| \d", line)]
    assert len(lines) == 8
    assert "over 4 looks" in page.read_text()
