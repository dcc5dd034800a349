"""Flow without tracks: what passes is what travels the whole stretch, however it is looked at."""

import pickle
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.scenes import unmeasured
from serving.measuring.stream import LONGEST_S, Stream

SECOND = timedelta(seconds=1)


def _stream(street, **how):
    return Stream(street.camera, street.zone, **({"recall": 1 - street.missed, "far": 1.0} | how))


def _passed(street, scenes, **how):
    stream = _stream(street, **how)
    for scene in scenes:
        stream.see(scene, np.ones(len(scene), np.bool_))
    return stream.take()


def _errors(streets, rate, seconds):
    """By street and direction: what was found too many, the standard error that is stated, and the truth."""
    rows = []
    for seed, street in enumerate(streets):
        passed = _passed(street, street.scenes(seed, rate, seconds))
        truth = street.truth(60, 60 + seconds)
        found = (passed.inward, passed.outward)
        rows += [(f - t, v**0.5, t) for f, v, t in zip(found, passed.variance, truth, strict=True)]
    return np.array(rows).T


def _unbiased(off, error, truth, tolerated=0.03):
    return abs(off.sum()) < 2.5 * np.sqrt((error**2).sum()) + tolerated * truth.sum()


@pytest.mark.parametrize("rate", [2, 1, 0.5])
@pytest.mark.parametrize("speed", [150, 600, 1200])
def test_what_flows_does_not_depend_on_looks_or_speeds(street, speed, rate):
    """At 2, 1 and 0.5 looks a second, slow or too fast for any track, each direction has what passes."""
    streets = [street(seed, (speed, -speed), seconds=260.0) for seed in range(4)]
    off, error, truth = _errors(streets, rate, 120)
    assert _unbiased(off, error, truth)


def test_the_stated_error_covers(street):
    """Two thirds of the estimates are within one standard error of the truth and nearly all within two."""
    streets = [street(seed, (speed, -speed), seconds=200.0) for speed in (300, 500) for seed in range(20, 35)]
    off, error, _ = _errors(streets, 1, 60)
    within = np.abs(off) / error
    assert 0.5 < (within < 1).mean() < 0.85
    assert (within < 2).mean() > 0.88
    assert (off**2).mean() == pytest.approx((error**2).mean(), rel=0.5)


def test_platoons_are_no_denser_than_they_are(street, platoons):
    """What a traffic light lets through in bursts is counted like what comes singly."""
    streets = [street(seed, (600, -400), arrivals=platoons, seconds=260.0) for seed in range(4)]
    assert _unbiased(*_errors(streets, 1, 120))


def test_perspective_needs_no_calibration(street, pinhole):
    """On a road that is looked along, where speed and size shrink with distance, the sum is the same."""
    streets = [street(seed, (15, -12), view=pinhole, seconds=260.0) for seed in range(4)]
    assert _unbiased(*_errors(streets, 2, 120))


def test_stop_and_go_flows_as_it_passes(street, stop_and_go):
    """A queue that stands half of the time and moves in the other is counted once."""
    streets = [street(seed, (200,), rhythm=stop_and_go, gap_s=3.0, seconds=260.0) for seed in range(4)]
    off, error, truth = _errors(streets, 1, 120)
    assert _unbiased(off[::2], error[::2], truth[::2])


def test_what_stands_does_not_flow(street):
    """Standing vehicles, their boxes and velocities trembling, are no flow in either direction."""
    standing = street(1, (300, -300), rhythm=lambda _: 60.0)
    passed = _passed(standing, standing.scenes(1, 2, 120))
    assert len(standing.boxes(60)[0]) > 1
    assert passed.both == pytest.approx(0, abs=0.1)


def test_a_velocity_that_is_missing_is_that_of_the_others(street):
    """Where every third box has no velocity the flow is the same on average."""
    streets = [street(seed, (400, -400), seconds=260.0, unmeasured=0.33) for seed in range(4)]
    assert _unbiased(*_errors(streets, 2, 120))


