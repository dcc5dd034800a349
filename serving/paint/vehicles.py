"""The shapes of what drives."""

import numpy as np

from serving.paint.shapes import Shape, box, end, hoop, lamps, rod, shape, sides, wheels


def car(*, tall: bool) -> Shape:
    """A saloon, or with `tall` the people carrier that Indonesian streets are full of."""
    foot, head = ((-0.48, 0.3), (-0.44, 0.12)) if tall else ((-0.4, 0.24), (-0.27, 0.08))
    pillar = (foot[0] + foot[1]) / 2
    return shape([
        *box(0.5, (-0.5, 0.5), (0.14, 0.56), "paint"),
        *box(0.48, foot, (0.56, 1.0), "glass", roof=(0.4, head), top="paint"),
        *sides(0.46, (pillar - 0.015, pillar + 0.015), (0.58, 0.96), "paint", 0.7),
        *sides(0.502, (-0.42, 0.42), (0.14, 0.2), "dark"),
        *wheels((-0.31, 0.31), (0.075, 0.2), 0.51),
        *lamps(0.48, (0.36, 0.47), 0.14),
        end(0.503, (-0.14, 0.14), (0.24, 0.32), "plate"),
        end(-0.503, (-0.14, 0.14), (0.3, 0.38), "plate"),
    ])  # fmt: skip


def bus() -> Shape:
    """A city bus: a band of windows, a stripe."""
    pillars = [
        face
        for y in np.linspace(-0.33, 0.33, 5)
        for face in sides(0.504, (y - 0.008, y + 0.008), (0.52, 0.84), "fleet", 0.7)
    ]
    return shape([
        *box(0.5, (-0.5, 0.5), (0.1, 1.0), "fleet", top="white"),
        *sides(0.502, (-0.47, 0.47), (0.52, 0.84), "glass"),
        *pillars,
        *sides(0.504, (-0.5, 0.5), (0.36, 0.43), "white"),
        *(end(y, (-0.45, 0.45), (0.45, 0.86), "glass") for y in (0.503, -0.503)),
        *wheels((-0.28, 0.32), (0.045, 0.15), 0.51),
        *lamps(0.46, (0.2, 0.28), 0.16),
    ])  # fmt: skip


def truck() -> Shape:
    """A box on wheels behind a cab."""
    ribs = [
        face
        for y in (-0.4, -0.2, 0.0)
        for face in sides(0.503, (y - 0.006, y + 0.006), (0.28, 0.98), "load", 0.6)
    ]
    return shape([
        *box(0.44, (-0.5, 0.5), (0.14, 0.28), "dark"),
        *box(0.5, (-0.5, 0.2), (0.26, 1.0), "load"),
        *ribs,
        end(-0.503, (-0.01, 0.01), (0.28, 0.98), "dark"),
        *box(0.47, (0.23, 0.5), (0.16, 0.6), "paint"),
        *box(0.47, (0.23, 0.5), (0.6, 0.84), "glass", roof=(0.43, (0.23, 0.46)), top="paint"),
        *wheels((-0.34, -0.22, 0.34), (0.065, 0.16), 0.48),
        *lamps(0.44, (0.26, 0.34), 0.14),
    ])  # fmt: skip


def motorcycle() -> Shape:
    """A scooter without its rider."""
    tyres = [
        face
        for y in (-0.35, 0.35)
        for face in box(0.09, (y - 0.13, y + 0.13), (0.0, 0.46), "tyre", roof=(0.09, (y - 0.09, y + 0.09)))
    ]
    return shape([
        *tyres,
        *wheels((-0.35, 0.35), (0.15, 0.25), 0.1),
        *box(0.2, (-0.42, 0.1), (0.36, 0.62), "paint", roof=(0.16, (-0.46, 0.08))),
        *box(0.2, (-0.42, 0.06), (0.62, 0.72), "dark"),
        *box(0.22, (0.1, 0.3), (0.3, 0.86), "paint", roof=(0.18, (0.16, 0.26))),
        *box(0.5, (0.19, 0.24), (0.86, 0.93), "dark"),
        end(0.31, (-0.14, 0.14), (0.62, 0.8), "headlamp", 1.0),
        end(-0.47, (-0.14, 0.14), (0.5, 0.6), "tail", 1.0),
    ])  # fmt: skip


def bicycle() -> Shape:
    """A frame of rods on two hoops."""
    rods = (
        ((-0.3, 0.31), (-0.08, 0.8)),
        ((-0.08, 0.3), (0.2, 0.8)),
        ((0.3, 0.31), (0.2, 0.9)),
        ((-0.3, 0.31), (0.0, 0.28)),
    )
    return shape([
        *(hoop(side, y, (0.19, 0.31), 0.03) for y in (-0.3, 0.3) for side in (-1, 1)),
        *(face for y in (-0.3, 0.3) for face in box(0.05, (y - 0.18, y + 0.18), (0.0, 0.1), "tyre")),
        *(rod(foot, head, "paint") for foot, head in rods),
        *box(0.16, (-0.16, 0.0), (0.8, 0.87), "dark"),
        *box(0.5, (0.17, 0.21), (0.93, 0.98), "dark"),
    ])  # fmt: skip
