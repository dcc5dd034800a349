"""Exponential smoothing as a model: for days, months and quarters; it does not see the rhythms of hours."""

from typing import ClassVar

import numpy as np

from forecasting.panel import Panel
from forecasting.scale import Scale
from forecasting.smooth import Smooth
from forecasting.usual import Rows
from forecasting.vintages import Floats


class Smoothing:
    """Level, damped trend and season of every series, each setting heard as well as it foretold."""

    name: ClassVar[str] = "smoothing"
    lasting: ClassVar[bool] = True

    def fit(self, panel: Panel) -> "Smoothing":  # noqa: ARG002 - it learns while it is asked
        """Nothing: the filter runs over the panel when it is asked."""
        return self

    def predict(self, panel: Panel) -> Floats:
        """(n, horizon) in the kind's unit; NaN for hours, and where nothing is known."""
        if panel.frequency.unit == "h":
            return np.full((len(panel.ids), panel.horizon), np.nan)
        scale, rows = Scale.of(panel), Rows.behind(panel)
        grid = scale.forward(panel.y, np.arange(len(panel.ids))[:, None])
        path = scale.back(Smooth.of(grid, panel).ahead(rows), rows.series)
        path = path.reshape(len(panel.ids), panel.horizon)
        path[~np.isfinite(panel.y).any(axis=1)] = np.nan
        return path
