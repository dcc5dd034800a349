"""What was found is drawn where it is, in the colour of its label, whatever the size of the picture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from PIL import ImageColor

from lakehouse.city.cameras import Purpose, Zone
from lakehouse.scenes import LABELS, Detections
from serving.showing.drawing import AHEAD_S, COLOUR, Pen, drawn
from serving.showing.picture import INK

CAR, INKED = ImageColor.getrgb(COLOUR["car"]), ImageColor.getrgb(INK)


def found(*boxes, label="car", velocities=None):
    """Boxes of one label; `velocities` as Detections has them."""
    given = None if velocities is None else np.array(velocities, np.float32)
    labels, sure = np.array([label] * len(boxes), np.str_), np.full(len(boxes), 0.87, np.float32)
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), labels, sure, given)


def grey(width=400, height=300):
    """A plain picture."""
    return np.full((height, width, 3), 100, np.uint8)


def painted(picture, colour):
    """Where a picture has this colour: (height, width) bool."""
    return (np.asarray(picture) == colour).all(axis=2)


def test_every_label_has_a_colour_of_its_own():
    """No two labels look alike, and none like a zone."""
    assert len({*COLOUR.values(), INK}) == len(LABELS) + 1


def test_a_box_is_drawn_along_its_edges_and_leaves_its_inside():
    """The four edges have the label's colour; what is in the box can be seen."""
    there = painted(drawn(grey(), found([100, 120, 200, 220])), CAR)
    assert there[120, 101:200].all()
    assert there[220, 101:200].all()
    assert there[121:220, 100].all()
    assert there[121:220, 200].all()
    assert not there[125:215, 105:195].any()


def test_the_picture_itself_is_not_drawn_into():
    """Whoever looks on at the frame sees no boxes."""
    image = grey()
    drawn(image, found([10, 10, 50, 50]))
    assert (image == 100).all()


def test_the_name_and_the_confidence_can_be_read():
    """Above the box stands a plate of its colour with dark letters, more of them in a longer name."""
    dark = {}
    for label in ("car", "motorcycle"):
        plate = np.asarray(drawn(grey(), found([100, 120, 300, 220], label=label)))[100:119]
        assert (plate == ImageColor.getrgb(COLOUR[label])).all(axis=2).sum() > 200
        dark[label] = (plate.max(axis=2) < 60).sum()
    assert 15 < dark["car"] < dark["motorcycle"]


def test_an_arrow_ends_where_the_thing_will_be():
    """A measured velocity is an arrow from the middle; who stands or was not followed has none."""
    box, moved = [100, 120, 140, 160], 100 * AHEAD_S
    arrow = painted(drawn(grey(), found(box, velocities=[[100, 0]])), CAR)
    assert arrow[140, 160 : int(120 + moved) - 2].all()
    assert not arrow[:, int(120 + moved) + 5 :].any()
    for none in (None, [[np.nan, np.nan]]):
        assert not painted(drawn(grey(), found(box, velocities=none)), CAR)[130:150, 150:].any()


def test_zones_are_drawn_and_named():
    """A polygon is closed, a counting line is wider, and both tell their names."""
    square = Zone(
        zone_id="plaza", purpose=Purpose.PEOPLE, corners=((0.5, 0.2), (0.9, 0.2), (0.9, 0.8), (0.5, 0.8))
    )
    line = Zone(zone_id="flow", purpose=Purpose.ROAD, corners=((0.1, 0.2), (0.1, 0.8)))
    there = painted(drawn(grey(), found(), [square, line]), INKED)
    assert there[100:200, int(0.5 * 399) - 1 : int(0.5 * 399) + 2].any(axis=1).all()
    width = there[80, : 200 - 5].sum()
    assert width > there[80, 195:205].sum() > 0


def test_lines_and_letters_grow_with_the_picture():
    """On a small picture lines are thin, on a large one they can still be seen."""
    small, usual, large = (Pen.of(*size) for size in ((64, 48), (1280, 720), (3840, 2160)))
    assert small.line == 1
    assert small.line < usual.line < large.line
    assert small.letters < usual.letters < large.letters


@pytest.mark.parametrize("size", [(16, 16), (17, 1000), (1000, 33)])
def test_the_smallest_pictures_are_drawn_on(size):
    """A name that is wider than the picture begins at its edge."""
    box = [0, 0, size[0], size[1]]
    assert drawn(grey(*size), found(box, label="motorcycle")).size == size


@effort(max_examples=40)
@given(
    st.lists(st.tuples(*[st.floats(-50, 500, width=32)] * 4), max_size=5),
    st.tuples(*[st.floats(-1e6, 1e6, width=32)] * 2),
)
def test_whatever_was_found_is_drawn_into_a_picture_of_the_same_size(boxes, velocity):
    """Boxes at and beyond the edges, and velocities of any size, draw a picture and no error."""
    assert drawn(grey(), found(*boxes, velocities=[velocity] * len(boxes))).size == (400, 300)
