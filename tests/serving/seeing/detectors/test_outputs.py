"""Whatever a network puts out becomes rows of boxes: which way it lies is told by its shape."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.problem import BadWeights
from lakehouse.scenes import LABELS
from serving.seeing.detectors.card import Card
from serving.seeing.detectors.outputs import Output

CELLS = (640 // 8) * (384 // 8) + (640 // 16) * (384 // 16) + (640 // 32) * (384 // 32)
CAR, PERSON = LABELS.index("car"), LABELS.index("person")


def card(*classes, confidence=0.25):
    """The card of a network of 640 x 384 with these classes."""
    return Card(
        name="told", engine="openvino", files={"told.bin": "0" * 64}, classes=classes, width=640, height=384,
        confidence=confidence, licence="none",
    )  # fmt: skip


def scores(rows, count, classes, *, objectness=False):
    """A table (count, 4 + classes) without anything but `rows`: x y width height, class, score."""
    table = np.zeros((count, 4 + objectness + classes), np.float32)
    for place, (x, y, width, height, number, score) in enumerate(rows):
        table[place, :4] = x, y, width, height
        table[place, 4 + objectness + number] = score
    if objectness:
        table[:, 4] = 1
    return table


def test_finished_rows_are_taken_as_they_are():
    """Rows x1 y1 x2 y2 confidence class keep their boxes; what is unsure is left out."""
    output = np.array([[[10, 20, 30, 40, 0.9, 1], [5, 6, 50, 60, 0.1, 0]]], np.float32)
    rows = Output.of(output.shape, card("person", "car")).rows(output)
    assert rows == pytest.approx(np.array([[10, 20, 30, 40, 0.9, CAR]]))


@pytest.mark.parametrize("turned", [False, True])
def test_scores_become_the_surest_class_and_doubles_go(turned):
    """Centres and sizes become corners, the best score is the confidence, and of doubles the surest stays."""
    found = [(100, 100, 40, 20, 1, 0.8), (101, 100, 40, 20, 1, 0.7), (300, 200, 10, 30, 0, 0.6)]
    table = scores(found, CELLS, 80)[None]
    output = table.transpose(0, 2, 1) if turned else table
    classes = ["person", "car"] + [None] * 78
    rows = Output.of(output.shape, card(*classes)).rows(output)
    assert rows[:, :4].tolist() == [[80, 90, 120, 110], [295, 185, 305, 215]]
    assert rows[:, 4] == pytest.approx([0.8, 0.6])
    assert rows[:, 5].tolist() == [CAR, PERSON]


def test_objectness_weighs_the_scores():
    """Where a column says whether there is anything at all, the confidence is its product with the score."""
    table = scores([(100, 100, 40, 20, 0, 0.8), (300, 100, 40, 20, 0, 0.8)], 3 * CELLS, 3, objectness=True)
    table[1, 4] = 0.2
    rows = Output.of((1, *table.shape), card("car", "bus", "truck")).rows(table[None])
    assert rows[:, :5] == pytest.approx(np.array([[80, 90, 120, 110, 0.8]]))


@pytest.mark.parametrize(
    ("shape", "classes", "form"),
    [
        ((1, 300, 6), 2, "rows"),
        ((1, CELLS, 6), 2, "scores"),
        ((1, 6, CELLS), 2, "scores"),
        ((1, 6, 77), 2, "scores"),
        ((1, 300, 6), 1, "rows"),
        ((1, 3 * CELLS, 6), 1, "objectness"),
        ((1, 5, CELLS), 1, "scores"),
        ((1, 300, 6), 80, "rows"),
        ((1, 84, CELLS), 80, "scores"),
    ],
)
def test_six_columns_are_told_apart_by_the_cells_of_the_grids(shape, classes, form):
    """Six columns are finished rows, unless there are as many as the network has cells or anchors."""
    labels = ["car", *[None] * (classes - 1)]
    assert Output.of(shape, card(*labels)).form == form


@pytest.mark.parametrize(
    "shape", [(1, 84), (2, 300, 6), (1, 85, CELLS), (1, 116, CELLS), (300, 6), (1, 1, 8, 8)]
)
def test_what_is_no_table_of_boxes_is_refused(shape):
    """A classifier's, a batch's, an oriented and a segmenting network's output is no detector's."""
    with pytest.raises(
        BadWeights, match=r"its output is .*with 80 classes it is .*; export a detection model"
    ):
        Output.of(shape, card("car", *[None] * 79))


def test_two_classes_of_one_label_are_one_thing():
    """A car that is also called a van is one car where both are mapped to it; unreported classes are gone."""
    table = scores(
        [(100, 100, 40, 20, 0, 0.6), (100, 100, 40, 20, 1, 0.7), (300, 100, 40, 20, 2, 0.9)], CELLS, 3
    )
    rows = Output.of((1, *table.shape), card("car", "car", None)).rows(table[None])
    assert rows[:, 4:] == pytest.approx(np.array([[0.7, CAR]]))


def test_shares_of_the_input_are_boxes_too():
    """Networks that tell boxes in shares of their input mean the same boxes."""
    table = scores([(0.5, 0.5, 0.25, 0.5, 0, 0.9), (1, 1, 0.1, 0.1, 0, 0.9)], CELLS, 3)
    rows = Output.of((1, *table.shape), card("car", "bus", "truck")).rows(table[None])
    assert rows[0, :4].tolist() == [240, 96, 400, 288]


def test_a_class_that_the_card_does_not_name_is_an_error():
    """To ignore it would call cars by other labels: a card with too few classes is refused by name."""
    output = np.array([[[10, 20, 30, 40, 0.9, 7]]], np.float32)
    with pytest.raises(BadWeights, match=r"class 7.*its card names 2 classes"):
        Output.of(output.shape, card("person", "car")).rows(output)


def test_numbers_that_are_none_are_no_boxes():
    """A network that breaks down finds nothing, rather than a box of nothing."""
    output = np.array([[[np.nan, 20, 30, 40, 0.9, 0], [1, 2, 3, np.inf, 0.9, 0]]], np.float32)
    assert len(Output.of(output.shape, card("car", "bus")).rows(output)) == 0


@given(
    boxes=st.lists(
        st.tuples(
            st.floats(0, 640, width=32), st.floats(0, 384, width=32), st.floats(3, 300, width=32),
            st.floats(3, 300, width=32), st.integers(0, 2), st.floats(0, 1, width=32),
        ),
        max_size=20,
    ),
    confidence=st.floats(0.01, 1),
)  # fmt: skip
def test_every_kept_box_was_told_and_is_sure_and_has_no_double(boxes, confidence):
    """Rows are some of what was told, none less sure than asked, none overlapping another of its label."""
    table = scores(boxes, CELLS, 3)
    rows = Output.of((1, *table.shape), card("car", "bus", None, confidence=confidence)).rows(table[None])
    told = {(round(score, 4), number) for *_, number, score in boxes}
    numbers = {CAR: 0, LABELS.index("bus"): 1}
    assert (rows[:, 4] >= np.float32(confidence)).all()
    assert {(round(float(score), 4), numbers[int(place)]) for score, place in rows[:, 4:]} <= told
    assert (np.diff(rows[:, 4]) <= 0).all()
    for first in range(len(rows)):
        for second in range(first):
            assert rows[first, 5] != rows[second, 5] or overlap(rows[first], rows[second]) <= 0.7 + 1e-3


def overlap(one, other):
    """What two boxes share of what both cover."""
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:4], other[2:4])
    shared = np.prod(np.maximum(high - low, 0))
    return shared / (np.prod(one[2:4] - one[:2]) + np.prod(other[2:4] - other[:2]) - shared)
