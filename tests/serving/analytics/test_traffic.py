"""Traffic: flow over a line, speed, occupancy and congestion of a road."""

import numpy as np
import pytest

from lakehouse.scenes import GRID, Severity, State
from serving.analytics.traffic import Settings, Traffic
from serving.measuring.geometry import covered, raster


@pytest.fixture
def flow(camera):
    """The analytic on a counting line in the middle of the picture."""
    return Traffic(camera, camera.zones[2], Settings())


@pytest.fixture
def road(camera):
    """The analytic on a stretch of road."""
    return Traffic(camera, camera.zones[3], Settings())


def _drive(scene, *places, track=1, label="car"):
    return [scene(0.5 * number, (track, label, x, 0.8, 0.1, 0.1)) for number, x in enumerate(places)]


def _value(measures, kind):
    return next(measure.value for measure in measures if measure.kind == kind)


def test_both_directions_flow(flow, scene, seen):
    """Vehicles count whichever way they cross."""
    eastward = _drive(scene, 0.2, 0.4, 0.6, 0.8)
    westward = [scene(10 + 0.5 * n, (2, "truck", x, 0.8)) for n, x in enumerate((0.8, 0.6, 0.4))]
    assert _value(seen(flow, eastward + westward)[1], "traffic.flow") == 2


def test_a_label_that_flickers_is_one_vehicle(flow, scene, seen):
    """A track is one vehicle, whatever it is called from frame to frame."""
    labels = ("car", "truck", "bus", "car")
    scenes = [scene(n, (1, label, 0.3 + 0.12 * n, 0.8)) for n, label in enumerate(labels)]
    assert _value(seen(flow, scenes)[1], "traffic.flow") == 1


def test_people_are_no_flow(flow, scene, seen):
    """A person who crosses the road is no vehicle."""
    assert _value(seen(flow, _drive(scene, 0.3, 0.7, label="person"))[1], "traffic.flow") == 0


def test_a_track_is_forgotten(camera, scene, seen):
    """What was not seen for long is forgotten, so that the state stays small."""
    flow = Traffic(camera, camera.zones[2], Settings(line={"forget_s": 5}))
    scenes = [scene(second, (second, "car", 0.3, 0.8)) for second in range(100)]
    seen(flow, scenes)
    assert len(flow._part._counting._line._walkers) <= 6


def test_speed_is_a_way_over_the_ground(camera, road, scene, seen):
    """A vehicle that drives 5 m in every second has 18 km/h."""
    shares = camera.calibration.project([(-5 + 2.5 * n, 9.0, 0.0) for n in range(5)])
    scenes = [scene(0.5 * n, (1, "car", x, y, 0.08, 0.1)) for n, (x, y) in enumerate(shares.tolist())]
    _, measures = seen(road, scenes)
    assert _value(measures, "traffic.speed") == pytest.approx(18, rel=0.01)


def test_without_calibration_there_is_no_speed(camera, scene, seen):
    """A camera that is not calibrated measures occupancy and says nothing of speed."""
    bare = camera.model_copy(update={"calibration": None})
    _, measures = seen(Traffic(bare, camera.zones[3], Settings()), _drive(scene, 0.2, 0.3, 0.4))
    assert {measure.kind for measure in measures} == {"traffic.occupancy"}


def test_occupancy_is_the_share_that_boxes_lie_over():
    """Boxes over half of the polygon, however they overlap, are an occupancy of a half."""
    area = raster(((0, 0.5), (1, 0.5), (1, 1), (0, 1)))
    boxes = np.array([[0, 0.5, 0.25, 1], [0, 0.5, 0.25, 1], [0.25, 0.2, 0.5, 1]]) * GRID
    assert covered(boxes.astype(np.int16), area) == pytest.approx(0.5, abs=0.01)
    assert covered(np.empty((0, 4), np.int16), area) == 0


def _queue(scene, second):
    return scene(second, *((n, "car", 0.05 + 0.1 * n, 0.88, 0.09, 0.3) for n in range(10)))


def test_a_full_and_slow_road_is_congested(road, scene, seen, start):
    """More than half full and slower than 10 km/h for two minutes is congestion; an empty road ends it."""
    scenes = [_queue(scene, second) for second in range(150)] + [scene(150 + second) for second in range(90)]
    events, measures = seen(road, scenes)
    assert [event.state for event in events] == [State.OPEN, State.CLOSED]
    assert 120 <= (events[0].at - start).total_seconds() <= 123
    assert (events[1].ended_at - start).total_seconds() == 150
    assert events[0].kind == "traffic.congestion"
    assert events[0].measures["occupancy"] > 0.5
    assert _value(measures, "traffic.speed") < 1


def _streaming(scene, second):
    ways = [0.1 * n + 0.4 * second for n in range(10)]
    things = [(n + 100 * int(way), "car", way % 1, 0.88, 0.09, 0.3) for n, way in enumerate(ways)]
    return scene(second, *things)


def test_a_full_road_that_flows_is_not_congested(road, scene, seen):
    """Occupied but moving is no congestion."""
    events, measures = seen(road, [_streaming(scene, 0.5 * number) for number in range(400)])
    assert events == []
    assert _value(measures, "traffic.occupancy") > 0.5
    assert _value(measures, "traffic.speed") > 15


def test_a_standing_jam_is_a_danger(camera, scene, seen):
    """Where nothing moves and the road is three quarters full the severity is the highest."""
    road = Traffic(camera, camera.zones[3], Settings(congested_occupancy=0.4))
    events, _ = seen(road, [_queue(scene, second) for second in range(140)], end=False)
    assert [event.severity for event in events] == [Severity.DANGER]
