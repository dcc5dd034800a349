"""A detector finds what is there, in any picture's own pixels, and only with the weights of its card."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.problem import BadWeights
from lakehouse.scenes import LABELS
from serving.seeing import detectors
from serving.seeing.detectors.boxes import Fit, detections


@pytest.fixture(scope="module")
def shipped():
    """The detector that is shipped."""
    return detectors.load()


@pytest.fixture
def copied(tmp_path):
    """The shipped weights with their card, elsewhere."""
    for path in detectors.SHIPPED.parent.glob("matakota-n.*"):
        shutil.copy(path, tmp_path)
    return tmp_path / detectors.SHIPPED.name


def scripted(folder: Path, script: object) -> Path:
    """A script with its card."""
    weights = folder / "rehearsal.script"
    weights.write_text(json.dumps(script))
    card = {
        "name": "rehearsal", "engine": "scripted", "width": 640, "height": 384, "confidence": 0.2,
        "licence": "none",
        "files": {weights.name: hashlib.sha256(weights.read_bytes()).hexdigest()},
    }  # fmt: skip
    weights.with_suffix(".json").write_text(json.dumps(card))
    return weights


def test_every_engine_is_a_file():
    """The engines are the files of the folder, without the words they share."""
    assert set(detectors.engines()) == {"openvino", "scripted", "ultralytics"}


def test_the_shipped_weights_are_small_and_are_what_their_card_says(shipped):
    """At most 12 MB are shipped, and the model's id is the beginning of the weights' sha256."""
    files = [detectors.SHIPPED, detectors.SHIPPED.with_suffix(".bin")]
    assert sum(file.stat().st_size for file in files) <= 12e6
    assert shipped.model_id == hashlib.sha256(files[1].read_bytes()).hexdigest()[:12]


def test_serving_needs_no_torch():
    """Loading the shipped detector imports neither torch nor ultralytics."""
    heavy = "{'torch', 'ultralytics'} & {*sys.modules}"
    code = f"import sys; from serving.seeing import detectors; detectors.load(); print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_changed_weights_are_refused(copied):
    """A weights file with another sum than its card's is refused with both sums and a remedy."""
    copied.with_suffix(".bin").write_bytes(b"other")
    with pytest.raises(BadWeights, match=r"sha256 is d9298a10d1b0.*card says .*; get the weights again"):
        detectors.load(copied)


def test_missing_weights_are_named(tmp_path):
    """A path where nothing is names itself."""
    with pytest.raises(BadWeights, match="no such file"):
        detectors.load(tmp_path / "nothing.xml")


def test_weights_without_a_card_are_refused(copied):
    """A weights file without a card beside it is refused."""
    copied.with_suffix(".json").unlink()
    with pytest.raises(BadWeights, match=r"need a card matakota-n\.json"):
        detectors.load(copied)


def test_a_misspelt_card_is_refused(copied):
    """A card with a name that no card has is refused."""
    card = json.loads(copied.with_suffix(".json").read_text())
    copied.with_suffix(".json").write_text(json.dumps(card | {"heigth": 3}))
    with pytest.raises(BadWeights, match=r"heigth: .*adopt-weights"):
        detectors.load(copied)


def test_a_part_that_is_missing_is_refused(copied):
    """All files of the card must be there."""
    copied.with_suffix(".bin").unlink()
    with pytest.raises(BadWeights, match="missing"):
        detectors.load(copied)


def test_an_unknown_engine_is_refused():
    """An engine that is no file names those that are."""
    with pytest.raises(BadWeights, match="openvino, scripted, ultralytics"):
        detectors.load(engine="tensorrt")


def test_an_engine_refuses_what_it_cannot_read(tmp_path):
    """Weights that fit their card and are of another engine are bad weights, not a crash."""
    weights = scripted(tmp_path, [[]])
    for engine in ("openvino", "ultralytics"):
        with pytest.raises(BadWeights):
            detectors.load(weights, engine)


@pytest.mark.parametrize(
    "shape", [(360, 640), (384, 640), (720, 1280), (996, 576), (33, 1000), (1000, 17), (16, 16)]
)
def test_pictures_of_any_size_are_looked_into(shipped, shape):
    """Boxes lie within the picture, whatever its shape; plain grey shows nothing."""
    picture = np.full((*shape, 3), 127, np.uint8)
    picture[::2] += 5
    (found,) = shipped.detect([picture])
    assert found.boxes.shape == (len(found), 4)
    assert (found.boxes >= 0).all()
    assert (found.boxes <= [shape[1], shape[0]] * 2).all()


def test_each_picture_has_its_own_answer(shipped):
    """As many answers as pictures, also for none."""
    assert shipped.detect([]) == []
    assert len(shipped.detect([np.zeros((360, 640, 3), np.uint8)] * 3)) == 3


@given(height=st.integers(16, 2000), width=st.integers(16, 2000), at=st.tuples(*[st.floats(0, 1)] * 2))
def test_a_point_comes_back_from_the_network_to_where_it_was(height, width, at):
    """Scaling into the network's input and back is the identity, to half a pixel of the input."""
    fit = Fit.of((height, width), 640, 384)
    x, y = at[0] * width, at[1] * height
    there = np.array([[x, y, x, y]]) * fit.scale + np.array([fit.left, fit.top] * 2)
    assert np.abs(fit.back(there.astype(np.float32)) - [[x, y, x, y]]).max() <= 0.5 / fit.scale + 1e-2
    assert 0 <= there[0, 0] <= 640.5
    assert 0 <= there[0, 1] <= 384.5


def test_one_thing_has_one_box():
    """A vehicle that is called two things is the surer one; a person on the same spot is another thing."""
    person, car, truck = (float(LABELS.index(label)) for label in ("person", "car", "truck"))
    rows = np.array(
        [
            [10, 10, 90, 60, 0.9, car],
            [11, 10, 90, 61, 0.6, truck],
            [10, 10, 90, 60, 0.5, person],
            [200, 10, 250, 60, 0.1, car],
        ],
        np.float32,
    )
    found = detections(rows[rows[:, 4] > 0.25], Fit.of((384, 640), 640, 384))
    assert found.labels.tolist() == ["car", "person"]
    assert found.confidences == pytest.approx([0.9, 0.5])


def test_a_script_is_followed_and_begins_again(tmp_path):
    """The scripted engine finds what its file says, in each picture's pixels."""
    detector = detectors.load(scripted(tmp_path, [[["car", 0.8, 0.0, 0.5, 0.5, 1.0]], []]))
    first, second, third = detector.detect([np.zeros((100, 200, 3), np.uint8)] * 3)
    assert first.boxes.tolist() == third.boxes.tolist() == [[0, 50, 100, 100]]
    assert (first.labels.tolist(), len(second)) == (["car"], 0)


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ({}, "a script is a JSON list"),
        ([[["car", 0.8]]], "a script is a JSON list"),
        ([[["car", "sure", 0, 0, 1, 1]]], "a script is a JSON list"),
        ([[["cat", 0.8, 0, 0, 1, 1]]], "finds cat, which is no class of its card"),
    ],
)
def test_a_script_that_no_engine_could_follow_is_refused(tmp_path, script, told):
    """Pictures are lists of boxes, and boxes have labels that the card names."""
    with pytest.raises(BadWeights, match=told):
        detectors.load(scripted(tmp_path, script))
