"""An account as a picture: each camera's zones and what was counted in them. No camera frame is in it."""

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from lakehouse.city.cameras import Zone
from serving.showing.account import Account, Language, Seen

WIDTH, MARGIN, HEAD, LINE = 640, 16, 34, 22
GROUND, PANEL, INK, SOFT = "#0e1317", "#1d252d", "#e9eef2", "#a3b1bd"
COLOURS = ("#7fc4b4", "#f0a04b", "#74c3ec", "#d7a3e0", "#c5d86d", "#ff9d8b")
"""Of the zones of a camera, one after the other."""


def draw(account: Account, language: Language) -> Image.Image:
    """A panel a camera, as wide as it is high in the camera's own shape, in as many columns as rows."""
    panels = [_panel(account, seen, language) for seen in account.seen]
    columns = math.ceil(math.sqrt(len(panels)))
    rows = [panels[first : first + columns] for first in range(0, len(panels), columns)]
    width = columns * (WIDTH + MARGIN) + MARGIN
    heights = [max(panel.height for panel in row) + MARGIN for row in rows]
    sheet = Image.new("RGB", (width, sum(heights) + MARGIN), GROUND)
    for place, row in enumerate(rows):
        for column, panel in enumerate(row):
            sheet.paste(panel, (MARGIN + column * (WIDTH + MARGIN), MARGIN + sum(heights[:place])))
    return sheet


def _panel(account: Account, seen: Seen, language: Language) -> Image.Image:
    height = round(WIDTH * seen.camera.height / seen.camera.width)
    lines = [line for zone in seen.camera.zones for line in _lines(account, seen, zone, language)]
    panel = Image.new("RGB", (WIDTH, HEAD + height + MARGIN + LINE * len(lines)), PANEL)
    pencil = ImageDraw.Draw(panel)
    pencil.text((MARGIN, 8), seen.camera.name, INK, font(17))
    pencil.rectangle((0, HEAD, WIDTH - 1, HEAD + height), GROUND)
    for number, zone in enumerate(seen.camera.zones):
        _zone(pencil, zone, height, number)
    for number, (colour, text) in enumerate(lines):
        pencil.text((MARGIN, HEAD + height + MARGIN // 2 + LINE * number), text, colour, font(15))
    return panel


def _lines(account: Account, seen: Seen, zone: Zone, language: Language) -> list[tuple[str, str]]:
    """What was counted in a zone, in its colour; a question mark where nothing is known."""
    colour = COLOURS[seen.camera.zones.index(zone) % len(COLOURS)]
    counts = [count for count in seen.counts if count.zone_id == zone.zone_id]
    told = [f"{account.title(one.kind, language)}: {account.amount(one, language)}" for one in counts]
    return [(colour, f"{zone.zone_id}: {text}") for text in told or ["?"]]


def _zone(pencil: ImageDraw.ImageDraw, zone: Zone, height: int, number: int) -> None:
    """Its outline and name; a counting line is thicker, and no name lies on another."""
    colour = COLOURS[number % len(COLOURS)]
    corners = [(x * (WIDTH - 1), HEAD + y * (height - 1)) for x, y in zone.corners]
    outline(pencil, corners, colour, 2)
    x, y = _beside(corners, height)
    pencil.text((x, min(y + LINE * number, HEAD + height - LINE)), zone.zone_id, colour, font(15))


def outline(
    pencil: ImageDraw.ImageDraw, corners: Sequence[tuple[float, float]], colour: str, width: int
) -> None:
    """A zone's corners joined; a counting line, which has two, is two and a half times as wide."""
    line = len(corners) == 2  # noqa: PLR2004 - two points are a line
    path = corners if line else [*corners, corners[0]]
    pencil.line(path, colour, width=width * 5 // 2 if line else width, joint="curve")


def _beside(corners: Sequence[tuple[float, float]], height: int) -> tuple[float, float]:
    """Where a zone's name stands: in its middle, within the picture."""
    x, y = (sum(axis) / len(corners) for axis in zip(*corners, strict=True))
    return min(max(x, MARGIN), WIDTH - 120), min(max(y + 6, HEAD + 4), HEAD + height - LINE)


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The letters of every picture, `size` pixels high."""
    return ImageFont.load_default(size)
