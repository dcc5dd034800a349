"""A camera's health, told from small grey pictures."""

from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest

from lakehouse.scenes import Health
from serving.watching.glance import glance
from serving.watching.health import Checkup, brightness

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
SECONDS = 60


@pytest.fixture(scope="module")
def street():
    """A still picture with edges in it."""
    random = np.random.default_rng(0)
    return cv2.GaussianBlur(random.integers(0, 255, (360, 640, 3), dtype=np.uint8), (0, 0), 3)


def _noisy(picture, random):
    return np.clip(picture + random.normal(0, 3, picture.shape), 0, 255).astype(np.uint8)


def _checked(pictures):
    checkup = Checkup(frozen_after_s=30)
    return [checkup.see(START + timedelta(seconds=n), glance(picture)) for n, picture in enumerate(pictures)]


@pytest.fixture(scope="module")
def noisy(street):
    """A minute of a live camera."""
    random = np.random.default_rng(1)
    return [_noisy(street, random) for _ in range(SECONDS)]


def test_a_sensor_that_hums_is_live(noisy):
    """Noise alone tells that the picture comes from now."""
    assert set(_checked(noisy)) == {Health.LIVE}


def test_the_same_picture_for_long_is_frozen(street):
    """After half a minute without any change the camera is frozen."""
    healths = _checked([street] * SECONDS)
    assert healths[:30] == [Health.LIVE] * 30
    assert set(healths[30:]) == {Health.FROZEN}


def test_a_running_clock_does_not_hide_a_frozen_picture(street):
    """Digits that still run on a picture that does not are not life."""
    pictures = [street.copy() for _ in range(SECONDS)]
    for number, picture in enumerate(pictures):
        cv2.putText(picture, f"12:00:{number:02}", (10, 30), 0, 1, (255, 255, 255), 2)
    assert _checked(pictures)[-1] == Health.FROZEN


def test_a_thawed_picture_is_live_at_once(street, noisy):
    """The first change ends it."""
    assert _checked([street] * 40 + noisy[:2])[-1] == Health.LIVE


@pytest.mark.parametrize(
    ("spoil", "health"),
    [
        (lambda picture: picture * 0, Health.BLACK),
        (lambda picture: cv2.GaussianBlur(picture, (0, 0), 60) // 3, Health.COVERED),
        (lambda picture: picture // 6 + np.eye(360, 640, dtype=np.uint8)[..., None] * 200, Health.LIVE),
    ],
    ids=["black", "covered", "dark street with lamps"],
)
def test_what_shows_nothing_is_told(street, spoil, health):
    """A black and a covered picture are told from a dark one, noise or not."""
    random = np.random.default_rng(4)
    assert _checked([_noisy(spoil(street), random) for _ in range(3)]) == [health] * 3


def test_readings_are_shares(noisy):
    """Brightness and motion are between 0 and 1."""
    checkup = Checkup()
    for picture in noisy[:3]:
        checkup.see(START, glance(picture))
    assert checkup.motion == pytest.approx(1.0)
    assert 0 < brightness(glance(noisy[0])) < 1
