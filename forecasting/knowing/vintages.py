"""What was known, and when: a weather forecast counts from the moment it was issued, never before."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_SPAN = 1 << 24
"""More steps than any grid has: a key is column x _SPAN + the column at which it was known."""


@dataclass(frozen=True)
class Vintages:
    """Values of one covariate by the column they speak of and the column at which they were known."""

    keys: Ints
    values: Floats

    @classmethod
    def of(cls, columns: Ints, known: Ints, values: Floats) -> "Vintages":
        """Of n values each; what was known before the grid begins counts as known at its begin."""
        keys = columns * _SPAN + np.clip(known, 0, _SPAN - 1)
        order = np.argsort(keys, kind="stable")
        return cls(keys[order], values[order])

    def until(self, origin: int) -> "Vintages":
        """Only what was known when column `origin` began."""
        kept = self.keys % _SPAN <= origin
        return Vintages(self.keys[kept], self.values[kept])

    def since(self, start: int) -> "Vintages":
        """On a grid that begins `start` columns later."""
        columns, known = self.keys // _SPAN - start, np.maximum(self.keys % _SPAN - start, 0)
        kept = columns >= 0
        return Vintages.of(columns[kept], known[kept], self.values[kept])

    def at(self, columns: Ints, origins: Ints) -> Floats:
        """What was known of each column when column `origins` began: the newest; NaN where nothing was."""
        place = np.searchsorted(self.keys, columns * _SPAN + origins, side="right") - 1
        found = (place >= 0) & (self.keys[place] // _SPAN == columns) if len(self.keys) else np.zeros(0, bool)
        if not len(self.keys):
            return np.full(np.shape(columns), np.nan)
        return np.where(found, self.values[place], np.nan)
