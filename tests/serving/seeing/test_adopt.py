"""Somebody else's weights are used once their card is written, by what their export says of itself."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.problem import BadFolder, BadWeights
from lakehouse.scenes import LABELS
from serving.seeing import detectors
from serving.seeing.adopt import adopt, labelled, mapping
from serving.seeing.detectors.card import Card

HOUSE = Path(__file__).parents[3]
WEIGHTS = Path(os.environ.get("MATAKOTA_DATA", HOUSE.parent / "shared" / "data")) / "weights"
FINISHED = np.array([[[64, 32, 128, 96, 0.9, 1]]], np.float32)
NAMES = ["Car", "Motor", "dog"]


def found(weights):
    """What these weights find in a picture."""
    return detectors.load(weights).detect([np.zeros((384, 640, 3), np.uint8)])[0]


def test_an_export_gets_its_card(exported):
    """Names become labels, by themselves or as told; what the metadata says is kept; then it can be used."""
    told = {"license": "AGPL-3.0", "description": "streets", "imgsz": [384, 640]}
    weights = exported(FINISHED, NAMES, metadata=told)
    lines = adopt(weights.parent, {"motor": "motorcycle"}, name="ours")
    card = Card.of(weights)
    assert (card.name, card.classes, card.licence) == ("ours", ("car", "motorcycle", None), "AGPL-3.0")
    assert (card.width, card.height, card.trained_on) == (640, 384, ("streets",))
    assert "reported: Car as car, Motor as motorcycle" in lines
    assert "not reported: dog" in lines
    assert found(weights).labels.tolist() == ["motorcycle"]


def test_an_onnx_file_says_its_names_itself(onnx):
    """The metadata of an ONNX file is Python's notation in text."""
    told = {"names": {0: "car", 1: "Motor"}, "task": "detect", "imgsz": [384, 640], "license": "AGPL-3.0"}
    weights = onnx(FINISHED, told, width=-1, height=-1)
    lines = adopt(weights, {"motor": "motorcycle"})
    card = Card.of(weights)
    assert (card.width, card.height, card.licence) == (640, 384, "AGPL-3.0")
    assert "any other size" in lines[0]
    assert found(weights).labels.tolist() == ["motorcycle"]


def test_a_file_that_names_its_classes_is_believed_before_its_folder(onnx):
    """The metadata.yaml of another export may lie beside it; an ONNX file without names needs one."""
    weights = onnx(FINISHED, {"names": {0: "car", 1: "bus"}})
    (weights.parent / "metadata.yaml").write_text("names: {0: bus, 1: truck}")
    adopt(weights)
    assert Card.of(weights).classes == ("car", "bus")
    weights.with_suffix(".json").unlink()
    onnx(FINISHED, {})
    adopt(weights)
    assert Card.of(weights).classes == ("bus", "truck")


@pytest.mark.parametrize("word", [b"ReduceMean", b"names", b"car"])
def test_a_damaged_network_is_refused(onnx, word):
    """Names in it that are no text are no traceback either."""
    weights = onnx(FINISHED, {"names": {0: "car", 1: "bus"}})
    weights.write_bytes(weights.read_bytes().replace(word, b"\xd5" * len(word)))
    with pytest.raises(BadWeights):
        adopt(weights)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_half_a_network_is_refused(onnx, exported, share):
    """A file that ends early gets no card."""
    for weights in (onnx(FINISHED, {"names": {0: "car", 1: "bus"}}), exported(FINISHED, ["car", "bus"])):
        data = weights.read_bytes()
        weights.write_bytes(data[: int(share * len(data))])
        with pytest.raises(BadWeights):
            adopt(weights)


def test_a_network_for_any_size_that_says_none_looks_at_640(exported):
    """The usual size of these networks."""
    weights = exported(FINISHED, ["car", "bus"], width=-1, height=-1)
    adopt(weights)
    assert (Card.of(weights).width, Card.of(weights).height) == (640, 640)


def test_weights_are_copied_where_they_are_wanted(exported, tmp_path):
    """With a folder named, weights and card go there, and what was there first stays as it is."""
    weights, there = exported(FINISHED, ["car", "bus"]), tmp_path / "models"
    adopt(weights, out=there)
    assert {file.name for file in there.iterdir()} == {"told.xml", "told.bin", "told.json"}
    assert not weights.with_suffix(".json").exists()
    assert found(there).labels.tolist() == ["bus"]
    other = exported(FINISHED * 0.5, ["car", "bus"], folder="another")
    with pytest.raises(BadWeights, match="there is a card already"):
        adopt(other, out=there)
    (there / "told.json").unlink()
    with pytest.raises(BadWeights, match="another file of this name"):
        adopt(other, out=there)


