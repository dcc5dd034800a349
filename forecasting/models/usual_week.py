"""The usual as a model: the mean of the last four same hours of the week."""

from typing import ClassVar

import numpy as np

from forecasting.knowing.panel import Panel
from forecasting.knowing.scale import Scale
from forecasting.knowing.usual import Rows, usual
from forecasting.knowing.vintages import Floats


class UsualWeek:
    """Always there: the fallback, the cold start and the benchmark. As good as a tuned Prophet on hours."""

    name: ClassVar[str] = "base"
    lasting: ClassVar[bool] = True
    sighted: ClassVar[bool] = False

    def fit(self, panel: Panel) -> "UsualWeek":  # noqa: ARG002 - it has nothing to learn
        """Nothing: the usual is read off the panel when it is asked."""
        return self

    def predict(self, panel: Panel) -> Floats:
        """(n, horizon) in the kind's unit."""
        scale, rows = Scale.of(panel), Rows.behind(panel)
        scaled = scale.forward(panel.y, np.arange(len(panel.ids))[:, None])
        found = scale.back(usual(scaled, panel, rows), rows.series)
        return found.reshape(len(panel.ids), panel.horizon)
