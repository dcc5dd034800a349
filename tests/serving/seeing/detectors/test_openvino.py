"""The engine reads networks of OpenVINO and of ONNX, whichever way their pictures and their boxes lie."""

import numpy as np
import openvino
import pytest
from openvino import opset13 as ops

from lakehouse.problem import BadWeights
from serving.seeing import detectors

CLASSES = ["car", None, "motorcycle", "bus"]
WIDE, SQUARE = (384, 640, 3), (640, 640, 3)
CELLS = 5040
"""Of the grids over 640 x 384."""

FINISHED = np.array([[[64, 32, 128, 96, 0.9, 2], [0, 0, 9, 9, 0.8, 1], [0, 0, 9, 9, 0.1, 0]]], np.float32)
SCORED = np.zeros((1, CELLS, 8), np.float32)
SCORED[0, :2] = [[96, 64, 64, 64, 0, 0, 0.9, 0], [97, 64, 64, 64, 0, 0, 0.6, 0]]
OBJECTNESS = np.zeros((1, 3 * CELLS, 9), np.float32)
OBJECTNESS[0, 0] = [96, 64, 64, 64, 0.9, 0, 0, 1, 0]
LAYOUTS = {
    "without doubles": FINISHED,
    "scores": SCORED,
    "scores, turned": SCORED.transpose(0, 2, 1),
    "objectness": OBJECTNESS,
}


def one_motorcycle(weights, shape):
    """What is found by these weights in a picture, which is to be the one motorcycle, at what place."""
    (found,) = detectors.load(weights).detect([np.zeros(shape, np.uint8)])
    assert found.labels.tolist() == ["motorcycle"]
    assert found.confidences == pytest.approx([0.9])
    return found.boxes[0].tolist()


@pytest.mark.parametrize("output", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("kind", [np.float32, np.float16, np.uint8])
def test_every_layout_finds_the_same(exported, carded, output, layout, kind):
    """Finished rows, scores and objectness, colours first or last, numbers or bytes: one motorcycle."""
    weights = carded(exported(output, layout=layout, kind=kind), classes=CLASSES)
    assert one_motorcycle(weights, WIDE) == [64, 32, 128, 96]


@pytest.mark.parametrize("output", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_onnx_files_are_read_alike(onnx, carded, output, layout):
    """An ONNX file needs no other runtime."""
    weights = carded(onnx(output, {}, layout), classes=CLASSES)
    assert one_motorcycle(weights, WIDE) == [64, 32, 128, 96]


def test_a_network_for_any_size_takes_that_of_its_card(exported, carded):
    """Boxes of a network that takes any picture are those of the size that its card says."""
    weights = carded(exported(FINISHED, width=-1, height=-1), classes=CLASSES, width=320, height=320)
    assert one_motorcycle(weights, SQUARE) == [128, 64, 256, 192]


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_numbers_are_red_green_and_blue_from_0_to_1(tmp_path, carded, layout):
    """A network of numbers is given what Ultralytics' are taught with, from blue, green and red bytes."""
    sides = {"N": 1, "C": 3, "H": 384, "W": 640}
    picture = ops.parameter([sides[axis] for axis in layout], np.float32)
    colours = ops.reduce_mean(picture, [layout.index("H"), layout.index("W")], keep_dims=False)
    told = np.array([[[0, 0, 0, 300, 0.9, 0]]], np.float32)
    placed = np.zeros((1, 3, 6), np.float32)
    placed[0, [0, 1, 2], [0, 1, 2]] = 100
    rows = ops.add(ops.matmul(ops.unsqueeze(colours, 1), placed, False, False), told)
    openvino.save_model(openvino.Model([rows], [picture], "told"), tmp_path / "told.xml")
    weights = carded(tmp_path / "told.xml", classes=["car"])
    (found,) = detectors.load(weights).detect([np.full(WIDE, (255, 51, 102), np.uint8)])
    assert found.boxes[0] == pytest.approx([40, 20, 100, 300], abs=0.5)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"width": 320}, "its input is 640 x 384, its card says 320 x 384; write the input's size"),
        ({"classes": ["car", "bus"]}, "class 2.*its card names 2 classes"),
    ],
)
def test_a_card_that_does_not_fit_its_network_is_refused(exported, carded, fields, told):
    """A size that the network cannot take, and a class that the card leaves out, are told with a remedy."""
    weights = carded(exported(FINISHED), **({"classes": CLASSES} | fields))
    with pytest.raises(BadWeights, match=told):
        detectors.load(weights).detect([np.zeros(WIDE, np.uint8)])


def test_an_output_that_fits_no_layout_is_refused_before_the_first_picture(exported, carded):
    """A network whose table has other columns than its card has classes is refused when it is loaded."""
    weights = carded(exported(SCORED), classes=["car", "bus"])
    with pytest.raises(BadWeights, match="with 2 classes"):
        detectors.load(weights)


def test_a_network_that_looks_at_no_colour_picture_is_refused(tmp_path, carded):
    """A grey picture, and two pictures, are not what a camera gives."""
    grey = ops.parameter([1, 1, 384, 640], np.float32)
    pair = [ops.parameter([1, 3, 384, 640], np.float32) for _ in range(2)]
    for inputs in ([grey], pair):
        output = ops.concat(inputs, 1)
        openvino.save_model(openvino.Model([output], inputs, "told"), tmp_path / "told.xml")
        (tmp_path / "told.bin").touch()
        with pytest.raises(BadWeights, match="which is no picture"):
            detectors.load(carded(tmp_path / "told.xml"))
