"""The shapes of people: across in widths, ahead in heights."""

from serving.paint.shapes import Face, Shape, limb, outline, oval, shape

STRIDE = 0.13
"""How far a foot goes ahead of the body, in heights."""

_TRUNK = ((0.29, 0.46), (0.36, 0.7), (0.4, 0.8), (0.2, 0.84))
_SCARF = ((0.3, 0.74), (0.26, 0.9), (0.18, 0.98), (0.05, 1.0))


def walker(*, scarf: bool, dress: bool) -> Shape:
    """Somebody on foot, with bare head or headscarf, in trousers or a long dress."""
    cloth = "shirt" if dress else "trousers"
    skirt = [limb((0, 0), (0.12, 0.55), (0.36, 0.27), "shirt", 0.92)] if dress else []
    legs = [face for side in (-1, 1) for face in _leg(side, cloth)]
    arms = [face for side in (-1, 1) for face in _arm(side)]
    return shape([*legs, *skirt, *arms, outline(_TRUNK, "shirt"), *_head(scarf=scarf)], upright=True)


def _leg(side: int, cloth: str) -> list[Face]:
    swing = side * STRIDE
    shoe = limb((side * 0.17, side * 0.15), (0.0, 0.06), (0.13, 0.12), "shoe", swing=swing)
    return [
        shoe,
        limb((side * 0.16, side * 0.15), (0.04, 0.5), (0.12, 0.16), cloth, 0.9 + side * 0.06, swing=swing),
    ]


def _arm(side: int) -> list[Face]:
    sleeve = limb((side * 0.47, side * 0.4), (0.42, 0.8), (0.08, 0.1), "shirt", 0.8, swing=side * -0.1)
    return [sleeve, oval(side * 0.47, 0.41, (0.08, 0.025), "skin", swing=side * -0.1)]


def _head(*, scarf: bool) -> list[Face]:
    if scarf:
        return [outline(_SCARF, "scarf"), oval(0, 0.9, (0.15, 0.05), "skin")]
    return [oval(0, 0.92, (0.2, 0.075), "skin"), oval(0, 0.935, (0.21, 0.065), "hair", upper=True)]


def rider() -> Shape:
    """Somebody on a saddle: knees bent, arms ahead, a helmet."""
    limbs = [
        face
        for side in (-1, 1)
        for face in (
            limb((side * 0.3, side * 0.36), (0.18, 0.42), (0.1, 0.12), "trousers", 0.85),
            limb((side * 0.36, side * 0.16), (0.42, 0.54), (0.12, 0.12), "trousers", ahead=(0.1, -0.1)),
            limb((side * 0.42, side * 0.36), (0.56, 0.78), (0.08, 0.08), "shirt", 0.85, ahead=(0.16, 0)),
        )
    ]
    trunk = outline(((0.3, 0.44), (0.38, 0.66), (0.4, 0.76), (0.2, 0.8)), "shirt")
    head = [oval(0, 0.89, (0.25, 0.1), "helmet"), oval(0, 0.87, (0.16, 0.045), "dark")]
    return shape([*limbs, trunk, *head], upright=True)
