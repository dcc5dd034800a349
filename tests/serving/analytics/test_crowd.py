"""Crowd: people in a zone, and crowding."""

import pytest

from lakehouse.scenes import Severity, State
from serving.analytics.crowd import Crowd, Settings


@pytest.fixture
def crowd(camera):
    """The analytic on a plaza for ten people."""
    return Crowd(camera, camera.zones[0], Settings())


def _people(scene, second, count):
    return scene(second, *((track, "person", 0.02 + 0.03 * track, 0.9) for track in range(count)))


def test_minute_is_the_mean_of_its_scenes(crowd, scene, seen, start):
    """A minute's value is the mean number of people over the scenes of that minute."""
    _, measures = seen(crowd, [_people(scene, second, second % 3) for second in range(61)])
    first = measures[0]
    assert (first.kind, first.minute, first.n) == ("crowd.people", start, 60)
    assert first.value == first.sum / first.n == pytest.approx(1.0)


def test_nothing_seen_is_no_measure(crowd, scene, seen):
    """A minute without a scene has no measure: unknown is not zero."""
    _, measures = seen(crowd, [_people(scene, 0, 1), _people(scene, 185, 2)])
    assert [(one.minute.minute, one.value) for one in measures] == [(0, 1.0), (3, 2.0)]


def test_only_people_who_stand_in_the_zone_count(crowd, scene, seen):
    """The ground point decides, and only people count."""
    things = (1, "person", 0.2, 0.8), (2, "person", 0.8, 0.8), (3, "person", 0.2, 0.4), (4, "car", 0.3, 0.8)
    _, measures = seen(crowd, [scene(0, *things)])
    assert measures[0].value == 1


def test_a_rider_is_no_pedestrian(crowd, scene, seen):
    """A person whose feet are on a motorcycle is traffic; one who stands before a parked one is not."""
    machine = (1, "motorcycle", 0.2, 0.8, 0.05, 0.08)
    rider, walker = (2, "person", 0.2, 0.78, 0.03, 0.13), (3, "person", 0.21, 0.83, 0.03, 0.15)
    _, measures = seen(crowd, [scene(0, machine, rider, walker)])
    assert measures[0].value == 1


def test_crowding_opens_escalates_and_closes(crowd, scene, seen, start):
    """Eight of ten for half a minute is a warning, ten a danger; it ends after a minute well below."""
    counts = [2] * 20 + [8] * 60 + [11] * 60 + [1] * 90
    events, _ = seen(crowd, [_people(scene, second, count) for second, count in enumerate(counts)])
    assert [event.state for event in events] == [State.OPEN, State.ESCALATED, State.CLOSED]
    assert [event.severity for event in events] == [Severity.WARNING, Severity.DANGER, Severity.DANGER]
    assert [event.revision for event in events] == [1, 2, 3]
    assert [(event.at - start).total_seconds() for event in events] == [50, 110, 200]
    assert {event.event_id for event in events} == {events[0].event_id}
    assert (events[0].started_at - start).total_seconds() == 20
    assert (events[2].ended_at - start).total_seconds() == 140


def test_a_dip_does_not_end_a_crowd(crowd, scene, seen):
    """A detector that misses people for a few frames neither delays nor closes an event."""
    counts = [8 if second % 5 else 3 for second in range(40)] + [8] * 20 + [7] * 120
    events, _ = seen(crowd, [_people(scene, second, count) for second, count in enumerate(counts)], end=False)
    assert [event.state for event in events] == [State.OPEN]


def test_a_short_crowd_is_no_event(crowd, scene, seen):
    """A group that passes is no crowding."""
    counts = [10] * 25 + [0] * 200
    events, _ = seen(crowd, [_people(scene, second, count) for second, count in enumerate(counts)])
    assert events == []


def test_a_blind_camera_does_not_prolong_a_crowd(crowd, scene, seen):
    """Two sightings an hour apart are not an hour of crowding."""
    events, _ = seen(crowd, [_people(scene, second, 9) for second in (0, 10, 3600, 3605)])
    assert events == []


def test_the_end_of_a_stream_closes_what_goes_on(crowd, scene, seen):
    """When nobody watches any longer, an event ends with the last scene."""
    events, _ = seen(crowd, [_people(scene, second, 9) for second in range(40)])
    assert [event.state for event in events] == [State.OPEN, State.CLOSED]
    assert events[1].ended_at == events[1].at


def test_density_where_the_area_is_known(camera, scene, seen):
    """With an area, four people a square metre are the warning and not the capacity."""
    zone = camera.zones[0].model_copy(update={"area_m2": 2.0})
    crowd = Crowd(camera, zone, Settings())
    events, _ = seen(crowd, [_people(scene, second, 8) for second in range(40)], end=False)
    assert [event.severity for event in events] == [Severity.WARNING]


def test_a_zone_of_unknown_size_has_no_crowding(camera, scene, seen):
    """Where neither area nor capacity is known people are counted and nobody is alarmed."""
    zone = camera.zones[0].model_copy(update={"capacity": None})
    events, measures = seen(
        Crowd(camera, zone, Settings()), [_people(scene, second, 12) for second in range(50)]
    )
    assert events == []
    assert measures[0].value == 12


def test_a_misspelt_setting_is_refused():
    """Settings refuse a name that they do not have."""
    with pytest.raises(ValueError, match="on_after"):
        Settings(on_after=3)
