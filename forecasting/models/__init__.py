"""What a model is: fitted once to a panel, then asked at an origin."""

from collections.abc import Mapping
from typing import ClassVar, Protocol, runtime_checkable

from forecasting.knowing.panel import Panel
from forecasting.knowing.vintages import Floats


class Fitted(Protocol):
    """A model that has seen a past."""

    def predict(self, panel: Panel) -> Floats:
        """The median path behind the panel's end: (n, horizon) in the kind's unit, NaN where unable."""


class Model(Protocol):
    """One way to forecast."""

    name: ClassVar[str]
    lasting: ClassVar[bool]
    """Whether, once fitted, it can be asked at later origins too; otherwise it is fitted again at each."""
    sighted: ClassVar[bool]
    """Whether it sees what kind of day a step lies in."""

    def fit(self, panel: Panel) -> Fitted:
        """Learn from everything that the panel knows, and from nothing else."""


@runtime_checkable
class Explained(Protocol):
    """A fitted model that can tell why."""

    def parts(self, panel: Panel) -> Mapping[str, Floats]:
        """By group of causes, (n, horizon): the share by which it raises a step."""


@runtime_checkable
class Doubtful(Protocol):
    """A fitted model that can tell where it is wont to be far off."""

    def doubted(self, panel: Panel) -> tuple[Floats, Floats]:
        """What it predicts, and (n, horizon) how far off on the scale such a step is wont to be; above 0."""
