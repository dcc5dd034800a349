"""A clip that was watched can be replayed without it, with the commands that a user has."""

from datetime import timedelta

import pyarrow.compute as pc
import pytest

from lakehouse import clock
from lakehouse.clock import city_day
from lakehouse.store import Lake


@pytest.mark.data
def test_a_replayed_clip_tells_what_it_told_live(do, videos, tmp_path):
    """Cars that were counted as the clip was watched are counted again from what is stored, and published."""
    lake, today = tmp_path / "lake", city_day(clock.now())
    yesterday = today - timedelta(days=1)
    clip, start = videos / "intel_car-detection.mp4", f"{yesterday}T12:00:50"
    do("serving", "watch", clip, "--fps", "4", "--start", start, "--lake", lake)
    do("batch", "compact", "--lake", lake, "--executor", "local")
    asked = ("--analytic", "traffic", "--since", yesterday, "--until", today)
    said = do("batch", "replay", "--lake", lake, *asked, "--adopt", "--executor", "local")
    assert "published" in said
    rows = Lake.open(lake).read("measures", where=pc.starts_with(pc.field("kind"), "traffic."))
    told = {}
    for row in rows.to_pylist():
        place = row["zone_id"], row["kind"], row["minute"]
        told.setdefault(row["run"], {})[place] = (row["value"], row["sum"], row["n"])
    live, replayed = told.pop("live"), told.popitem()[1]
    assert live == replayed
    assert sum(value for (_, kind, _), (value, _, _) in live.items() if kind == "traffic.flow") > 0
