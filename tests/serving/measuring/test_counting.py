"""A line's minutes: tracks count where they are sure, speeds where they are not, and each says so."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from lakehouse.scenes import Event, unmeasured
from serving.measuring.counting import Counting, Streaming
from serving.measuring.crossing import Passing


def _counting(road, *, both=True, **streaming):
    how = Streaming(**({"recall": 1 - road.missed} | streaming))
    return Counting(road.camera, road.zone, "traffic.flow", Passing(), how, both=both)


def _told(counting, scenes):
    told = [one for scene in scenes for one in counting.see(scene, np.ones(len(scene), np.bool_))]
    return [*told, *counting.end()]


def _sums(told):
    sums = {}
    for one in told:
        if not isinstance(one, Event):
            sums[one.kind] = sums.get(one.kind, 0.0) + one.sum
    return sums


def test_slow_traffic_stays_counted_by_tracks(street):
    """What moves less than its size between two looks is counted by its tracks, in whole numbers."""
    road = street(1, (100, -100), seconds=260.0)
    sums = _sums(_told(_counting(road), road.scenes(1, 2, 120, tracked=True)))
    assert sums["traffic.flow"] == pytest.approx(road.truth(60, 180).sum(), rel=0.1)
    assert sums["traffic.flow"] % 1 == 0
    assert sums["traffic.flow_untracked"] == sums["traffic.flow_variance"] == 0


def test_fast_traffic_is_counted_by_its_speed(street):
    """What moves many sizes between two looks is as much as there is, within the error that is told."""
    road = street(2, (700, -700), seconds=260.0, gap_s=2.0)
    sums = _sums(_told(_counting(road), road.scenes(1, 2, 120, tracked=True)))
    error = np.sqrt(sums["traffic.flow_variance"])
    assert 0 < error < 10
    assert sums["traffic.flow"] == pytest.approx(road.truth(60, 180).sum(), abs=3 * error)
    assert sums["traffic.flow_untracked"] == sums["traffic.flow"]


def test_only_what_comes_in_counts_where_asked(street):
    """Of two-way traffic an entrance counts one way."""
    road = street(3, (700, -700, -700), seconds=260.0, gap_s=2.0)
    sums = _sums(_told(_counting(road, both=False), road.scenes(1, 2, 120, tracked=True)))
    error = np.sqrt(sums["traffic.flow_variance"])
    assert sums["traffic.flow"] == pytest.approx(road.truth(60, 180)[0], abs=3 * error)


def test_without_velocities_tracks_count_and_nothing_else_is_told(street):
    """A lake from before velocities, or a source without pairs, has the counts that it always had."""
    road = street(4, (300, -300), unmeasured=1.0)
    told = _told(_counting(road), road.scenes(1, 2, 60, tracked=True))
    assert {one.kind for one in told} == {"traffic.flow"}


def test_n_is_the_looks_whichever_way_counts(street):
    """Each of a minute's measures stands on the looks of that minute."""
    road = street(5, (700, -700), gap_s=2.0)
    told = _told(_counting(road), road.scenes(1, 2, 60, tracked=True))
    assert {one.n for one in told if one.minute == told[0].minute} == {120}
    assert all(one.value == one.sum for one in told)


def test_cut_pickled_and_resumed_it_tells_the_same(street):
    """Live equals replay: wherever the stream is cut, the same minutes are told."""
    road = street(6, (700, -300), gap_s=2.0, seconds=200.0)
    scenes = list(road.scenes(1, 2, 90, tracked=True))
    whole = _told(_counting(road), scenes)
    for cut in (1, 77, 121):
        moved = _counting(road)
        before = [one for scene in scenes[:cut] for one in moved.see(scene, np.ones(len(scene), np.bool_))]
        moved = pickle.loads(pickle.dumps(moved))  # noqa: S301 - it was made here
        assert before + _told(moved, scenes[cut:]) == whole


def test_a_line_that_counts_nothing_is_reported(street):
    """Where tracks, said to be sure, miss most of what passes for a quarter of an hour, a notice opens."""
    road = street(7, (100, -100), gap_s=2.0, seconds=1400.0)
    scenes = list(road.scenes(1, 0.5, 1200))
    lost = [replace(one, track_ids=np.arange(len(one)) + 100 * n) for n, one in enumerate(scenes)]
    events = [one for one in _told(_counting(road, sure_sizes=9.0), lost) if isinstance(one, Event)]
    assert [event.kind for event in events] == ["traffic.miscount"] * 2
    assert events[0].measures["tracks"] < 0.2 * events[0].measures["speeds"]


def test_a_line_that_counts_right_is_not_reported(street):
    """Both ways differ by chance only, and nobody is told."""
    road = street(8, (100, -100), gap_s=4.0, seconds=1400.0)
    told = _told(_counting(road), road.scenes(1, 2, 1020, tracked=True))
    assert not [one for one in told if isinstance(one, Event)]


def test_a_minute_without_velocities_is_counted_by_tracks(street):
    """Where velocities fail for a minute its error is not known and not told."""
    road = street(9, (700, -700), gap_s=2.0, seconds=300.0)
    scenes = list(road.scenes(1, 2, 120, tracked=True))
    blind = [*scenes[:121], *(replace(one, velocities=unmeasured(len(one))) for one in scenes[121:])]
    told = _told(_counting(road), blind)
    minutes = {one.minute for one in told if one.kind == "traffic.flow"}
    assert len(minutes) == 3
    assert len({one.minute for one in told if one.kind == "traffic.flow_variance"}) < len(minutes)
