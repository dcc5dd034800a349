"""One camera, watched twice: what was there is counted once, from the picture to the hours."""

from datetime import UTC, datetime, timedelta

import pyarrow.compute as pc
import pytest

from batch.compacting.compact import compact
from batch.rolling.quality import quality
from batch.rolling.rollup import rollup
from lakehouse.checks.overlaps import overlaps
from lakehouse.checks.standing import Standing
from lakehouse.store import Lake
from serving.watching.watch import watch

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
NOW = START + timedelta(days=1)


@pytest.fixture(scope="module")
def clip(noisy_clip):
    """A minute of a noisy picture, two frames a second."""
    return noisy_clip(frames=120, rate=2)


@pytest.fixture(scope="module")
def weights(rehearsed):
    """An engine with a script: four cars drive down the picture, one after the other."""
    drive = [[["car", 0.8, 0.5, low - 0.15, 0.7, low]] for low in (0.3, 0.45, 0.6, 0.75, 0.9)]
    return rehearsed([*(drive + [[]] * 10) * 4, *[[]] * 60])


def told(lake):
    """What is known of the flow after a compaction and a rollup: its sum, the minutes and the coverage."""
    compact(lake)
    rollup(lake, NOW)
    where = (pc.field("kind") == "traffic.flow") & pc.field("value").is_valid()
    minutes = lake.read("camera_minutes", where=where).sort_by("minute")
    leaf = (pc.field("kind") == "traffic.flow") & pc.starts_with(pc.field("area_id"), "camera:")
    hours = lake.read(
        "area_hours", where=leaf & (pc.field("seen") > 0), columns=["hour", "seen", "value", "coverage"]
    )
    frames = [one.frames for one in quality(lake)[1]]
    return pc.sum(minutes["value"]).as_py(), minutes.to_pylist(), hours.to_pylist(), frames


@pytest.mark.slow
def test_a_clip_that_is_watched_twice_counts_once(clip, weights, tmp_path):
    """Watching a file again changes no minute, no hour and no event, and check tells of it."""
    root = str(tmp_path / "lake")
    watch(str(clip), root, weights=weights, start=START)
    lake = Lake.open(root, lambda: NOW)
    once = told(lake)
    assert once[0] == 4.0
    assert not overlaps(Standing(Lake.as_is(root)))
    events = lake.events().num_rows
    watch(str(clip), root, weights=weights, start=START)
    assert told(lake) == once
    assert lake.events().num_rows == events
    watch(str(clip), root, weights=weights, start=START + timedelta(seconds=30))
    assert told(lake)[0] >= 4.0
    (line, *more) = overlaps(Standing(Lake.as_is(root)))
    assert "-e000002 beside watch-" in line
    assert "2026-11-23 10:00 to 2026-11-23 10:01" in line
    assert len(more) == 1