def test_a_folder_that_cannot_be_written_to_is_told(exported, tmp_path):
    """A file in the place of the folder is no folder."""
    (tmp_path / "taken").touch()
    with pytest.raises(BadFolder, match="name another --out"):
        adopt(exported(FINISHED, ["car", "bus"]), out=tmp_path / "taken")


@pytest.mark.parametrize(
    ("names", "metadata", "told"),
    [
        (None, {}, r"names its classes; write metadata\.yaml beside it, such as `names:"),
        (None, {"names": "car"}, "names its classes"),
        (None, {"names": {1: "car"}}, "names its classes"),
        (["car"], {"task": "segment"}, "its task is 'segment'"),
        (["cat", "dog"], {}, "cat, dog.*none of its classes is one of person.*--classes NAME=LABEL"),
        (["car"], {}, "class 1.*its card names 1 classes"),
    ],
)
def test_what_cannot_be_a_detector_of_ours_gets_no_card(exported, names, metadata, told):
    """No names, another task, no label of ours, a class without a name: refused, and nothing is written."""
    weights = exported(FINISHED, names, metadata=metadata)
    with pytest.raises(BadWeights, match=told):
        adopt(weights)
    assert not weights.with_suffix(".json").exists()


def test_metadata_that_cannot_be_read_is_told(exported):
    """Text that is no YAML, and bytes that are no text."""
    weights = exported(FINISHED, NAMES)
    for text in (b"names: {0: car", b"\xff\xfe\x00"):
        (weights.parent / "metadata.yaml").write_bytes(text)
        with pytest.raises(BadWeights, match="it cannot be read"):
            adopt(weights)


def test_a_pickle_is_never_opened(tmp_path):
    """A .pt is refused by its name, with the command that exports it."""
    (tmp_path / "best.pt").write_bytes(b"\x80\x04cos\nsystem\n.")
    with pytest.raises(BadWeights, match=r"pickle.*yolo export model=best\.pt format=openvino"):
        adopt(tmp_path / "best.pt")


@pytest.mark.parametrize(
    ("classes", "told"),
    [
        ({"van": "car"}, "'van': its classes are Car, Motor, dog; map one of these"),
        ({"motor": "scooter"}, "'scooter': labels are person"),
        ({"car": ""}, "none of its classes"),
    ],
)
def test_a_map_that_fits_nothing_is_told(classes, told):
    """A name that the weights do not have, a label that is none, and a map that leaves nothing over."""
    with pytest.raises(BadWeights, match=told):
        labelled(tuple(NAMES), classes)


def test_maps_are_written_with_commas():
    """NAME=LABEL, with spaces and capitals as they come; an empty label for none."""
    assert mapping("") == {}
    assert mapping("Car=car, Big Van = bus,dog=") == {"car": "car", "big van": "bus", "dog": ""}
    for text in ("car", "=car", "car=car,CAR=bus"):
        with pytest.raises(BadWeights, match="NAME=LABEL"):
            mapping(text)


@given(st.lists(st.sampled_from([*LABELS, "dog", "VAN", "Truck"]), min_size=1, max_size=9, unique=True))
def test_what_is_called_like_a_label_is_that_label(names):
    """Every class is its own label or none, in the order of the network."""
    if not any(name.casefold() in LABELS for name in names):
        return
    expected = [name.casefold() if name.casefold() in LABELS else None for name in names]
    assert list(labelled(tuple(names), {})) == expected


@pytest.mark.data
@pytest.mark.skipif(not WEIGHTS.is_dir(), reason="no real weights: set MATAKOTA_DATA")
@pytest.mark.parametrize(
    ("folder", "classes", "size"),
    [
        ("yolo26n_openvino_int8", {}, 80),
        ("vehicles_vietnam_openvino_int8", {"motor": "motorcycle"}, 2),
    ],
)
def test_real_exports_are_adopted_and_find_cars(tmp_path, folder, classes, size):
    """Public exports, one without doubles and one of scores and any size, see the cars of a street."""
    import cv2

    adopt(WEIGHTS / folder, classes, out=tmp_path)
    card = json.loads(next(tmp_path.glob("*.json")).read_text())
    assert len(card["classes"]) == size
    clip = cv2.VideoCapture(str(WEIGHTS.parent / "videos" / "jakarta_sudirman_traffic.mp4"))
    (seen,) = detectors.load(tmp_path).detect([clip.read()[1]])
    assert seen.labels.tolist().count("car") >= 5
    assert "motorcycle" in seen.labels
