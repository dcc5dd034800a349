"""A synthetic camera's picture shows its truth: what stands where, under which light."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.city.cameras import Calibration, Camera
from lakehouse.scenes import LABELS, Frame, Glimpse
from lakehouse.synthetic import City, Moment, Thing
from serving.paint import paint, paint_labelled, paint_pair
from serving.paint.figures import figures
from serving.paint.scenery import Scenery
from serving.paint.studio import Studio
from serving.seeing import motion

AT = datetime(2026, 10, 7, 3, tzinfo=UTC)
SIZES = {
    "person": (0.4, 0.5, 1.7), "bicycle": (1.7, 0.6, 1.0), "motorcycle": (1.9, 0.7, 1.1),
    "car": (4.2, 1.7, 1.5), "bus": (10, 2.5, 3.0), "truck": (7, 2.3, 2.8),
}  # fmt: skip
STREET = Scenery(3, road_at=(0.0, 18.0), road_heading=1.6, road_half_m=4.0)


def camera(**changes):
    """A camera above a street."""
    view = Calibration(height_m=8, pitch_deg=28, fov_deg=75)
    known = {
        "camera_id": "c",
        "valid_from": AT,
        "name": "C",
        "owner": "o",
        "site": "street",
        "area_id": "33.74",
    }
    place = {
        "lat": -7.0,
        "lon": 110.4,
        "source": "synthetic:7",
        "width": 640,
        "height": 360,
        "calibration": view,
    }
    return Camera(**(known | place | changes))


def thing(label="car", x=0.0, y=18.0, heading=1.6, **changes):
    """Something in the middle of the street."""
    size = dict(zip(("length", "width", "height"), SIZES[label], strict=True))
    known = {"id": 1, "label": label, "x": x, "y": y, "heading": heading, "speed_ms": 5.0, "tone": 5}
    return Thing(**(known | size | changes))


def moment(*things, daylight=1.0, rain_mm=0.0, water=0.0):
    """What stands before the camera."""
    return Moment("c", AT, tuple(things), daylight, rain_mm, water)


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("heading", [0.0, 0.8, 1.6, 4.7])
def test_a_thing_is_where_the_truth_has_it(label, heading):
    """The box of a thing alone lies where its own box is projected, and stands on the same ground."""
    one = thing(label, heading=heading)
    _, found = paint_labelled(moment(one), camera(), STREET)
    assert found.labels.tolist() == [label]
    along, aside = np.array([np.sin(heading), np.cos(heading)]), np.array([np.cos(heading), -np.sin(heading)])
    corners = [
        (*(np.array([0.0, 18.0]) + along * one.length * a + aside * one.width * b), one.height * c)
        for a in (-0.5, 0.5) for b in (-0.5, 0.5) for c in (0, 1)
    ]  # fmt: skip
    shares = camera().calibration.project(corners) * (640, 360)
    middle = (shares.max(axis=0) + shares.min(axis=0)) / 2
    box = found.boxes[0].reshape(2, 2)
    near = 0.16 * (shares.max(axis=0) - shares.min(axis=0)).min() + 2
    assert np.abs(box.mean(axis=0) - middle).max() < near
    assert abs(box[1, 1] - shares[:, 1].max()) < near


def test_only_what_is_visible_has_a_box():
    """What stands behind something larger, or outside the picture, has no box."""
    hidden, bus = thing("person", y=22.0), thing("bus", y=18.5, id=2)
    beside, behind = thing("car", x=300.0, id=3), thing("car", y=-30.0, id=4)
    _, found = paint_labelled(moment(hidden, bus, beside, behind), camera(), STREET)
    assert found.labels.tolist() == ["bus"]


def test_a_picture_hangs_on_its_moment_alone():
    """The same moment gives the same picture; another moment another."""
    now = moment(thing(), rain_mm=3.0)
    assert (paint(now, camera(), STREET) == paint(now, camera(), STREET)).all()
    later = replace(now, at=AT + timedelta(seconds=1))
    assert (paint(now, camera(), STREET) != paint(later, camera(), STREET)).any()


def test_night_is_darker_than_day_and_lamps_shine():
    """By night the street is dark, but not black, and a headlamp is brighter than anything around it."""
    day, night = (
        paint(moment(thing(heading=3.14), daylight=light), camera(), STREET) for light in (1.0, 0.0)
    )
    assert 15 < night.mean() < day.mean() * 0.75
    assert night.max() > 200


def test_rain_and_water_are_seen():
    """Rain darkens the ground, and water lies on the road."""
    dry = paint(moment(), camera(), STREET).astype(int)
    assert paint(moment(rain_mm=8.0), camera(), STREET).mean() < dry.mean()
    wet = paint(moment(water=0.5), camera(), STREET).astype(int)
    assert np.abs(wet - dry)[80:200].mean() > 5


def test_limbs_move_with_who_walks_and_not_with_who_stands():
    """Half a second later a walker's outline has changed."""
    size, view = (640, 360), camera().calibration
    for speed, moves in ((1.3, True), (0.0, False)):
        outlines = [
            figures([thing("person", speed_ms=speed)], view, size, at)[0].polygons for at in (0.0, 0.4)
        ]
        assert np.allclose(*outlines) != moves


