"""Tourism: visits across an entrance line."""

from datetime import UTC, datetime
from itertools import islice

import pytest

from lakehouse.city.cameras import Purpose
from lakehouse.scenes import Scene
from lakehouse.synthetic.city import City
from serving.analytics.tourism import Settings, Tourism
from serving.seeing import detectors
from serving.seeing.motion import measured
from serving.watching.sources import open_source
from serving.watching.tracker import Tracker


@pytest.fixture
def gate(camera):
    """The analytic on a line that is looked along from right to left: in is upwards in the picture."""
    return Tourism(camera, camera.zones[1], Settings())


def _visits(measures):
    return sum(measure.value for measure in measures)


def _way(scene, *heights, track=1, x=0.5, label="person"):
    return [scene(0.5 * number, (track, label, x, y)) for number, y in enumerate(heights)]


def test_who_comes_in_is_a_visit(gate, scene, seen):
    """A person who crosses from the line's left to its right is one visit."""
    _, measures = seen(gate, _way(scene, 0.7, 0.62, 0.55, 0.47, 0.4))
    assert [(one.kind, one.value, one.n) for one in measures] == [("tourism.visits", 1, 5)]


def test_who_leaves_is_none(gate, scene, seen):
    """The way out is no visit."""
    assert _visits(seen(gate, _way(scene, 0.4, 0.47, 0.55, 0.62))[1]) == 0


def test_who_turns_back_and_comes_again_is_one_visit(gate, scene, seen):
    """A track counts once in each direction, whoever lingers at the line."""
    assert _visits(seen(gate, _way(scene, 0.6, 0.45, 0.6, 0.45, 0.6, 0.4))[1]) == 1


def test_jitter_at_the_line_is_no_visit(gate, scene, seen):
    """A person who waits on the line, seen now a little above and now a little below, does not come in."""
    heights = [0.505, 0.497, 0.503, 0.496, 0.504, 0.5]
    assert _visits(seen(gate, _way(scene, *heights))[1]) == 0


def test_who_passes_beside_the_line_is_none(camera, scene, seen):
    """Only the line between its two points counts, not its prolongation."""
    zone = camera.zones[1].model_copy(update={"corners": ((0.4, 0.5), (0.0, 0.5))})
    assert _visits(seen(Tourism(camera, zone, Settings()), _way(scene, 0.6, 0.4, x=0.6))[1]) == 0
    assert _visits(seen(Tourism(camera, zone, Settings()), _way(scene, 0.6, 0.4, x=0.3))[1]) == 1


def test_who_appears_behind_the_line_is_none(gate, scene, seen):
    """A person who is first seen inside did not visibly come in."""
    assert _visits(seen(gate, _way(scene, 0.45, 0.4, 0.35))[1]) == 0


def test_a_vehicle_is_no_visit(gate, scene, seen):
    """Only people visit, and not those who ride."""
    assert _visits(seen(gate, _way(scene, 0.6, 0.4, label="car"))[1]) == 0


def test_quiet_minutes_are_measured_as_zero(gate, scene, seen):
    """A minute that was seen and in which nobody came is 0 over its frames."""
    _, measures = seen(gate, [scene(second) for second in range(0, 120, 10)])
    assert [(one.value, one.n) for one in measures] == [(0, 6), (0, 6)]


def test_a_visit_counts_in_the_minute_in_which_it_happens(gate, scene, seen):
    """The minute of a visit is that of the scene behind the line."""
    scenes = [scene(58, (1, "person", 0.5, 0.6)), scene(61, (1, "person", 0.5, 0.4)), scene(125)]
    _, measures = seen(gate, scenes)
    assert [one.value for one in measures] == [0, 1, 0]


@pytest.mark.slow
def test_an_entrance_counts_as_many_with_pairs_as_without():
    """Painted walkers, a look a second: their velocities, which are too slow, take no visit away."""
    camera = City(7).cameras["lawang-sewu"]
    (entrance,) = (zone for zone in camera.zones if zone.purpose is Purpose.ENTRANCE)
    source = open_source("synthetic:7", camera, fps=1, start=datetime(2026, 11, 29, 3, tzinfo=UTC))
    engine, visits = detectors.load(), {}
    frames = [(frame, engine.detect([frame.image])[0]) for frame in islice(source.frames(), 100)]
    for way, measure in (("pairs", measured), ("places", lambda _frame, found: found)):
        tracker, tourism = Tracker(1), Tourism(camera, entrance, Settings())
        told = []
        for frame, found in frames:
            kept, ids = tracker.follow(frame.at, measure(frame, found), frame.image.shape[1::-1])
            told += tourism.see(Scene.of(frame, kept, ids))
        told += tourism.end()
        visits[way] = sum(one.sum for one in told if one.kind == "tourism.visits")
    assert visits["pairs"] == visits["places"] >= 10
