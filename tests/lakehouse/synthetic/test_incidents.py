"""What goes wrong in the synthetic city, and when its cameras are down."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.synthetic import City

CITY = City(7)
START = datetime(2026, 11, 20, 17, tzinfo=UTC)
WEEK = CITY.incidents(START, START + timedelta(days=7))
KINDS = {"parking", "litter", "standing_water", "crowding", "racing", "masks", "congestion"}
few = settings(max_examples=25, deadline=None)
instants = st.integers(0, 500 * 86400).map(
    lambda seconds: datetime(2025, 7, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


def of(kind):
    """The week's incidents of a kind."""
    return [incident for incident in WEEK if incident.kind == kind]


def during(incident, share=0.5):
    """A moment of an incident's camera, at a share of its time."""
    return CITY.moment(
        incident.camera_id, incident.started_at + share * (incident.ended_at - incident.started_at)
    )


def test_a_week_has_incidents_of_every_kind():
    """All seven kinds come up in a week, each in a zone of its camera, and each ends after it begins."""
    assert {incident.kind for incident in WEEK} == KINDS
    for incident in WEEK:
        assert incident.zone_id in {zone.zone_id for zone in CITY.cameras[incident.camera_id].zones}
        assert incident.started_at < incident.ended_at
        assert incident.started_at < START + timedelta(days=7)
        assert incident.ended_at > START


@few
@given(instants)
def test_at_every_time_somewhere_is_a_crowd_and_somewhere_a_jam(at):
    """At any instant one of each goes on, before a camera that is up."""
    now = CITY.incidents(at, at + timedelta(microseconds=1))
    for kind in ("crowding", "congestion"):
        hosts = [incident.camera_id for incident in now if incident.kind == kind]
        assert hosts
        assert any(not CITY.outages(camera_id, at, at + timedelta(microseconds=1)) for camera_id in hosts)


@pytest.mark.slow
@few
@given(instants, st.integers(1, 6))
def test_incidents_do_not_hang_on_how_they_are_asked(at, hours):
    """Those of a span are those of its hours."""
    stop = at + timedelta(hours=hours)
    step = timedelta(hours=1)
    apart = {
        incident for n in range(hours) for incident in CITY.incidents(at + n * step, at + (n + 1) * step)
    }
    together = CITY.incidents(at, stop)
    assert set(together) == apart
    assert len(together) == len(set(together))
    assert together == sorted(together, key=lambda incident: incident.started_at)


def test_a_crowd_stands_from_start_to_end():
    """While it lasts, 20 people or more stand still in the zone; a minute before, they do not."""
    for incident in of("crowding")[::40]:
        for share in (0.01, 0.5, 0.99):
            standing = [t for t in during(incident, share).things if t.label == "person" and t.speed_ms == 0]
            assert len(standing) >= 20
        counted = CITY.minutes(
            incident.camera_id,
            "crowd.people",
            incident.started_at,
            incident.started_at + timedelta(minutes=5),
        )
        assert counted[2:4].min() >= 20


def test_a_jam_is_slow_and_dense_from_start_to_end():
    """While it lasts, vehicles creep, and in every 13 m of each lane in view stand at least two."""
    for incident in of("congestion")[::25]:
        road = CITY.layout(incident.camera_id).road
        forward = np.array([np.sin(road.heading), np.cos(road.heading)])
        for share in (0.0, 0.5, 1.0):
            moving = [t for t in during(incident, share).things if t.label != "person" and t.speed_ms > 0]
            moving = [t for t in moving if t.speed_ms < 15]
            near = [t for t in moving if abs(np.dot([t.x - road.x, t.y - road.y], forward)) < 13]
            assert share == 1.0 or all(thing.speed_ms < 10 / 3.6 for thing in near)
            for heading in {round(thing.heading, 3) for thing in moving}:
                assert sum(round(thing.heading, 3) == heading for thing in near) >= 4
            length = sum(thing.length for thing in near) / (2 * 26)
            assert length > 0.45


def test_a_parked_car_stands_on_the_kerb_and_is_not_counted():
    """Illegal parking is a car that does not move, off the lanes."""
    incident = of("parking")[0]
    parked = [t for t in during(incident).things if t.label == "car" and t.speed_ms == 0]
    assert len(parked) == 1
    kerb = CITY.layout(incident.camera_id).kerb
    right = np.array([np.cos(kerb.heading), -np.sin(kerb.heading)])
    assert abs(np.dot([parked[0].x - kerb.x, parked[0].y - kerb.y], right)) < kerb.half_width
    before = CITY.moment(incident.camera_id, incident.started_at - timedelta(seconds=1))
    assert parked[0].id not in {thing.id for thing in before.things}


def test_races_are_fast_groups_at_night():
    """Racing happens between 22 and 4 o'clock, in laps of four fast motorcycles."""
    for incident in of("racing"):
        assert incident.started_at.astimezone(START.tzinfo).hour in {15, 16, 17, 18, 19, 20, 21}
        lap = incident.started_at + timedelta(seconds=31)
        moment = CITY.moment(incident.camera_id, lap)
        fast = [thing for thing in moment.things if thing.label == "motorcycle" and thing.speed_ms > 15]
        assert len(fast) >= 3


def test_water_stands_from_start_to_end():
    """Standing water is on the road in its minutes, and not in the minutes around them."""
    for incident in of("standing_water"):
        minute = timedelta(minutes=1)
        for at, wet in (
            (incident.started_at, True),
            (incident.ended_at - minute, True),
            (incident.started_at - minute, False),
            (incident.ended_at, False),
        ):
            assert (CITY.moment(incident.camera_id, at).water >= 0.05) == wet


@few
@given(instants)
def test_never_more_than_two_cameras_are_down(at):
    """At any instant at most two of the 24 cameras are down."""
    down = [c for c in CITY.cameras if CITY.outages(c, at, at + timedelta(microseconds=1))]
    assert len(down) <= 2


def test_cameras_are_down_one_or_two_hours_in_a_hundred():
    """Over a year, 1-2 % of the cameras' hours are lost, and every camera loses some."""
    hours = np.datetime64("2025-09-01T00", "h") + np.arange(24 * 365)
    lost = np.array([1 - CITY.coverage(camera_id, hours).mean() for camera_id in CITY.cameras])
    assert 0.01 <= lost.mean() <= 0.02
    assert lost.min() > 0
