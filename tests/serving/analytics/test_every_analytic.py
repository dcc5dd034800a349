"""What holds for each analytic of this installation, also for those that come later."""

import pickle
import subprocess
import sys

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.city.cameras import Purpose
from lakehouse.scenes import LABELS
from lakehouse.store import Lake
from lakehouse.tables import TABLES
from serving.analytic import catalogue, instances, kinds, publish, quantities, rule_versions

THING = st.tuples(st.integers(1, 12), st.sampled_from(LABELS), st.floats(0, 1), st.floats(0.1, 1))
THINGS = st.lists(THING, max_size=12, unique_by=lambda thing: thing[0])
SCENES = st.lists(st.tuples(st.sampled_from([0.5, 1, 7, 31, 95]), THINGS), min_size=1, max_size=40)


def _scenes(scene, script):
    second, scenes = 0.0, []
    for step, things in script:
        second += step
        scenes.append(scene(second, *things))
    return scenes


def _told(analytic, scenes):
    return [output for one in scenes for output in analytic.see(one)]


@given(script=SCENES, cut=st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_moving_a_stream_changes_nothing(scene, camera, script, cut):
    """Wherever a stream is cut, pickled and resumed, what is told is the same."""
    scenes = _scenes(scene, script)
    for number, whole in enumerate(instances(camera)):
        moved = instances(camera)[number]
        before = _told(moved, scenes[:cut])
        moved = pickle.loads(pickle.dumps(moved))  # noqa: S301 - it was made here
        assert _told(whole, scenes) == before + _told(moved, scenes[cut:])
        assert list(whole.end()) == list(moved.end())


@given(script=SCENES)
@settings(max_examples=40, deadline=None)
def test_revisions_of_an_event_are_a_life(scene, camera, script):
    """Each event opens once, never falls in severity, closes once, and keeps its id."""
    scenes = _scenes(scene, [step for step in script for _ in range(8)])
    for analytic in instances(camera):
        lives = {}
        for output in [*_told(analytic, scenes), *analytic.end()]:
            if hasattr(output, "revision"):
                lives.setdefault(output.event_id, []).append(output)
        for life in lives.values():
            assert [event.revision for event in life] == list(range(1, len(life) + 1))
            assert life[0].state == "open"
            assert [event.state for event in life].count("closed") == 1
            assert life[-1].state == "closed"
            assert [event.severity for event in life] == sorted(event.severity for event in life)
            assert life[0].started_at <= life[0].at <= life[-1].at
            assert life[0].started_at <= life[-1].ended_at <= life[-1].at


@given(script=SCENES)
@settings(max_examples=40, deadline=None)
def test_each_minute_is_told_once_and_holds_what_it_says(scene, camera, script):
    """A kind has at most one measure a minute; a mean is its sum over n, a count is its sum."""
    scenes = _scenes(scene, script)
    for analytic in instances(camera):
        measures = [one for one in [*_told(analytic, scenes), *analytic.end()] if hasattr(one, "minute")]
        assert len({(one.kind, one.minute) for one in measures}) == len(measures)
        for one in measures:
            assert one.n > 0
            how = quantities()[one.kind].summed
            assert one.value == pytest.approx(one.sum if how == "sum" else one.sum / one.n)


def test_state_stays_small(scene, camera):
    """After a thousand scenes full of new tracks an analytic holds no more than after a hundred."""
    for analytic in instances(camera):
        sizes = []
        for number in range(1000):
            things = [(100 * number + n, LABELS[n % 6], 0.1 * n, 0.4 + 0.05 * n) for n in range(10)]
            _told(analytic, [scene(0.5 * number, *things)])
            if number in (199, 999):
                sizes.append(len(pickle.dumps(analytic)))
        assert sizes[1] < 1.1 * sizes[0]


def test_a_camera_gets_an_analytic_for_each_zone_of_its_purpose(camera):
    """One instance per analytic and zone; a zone of another purpose has none."""
    made = [(one.kind, one.zone_of_camera.zone_id) for one in instances(camera)]
    assert made == [("crowd", "plaza"), ("tourism", "gate"), ("traffic", "flow"), ("traffic", "road")]
    assert Purpose.NO_PARKING not in {analytic.zone for analytic in catalogue().values()}


def test_kinds_are_the_table_that_everything_reads():
    """Each quantity and each event kind is a row that fits the table, in both languages."""
    rows = kinds()
    assert rows.schema == TABLES["kinds"].schema
    assert rows["kind"].to_pylist() == [
        "crowd.crowding", "crowd.people", "tourism.miscount", "tourism.visits", "tourism.visits_untracked",
        "tourism.visits_variance", "traffic.congestion", "traffic.flow", "traffic.flow_untracked",
        "traffic.flow_variance", "traffic.miscount", "traffic.occupancy", "traffic.speed",
    ]  # fmt: skip
    forecast = [row["kind"] for row in rows.to_pylist() if row["forecast"]]
    assert forecast == ["crowd.people", "tourism.visits", "traffic.flow"]
    for row in rows.to_pylist():
        assert all(row["title"].values())
        assert (row["unit"] is None) == (row["what"] == "event") == (row["summed"] is None)


def test_publishing_twice_makes_one_version(tmp_path):
    """The kinds of an unchanged installation make no new version."""
    lake = Lake.create(tmp_path / "lake")
    assert publish(lake) is not None
    assert publish(lake) is None
    assert lake.read("kinds").num_rows == kinds().num_rows
    assert isinstance(lake.read("kinds"), pa.Table)


def test_event_kinds_have_a_version():
    """Every kind of event is told with the version of its rule."""
    assert set(rule_versions()) == {
        "crowd.crowding", "tourism.miscount", "traffic.congestion", "traffic.miscount",
    }  # fmt: skip


def test_analytics_load_no_engine_and_no_table_library():
    """An analytic is pure: importing all of them loads no cluster, model, web server or table library."""
    code = "import sys; from serving.analytic import catalogue; catalogue(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"ray", "torch", "ultralytics", "fastapi", "deltalake"} & set(done.stdout.split())
