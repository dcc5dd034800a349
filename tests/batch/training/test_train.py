"""The workshop: pictures get a teacher's boxes, weights are taught, scored and shipped with a card."""

import hashlib
import json

import cv2
import numpy as np
import pytest

from batch.training.pictures import boxes_beside, credit, credits_of, overlaps, paths, write
from lakehouse.problem import BadFolder, BadWeights

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A network of COCO's classes that has learnt nothing."""
    from ultralytics.nn.tasks import DetectionModel

    path = tmp_path_factory.mktemp("weights") / "start.pt"
    torch.save(DetectionModel("yolo26n.yaml", nc=80, verbose=False).state_dict(), path)
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Four pictures of a bright box on grey."""
    folder = tmp_path_factory.mktemp("data")
    for number, split in enumerate(("train", "train", "train", "val")):
        image = np.full((72, 128, 3), 90 + number, np.uint8)
        image[20:50, 30:90] = 230
        write(folder, split, f"{number}", image, np.array([[3, 30, 20, 90, 50.0]]))
    credit(folder, "Grey, by nobody, CC0")
    return folder


def test_boxes_come_back_as_they_were_written(data):
    """A label file gives its boxes in pixels."""
    (path,) = paths(data, "val")
    assert boxes_beside(path, cv2.imread(str(path))) == pytest.approx(
        np.array([[3, 30, 20, 90, 50]]), abs=1e-3
    )


def test_credits_are_kept_once(data):
    """What a folder says of its pictures is told once."""
    credit(data, "Grey, by nobody, CC0")
    assert credits_of([data]) == ["Grey, by nobody, CC0"]


def test_a_folder_without_pictures_is_refused(tmp_path):
    """The message says what is missing and how to make it."""
    with pytest.raises(BadFolder, match=r"no pictures in images/train; make some with"):
        paths(tmp_path, "train")


def test_overlaps_are_intersection_over_union():
    """Half of a box over half of an equal one is a third."""
    box = np.array([0, 0, 0, 10, 10.0])
    assert overlaps(
        box, np.array([[0, 0, 0, 10, 10], [0, 5, 0, 15, 10], [0, 20, 0, 30, 10.0]])
    ) == pytest.approx([1, 1 / 3, 0])


def test_what_moves_before_a_fixed_camera_is_boxed():
    """A bright patch on still ground has a box wherever it is; a change of light has none."""
    from batch.training.motion import moving

    frames = [np.full((360, 640, 3), 90, np.uint8) for _ in range(20)]
    frames[3][100:200, 200:280] = 230
    frames[4] = np.full((360, 640, 3), 60, np.uint8)
    found = moving(frames, 3)
    assert found[3] == pytest.approx(np.array([[3, 200, 100, 280, 200]]), abs=4)
    assert sum(len(boxes) for boxes in found) == 1


def test_found_boxes_are_scored_by_class(data):
    """A box of the same class on the spot is right, a second one and one of another class are not."""
    from batch.training.score import score

    seen = np.array([[3, 31, 20, 90, 50], [3, 31, 20, 90, 50], [4, 30, 20, 90, 50.0]])
    assert score(lambda _: seen, paths(data, "val")) == {"car": {"recall": 1.0, "precision": 0.5, "there": 1}}
    assert score(lambda _: seen[:0], paths(data, "val"))["car"]["recall"] == 0


@pytest.mark.slow
def test_unfolding_changes_nothing_but_the_layers(weights):
    """A network whose normalisation was folded away computes the same after it got its statistics back."""
    from batch.training.yolo import network, unfold

    model = network(weights).eval()
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.running_mean.zero_()
            layer.running_var.fill_(1)
    picture = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        before = model(picture)[0]
        unfold(model, torch.rand(4, 3, 64, 96))
        after = model(picture)[0]
    assert torch.allclose(before, after, atol=2e-2, rtol=1e-2)
    assert any(
        layer.running_mean.abs().max() > 1e-3
        for layer in model.modules()
        if isinstance(layer, torch.nn.BatchNorm2d)
    )


def test_weights_are_mixed():
    """Half of the way lies in the middle; counters are those of what was learnt."""
    from batch.training.yolo import mixed

    start = {"a": torch.tensor([0.0, 2.0]), "n": torch.tensor(1)}
    learnt = {"a": torch.tensor([1.0, 4.0]), "n": torch.tensor(7)}
    half = mixed(start, learnt, 0.5)
    assert half["a"].tolist() == [0.5, 3.0]
    assert half["n"] == 7


@pytest.mark.parametrize("content", [b"nothing", b""])
def test_weights_that_are_none_are_refused(tmp_path, content):
    """A file that is no state dict of the network is bad weights."""
    from batch.training.yolo import network

    (tmp_path / "w.pt").write_bytes(content)
    with pytest.raises(BadWeights, match="no state dict"):
        network(tmp_path / "w.pt")


@pytest.mark.slow
def test_a_training_ends_in_a_model_that_is_what_its_card_says(data, weights, tmp_path):
    """One epoch on three small pictures gives weights, a model, and a card with scores and credits."""
    import openvino

    from batch.training.train import Course, train

    train([data], weights, tmp_path, Course(epochs=1, size=128, batch=2, frozen=0, share=0.5))
    card = json.loads((tmp_path / "matakota-n.json").read_text())
    for name, expected in card["files"].items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == expected
    assert card["trained_on"] == ["Grey, by nobody, CC0"]
    assert set(card["figures"][data.name]) == {"before", "after"}
    state = torch.load(tmp_path / "weights.pt", weights_only=True)
    assert state["model.23.cv3.0.2.weight"].shape[0] == 6
    model = openvino.Core().read_model(tmp_path / "matakota-n.xml")
    assert list(model.input().shape) == [1, card["height"], card["width"], 3]
    assert list(model.output().shape)[-1] == 6


@pytest.mark.slow
def test_real_pictures_get_a_teachers_boxes(weights, tmp_path):
    """Pictures are cut to the cameras' shape; known boxes are kept, the last fifth is held out."""
    from batch.training.label import label

    source = tmp_path / "source" / "images"
    for number in range(5):
        write(
            source.parent,
            "x",
            f"{number}",
            np.full((640, 640, 3), 120, np.uint8),
            np.array([[0, 100, 300, 300, 400.0]]),
        )
    label([source], weights, tmp_path / "out", limit=5, confidence=0.9, exact="motorcycle,bus,car", moving="")
    assert len(paths(tmp_path / "out", "train")) == 4
    (held,) = paths(tmp_path / "out", "val")
    image = cv2.imread(str(held))
    assert image.shape == (360, 640, 3)
    assert boxes_beside(held, image) == pytest.approx(np.array([[2, 100, 160, 300, 260]]), abs=1)