def test_far_things_are_painted_first():
    """Figures come the farthest first, and a rider after what he rides."""
    bike, rider = thing("motorcycle", y=15.0), thing("person", y=15.0, id=2, on=1)
    found = figures([rider, bike, thing("car", y=25.0, id=3)], camera().calibration, (640, 360), 0.0)
    assert [figure.thing.id for figure in found] == [3, 1, 2]


def test_a_camera_without_calibration_cannot_be_painted():
    """The message names the camera."""
    with pytest.raises(ValueError, match="camera c has no calibration"):
        paint(moment(), camera(calibration=None), STREET)


@pytest.mark.slow
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_every_box_lies_in_its_picture(seed):
    """Whatever the street, boxes have a size, lie in the picture and carry the product's labels."""
    ((now, where, scenery),) = islice(Studio(seed).shots(), 1)
    image, found = paint_labelled(now, where, scenery)
    assert image.shape == (360, 640, 3)
    assert ((found.boxes >= 0) & (found.boxes <= [640, 360, 640, 360])).all()
    assert (found.boxes[:, 2:] > found.boxes[:, :2]).all()
    assert set(found.labels.tolist()) <= set(LABELS)


@pytest.mark.parametrize("camera_id", ["tugu-muda", "lawang-sewu", "simpang-lima"])
def test_a_street_a_gate_and_a_square_of_the_city_are_painted(camera_id):
    """A camera of the city has a picture in which not all is one colour."""
    city = City(7)
    picture = paint(
        city.moment(camera_id, AT), city.cameras[camera_id], Scenery.of(city.layout(camera_id), 1)
    )
    assert picture.std() > 10


def test_a_pair_is_the_picture_and_what_has_moved():
    """The first of a pair is the picture itself; the second is grey, half as large, and of the same view."""
    now = moment(thing(), thing("person", x=-4, y=14, id=2), daylight=1.0)
    image, grey = paint_pair(now, now, camera(), STREET)
    assert (image == paint(now, camera(), STREET)).all()
    assert grey.shape == (180, 320)
    small = image.mean(axis=2).reshape(180, 2, 320, 2).mean(axis=(1, 3))
    assert np.corrcoef(grey[20:-20].ravel(), small[20:-20].ravel())[0, 1] > 0.97


@pytest.mark.parametrize("daylight", [1.0, 0.0])
@pytest.mark.parametrize("metres", [-0.6, 0.0, 0.6])
def test_what_moves_between_a_pair_is_measured_as_it_moves(daylight, metres):
    """A car that drives on, and one that stands, are told within a pixel, by day and at night."""
    after_s, view = 1 / 15, camera()
    going, standing = thing(heading=1.57), thing(x=-5, y=16, id=2, heading=1.57, tone=9)
    now, later = (
        moment(replace(going, x=going.x + way), standing, daylight=daylight) for way in (0.0, metres)
    )
    image, grey = paint_pair(now, later, view, STREET)
    _, found = paint_labelled(now, view, STREET)
    frame = Frame("c", AT, image, Glimpse(grey, after_s))
    told = motion.measured(frame, found).velocities * after_s
    ground = [(going.x + way, going.y, going.height / 2) for way in (0.0, metres)]
    true = np.diff(view.calibration.project(ground) * (640, 360), axis=0)[0]
    order = np.argsort(found.boxes[:, 0])
    assert told[order] == pytest.approx(np.array([(0, 0), true]), abs=1.0)


def test_who_is_gone_a_moment_later_is_left_out():
    """Where nobody is left, the second of a pair shows the street alone."""
    empty, view = moment(), camera()
    (_, gone), (_, none) = (paint_pair(now, empty, view, STREET) for now in (moment(thing()), empty))
    assert (gone == none).all()
