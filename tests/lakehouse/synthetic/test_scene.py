"""How the synthetic sites lie, and that what is on them keeps its place."""

from datetime import UTC, datetime, timedelta
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.city.cameras import Purpose
from lakehouse.scenes import LABELS
from lakehouse.synthetic import City

CITY = City(7)
CAMERAS = sorted(CITY.cameras)
START = datetime(2026, 11, 22, 17, tzinfo=UTC)
few = settings(max_examples=40, deadline=None)
at_some_time = given(st.sampled_from(CAMERAS), st.integers(0, 7 * 86400 * 2))


def ground(camera, zone):
    """A zone's corners on the ground, in metres."""
    return camera.calibration.ground(zone.corners)


@pytest.mark.parametrize("camera_id", CAMERAS)
def test_zones_are_what_the_layout_says(camera_id):
    """A zone in the picture is its band on the ground, within a hand's breadth."""
    camera, layout = CITY.cameras[camera_id], CITY.layout(camera_id)
    (people,) = camera.zones_for(Purpose.PEOPLE)
    assert ground(camera, people) == pytest.approx(layout.walk.corners, abs=0.1)
    assert people.capacity
    assert bool(camera.zones_for(Purpose.ENTRANCE)) == (layout.entrance is not None)
    road = camera.zones_for(Purpose.ROAD)
    assert [zone.is_line for zone in road] == ([True, False] if layout.road is not None else [])


@pytest.mark.parametrize("camera_id", [c for c in CAMERAS if CITY.layout(c).entrance is not None])
def test_in_is_away_from_the_camera(camera_id):
    """Who walks to the gate crosses the entrance from its left side to its right: he goes in."""
    camera, layout = CITY.cameras[camera_id], CITY.layout(camera_id)
    (line,) = camera.zones_for(Purpose.ENTRANCE)
    first, second = np.array(line.corners) * [camera.width, camera.height]
    along = layout.entrance_at_m + np.array([-1.0, 1.0])
    before, after = layout.shares(layout.walk.point(along, 0.0)) * [camera.width, camera.height]

    def side(point):
        # In the picture y grows downwards, so the right side of the line is where this is positive.
        (dx, dy), (px, py) = second - first, point - first
        return dx * py - dy * px

    assert side(before) < 0 < side(after)


def test_every_kecamatan_has_a_camera_and_owners_differ():
    """24 cameras of several owners and sites hang in all 16 kecamatan."""
    cameras = CITY.cameras.values()
    assert len(cameras) == 24
    assert len({CITY.areas.path(camera.area_id)[1] for camera in cameras}) == 16
    assert len({camera.owner for camera in cameras}) >= 4
    sites = {"street", "square", "gate", "market", "pump", "neighbourhood"}
    assert {camera.site for camera in cameras} == sites


def test_things_in_the_zones_are_large_enough_to_be_seen():
    """People are at least 18 pixels high in their zone, and motorcycles and cars 20 on the road."""
    for camera_id, camera in CITY.cameras.items():
        layout = CITY.layout(camera_id)
        heights = [(layout.walk.corners, 1.55, 18)]
        heights += [(layout.road.moved(half_length=10.0).corners, 1.62, 24)] if layout.road else []
        for corners, height, least_px in heights:
            foot = camera.calibration.project(np.column_stack([corners, np.zeros(4)]))
            head = camera.calibration.project(np.column_stack([corners, np.full(4, height)]))
            assert ((foot - head)[:, 1] * camera.height).min() >= least_px


@few
@at_some_time
def test_no_two_vehicles_of_a_lane_overlap(camera_id, half_seconds):
    """In each direction, vehicles keep their length and a gap from one another."""
    road = CITY.layout(camera_id).road
    if road is None:
        return
    moment = CITY.moment(camera_id, START + timedelta(seconds=half_seconds / 2))
    forward = np.array([np.sin(road.heading), np.cos(road.heading)])
    lanes = {}
    for thing in moment.things:
        if thing.label != "person" and 0 < thing.speed_ms < 15:
            along = float(np.dot([thing.x - road.x, thing.y - road.y], forward))
            lanes.setdefault(round(thing.heading, 3), []).append((along, thing.length))
    for lane in lanes.values():
        for (a, length_a), (b, length_b) in combinations(lane, 2):
            assert abs(a - b) > (length_a + length_b) / 2


@few
@at_some_time
def test_a_moment_is_well_formed(camera_id, half_seconds):
    """Ids are unique, labels are known, riders sit on what is there, and shares are shares."""
    moment = CITY.moment(camera_id, START + timedelta(seconds=half_seconds / 2))
    by_id = {thing.id: thing for thing in moment.things}
    assert len(by_id) == len(moment.things)
    assert {thing.label for thing in moment.things} <= set(LABELS)
    ridden = {thing.on for thing in moment.things if thing.on is not None}
    two_wheeled = {i for i, thing in by_id.items() if thing.label in ("motorcycle", "bicycle")}
    assert ridden == two_wheeled
    assert 0 <= moment.daylight <= 1
    assert 0 <= moment.water <= 1
    assert moment.rain_mm >= 0


@few
@at_some_time
def test_people_walk_on_the_pavement_and_never_on_the_road(camera_id, half_seconds):
    """A person who does not ride is beside the road, on the band where people are."""
    layout = CITY.layout(camera_id)
    moment = CITY.moment(camera_id, START + timedelta(seconds=half_seconds / 2))
    right = np.array([np.cos(layout.walk.heading), -np.sin(layout.walk.heading)])
    for thing in moment.things:
        if thing.label == "person" and thing.on is None:
            aside = np.dot([thing.x - layout.walk.x, thing.y - layout.walk.y], right)
            assert abs(aside) < layout.walk.half_width


@pytest.mark.slow
def test_motorcycles_are_most_of_the_traffic():
    """Of a day's vehicles 55-65 % are motorcycles and 25-35 % cars."""
    seen = {}
    for camera_id in ("tugu-muda", "srondol", "kalibanteng"):
        for minute in range(0, 24 * 60, 4):
            moment = CITY.moment(camera_id, START + timedelta(minutes=minute))
            free = [thing for thing in moment.things if thing.label != "person" and thing.speed_ms > 1]
            seen |= {(camera_id, thing.id): thing.label for thing in free}
    labels = list(seen.values())
    assert 0.55 <= labels.count("motorcycle") / len(labels) <= 0.65
    assert 0.25 <= labels.count("car") / len(labels) <= 0.35


def test_days_have_their_rhythm():
    """By day there is what two minutes can measure; nights are quiet and not empty."""
    hours = np.datetime64(START.replace(tzinfo=None), "h") + np.arange(24 * 28)
    for camera_id in CAMERAS:
        for kind in CITY.kinds_of(camera_id):
            day = CITY.hours(camera_id, kind, hours).reshape(28, 24).mean(axis=0)
            per_minute = day if kind == "crowd.people" else day / 60
            low, high = {"crowd.people": (1, 20), "traffic.flow": (4, 28), "tourism.visits": (1, 9)}[kind]
            assert low <= per_minute[7:20].max() <= high
            assert per_minute[0:5].min() > 0
            assert per_minute[0:4].mean() < per_minute[7:20].mean()
