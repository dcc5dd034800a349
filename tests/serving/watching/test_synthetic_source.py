"""A synthetic camera yields frames as a real one does: on time, none while it is out."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from lakehouse import clock
from lakehouse.synthetic import City
from serving.watching.sources.synthetic import SyntheticSource

START = datetime(2026, 10, 7, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def city():
    """The synthetic city."""
    return City(7)


def test_from_a_start_frames_come_as_fast_as_they_are_read(city):
    """Their times are even and begin at the start, on the truth's own clock."""
    frames = list(islice(SyntheticSource("tugu-muda", city, 4.0, START).frames(), 5))
    assert [frame.at - START for frame in frames] == [timedelta(seconds=i / 4) for i in range(5)]
    assert {frame.camera_id for frame in frames} == {"tugu-muda"}
    assert {frame.image.shape for frame in frames} == {(360, 640, 3)}


def test_live_frames_are_of_now(city, camera_up):
    """A live frame's time lies within a step of the clock, and times grow."""
    before = clock.now()
    one, two = islice(SyntheticSource(camera_up, city, 10.0).frames(), 2)
    assert before - timedelta(seconds=0.1) <= one.at < two.at <= clock.now()


def test_two_readers_see_the_same(city):
    """A frame hangs on the camera and the instant alone."""
    pictures = [
        SyntheticSource("kota-lama", seen, start=START).frame(START).image for seen in (city, City(7))
    ]
    assert (pictures[0] == pictures[1]).all()


@pytest.mark.slow
def test_a_camera_that_is_out_yields_nothing(city):
    """Around an outage the frames stop and begin again."""
    week = START + timedelta(days=21)
    camera_id, (begin, end) = next(
        (one, out) for one in city.cameras for out in city.outages(one, START, week)
    )
    source = SyntheticSource(camera_id, city, 1.0, begin - timedelta(seconds=3))
    times = [frame.at for frame in islice(source.frames(), 6)]
    assert all(at < begin or at >= end - timedelta(seconds=1) for at in times)
    assert times[-1] >= end - timedelta(seconds=1)
    assert source.missed() == []


def test_each_frame_has_the_picture_a_moment_later(city):
    """It is 1/15 s later, grey and half as large, and what moves has moved on in it."""
    frame = SyntheticSource("dr-cipto", city, start=START).frame(START)
    assert frame.glimpse.after_s == pytest.approx(1 / 15, abs=1e-6)
    assert frame.glimpse.grey.shape == (180, 320)
    assert frame.glimpse.grey.std() > 10
