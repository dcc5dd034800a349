"""How things move is measured in two pictures: patches that move by known ways before a known wall."""

import sys
import time
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.scenes import Detections, Frame, Glimpse
from serving.seeing import motion

AT = datetime(2026, 11, 23, 3, tzinfo=UTC)
SIZE = (640, 360)
AFTER_S = 1 / 15


def textured(seed, size):
    """A motley surface of `size` (width, height), fine and coarse as things are: (h, w) float32."""
    random, shape = np.random.default_rng(seed), (size[1], size[0])
    layers = [cv2.GaussianBlur(random.normal(size=shape), (0, 0), grain) for grain in (1.5, 4, 10, 25)]
    mixed = sum(layer / layer.std() for layer in layers)
    return np.clip(mixed / mixed.std() * 45 + 128, 0, 255).astype(np.float32)


WALL = textured(0, SIZE)


def moved(picture, way, value=0):
    """The picture shifted by `way` (x, y), which may be a fraction of a pixel."""
    matrix = np.array([[1, 0, way[0]], [0, 1, way[1]]], np.float32)
    return cv2.warpAffine(
        picture, matrix, SIZE, flags=cv2.INTER_CUBIC, borderMode=value or cv2.BORDER_REFLECT
    )


def scene(boxes, ways, shake=(0.0, 0.0), flat=()):
    """Two pictures (h, w): patches in `boxes` before a wall, and the same after they went `ways`."""
    shown = []
    for step in (0, 1):
        picture = WALL.copy()
        for number, ((x1, y1, x2, y2), way) in enumerate(zip(boxes, ways, strict=True)):
            patch = np.full(SIZE[::-1], 120, np.float32) if number in flat else textured(number + 1, SIZE)
            mask = np.zeros(SIZE[::-1], np.float32)
            mask[y1:y2, x1:x2] = 1
            at = np.array(way, np.float32) * step
            mask, patch = moved(mask, at, cv2.BORDER_CONSTANT), moved(patch, at)
            picture = picture * (1 - mask) + patch * mask
        shown.append(np.clip(moved(picture, np.array(shake) * step), 0, 255).astype(np.uint8))
    return shown


def frame(before, after, after_s=AFTER_S):
    """The frame of two pictures."""
    return Frame("cam-1", AT, cv2.cvtColor(before, cv2.COLOR_GRAY2BGR), Glimpse(after, after_s))


def found(boxes):
    """Cars in these boxes."""
    count = len(boxes)
    corners = np.array(boxes, np.float32).reshape(-1, 4)
    return Detections(corners, np.array(["car"] * count, np.str_), np.ones(count, np.float32))


def ways(boxes, *pictures, after_s=AFTER_S):
    """How far each box was seen to go, (n, 2) in pixels."""
    return motion.measured(frame(*pictures, after_s), found(boxes)).velocities * after_s


BOXES = [(60, 60, 140, 130), (260, 80, 330, 140), (440, 200, 560, 300), (120, 230, 150, 290)]


@pytest.mark.parametrize("seed", range(6))
def test_what_moves_is_measured_to_a_fraction_of_a_pixel(seed):
    """Patches that go up to 20 pixels any way, each its own, are told within half a pixel, or not at all."""
    true = np.random.default_rng(seed).uniform(-20, 20, (4, 2))
    told = ways(BOXES, *scene(BOXES, true))
    known = ~np.isnan(told[:, 0])
    assert known[:3].all()
    assert np.abs(told - true)[known].max() < 0.5


@pytest.mark.parametrize("way", [(0.25, -0.4), (0.0, 0.0), (1.5, 2.75), (-12.3, 7.6)])
def test_fractions_of_a_pixel_are_told(way):
    """A patch that stays, or hardly moves, is told within a tenth of a pixel."""
    assert ways(BOXES[:1], *scene(BOXES[:1], [way]))[0] == pytest.approx(way, abs=0.1)


@pytest.mark.parametrize("shake", [(0.0, 0.0), (5.0, -3.0), (-6.0, 6.0), (0.4, 1.7)])
def test_the_cameras_own_shaking_is_taken_off(shake):
    """Where the whole picture jumps, what stands has no velocity, and what moves has its own."""
    told = ways(BOXES[:2], *scene(BOXES[:2], [(0, 0), (9, -4)], shake))
    assert told == pytest.approx(np.array([(0, 0), (9, -4)]), abs=0.4)


def test_where_nothing_stands_the_picture_is_taken_as_it_is():
    """Boxes that fill the picture leave nothing to tell a shake by, and all of it is their motion."""
    whole = [(0, 0, *SIZE)]
    assert ways(whole, *scene([], [], (5, 3)))[0] == pytest.approx((5, 3), abs=0.4)


def test_what_is_flat_has_no_velocity():
    """In a box without any texture nothing can be followed."""
    box = [(200, 100, 420, 260)]
    told = ways([(240, 130, 380, 230)], *scene(box, [(7, 0)], flat={0}))
    assert np.isnan(told).all()


def test_what_does_not_agree_has_no_velocity():
    """Four things that leave in four directions are no one thing."""
    parts = [(200, 100, 260, 160), (260, 100, 320, 160), (200, 160, 260, 220), (260, 160, 320, 220)]
    pictures = scene(parts, [(-12, -12), (12, -12), (-12, 12), (12, 12)])
    assert np.isnan(ways([(200, 100, 320, 220)], *pictures)).all()


