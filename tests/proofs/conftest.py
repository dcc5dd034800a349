"""The proofs' own modules stand beside them: they are run by path."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def run_proof():
    """Run a proof as its users do; return its status and what it printed."""
    import os
    import subprocess

    house = Path(__file__).parents[2]

    def run(name, *words):
        path = house / "tests" / "proofs" / name
        environment = {**os.environ, "PYTHONPATH": f"{house}:{os.environ.get('PYTHONPATH', '')}"}
        done = subprocess.run(
            [sys.executable, str(path), *map(str, words)],
            capture_output=True, text=True, check=False, cwd=house, env=environment, timeout=280,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.fixture
def lake(tmp_path):
    """A lake with areas and kinds, and nothing seen yet."""
    import batches

    from lakehouse.store import Lake

    made = Lake.create(tmp_path / "lake")
    batches.found(made)
    return made
