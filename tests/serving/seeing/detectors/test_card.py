"""A card says what its weights are, and whoever wrote it wrong is told which field, and what to do."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.problem import BadWeights
from lakehouse.scenes import LABELS
from serving.seeing import detectors
from serving.seeing.detectors.card import Card, must_be_network, weights_at

GOOD = {
    "name": "told", "engine": "openvino", "files": {"told.xml": "0" * 64}, "width": 640, "height": 384,
    "confidence": 0.25, "licence": "none",
}  # fmt: skip


def alike(recall, false_rate):
    """What is seen by day and at night alike."""
    return {light: {"recall": recall, "false_rate": false_rate} for light in ("day", "night")}


def read(**fields):
    """A card with these fields."""
    return Card.read(json.dumps(GOOD | fields).encode(), "told.json")


def test_the_shipped_card_keeps_every_rule():
    """What is asked of others holds for the weights that come with the product."""
    card = Card.of(detectors.SHIPPED)
    assert card.classes == LABELS
    assert card.places.tolist() == [0, 1, 2, 3, 4, 5]
    assert set(card.observation) == {"crowd.people", "tourism.visits", "traffic.flow"}


def test_classes_lie_where_their_labels_do():
    """Each class of the network has the place of its label, and -1 where it is not reported."""
    assert read(classes=["car", None, "person", "car"]).places.tolist() == [3, -1, 0, 3]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("name", 7), ("engine", ""), ("engine", None), ("files", {}), ("files", []),
        ("files", {"told.xml": "0" * 63}), ("files", {"told.xml": "Z" * 64}),
        ("files", {"../told.xml": "0" * 64}), ("files", {"a/told.xml": "0" * 64}), ("files", {"": "0" * 64}),
        ("classes", []), ("classes", "car"), ("classes", [None]), ("classes", ["cat"]), ("classes", [""]),
        ("width", 0), ("width", 10**9), ("width", "wide"), ("height", -384), ("height", 3.5),
        ("height", None), ("confidence", 1.1), ("confidence", -0.1), ("confidence", "high"), ("licence", ""),
        ("licence", None), ("trained_on", "COCO"), ("figures", []),
        ("observation", {"crowd.people": {"day": {"recall": 1, "false_rate": 0}}}),
        ("observation", {"crowd.people": alike(2, 0)}), ("observation", {"crowd.people": alike(1, -1)}),
        ("heigth", 384),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(field, value):
    """Each field has its rule; who breaks it reads the card, the field, and how to have one written."""
    with pytest.raises(BadWeights, match=rf"told\.json': {field}.*adopt-weights FILE"):
        read(**{field: value})


@pytest.mark.parametrize("field", GOOD)
def test_a_missing_field_is_named(field):
    """What a card must say and does not is named."""
    told = {name: value for name, value in GOOD.items() if name != field}
    with pytest.raises(BadWeights, match=f"{field}: Field required"):
        Card.read(json.dumps(told).encode(), "told.json")


def test_everything_that_is_wrong_is_told_at_once():
    """Nobody has to mend a card mistake by mistake."""
    with pytest.raises(BadWeights, match=r"width: .*'-3'.*confidence: .*'2'"):
        read(width=-3, confidence=2)


@given(
    st.one_of(
        st.binary(max_size=60),
        st.dictionaries(
            st.sampled_from([*GOOD, "classes", "observation", "figures"]),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
                lambda inner: (
                    st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
                ),
                max_leaves=5,
            ),
        ).map(lambda fields: json.dumps(GOOD | fields).encode()),
    )
)
def test_whatever_stands_in_a_card_it_is_read_or_refused(text):
    """No card ends in a traceback."""
    try:
        card = Card.read(text, "told.json")
    except BadWeights:
        return
    assert len(card.model_id) == 12
    assert np.isin(card.places, range(-1, len(LABELS))).all()


def test_weights_without_a_card_say_how_to_have_one(tmp_path):
    """An export without a card names the command that writes it; a pickle the one that exports it."""
    for name, remedy in (
        ("a.onnx", "adopt-weights .*a.onnx"),
        ("a.pt", "yolo export model=a.pt format=openvino"),
    ):
        (tmp_path / name).write_bytes(b"weights")
        with pytest.raises(BadWeights, match=remedy):
            Card.of(tmp_path / name)


def test_a_folder_of_an_export_is_its_one_network(tmp_path):
    """A folder stands for the network in it; for none or several it does not."""
    with pytest.raises(BadWeights, match="holds 0 files"):
        weights_at(tmp_path)
    for name in ("a.xml", "a.bin", "metadata.yaml"):
        (tmp_path / name).touch()
    assert weights_at(tmp_path) == tmp_path / "a.xml"
    (tmp_path / "b.onnx").touch()
    with pytest.raises(BadWeights, match=r"holds 2 files.*name the file itself"):
        weights_at(tmp_path)


@pytest.mark.parametrize("name", ["best.pt", "best.pth", "best.torchscript", "best.engine", "best"])
def test_what_is_no_plain_network_is_refused(tmp_path, name):
    """Pickles run code when they are loaded, and other machines' files are not read: export it."""
    told = r"run `yolo export model=best\.pt format=openvino`, then `.*adopt-weights best_openvino_model"
    with pytest.raises(BadWeights, match=told):
        must_be_network(tmp_path / name)