def test_what_is_gone_has_no_velocity():
    """Where another picture follows, as after a cut, nothing is found again."""
    told = ways(BOXES, scene([], [])[0], textured(99, SIZE).astype(np.uint8))
    assert np.isnan(told).all()


@pytest.mark.parametrize("box", [(-40, 100, 40, 180), (600, 100, 700, 180), (300, 320, 380, 400)])
def test_a_box_at_the_border_is_followed_by_what_is_seen_of_it(box):
    """What lies outside of the picture does not matter."""
    seen = np.clip(box, 0, np.tile(SIZE, 2))
    assert ways([box], *scene([seen], [(4, -3)]))[0] == pytest.approx((4, -3), abs=0.5)


@pytest.mark.parametrize("box", [(100, 100, 101, 140), (100, 100, 100, 100), (900, 500, 950, 520)])
def test_a_box_of_nothing_has_no_velocity_or_that_of_its_place(box):
    """Degenerate boxes raise nothing; the narrowest are left alone."""
    told = ways([box], *scene([], []))
    assert told.shape == (1, 2)
    assert np.isnan(told).all() or np.abs(told).max() < 0.2


def test_without_boxes_there_is_nothing_to_measure():
    """No thing, no velocity."""
    measured = motion.measured(frame(*scene([], [])), found([]))
    assert measured.velocities.shape == (0, 2)
    assert measured.velocities.dtype == np.float32


def test_without_a_glimpse_nobody_measured():
    """A frame alone says nothing of motion, and that is not zero."""
    picture = cv2.cvtColor(scene([], [])[0], cv2.COLOR_GRAY2BGR)
    alone = found(BOXES)
    assert motion.measured(Frame("cam-1", AT, picture), alone) is alone
    assert motion.measured(Frame("cam-1", AT, picture, Glimpse(picture[..., 0], 0.0)), alone) is alone


@pytest.mark.parametrize(("width", "height"), [(320, 180), (640, 360), (960, 540)])
def test_a_glimpse_may_have_any_size(width, height):
    """Velocities are of the frame's pixels, however large the glimpse is."""
    before, after = scene(BOXES[:3], [(8, 6)] * 3)
    small = cv2.resize(after, (width, height), interpolation=cv2.INTER_AREA)
    assert ways(BOXES[:3], before, small) == pytest.approx(np.array([(8, 6)] * 3), abs=0.5)


def test_luma_may_be_darker_and_flatter_than_grey():
    """Cameras send luma between 16 and 235, and what is followed is not misled by it."""
    before, after = scene(BOXES, [(3, 2)] * 4)
    luma = np.rint(16 + after * (219 / 255)).astype(np.uint8)
    assert ways(BOXES, before, luma) == pytest.approx(np.array([(3, 2)] * 4), abs=0.3)


GOING = scene(BOXES[:1], [(6, 0)])


@given(st.floats(0.03, 0.2))
def test_velocity_is_way_by_time(after_s):
    """The same two pictures, farther apart in time, are a slower motion."""
    told = motion.measured(frame(*GOING, after_s), found(BOXES[:1])).velocities
    assert told[0] == pytest.approx((6 / after_s, 0), abs=0.3 / after_s)


def test_the_rest_of_what_was_found_is_as_it_was():
    """Only velocities are added."""
    before = found(BOXES)
    after = motion.measured(frame(*scene([], [])), before)
    assert after.boxes is before.boxes
    assert after.labels is before.labels
    assert after.confidences is before.confidences


def test_ten_boxes_cost_little(capsys):
    """Ten boxes in 720p cost some times the pyramids of the two pictures; the CPU time is printed."""
    rows = [(40 + 120 * column, y, 130 + 120 * column, y + 90) for column in range(5) for y in (60, 220)]
    before, after = scene(rows, [(8, 5)] * 10)
    large = cv2.cvtColor(cv2.resize(before, (1280, 720), interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2BGR)
    pair, boxes = Frame("cam-1", AT, large, Glimpse(after, AFTER_S)), found(np.array(rows) * 2)
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        measured_s = _cpu_s(lambda: motion.measured(pair, boxes))
        floor_s = _cpu_s(lambda: [_pyramid(large), _pyramid(large)])
    finally:
        cv2.setNumThreads(threads)
    with capsys.disabled():
        told = f"{1000 * measured_s:.2f} CPU ms, {measured_s / floor_s:.1f} times two pyramids"
        sys.stdout.write(f"\nmotion of ten boxes, 1280 x 720: {told}\n")
    assert measured_s < 20 * floor_s


def _pyramid(image):
    """A picture in grey, of half the size, with its pyramid: what any flow needs first."""
    small = cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (640, 360), interpolation=cv2.INTER_AREA)
    return cv2.buildOpticalFlowPyramid(small, (17, 17), 4)


def _cpu_s(work):
    """The least CPU seconds of this thread that some calls took."""
    took = []
    for _ in range(30):
        began = time.thread_time()
        work()
        took.append(time.thread_time() - began)
    return min(took)
