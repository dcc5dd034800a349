"""Networks that find what they are told, whatever they look at: files of OpenVINO and of ONNX."""

import json

import numpy as np
import openvino
import pytest
import yaml
from openvino import opset13 as ops

from serving.seeing.detectors.card import sha256

CLASSES = ("person", "bicycle", "motorcycle", "car", "bus", "truck")


def network(output, layout="NCHW", width=640, height=384, kind=np.float32):
    """A network of OpenVINO that puts out `output`; a side is -1 where it may be any."""
    sides = {"N": 1, "C": 3, "H": height, "W": width}
    picture = ops.parameter(openvino.PartialShape([sides[axis] for axis in layout]), kind, "images")
    mean = ops.reduce_mean(ops.convert(picture, "f32"), np.arange(4), keep_dims=False)
    nothing = ops.multiply(mean, np.float32(0))
    return openvino.Model([ops.add(np.asarray(output, np.float32), nothing)], [picture], "told")


@pytest.fixture
def exported(tmp_path):
    """Make an export: the .xml of a network that finds what it is told, with the metadata of its makers."""

    def make(output, names=None, *, folder="told_openvino_model", metadata=None, **shape):
        place = tmp_path / folder
        place.mkdir(exist_ok=True)
        path = place / "told.xml"
        openvino.save_model(network(output, **shape), path, compress_to_fp16=False)
        told = {"names": dict(enumerate(names)) if names else None} | (metadata or {})
        (place / "metadata.yaml").write_text(yaml.safe_dump({key: one for key, one in told.items() if one}))
        return path

    return make


@pytest.fixture
def carded():
    """Write a card by hand beside a network, of 640 x 384 pixels unless said."""

    def write(path, **fields):
        files = [path, *([path.with_suffix(".bin")] if path.suffix == ".xml" else [])]
        card = {
            "name": "told", "engine": "openvino", "files": {file.name: sha256(file) for file in files},
            "width": 640, "height": 384, "confidence": 0.25, "licence": "none",
        }  # fmt: skip
        path.with_suffix(".json").write_text(json.dumps(card | fields))
        return path

    return write


@pytest.fixture
def onnx(tmp_path):
    """Make an ONNX file that finds what it is told, with metadata as Ultralytics writes it.

    No library here writes ONNX, so that it is put together from the fields of its protocol buffers.
    """

    def make(output, metadata, layout="NCHW", width=640, height=384):
        path = tmp_path / "told.onnx"
        path.write_bytes(_onnx(np.asarray(output, np.float32), metadata, layout, width, height))
        return path

    return make


def _onnx(output, metadata, layout, width, height):
    sides = {"N": 1, "C": 3, "H": height, "W": width}
    scalar = _field(5, _field(1, "keepdims") + _field(3, 0) + _field(20, 2))
    graph = [
        _field(1, _node("ReduceMean", ["images"], "mean") + scalar),
        _field(1, _node("Mul", ["mean", "zero"], "nothing")),
        _field(1, _node("Add", ["nothing", "boxes"], "output0")),
        _field(2, "told"),
        _field(5, _tensor("zero", np.zeros((), np.float32))),
        _field(5, _tensor("boxes", output)),
        _field(11, _value("images", [sides[axis] for axis in layout])),
        _field(12, _value("output0", output.shape)),
    ]
    told = [_field(14, _field(1, key) + _field(2, str(value))) for key, value in metadata.items()]
    return b"".join([_field(1, 8), _field(7, b"".join(graph)), _field(8, _field(2, 13)), *told])


def _number(number):
    low, high = number & 127, number >> 7
    return bytes([low | 128]) + _number(high) if high else bytes([low])


def _field(key, value):
    if isinstance(value, int):
        return _number(key << 3) + _number(value)
    held = value.encode() if isinstance(value, str) else value
    return _number(key << 3 | 2) + _number(len(held)) + held


def _node(operation, inputs, output):
    return b"".join(_field(1, one) for one in inputs) + _field(2, output) + _field(4, operation)


def _tensor(name, array):
    return (
        b"".join(_field(1, side) for side in array.shape)
        + _field(2, 1)
        + _field(8, name)
        + _field(9, array.tobytes())
    )


def _value(name, shape):
    sides = b"".join(_field(1, _field(2, "any") if side == -1 else _field(1, side)) for side in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, 1) + _field(2, sides)))
