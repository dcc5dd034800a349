"""The seasonal naive forecast: the same hour of the last week, or the same month of the last year."""

from typing import ClassVar

from forecasting.knowing.panel import Panel
from forecasting.knowing.usual import Rows, lagged
from forecasting.knowing.vintages import Floats


class Naive:
    """What anyone can do with a pencil; every other model is measured against it."""

    name: ClassVar[str] = "naive"
    lasting: ClassVar[bool] = True
    sighted: ClassVar[bool] = False

    def fit(self, panel: Panel) -> "Naive":  # noqa: ARG002 - it has nothing to learn
        """Nothing."""
        return self

    def predict(self, panel: Panel) -> Floats:
        """(n, horizon) in the kind's unit; NaN where the last season is not known."""
        found = lagged(panel.y, Rows.behind(panel), panel.frequency.season, 1)[:, 0]
        return found.reshape(len(panel.ids), panel.horizon)
