"""The gate: frames in which nothing moved are not looked into."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from serving.watching.gate import Gate
from serving.watching.glance import changes, glance

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


@pytest.fixture
def noisy():
    """Make a picture of the same place, with the noise of a sensor: (height, width, 3)."""
    random = np.random.default_rng(0)
    place = random.integers(60, 180, (9, 16, 3)).repeat(40, axis=0).repeat(40, axis=1)

    def make(sigma=3.0):
        return np.clip(place + random.normal(0, sigma, place.shape), 0, 255).astype(np.uint8)

    return make


def _admitted(gate, pictures, fps=2.0):
    return [
        gate.admit(START + timedelta(seconds=number / fps), glance(picture))
        for number, picture in enumerate(pictures)
    ]


@pytest.mark.parametrize("sigma", [0, 3, 10], ids=["still", "day", "night"])
def test_noise_is_not_motion(noisy, sigma):
    """Only the first of ten still frames is looked into, by day and at night."""
    assert _admitted(Gate(), [noisy(sigma) for _ in range(10)]) == [True] + [False] * 9


@pytest.mark.parametrize("sigma", [0, 3, 10], ids=["still", "day", "night"])
def test_a_person_who_comes_opens_it(noisy, sigma):
    """Somebody 24 pixels high is motion."""
    pictures = [noisy(sigma) for _ in range(6)]
    for number, picture in enumerate(pictures[3:]):
        picture[200:224, 300 + 15 * number : 310 + 15 * number] = 20
    assert _admitted(Gate(), pictures) == [True, False, False, True, True, True]


def test_who_stays_is_looked_at_once(noisy):
    """A frame is compared with the last one that was looked into, so that what stays is not new."""
    pictures = [noisy() for _ in range(6)]
    for picture in pictures[2:]:
        picture[200:240, 300:320] = 20
    assert _admitted(Gate(), pictures) == [True, False, True, False, False, False]


def test_slow_motion_adds_up(noisy):
    """What creeps is compared with the frame that was looked into last, and seen in the end."""
    pictures = [noisy(0).copy() for _ in range(9)]
    for number, picture in enumerate(pictures):
        picture[200:240, 300 + 3 * number : 340 + 3 * number] = 255
    assert any(_admitted(Gate(), pictures)[1:])


def test_a_frame_is_due_now_and_then(noisy):
    """A still place is looked into every five seconds."""
    admitted = _admitted(Gate(due_s=5), [noisy() for _ in range(31)])
    assert [number for number, admit in enumerate(admitted) if admit] == [0, 10, 20, 30]


def test_a_clock_is_learnt(noisy):
    """Digits that change in every frame stop opening the gate; a person still does."""
    random = np.random.default_rng(2)
    pictures = [noisy() for _ in range(60)]
    for picture in pictures:
        picture[4:36, 8:120] = random.integers(0, 2, (32, 112, 1)) * 255
    pictures[55][200:240, 300:320] = 20
    admitted = _admitted(Gate(due_s=1000), pictures)
    assert not any(admitted[40:55])
    assert admitted[55]


def test_traffic_everywhere_is_no_clock(noisy):
    """Where much of the picture changes all the time, all of it is looked into."""
    random = np.random.default_rng(3)
    pictures = [noisy() for _ in range(60)]
    for picture in pictures:
        picture[160:280] = random.integers(0, 255, (12, 64, 3)).repeat(10, axis=0).repeat(10, axis=1)
    assert all(_admitted(Gate(due_s=1000), pictures))


def test_a_glance_is_small_and_grey(noisy):
    """A picture of any size is compared as 160 x 90 grey levels, in 9 x 16 tiles."""
    assert glance(noisy()).shape == (90, 160)
    assert changes(glance(noisy()), glance(noisy())).shape == (9, 16)
