"""The synthetic city's truth: the same however it is asked, and shown as it is counted."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.problem import BadWeights, UnknownCamera, UnknownKind
from lakehouse.synthetic import City, Observed
from lakehouse.synthetic.chance import normal, poisson, uniform

CITY = City(7)
START = datetime(2026, 11, 23, 0, tzinfo=UTC)
CAMERAS = st.sampled_from(sorted(CITY.cameras))
INSTANTS = st.integers(0, 63_000_000).map(
    lambda seconds: datetime(2025, 3, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
PAIRS = [(camera_id, kind) for camera_id in sorted(CITY.cameras) for kind in CITY.kinds_of(camera_id)]
few = settings(max_examples=25, deadline=None)


def hours_from(start, count):
    """So many hours from `start` on."""
    return np.datetime64(start.replace(tzinfo=None), "h") + np.arange(count)


def inside(city, camera_id, things):
    """How many people (riders left out) stand in the people zone."""
    band = city.layout(camera_id).walk
    sine, cosine = np.sin(band.heading), np.cos(band.heading)
    x, y = np.array([(t.x - band.x, t.y - band.y) for t in things if t.label == "person" and t.on is None]
                    or np.zeros((0, 2))).reshape(-1, 2).T  # fmt: skip
    along, aside = x * sine + y * cosine, x * cosine - y * sine
    return int(((np.abs(along) <= band.half_length) & (np.abs(aside) <= band.half_width)).sum())


@few
@given(CAMERAS, INSTANTS)
def test_the_same_seed_shows_the_same_moment(camera_id, at):
    """Two cities of one seed agree, whatever they were asked before."""
    assert City(7).moment(camera_id, at) == CITY.moment(camera_id, at)


def test_another_seed_is_another_city():
    """Seeds differ in what happens, and not in where the cameras hang."""
    other = City(8)
    assert other.moment("tugu-muda", START) != CITY.moment("tugu-muda", START)
    assert [c.area_id for c in other.cameras.values()] == [c.area_id for c in CITY.cameras.values()]


@few
@given(CAMERAS, INSTANTS, st.integers(2, 30))
def test_minutes_do_not_hang_on_how_they_are_asked(camera_id, at, count):
    """A span of minutes is its minutes, one by one."""
    start = at.replace(second=0, microsecond=0)
    step = timedelta(minutes=1)
    for kind in CITY.kinds_of(camera_id):
        together = CITY.minutes(camera_id, kind, start, start + count * step)
        apart = [
            CITY.minutes(camera_id, kind, start + n * step, start + (n + 1) * step) for n in range(count)
        ]
        assert together == pytest.approx(np.concatenate(apart), abs=1e-6)


@pytest.mark.parametrize(("camera_id", "kind"), PAIRS)
def test_hours_are_the_sum_of_their_minutes(camera_id, kind):
    """Counts agree exactly over two days; the mean number of people within a few percent."""
    hours = CITY.hours(camera_id, kind, hours_from(START, 48))
    minutes = CITY.minutes(camera_id, kind, START, START + timedelta(hours=48)).reshape(48, 60)
    if kind == "crowd.people":
        assert hours.mean() == pytest.approx(minutes.mean(), rel=0.06)
        assert np.corrcoef(hours, minutes.mean(axis=1))[0, 1] > 0.9
    else:
        assert (hours == minutes.sum(axis=1)).all()


def test_an_hour_is_the_same_alone_and_among_fourteen_months():
    """History and the running hour are one truth."""
    many = hours_from(datetime(2025, 9, 23, tzinfo=UTC), 24 * 425)
    told = CITY.hours("pasar-johar", "traffic.flow", many)
    for index in (0, 777, 5000, 10199):
        assert CITY.hours("pasar-johar", "traffic.flow", many[index : index + 1]) == told[index]


@pytest.mark.parametrize("camera_id", ["tugu-muda", "simpang-lima", "kota-lama", "sekaran"])
def test_moments_show_the_people_that_minutes_count(camera_id):
    """The mean of the people in the zone, two seconds apart, is the minute's truth."""
    truth = CITY.minutes(camera_id, "crowd.people", START, START + timedelta(minutes=5))
    shown = [
        inside(CITY, camera_id, CITY.moment(camera_id, START + timedelta(seconds=2 * n + 1)).things)
        for n in range(150)
    ]
    assert np.array(shown).reshape(5, 30).mean(axis=1) == pytest.approx(truth, abs=0.4)


def crossings(camera_id, band, start, seconds, wanted):
    """When things pass the point 0 of a band, by looking four times a second."""
    sine, cosine = np.sin(band.heading), np.cos(band.heading)
    last, passed = {}, []
    for n in range(4 * seconds + 1):
        at = start + timedelta(seconds=n / 4)
        now = {
            thing.id: (thing.x - band.x) * sine + (thing.y - band.y) * cosine
            for thing in CITY.moment(camera_id, at).things
            if wanted(thing)
        }
        passed += [(n / 4, now[i] > 0) for i in now.keys() & last.keys() if (now[i] > 0) != (last[i] > 0)]
        last = now
    return passed


