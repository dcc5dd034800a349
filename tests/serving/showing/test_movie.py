"""Pictures become a clip that any player shows, at the pace at which they were looked at."""

import av
import pytest
from PIL import Image

from serving.showing.movie import Movie


@pytest.mark.parametrize(("fps", "size"), [(2, (320, 240)), (0.5, (321, 243)), (29.97, (64, 48))])
def test_a_movie_has_every_picture_at_its_time(tmp_path, fps, size):
    """As many pictures, so many a second; an odd side loses its last pixel."""
    path = tmp_path / "seen.mp4"
    with Movie(path, fps) as movie:
        for number in range(4):
            movie.add(Image.new("RGB", size, (60 * number, 100, 100)))
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    assert [frame.time * fps for frame in frames] == pytest.approx([0, 1, 2, 3], abs=0.01)
    assert (frames[0].width, frames[0].height) == (size[0] // 2 * 2, size[1] // 2 * 2)


def test_a_picture_of_another_size_is_scaled(tmp_path):
    """A camera that changes its size midway does not end the clip."""
    path = tmp_path / "seen.mp4"
    with Movie(path, 2) as movie:
        for size in ((320, 240), (640, 480)):
            movie.add(Image.new("RGB", size))
    with av.open(str(path)) as container:
        assert [(frame.width, frame.height) for frame in container.decode(video=0)] == [(320, 240)] * 2


def test_without_a_picture_there_is_no_file(tmp_path):
    """A source that breaks at once leaves nothing behind."""
    with Movie(tmp_path / "seen.mp4", 2):
        pass
    assert not list(tmp_path.iterdir())
