"""The colours that a thing keeps for life, by its tone; all are BGR in daylight."""

from functools import lru_cache

Colour = tuple[int, int, int]

_FIXED: dict[str, Colour] = {
    "glass": (72, 62, 52), "tyre": (26, 26, 26), "rim": (120, 120, 122), "dark": (38, 38, 40),
    "headlamp": (225, 240, 245), "tail": (45, 40, 190), "plate": (30, 30, 30), "white": (228, 228, 226),
    "hair": (24, 24, 28), "shoe": (34, 34, 40),
}  # fmt: skip

_PAINTS = (
    (235, 235, 232), (205, 205, 205), (140, 140, 145), (70, 70, 74), (32, 32, 36), (40, 40, 165),
    (150, 70, 30), (60, 45, 110), (150, 170, 190), (90, 130, 60), (235, 235, 232), (45, 45, 48),
)  # fmt: skip

_CHOICES: dict[str, tuple[Colour, ...]] = {
    "paint": _PAINTS,
    "fleet": ((60, 60, 190), (190, 110, 40), (225, 225, 225), (70, 150, 60), (40, 140, 220)),
    "load": ((215, 215, 210), (110, 90, 50), (60, 110, 60), (60, 90, 140), (170, 120, 60), (90, 90, 95)),
    "shirt": (
        (60, 60, 180), (170, 110, 60), (225, 225, 225), (45, 45, 45), (90, 150, 80), (60, 160, 215),
        (130, 80, 140), (200, 180, 120), (110, 110, 115), (180, 60, 90), (80, 120, 200), (95, 75, 60),
        (150, 190, 230), (160, 160, 60),
    ),
    "trousers": (
        (60, 45, 35), (40, 40, 42), (110, 80, 50), (90, 90, 95), (70, 100, 130), (150, 150, 150),
        (35, 30, 60),
    ),
    "skin": ((120, 160, 205), (90, 130, 175), (70, 105, 150), (135, 175, 215)),
    "scarf": ((225, 225, 225), (60, 50, 45), (150, 120, 170), (170, 160, 110), (90, 90, 160), (40, 40, 40)),
    "helmet": _PAINTS,
}  # fmt: skip


def dice(tone: int, die: int, faces: int) -> int:
    """A throw, 0 to `faces` - 1, that hangs on the tone alone (Knuth's multiplicative hash)."""
    return (((tone + 1) * 2654435761 + die * 40503 * 65537) % 2**32 >> 9) % faces


@lru_cache(maxsize=4096)
def palette(tone: int) -> dict[str, Colour]:
    """The colour of each role."""
    chosen = enumerate(_CHOICES.items(), 1)
    return _FIXED | {role: colours[dice(tone, die, len(colours))] for die, (role, colours) in chosen}
