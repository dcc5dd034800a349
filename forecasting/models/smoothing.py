"""Exponential smoothing: level, damped trend and season, or every hour of the week for itself."""

from typing import ClassVar

import numpy as np

from forecasting.knowing.panel import Panel
from forecasting.knowing.usual import Rows, usual
from forecasting.knowing.vintages import Floats
from forecasting.models.past import Past


class Smoothing:
    """What was lately counts more than what was before; a young series is answered by the usual."""

    name: ClassVar[str] = "smoothing"
    lasting: ClassVar[bool] = True
    sighted: ClassVar[bool] = False

    def fit(self, panel: Panel) -> "Smoothing":  # noqa: ARG002 - it learns while it is asked
        """Nothing: the past is run over when it is asked."""
        return self

    def predict(self, panel: Panel) -> Floats:
        """(n, horizon) in the kind's unit; NaN where nothing is known."""
        past, rows = Past(panel), Rows.behind(panel)
        expected = past.smoothed(rows)
        expected = np.where(np.isfinite(expected), expected, usual(past.grid, panel, rows))
        return past.scale.back(expected, rows.series).reshape(len(panel.ids), panel.horizon)
