"""The benchmark of motion, on a few scripts: what is counted is near the truth."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def _bench(*words):
    known = f"{HERE.parents[1]}:{os.environ.get('PYTHONPATH', '')}"
    environment = {**os.environ, "PYTHONPATH": known, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(HERE / "motion.py"), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_pairs_make_two_looks_a_second_enough():
    """Cars at 600 px/s, both ways, are within 5 % of the truth; who turns back counts nothing."""
    told = _bench("--seeds", 4, "--scripts", "cars", "two_ways", "turning", "--rates", 2)
    for line in told.splitlines()[2:]:
        true, pairs = (cell.split(", ") for cell in re.split(r" \| ", line)[1:3])
        assert [float(one) for one in pairs] == pytest.approx([float(one) for one in true], rel=0.05, abs=0.1)


def test_the_fastest_that_is_counted_is_told_for_each_rate():
    """With velocities things are counted that boxes alone lose."""
    told = _bench("--seeds", 2, "--speeds", "--rates", 2)
    pairs, alone = (float(re.search(r": (\d+)", line)[1]) for line in told.splitlines())
    assert pairs > alone
