"""The benchmark of the forecasts, on a tiny set, and where the series are if they are not there."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

HERE = Path(__file__).parent


def _bench(*words):
    known = f"{HERE.parents[1]}:{os.environ.get('PYTHONPATH', '')}"
    environment = {**os.environ, "PYTHONPATH": known, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(HERE / "forecast.py"), *map(str, words)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=HERE.parents[1], env=environment
    )


def test_an_absent_folder_is_told_with_where_the_series_come_from(tmp_path):
    """Each file is named, and the exit code is not 0."""
    done = _bench("--data", tmp_path / "nowhere")
    assert done.returncode != 0
    for word in ("ped_melbourne_hourly", "tourism_comp_monthly", "City of Melbourne"):
        assert word in done.stderr


@pytest.mark.slow
def test_a_set_is_run_against_its_peers_and_each_goal_is_judged(tmp_path):
    """Two short series: the table has every model, and each goal holds or does not."""
    ds = pd.date_range("2020-01-01", periods=260)
    y = np.random.default_rng(0).poisson(100 + 40 * np.sin(np.arange(260) % 7))
    frame = pd.concat([pd.DataFrame({"unique_id": name, "ds": ds, "y": y}) for name in ("a", "b")])
    frame.to_parquet(tmp_path / "mobility_indonesia_daily.parquet")
    done = _bench("--data", tmp_path, "--sets", "mobility_indonesia_daily", "--dear", 1)
    assert done.returncode == 0, done.stderr[-2000:]
    for word in (
        "| blend |",
        "| boosted |",
        "| naive |",
        "| prophet_default |",
        "| prophet_tuned |",
        "| prophet_multiplicative |",
        "below naive",
    ):
        assert word in done.stdout
    assert "holds**" in done.stdout or "does not hold**" in done.stdout
