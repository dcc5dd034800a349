"""The engine of the workshop reads a state dict with the classes of its card."""

import os
import shutil
from pathlib import Path

import cv2
import pytest
import yaml

from lakehouse.problem import BadWeights
from serving.seeing import detectors
from serving.seeing.adopt import adopt, labelled

HOUSE = Path(__file__).parents[4]
DATA = Path(os.environ.get("MATAKOTA_DATA", HOUSE.parent / "shared" / "data"))
STATE, EXPORT = DATA / "weights" / "yolo26n_state_dict.pt", DATA / "weights" / "yolo26n_openvino_int8"

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not STATE.is_file(), reason="no real weights: set MATAKOTA_DATA"),
]


@pytest.fixture
def state(tmp_path, carded):
    """COCO's weights with a card of so many of their classes."""

    def make(count):
        names = yaml.safe_load((EXPORT / "metadata.yaml").read_text())["names"]
        classes = labelled(tuple(names[number] for number in range(count)), {})
        copy = Path(shutil.copy(STATE, tmp_path))
        return carded(copy, engine="ultralytics", classes=classes, width=640, height=640)

    return make


def test_it_finds_what_an_export_of_the_same_weights_finds(state, tmp_path):
    """The classes of the card are labels in the order of the network: COCO's car is no motorcycle."""
    clip = cv2.VideoCapture(str(DATA / "videos" / "jakarta_sudirman_traffic.mp4"))
    picture = clip.read()[1]
    adopt(EXPORT, out=tmp_path / "export")
    here, there = (detectors.load(path).detect([picture])[0] for path in (state(80), tmp_path / "export"))
    assert set(here.labels) == set(there.labels)
    cars, others = (found.labels.tolist().count("car") for found in (here, there))
    assert cars == pytest.approx(others, abs=3)
    assert cars >= 5


def test_another_number_of_classes_is_refused(state):
    """A card that names fewer classes than the network has is not the card of these weights."""
    with pytest.raises(BadWeights, match="no state dict of YOLO26n with 6 classes"):
        detectors.load(state(6))
