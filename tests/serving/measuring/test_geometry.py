"""Who is carried by a vehicle, and who walks beside it."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.scenes import GRID, Scene, unmeasured
from serving.measuring.geometry import riders

VEHICLES = {"bus": (0.3, 0.3, 0.8, 0.7), "truck": (0.3, 0.35, 0.7, 0.7), "car": (0.4, 0.5, 0.6, 0.62)}
SHARES = st.floats(0, 1)


def _scene(*things):
    """A scene of (label, (x1, y1, x2, y2)) in shares of the frame."""
    boxes = np.rint(np.array([box for _, box in things]) * GRID).astype(np.int16)
    labels = np.array([label for label, _ in things], np.str_)
    at, count = datetime(2026, 11, 23, 3, tzinfo=UTC), len(things)
    ids = np.arange(count, dtype=np.int64)
    return Scene("cam-1", at, boxes, labels, np.full(count, 90, np.uint8), ids, unmeasured(count))


def _carried(label, vehicle, person):
    return bool(riders(_scene(("person", person), (label, vehicle)))[0])


@pytest.mark.parametrize("label", VEHICLES)
@given(along=SHARES, down=st.floats(0.05, 0.45), width=st.floats(0.03, 0.12), height=st.floats(0.15, 0.35))
def test_who_shows_in_a_window_is_part_of_the_vehicle(label, along, down, width, height):
    """Wherever the window: a half figure in the upper part of a bus, a truck or a car is no pedestrian."""
    left, top, right, bottom = VEHICLES[label]
    wide, high = right - left, bottom - top
    x, y = left + along * (1 - width) * wide, top + down * high
    assert _carried(label, VEHICLES[label], (x, y, x + width * wide, y + height * high))


@pytest.mark.parametrize("label", VEHICLES)
@given(along=st.floats(-0.2, 1.1), feet=st.floats(0.9, 1.4), tall=st.floats(0.3, 1.6))
def test_who_walks_in_front_of_it_is_a_pedestrian(label, along, feet, tall):
    """Feet beside the wheels or nearer than they: a person, however much of the vehicle is behind them."""
    left, top, right, bottom = VEHICLES[label]
    high = bottom - top
    x, y = left + along * (right - left), top + feet * high
    assert not _carried(
        label, VEHICLES[label], (x, max(y - tall * high, 0), x + 0.12 * tall * high, min(y, 1))
    )


@pytest.mark.parametrize("label", VEHICLES)
@given(hidden=st.floats(0.3, 0.8), along=SHARES, tall=st.floats(0.5, 1.2))
def test_who_walks_behind_it_is_a_pedestrian(label, hidden, along, tall):
    """Of a person behind a vehicle head and shoulders look over it: less than four fifths lie in its box."""
    left, top, right, _ = VEHICLES[label]
    height = tall * 0.3
    x, y = left + along * (right - left), top - (1 - min(hidden, 0.75)) * height
    assert not _carried(label, VEHICLES[label], (x, max(y, 0), x + 0.03, max(y, 0) + height * 0.98))


def test_a_full_bus_and_a_street_are_told_apart():
    """Eight at the windows, one on a motorcycle, and two who walk: two people."""
    bus = VEHICLES["bus"]
    aboard = [("person", (0.32 + 0.06 * n, 0.36, 0.35 + 0.06 * n, 0.48)) for n in range(8)]
    walking = [("person", (0.35, 0.5, 0.41, 0.75)), ("person", (0.9, 0.5, 0.95, 0.7))]
    rider = [("motorcycle", (0.1, 0.6, 0.18, 0.7)), ("person", (0.11, 0.5, 0.17, 0.68))]
    scene = _scene(("bus", bus), *aboard, *walking, *rider)
    assert int((scene.labels == "person").sum() - riders(scene).sum()) == 2


def test_nobody_and_no_vehicle_are_no_riders():
    """A scene without people, or without vehicles, has none."""
    assert not riders(_scene(("bus", VEHICLES["bus"]))).any()
    assert not riders(_scene(("person", (0.4, 0.4, 0.5, 0.6)))).any()
    empty = np.empty((0, 4), np.int16), np.empty(0, np.str_), np.empty(0, np.uint8), np.empty(0, np.int64)
    assert not riders(Scene("cam-1", datetime(2026, 11, 23, 3, tzinfo=UTC), *empty, unmeasured(0))).any()
