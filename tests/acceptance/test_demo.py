"""The demo's commands that need no cluster, on a small lake: on any day they do their work."""

import shutil
from datetime import timedelta

import pyarrow.compute as pc
import pytest

from lakehouse import clock
from lakehouse.store import Lake


@pytest.mark.slow
def test_the_demo_s_way_needs_no_certain_day(do, small_lake, tmp_path):
    """What was just landed is rolled up, forecast from the running hour on, compared, checked and told."""
    lake, began = shutil.copytree(small_lake, tmp_path / "lake"), clock.now()
    for room, *words in (
        ("batch", "compact", "--executor", "local"),
        ("batch", "rollup"),
        ("forecasting", "run", "--executor", "local", "--areas", "33.74", "--kinds", "tourism.visits"),
        ("forecasting", "unusual"),
        ("forecasting", "report", "--out", tmp_path / "report"),
    ):
        do(room, *words, "--lake", lake)
    assert " broken" not in do("lakehouse", "check", "--lake", lake)
    told = Lake.open(lake).read("forecasts", where=pc.field("area_id") == "33.74")
    first, last = (bound(told["at"]).as_py() for bound in (pc.min, pc.max))
    assert began - timedelta(hours=1) < first <= clock.now()
    assert last - first >= timedelta(days=6)
    hours = Lake.open(lake).read("area_hours", where=pc.field("area_id") == "33.74")
    assert pc.max(hours["hour"]).as_py() > began - timedelta(hours=2)
