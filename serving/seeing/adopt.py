"""Somebody else's weights made ours: what their export says of itself becomes a card beside them."""

import ast
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import openvino
import yaml

from lakehouse.problem import BadFolder, BadWeights
from lakehouse.scenes import LABELS
from serving.seeing.detectors.card import Card, must_be_network, sha256, weights_at
from serving.seeing.detectors.openvino import Engine, Input, opened

CONFIDENCE = 0.25
"""What the shipped weights are used with, and what Ultralytics' own predictions are."""

_USUAL = 640
"""The width and height of a network that says nothing about them."""

_METADATA = "metadata.yaml"
_TOLD = ("names", "task", "imgsz", "license", "description")
_GREY = 114
_NAMED = 12
"""So many of the classes that are not reported are told by name."""


@dataclass(frozen=True)
class Said:
    """What an export says of itself: the names of its classes in their order, and the rest."""

    names: tuple[str, ...]
    rest: Mapping[str, Any]

    @classmethod
    def of(cls, weights: Path, network: openvino.Model) -> Self:
        """What stands in the ONNX file itself, or in the metadata.yaml beside an export.

        Raises:
            BadWeights: it does not name its classes, or finds no boxes.
        """
        beside = weights.with_name(_METADATA)
        try:
            told = _of_onnx(network)
        except UnicodeError as error:
            rule = "its metadata is no text"
            raise BadWeights(str(weights), rule, "get the weights again, or export them anew") from error
        if "names" not in told and beside.is_file():
            told = _of_yaml(beside)
        task = told.get("task", "detect")
        if task != "detect":
            rule = f"its task is {task!r}, and a detector's is 'detect'"
            raise BadWeights(str(weights), rule, "export a detection model")
        names = told.get("names")
        listed = dict(enumerate(names)) if isinstance(names, list) else names
        if not isinstance(listed, dict) or not listed or set(listed) != set(range(len(listed))):
            rule = f"neither it nor a {_METADATA} beside it names its classes"
            remedy = f"write {_METADATA} beside it, such as `names: {{0: car, 1: motorcycle}}`"
            raise BadWeights(str(weights), rule, remedy)
        return cls(tuple(str(listed[number]).strip() for number in range(len(listed))), told)

    @property
    def side(self) -> tuple[int, int]:
        """The width and the height that it was exported for."""
        match self.rest.get("imgsz"):
            case [int(height), int(width)]:
                return width, height
            case int(side) | [int(side)]:
                return side, side
        return _USUAL, _USUAL


def adopt(
    file: Path,
    classes: Mapping[str, str] | None = None,
    *,
    name: str | None = None,
    out: Path | None = None,
    confidence: float = CONFIDENCE,
) -> list[str]:
    """Write the card of an Ultralytics export, once its network has looked into a picture; say what it says.

    Args:
        file: an .xml with its .bin, an .onnx, or the folder of an export.
        classes: our label by its name of a class, in any case; '' for one that is not to be reported. A
            class that has the name of a label is that label.
        name: of the weights, by default their file's.
        out: a folder that the weights are copied to; by default the card is written where they are.
        confidence: what is less sure is not reported, 0-1.

    Raises:
        BadWeights: it is no network that finds boxes in pictures, no class of it is a label of ours, or a
            card is there already.
        BadFolder: the card cannot be written.
    """
    weights = weights_at(file)
    must_be_network(weights)
    path = (out or weights.parent) / weights.with_suffix(".json").name
    if path.exists():
        raise BadWeights(str(path), "there is a card already", "name another --out, or remove the card")
    network = opened(weights)
    said, taken = Said.of(weights, network), Input.of(network, weights)
    width, height = taken.width or said.side[0], taken.height or said.side[1]
    files = [weights, *_companions(weights)]
    fields = {
        "name": weights.stem if name is None else name,
        "engine": "openvino",
        "files": {one.name: sha256(one) for one in files},
        "classes": labelled(said.names, classes or {}),
        "width": width,
        "height": height,
        "confidence": confidence,
        "licence": str(said.rest.get("license") or "unknown"),
        "trained_on": [str(said.rest["description"])] if said.rest.get("description") else [],
    }
    card = Card.read(json.dumps(fields).encode(), str(path))
    Engine(weights, card).detect([np.full((height, width, 3), _GREY, np.uint8)])
    _write(fields, files, path)
    adopted = path.with_name(weights.name)
    return list(_told(card, said.names, adopted, any_size=None in {taken.width, taken.height}))


