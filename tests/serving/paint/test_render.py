"""`render` writes pictures with exact labels, the same again for the same seed."""

import cv2
import numpy as np
import pytest

from lakehouse.problem import BadFolder
from lakehouse.scenes import LABELS
from serving.paint.render import render


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of three pictures to train with."""
    out = tmp_path_factory.mktemp("pictures") / "new"
    render(out, pictures=3, seed=11)
    return out


@pytest.mark.slow
def test_each_picture_has_its_labels(folder):
    """Beside each picture stand its boxes as shares of it, and some are held out for measuring."""
    assert len(list((folder / "images" / "train").iterdir())) == 3
    assert len(list((folder / "images" / "val").iterdir())) == 1
    rows = [line.split() for path in folder.glob("labels/*/*.txt") for line in path.read_text().splitlines()]
    assert {int(row[0]) for row in rows} <= set(range(len(LABELS)))
    assert all(0 <= float(share) <= 1 for row in rows for share in row[1:])
    assert len(list(folder.glob("labels/*/*.txt"))) == 4


def test_the_folder_says_whose_pictures_these_are(folder):
    """The credits name the product and its licence."""
    assert "AGPL-3.0" in (folder / "CREDITS.txt").read_text()


def test_a_seed_gives_the_same_pictures(folder, tmp_path):
    """Rendered again, the first picture is the same to the last bit."""
    render(tmp_path / "again", pictures=1, seed=11)
    name = next((tmp_path / "again" / "images" / "train").iterdir())
    assert (cv2.imread(str(name)) == cv2.imread(str(folder / "images" / "train" / name.name))).all()


def test_held_out_pictures_are_of_other_streets(folder):
    """No held-out picture is one that is trained with."""
    (held,) = (folder / "images" / "val").iterdir()
    trained = [cv2.imread(str(path)).astype(int) for path in (folder / "images" / "train").iterdir()]
    assert all(np.abs(cv2.imread(str(held)) - one).mean() > 3 for one in trained)


def test_a_folder_that_holds_something_is_left_alone(folder):
    """Nothing is written among other files."""
    with pytest.raises(BadFolder, match="new or empty"):
        render(folder, pictures=1, seed=1)
