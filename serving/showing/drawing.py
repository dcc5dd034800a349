"""What was found in a picture, drawn over it: boxes by label, how they move, the zones of the camera."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw

from lakehouse.city.cameras import Zone
from lakehouse.scenes import LABELS, Detections
from serving.showing.picture import COLOURS, GROUND, INK, font, outline

COLOUR = dict(zip(LABELS, COLOURS, strict=True))
"""The page's colours, one a label."""

AHEAD_S = 0.5
"""An arrow ends where the thing will be so many seconds later."""

_LINE, _LETTERS = 1 / 300, 1 / 45
"""Widths of lines and heights of letters as shares of the picture's shorter side."""


@dataclass(frozen=True)
class Pen:
    """The width of lines and the height of letters in pixels, by the size of the picture."""

    line: int
    letters: int

    @classmethod
    def of(cls, width: int, height: int) -> "Pen":
        """Thin enough for a small picture, and not lost in a large one."""
        side = min(width, height)
        return cls(max(1, round(side * _LINE)), max(11, round(side * _LETTERS)))


def drawn(image: NDArray[np.uint8], found: Detections, zones: Sequence[Zone] = ()) -> Image.Image:
    """A picture (height, width, 3) BGR with what was found in it; the picture itself stays as it is.

    Each box has its label's colour, name and confidence in percent, and an arrow where its velocity was
    measured. Zones are white, a counting line wider.
    """
    height, width = image.shape[:2]
    pen = Pen.of(width, height)
    shown = Image.fromarray(cv2.cvtColor(_boxed(image.copy(), found, pen), cv2.COLOR_BGR2RGB))
    pencil = ImageDraw.Draw(shown)
    for zone in zones:
        corners = [(x * (width - 1), y * (height - 1)) for x, y in zone.corners]
        outline(pencil, corners, INK, pen.line)
        x, y = np.mean(corners, axis=0)
        _write(pencil, (x, y), zone.zone_id, INK, pen)
    for place in np.argsort(found.confidences):  # the surer names lie on top
        (x1, y1, _, _), label = found.boxes[place], str(found.labels[place])
        text = f"{label} {100 * found.confidences[place]:.0f}"
        _write(pencil, (x1, y1 - pen.letters - 2 * pen.line), text, COLOUR.get(label, INK), pen)
    return shown


def _boxed(image: NDArray[np.uint8], found: Detections, pen: Pen) -> NDArray[np.uint8]:
    """The picture under boxes, and arrows from their middles."""
    moving = np.full((len(found), 2), np.nan) if found.velocities is None else found.velocities
    for box, label, velocity in zip(found.boxes, found.labels, moving, strict=True):
        colour = ImageColor.getrgb(COLOUR.get(str(label), INK))[::-1]
        x1, y1, x2, y2 = np.rint(box).astype(int).tolist()
        cv2.rectangle(image, (x1, y1), (x2, y2), colour, pen.line)
        if np.isfinite(velocity).all():
            middle = (box[:2] + box[2:]) / 2
            start, end = (
                np.rint(point).astype(int).tolist() for point in (middle, middle + velocity * AHEAD_S)
            )
            cv2.arrowedLine(image, start, end, colour, 2 * pen.line, cv2.LINE_AA, tipLength=0.25)
    return image


def _write(pencil: ImageDraw.ImageDraw, at: tuple[float, float], text: str, colour: str, pen: Pen) -> None:
    """Dark letters on a plate of the colour, moved so that none of it lies outside of the picture."""
    letters, edge = font(pen.letters), pen.line
    width, height = pencil.textlength(text, letters) + 2 * edge, pen.letters + 2 * edge
    left = min(max(at[0], 0), max(pencil.im.size[0] - width, 0))
    top = min(max(at[1], 0), max(pencil.im.size[1] - height, 0))
    pencil.rectangle((left, top, left + width, top + height), colour)
    pencil.text((left + edge, top + height / 2), text, GROUND, letters, anchor="lm")