def test_where_nothing_was_measured_nothing_is_known(street):
    """Boxes without any velocity, as of an older lake, are unknown and not zero."""
    road = street(1, (300, -300), unmeasured=1.0)
    assert _passed(road, road.scenes(1, 2, 60)) is None


def test_without_a_box_nothing_passes(street):
    """Once velocities are known to be measured, an empty road is zero."""
    road = street(1, (300, -300))
    stream = _stream(road)
    scenes = list(road.scenes(1, 2, 60))
    for scene in scenes:
        stream.see(scene, np.ones(len(scene), np.bool_))
    assert stream.take().both > 0
    for scene in scenes:
        stream.see(
            replace(scene, at=scene.at + (scenes[-1].at - scenes[0].at)), np.zeros(len(scene), np.bool_)
        )
    assert stream.take().both == 0


def test_a_scene_that_is_held_stands(street):
    """While the gate holds a scene nothing flows, also where its boxes had no velocity."""
    road = street(3, (300, -300), unmeasured=0.0, missed=0.0)
    scenes = list(road.scenes(1, 2, 60))
    last = next(one for one in reversed(scenes) if len(one))
    last = replace(last, velocities=unmeasured(len(last)))
    stream = _stream(road)
    for scene in [*scenes, last]:
        stream.see(scene, np.ones(len(scene), np.bool_))
    stream.take()
    for second in range(1, 30):
        stream.see(last.held(scenes[-1].at + second * SECOND), np.ones(len(last), np.bool_))
    assert stream.take().both == 0


def test_a_break_stands_for_nothing(street):
    """After a break nobody knows what passed in it: the first look stands for no time."""
    road = street(1, (300, -300))
    scenes = list(road.scenes(1, 2, 60))
    whole = _passed(road, scenes)
    late = replace(scenes[-1], at=scenes[-1].at + 2 * LONGEST_S * SECOND)
    assert _passed(road, [*scenes, late]) == whole


@settings(max_examples=10, deadline=None)
@given(order=st.randoms(use_true_random=False), cut=st.integers(0, 40))
def test_order_and_pickling_change_nothing(street, order, cut):
    """Neither the order of boxes nor where the stream is cut, pickled and resumed changes what is found."""
    road = street(5, (200, -300, 250, -350), gap_s=2.0, seconds=120.0, unmeasured=0.2)
    scenes = list(road.scenes(2, 2, 20))
    whole, moved = _stream(road), _stream(road)
    for number, scene in enumerate(scenes):
        whole.see(scene, np.ones(len(scene), np.bool_))
        if number == cut:
            moved = pickle.loads(pickle.dumps(moved))  # noqa: S301 - it was made here
        by = list(range(len(scene)))
        order.shuffle(by)
        moved.see(
            replace(scene, boxes=scene.boxes[by], velocities=scene.velocities[by], labels=scene.labels[by]),
            np.ones(len(scene), np.bool_),
        )
    assert whole.take() == moved.take()


def test_only_a_way_through_the_line_counts(street):
    """What passes beside the ends of the line is not counted."""
    road = street(1, (300,))
    beside = road.zone.model_copy(update={"corners": ((0.5, 0.3), (0.5, 0.0))})
    stream = Stream(road.camera, beside, recall=1.0, far=1.0)
    for scene in road.scenes(1, 2, 60):
        stream.see(scene, np.ones(len(scene), np.bool_))
    assert stream.take().both == 0


def test_what_moves_far_is_told(street):
    """Beside how many passed stands how many moved farther between two looks than was asked for."""
    road = street(1, (600, -600))
    slow, fast = (_passed(road, road.scenes(1, 2, 60), far=far) for far in (10.0, 1.0))
    assert slow.far == 0
    assert fast.far == pytest.approx(fast.both)


def test_what_fills_the_picture_is_unknown(street):
    """Where no stretch remains on which things are seen whole, nothing is said."""
    road = street(1, (300, -300))
    large = [
        replace(drive, size=drive.size * [8.0, 1.0, 4.0], lane=200.0 + 100 * number)
        for number, drive in enumerate(road.drives)
    ]
    road = replace(road, drives=tuple(large))
    assert _passed(road, road.scenes(1, 2, 60)) is None
