"""Clocks that are set forward and back by an hour, a camera's and the machine's."""

from datetime import timedelta

import batches
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch.compacting.compact import compact
from batch.keeping.recluster import recluster
from batch.keeping.vacuum import vacuum
from batch.rolling.rollup import rollup
from lakehouse import clock
from lakehouse.log import commits
from lakehouse.store import Lake
from lakehouse.tables import LANDED

HOUR = timedelta(hours=1)
RNG = np.random.default_rng(3)


class Clock:
    """A clock that was set forward or back."""

    ahead = timedelta(0)

    def __init__(self):
        self.right = clock.now

    def __call__(self):
        """The time on it."""
        return self.right() + self.ahead


def land(lake, number):
    """Land a batch of a new life of a producer; return its rows by table."""
    made = batches.batch(RNG, ["cam-1"], 5, number, lake.now())
    lake.landing.producer("shard-0").append(made)
    return {table: rows.num_rows for table, rows in made.items()}


STEPS = {
    "compact": compact,
    "recluster": recluster,
    "vacuum": lambda lake: vacuum(lake, keep=timedelta(minutes=30), tables=LANDED),
}


@given(st.lists(st.sampled_from(["land", "land", "forward", "back", *STEPS]), max_size=8))
@settings(max_examples=6, deadline=None)
def test_whatever_the_machines_clock_does_every_row_is_there_once(tmp_path_factory, steps):
    """Landing, compaction, reclustering and vacuum do not rely on a clock that never goes back."""
    machine = Clock()
    lake = Lake.create(tmp_path_factory.mktemp("lake"), machine)
    expected = dict.fromkeys(LANDED, 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", machine)
        patch.setattr(commits, "now", machine)
        for number, step in enumerate(steps):
            machine.ahead += {"forward": HOUR, "back": -HOUR}.get(step, timedelta(0))
            if step == "land":
                for table, rows in land(lake, number).items():
                    expected[table] += rows
            elif step in STEPS:
                STEPS[step](lake)
    assert {table: lake.read(table, fresh=True).num_rows for table in LANDED} == expected


@pytest.mark.parametrize("step_h", [1, -1])
def test_a_camera_whose_clock_is_set_keeps_all_of_its_rows(lake, step_h):
    """Rows of an hour that was there before, or of one that is skipped, are taken in like any others."""
    rows = 0
    for hours in (3, 3 + step_h):
        made = batches.batch(RNG, ["cam-1"], 5, hours, lake.now() - hours * HOUR)
        lake.landing.producer("shard-0").append(made)
        rows += made["looks"].num_rows
        compact(lake)
    rollup(lake)
    assert lake.read("looks").num_rows == rows
    assert lake.read("camera_minutes").num_rows
