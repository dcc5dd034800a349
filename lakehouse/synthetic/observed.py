"""How a detector sees the truth: what it misses, and what it makes up."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from lakehouse.problem import BadWeights
from lakehouse.synthetic.chance import Floats


@dataclass(frozen=True)
class Light:
    """What is seen in one light: the share 0-1 of what is there, and what is made up.

    `false_rate` is in the kind's unit a minute: crossings for a count, people for a mean.
    """

    recall: float = 1.0
    false_rate: float = 0.0


@dataclass(frozen=True)
class Observed:
    """The observation model: by kind, what is seen by day and what at night."""

    kinds: Mapping[str, tuple[Light, Light]]

    @classmethod
    def perfect(cls) -> Self:
        """A detector that misses nothing and makes nothing up."""
        return cls({})

    @classmethod
    def of(cls, card: Mapping[str, Any]) -> Self:
        """The model that was measured for a model card's weights.

        The card's `observation` is {kind: {"day": {"recall", "false_rate"}, "night": {…}}}; a kind that
        it leaves out is seen perfectly.

        Raises:
            BadWeights: the card says something else there.
        """
        try:
            told = dict(card.get("observation") or {})
            return cls({kind: (Light(**both["day"]), Light(**both["night"])) for kind, both in told.items()})
        except (TypeError, KeyError, AttributeError, ValueError) as error:
            raise BadWeights(
                card.get("name", "card"),
                f"its observation model cannot be read ({error!r})",
                "give each kind a day and a night with recall and false_rate",
            ) from error

    @classmethod
    def read(cls, card: Path) -> Self:
        """The model in a model card's JSON file.

        Raises:
            BadWeights: there is no such file, or it is no model card.
        """
        try:
            return cls.of(json.loads(card.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            rule = f"it is no model card: {error}"
            raise BadWeights(str(card), rule, "name the JSON card that stands beside the weights") from error

    def seen(self, kind: str, daylight: Floats) -> tuple[Floats, Floats]:
        """Recall and false rate a minute of one kind (n,) at each daylight (n,), 0-1."""
        day, night = self.kinds.get(kind, (Light(), Light()))
        recall = night.recall + (day.recall - night.recall) * daylight
        return recall, night.false_rate + (day.false_rate - night.false_rate) * daylight

    def count(self, kind: str, truth: Floats, minutes: Floats, daylight: Floats, deviates: Floats) -> Floats:
        """What was counted (n,) of `truth` things in so many minutes: binomial misses, Poisson inventions.

        Both are drawn by their normal approximation with standard normal `deviates` (n,).
        """
        recall, false_rate = self.seen(kind, daylight)
        made_up = false_rate * minutes
        spread = np.sqrt(truth * recall * (1 - recall) + made_up)
        return np.maximum(np.rint(truth * recall + made_up + spread * deviates), 0.0)

    def mean(self, kind: str, truth: Floats, minutes: Floats, daylight: Floats, deviates: Floats) -> Floats:
        """The mean that was seen (n,) of `truth` things, when a miss lasts about a minute."""
        recall, false_rate = self.seen(kind, daylight)
        spread = np.sqrt((truth * recall * (1 - recall) + false_rate) / np.maximum(minutes, 1.0))
        return np.maximum(truth * recall + false_rate + spread * deviates, 0.0)