@pytest.mark.parametrize("camera_id", ["tugu-muda", "sampangan"])
def test_moments_show_the_vehicles_that_minutes_count(camera_id):
    """Following the vehicles over the counting line gives the minute's flow, both directions together."""
    road = CITY.layout(camera_id).road
    passed = crossings(camera_id, road, START, 180, lambda t: t.label != "person" and t.speed_ms > 0)
    counts = np.histogram([at for at, _ in passed], [0, 60, 120, 180])[0]
    truth = CITY.minutes(camera_id, "traffic.flow", START, START + timedelta(minutes=3))
    assert np.abs(counts - truth).max() <= 1
    assert abs(counts.sum() - truth.sum()) <= 1


def test_moments_show_the_visits_that_minutes_count():
    """Following the people through the gate inwards gives the minute's visits."""
    start = START + timedelta(hours=3)
    passed = crossings("lawang-sewu", CITY.layout("lawang-sewu").entrance, start, 240, lambda t: t.on is None)
    counts = np.histogram([at for at, inwards in passed if inwards], [0, 60, 120, 180, 240])[0]
    truth = CITY.minutes("lawang-sewu", "tourism.visits", start, start + timedelta(minutes=4))
    assert truth.sum() > 0
    assert np.abs(counts - truth).max() <= 1


def test_lebaran_moves_the_city():
    """On Eid itself the commuters' road is half empty; two days later the gate has twice its visitors."""
    eid, usual = datetime(2026, 3, 20, 17, tzinfo=UTC), datetime(2026, 4, 20, 17, tzinfo=UTC)

    def day(camera_id, kind, start):
        return CITY.hours(camera_id, kind, hours_from(start, 24)).sum()

    assert day("tugu-muda", "traffic.flow", eid) < 0.7 * day("tugu-muda", "traffic.flow", usual)
    after = eid + timedelta(days=2)
    assert day("lawang-sewu", "tourism.visits", after) > 1.5 * day("lawang-sewu", "tourism.visits", usual)


def test_a_perfect_detector_tells_the_truth_and_a_blind_camera_nothing():
    """Without an observation model, hours are the truth; they are NaN exactly where nothing was covered."""
    hours = hours_from(START, 24 * 60)
    for camera_id in ("tugu-muda", "kaligawe"):
        told = CITY.observed_hours(camera_id, "traffic.flow", hours, Observed.perfect())
        truth, coverage = CITY.hours(camera_id, "traffic.flow", hours), CITY.coverage(camera_id, hours)
        assert (np.isnan(told) == (coverage == 0)).all()
        assert (told[coverage == 1] == truth[coverage == 1]).all()
        assert (told[(coverage > 0) & (coverage < 1)] <= truth[(coverage > 0) & (coverage < 1)]).all()


def test_an_imperfect_detector_misses_and_makes_up_its_share():
    """Over two weeks the counts come to recall times truth plus what is made up."""
    light = {"recall": 0.8, "false_rate": 0.1}
    observed = Observed.of({"observation": {"traffic.flow": {"day": light, "night": light}}})
    hours = hours_from(START, 24 * 14)
    covered = CITY.coverage("tugu-muda", hours) == 1
    told = CITY.observed_hours("tugu-muda", "traffic.flow", hours, observed)[covered]
    truth = CITY.hours("tugu-muda", "traffic.flow", hours)[covered]
    assert told.mean() == pytest.approx(0.8 * truth.mean() + 6, rel=0.02)


def test_a_card_that_says_something_else_is_refused():
    """An observation model of another shape is named as unreadable."""
    with pytest.raises(BadWeights, match="observation model cannot be read"):
        Observed.of({"name": "x", "observation": {"traffic.flow": {"day": {"recal": 1}}}})


def test_what_the_city_does_not_have_is_named():
    """An unknown camera, or a kind that it does not see, is an error with its remedy."""
    with pytest.raises(UnknownCamera, match="nowhere"):
        CITY.moment("nowhere", START)
    with pytest.raises(UnknownKind, match=r"traffic.flow.*crowd.people"):
        CITY.minutes("simpang-lima", "traffic.flow", START, START)


@given(st.integers(-(2**62), 2**62), st.integers(0, 2**40))
def test_numbers_hang_on_their_keys_alone(key, other):
    """The same keys give the same number, alone and among others."""
    among = uniform(1, np.array([key, other, key]))
    assert among[0] == among[2] == uniform(1, key)
    assert 0 < among[1] < 1


def test_counts_scatter_as_poisson_counts_do():
    """Mean and variance of counts are near their expectation."""
    deviates = normal(1, np.arange(200_000))
    for mean in (1.0, 3.0, 40.0):
        counts = poisson(deviates, np.full(200_000, mean))
        assert counts.mean() == pytest.approx(mean, rel=0.1)
        assert counts.var() == pytest.approx(mean, rel=0.1)