def mapping(text: str) -> dict[str, str]:
    """What `car=car,motor=motorcycle,dog=` maps: a label by name, '' for none.

    Raises:
        BadWeights: a part of it maps nothing, or a name is mapped twice.
    """
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    names = [name.strip().casefold() for name, _, _ in pairs]
    for name, (_, equals, _) in zip(names, pairs, strict=True):
        if not name or not equals or names.count(name) > 1:
            raise BadWeights(
                text, "each class is mapped once, by NAME=LABEL", "write car=car,motor=motorcycle"
            )
    return {name: label.strip() for name, (_, _, label) in zip(names, pairs, strict=True)}


def labelled(names: tuple[str, ...], classes: Mapping[str, str]) -> tuple[str | None, ...]:
    """Our label of each named class, None for one that is not reported.

    Raises:
        BadWeights: `classes` names a class that is not there or no label of ours, or none is left.
    """
    there = {name.casefold() for name in names}
    mapped = {name.casefold(): label for name, label in classes.items()}
    for name, label in mapped.items():
        if name not in there:
            raise BadWeights(name, f"its classes are {', '.join(names)}", "map one of these")
        if label and label not in LABELS:
            raise BadWeights(
                label, f"labels are {', '.join(LABELS)}", f"write {name}=LABEL with one of these"
            )
    own = {label: label for label in LABELS} | mapped
    labels = tuple(own.get(name.casefold()) or None for name in names)
    if not any(labels):
        remedy = "map them by name: --classes NAME=LABEL,NAME=LABEL"
        raise BadWeights(", ".join(names), f"none of its classes is one of {', '.join(LABELS)}", remedy)
    return labels


def _of_yaml(path: Path) -> Mapping[str, Any]:
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        rule = f"it cannot be read ({type(error).__name__})"
        raise BadWeights(str(path), rule, "get the export again, or write `names:` into it") from error
    return told if isinstance(told, dict) else {}


def _of_onnx(network: openvino.Model) -> Mapping[str, Any]:
    """What OpenVINO hands on of an ONNX file's metadata; Ultralytics writes Python's own notation."""
    keys = [key for key in _TOLD if network.has_rt_info(["framework", key])]
    return {key: _literal(network.get_rt_info(["framework", key]).astype(str)) for key in keys}


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return text


def _companions(weights: Path) -> list[Path]:
    """The files beside a network's in which its numbers lie, if they do not lie in it."""
    beside = (
        weights.with_suffix(".bin") if weights.suffix == ".xml" else weights.with_name(f"{weights.name}.data")
    )
    return [beside] if beside.is_file() else []


def _write(fields: Mapping[str, Any], files: list[Path], path: Path) -> None:
    """Copy what is not there yet, then write the card, so that a card never stands alone."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for file in files:
            copy = path.with_name(file.name)
            if not copy.exists():
                shutil.copyfile(file, copy)
            elif sha256(copy) != fields["files"][file.name]:
                raise BadWeights(str(copy), "another file of this name is there", "name another --out")
        path.write_text(json.dumps(fields, indent=1) + "\n")
    except OSError as error:
        rule = f"it cannot be written to: {error.strerror}"
        raise BadFolder(str(path.parent), rule, "name another --out") from error


def _told(card: Card, names: tuple[str, ...], weights: Path, *, any_size: bool) -> Iterator[str]:
    """What the card says, line by line."""
    pairs = list(zip(names, card.classes, strict=True))
    told = [name if name == label else f"{name} as {label}" for name, label in pairs if label]
    left = [name for name, label in pairs if not label]
    size = f"{card.width} x {card.height} pixels"
    free = ", or any other size: change width and height in the card" if any_size else ""
    yield f"{card.name}, {card.model_id}: looks at {size}{free}"
    yield f"reported: {', '.join(told)}"
    if left:
        more = f" and {len(left) - _NAMED} more" if len(left) > _NAMED else ""
        yield f"not reported: {', '.join(left[:_NAMED])}{more}"
    yield f"licence: {card.licence}"
    yield f"card: {weights.with_suffix('.json')}"
    yield f"next: python -m serving detect PICTURE --out looked --weights {weights}"
