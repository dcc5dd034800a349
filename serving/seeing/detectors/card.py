"""What is known of a weights file: its sums, its input, what it was taught, how well it sees."""

import hashlib
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from lakehouse.problem import BadWeights
from lakehouse.scenes import LABELS

NETWORKS = (".xml", ".onnx")
"""How a network's file ends that holds layers and numbers and nothing that could be run."""

UNREPORTED = -1
"""The place in LABELS of a class that is not reported."""

_PICKLES = (".pt", ".pth", ".pkl", ".ckpt", ".torchscript")

Text = Annotated[str, Field(min_length=1)]
Side = Annotated[int, Field(ge=32, le=4096)]
Share = Annotated[float, Field(ge=0, le=1)]
FileName = Annotated[str, Field(pattern=r"^[^./\\][^/\\]*$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Light(BaseModel):
    """What is seen in one light: the share of what is there, and what is made up a minute."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recall: Share
    false_rate: float = Field(ge=0, allow_inf_nan=False)


class Lights(BaseModel):
    """What is seen of a kind by day and at night."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    day: Light
    night: Light


class Card(BaseModel):
    """The card beside a weights file, such as matakota-n.json beside matakota-n.xml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Text
    engine: Text
    files: dict[FileName, Sha256] = Field(
        min_length=1, description="sha256 by file name; the last is the weights"
    )
    classes: tuple[str | None, ...] = Field(
        default=LABELS,
        min_length=1,
        description="the label of each class of the network, in its order; null: not reported",
    )
    width: Side
    height: Side
    confidence: Share = Field(description="what is less sure is not reported")
    licence: Text
    trained_on: tuple[str, ...] = ()
    figures: dict[str, Any] = Field(default_factory=dict)
    observation: dict[str, Lights] = Field(default_factory=dict)

    @field_validator("classes")
    @classmethod
    def _are_labels(cls, classes: tuple[str | None, ...]) -> tuple[str | None, ...]:
        strange = [label for label in classes if label is not None and label not in LABELS]
        if strange or not any(classes):
            raise ValueError(f"each is one of {', '.join(LABELS)}, or null, and not all are null")
        return classes

    @classmethod
    def of(cls, weights: Path) -> Self:
        """The card of a weights file, or of the one in a folder, whose files are what it says.

        Raises:
            BadWeights: a file is missing or has another sha256, or the card is not as one must be.
        """
        path = weights.with_suffix(".json")
        try:
            text = path.read_bytes()
        except OSError as error:
            rule = f"weights need a card {path.name} beside them ({type(error).__name__})"
            raise BadWeights(str(weights), rule, _remedy(weights)) from error
        card = cls.read(text, str(path))
        card.check(weights)
        return card

    @classmethod
    def read(cls, text: bytes, name: str) -> Self:
        """A card as JSON.

        Raises:
            BadWeights: a field is missing, unknown or wrong; every one of them is named.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            wrong = [
                _told(".".join(map(str, one["loc"])), one["msg"], one["input"]) for one in error.errors()
            ]
            remedy = "correct the card, or have one written: python -m serving adopt-weights FILE"
            raise BadWeights(name, "; ".join(wrong), remedy) from error

    def check(self, weights: Path) -> None:
        """Compare the sums of the files.

        Raises:
            BadWeights: a file is missing or is another.
        """
        if weights.name not in self.files:
            raise BadWeights(
                weights.name, "its card names other files", f"use one of {', '.join(self.files)}"
            )
        for name, expected in self.files.items():
            path = weights.with_name(name)
            actual = sha256(path) if path.is_file() else "missing"
            if actual != expected:
                rule = f"its sha256 is {actual[:12]}, its card says {expected[:12]}"
                raise BadWeights(str(path), rule, "get the weights again, or the card that belongs to them")

    @property
    def sha256(self) -> str:
        """The sum of the weights themselves."""
        return list(self.files.values())[-1]

    @property
    def model_id(self) -> str:
        """The first 12 digits of the weights' sha256."""
        return self.sha256[:12]

    @property
    def places(self) -> NDArray[np.int64]:
        """The place in LABELS of each class of the network (n,), or UNREPORTED."""
        return np.array([LABELS.index(one) if one else UNREPORTED for one in self.classes], np.int64)


def weights_at(path: Path) -> Path:
    """The weights file at a path: the file itself, or the one network of an export's folder.

    Raises:
        BadWeights: there is no such file, or the folder holds no network, or several.
    """
    if path.is_dir():
        held = sorted(file for file in path.iterdir() if file.suffix in NETWORKS)
        if len(held) != 1:
            rule = f"the folder holds {len(held)} files {' or '.join(NETWORKS)}, and one is meant"
            raise BadWeights(str(path), rule, "name the file itself")
        return held[0]
    if not path.is_file():
        raise BadWeights(str(path), "there is no such file", "name a weights file, or an export's folder")
    return path


def must_be_network(weights: Path) -> None:
    """Refuse what is no network of layers and numbers.

    Raises:
        BadWeights: it is a pickle, which can run code when it is loaded, or of another kind.
    """
    if weights.suffix not in NETWORKS:
        pickle = weights.suffix in _PICKLES
        rule = "it is a pickle, which can run code" if pickle else f"it ends in none of {', '.join(NETWORKS)}"
        raise BadWeights(str(weights), rule, _exported(weights))


def sha256(path: Path) -> str:
    """The sum of a file, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remedy(weights: Path) -> str:
    adopted = weights.suffix not in _PICKLES
    return f"write one: python -m serving adopt-weights {weights}" if adopted else _exported(weights)


def _exported(weights: Path) -> str:
    model = weights.with_suffix(".pt").name
    folder = f"{weights.stem}_openvino_model"
    export = f"yolo export model={model} format=openvino"
    return f"where you trust it, run `{export}`, then `python -m serving adopt-weights {folder}`"


def _told(field: str, message: str, value: object) -> str:
    """What is wrong with a field, and what it says, unless that is the whole card."""
    said = "" if isinstance(value, dict | bytes) else f" (it says {str(value)[:60]!r})"
    return f"{field or 'card'}: {message}{said}"
