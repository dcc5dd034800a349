"""The scale on which models add: the logarithm of counts, the plain value where a series goes below zero."""

from dataclasses import dataclass

import numpy as np

from forecasting.knowing.panel import Panel
from forecasting.knowing.vintages import Floats, Ints

_FLOOR = 0.05
"""Share of a series' mean that is added before the logarithm, so that a zero costs no more than it should."""
ROUNDING = 1e-9
"""What differs by no more than this share of its height differs by the rounding of a way there and back."""


def snapped(values: Floats, truth: Floats, height: Floats) -> Floats:
    """Values (broadcasting against truth and height), which are the truth where they are as good as it."""
    near = np.abs(values - truth) <= ROUNDING * np.maximum(np.abs(truth), height)
    return np.where(near, truth, values)


@dataclass(frozen=True)
class Scale:
    """One scale per panel; `size` (n,) is each series' mean height, never 0."""

    counts: bool
    size: Floats

    @classmethod
    def of(cls, panel: Panel) -> "Scale":
        """The scale of what the panel knows."""
        known = np.isfinite(panel.y)
        total = np.where(known, np.abs(panel.y), 0).sum(axis=1)
        size = total / np.maximum(known.sum(axis=1), 1)
        counts = not bool((panel.y < -ROUNDING * size[:, None]).any())
        return cls(counts, np.where(size > 0, size, 1.0))

    def forward(self, values: Floats, series: Ints) -> Floats:
        """From the kind's unit; `series` broadcasts against `values`."""
        relative = values / self.size[series]
        return np.log(np.maximum(relative, 0) + _FLOOR) if self.counts else relative

    def back(self, scaled: Floats, series: Ints) -> Floats:
        """To the kind's unit; never below zero for counts, and a zero is one again."""
        relative = np.exp(np.minimum(scaled, 30)) - _FLOOR if self.counts else scaled
        return np.where(self.counts & (relative <= ROUNDING), 0.0, relative) * self.size[series]
