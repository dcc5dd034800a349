"""How a camera's picture is: live, frozen, black or covered."""

from datetime import datetime, timedelta

import cv2
import numpy as np

from lakehouse.scenes import Health
from serving.watching.glance import Grey, changes

BLACK_LEVEL, BLACK_SPREAD = 16.0, 6.0
"""Darker on average, and more even, is black: a street at night has lamps in it."""

COVERED_EDGES, COVERED_SPREAD = 20.0, 12.0
"""Variance of the Laplacian and standard deviation of the grey levels: less of both is covered."""

STILL_LEVELS = 0.02
"""A live sensor changes a tile by more than this from one frame to the next."""

LIVELY_SHARE = 0.05
"""A frozen picture with a running clock changes in fewer of its tiles."""


class Checkup:
    """One camera's health, frame by frame; it is frozen once nothing changed for `frozen_after_s`."""

    def __init__(self, frozen_after_s: float = 30.0) -> None:
        self._frozen_after = timedelta(seconds=frozen_after_s)
        self._last: Grey | None = None
        self._changed_at: datetime | None = None
        self.motion = 0.0

    def see(self, at: datetime, grey: Grey) -> Health:
        """Take the next frame; `motion` is then the share (0-1) of its tiles that changed."""
        tiles = changes(self._last, grey) if self._last is not None else None
        self._last = grey
        self.motion = 0.0 if tiles is None else float((tiles > STILL_LEVELS).mean())
        if tiles is None or self._changed_at is None or self.motion > LIVELY_SHARE:
            self._changed_at = at
        return self._blind(grey) or (
            Health.FROZEN if at - self._changed_at >= self._frozen_after else Health.LIVE
        )

    @staticmethod
    def _blind(grey: Grey) -> Health | None:
        level, spread = float(grey.mean()), float(grey.std())
        if level < BLACK_LEVEL and spread < BLACK_SPREAD:
            return Health.BLACK
        edges = float(cv2.Laplacian(grey, cv2.CV_32F).var())
        return Health.COVERED if edges < COVERED_EDGES and spread < COVERED_SPREAD else None


def brightness(grey: Grey) -> float:
    """The mean grey level, 0-1."""
    return float(np.mean(grey)) / 255
