"""Where each pixel of a picture lies on the ground before its camera."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lakehouse.city.cameras import Calibration
from serving.paint.scenery import Scenery

Floats = NDArray[np.float32]

HORIZON_M = 400.0
"""What is farther is sky."""

_FRAMES_AWAY = 20


class View:
    """A scenery as a camera sees it in a picture of `size` (width, height) pixels.

    x, y, across and along (height, width) are the metres at which each pixel meets the ground, before the
    camera and about the road; `sky` (height, width) is where it meets none.
    """

    def __init__(self, scenery: Scenery, calibration: Calibration, size: tuple[int, int]) -> None:
        self.scenery, self.calibration, self.size = scenery, calibration, size
        width, height = size
        shares = np.stack(
            np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height), -1
        )
        ground = calibration.ground(shares.reshape(-1, 2)).reshape(height, width, 2)
        self.sky = ~(np.linalg.norm(ground, axis=2) < HORIZON_M)
        x, y = (np.where(self.sky, HORIZON_M, ground[..., axis]) for axis in (0, 1))
        self.x, self.y, self.across, self.along, self._pixel_m = (
            np.asarray(metres, np.float32)
            for metres in (
                x,
                y,
                scenery.across(x, y),
                scenery.along(x, y),
                _pixel_m(x, y, calibration, width),
            )
        )

    def sharpness(self, pattern_m: float) -> Floats:
        """1 where a pattern of this size is wider than a pixel, falling to 0 where it would only flicker."""
        return np.asarray(np.clip(1.4 - self._pixel_m / pattern_m, 0, 1))

    def pixels(self, points: ArrayLike) -> NDArray[np.int32] | None:
        """Points of the world (n, 3) in whole pixels; None where one is behind the camera or far aside."""
        shares = self.calibration.project(points)
        if not np.isfinite(shares).all() or np.abs(shares).max() > _FRAMES_AWAY:
            return None
        return np.rint(shares * self.size).astype(np.int32)


def _pixel_m(
    x: NDArray[np.float64], y: NDArray[np.float64], calibration: Calibration, width: int
) -> NDArray[np.float64]:
    """About how many metres of ground a pixel covers, away from the camera."""
    return (x**2 + y**2) / calibration.height_m / width
