"""A picture at a glance: small and grey, which is enough to tell whether anything moved."""

import cv2
import numpy as np
from numpy.typing import NDArray

COLUMNS, ROWS = 160, 90
TILE = 10
"""A tile is so many pixels wide and high; there are 9 x 16 of them."""

Grey = NDArray[np.uint8]


def glance(image: NDArray[np.uint8]) -> Grey:
    """A picture (height, width, 3) as (90, 160) grey levels, 0-255."""
    small = cv2.resize(image, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)


def changes(before: Grey, after: Grey) -> NDArray[np.float32]:
    """By how many grey levels each tile (9, 16) changed, on average."""
    difference = cv2.absdiff(before, after).astype(np.float32)
    tiles = difference.reshape(ROWS // TILE, TILE, COLUMNS // TILE, TILE)
    return np.asarray(tiles.mean(axis=(1, 3)))
