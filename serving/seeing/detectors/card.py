"""What is known of a weights file: its sums, its input, what it was taught, how well it sees."""

import hashlib
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lakehouse.problem import BadWeights
from lakehouse.scenes import LABELS


class Card(BaseModel):
    """The card beside a weights file, such as matakota-n.json beside matakota-n.xml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    engine: str
    files: dict[str, str] = Field(description="sha256 by file name; the last is the weights")
    classes: tuple[str, ...] = LABELS
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    confidence: float = Field(ge=0, le=1, description="what is less sure is not reported")
    licence: str
    trained_on: tuple[str, ...] = ()
    figures: dict[str, Any] = Field(default_factory=dict)
    observation: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def of(cls, weights: Path) -> Self:
        """The card of a weights file, whose files are what it says.

        Raises:
            BadWeights: a file is missing or has another sha256, or the card cannot be read.
        """
        path = weights.with_suffix(".json")
        if not weights.is_file():
            raise BadWeights(
                str(weights), "there is no such file", "name a weights file that has a card beside it"
            )
        try:
            card = cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            rule = f"weights need a card {path.name} beside them ({type(error).__name__})"
            raise BadWeights(str(weights), rule, "get the card that belongs to these weights") from error
        card.check(weights)
        return card

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
            actual = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"
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
