"""`python tests/benchmarks/motion.py`: what tracker and line count of scripted things, against the truth.

Things drive and walk through a picture of 1280 x 720. Their boxes are as a detector gives them: corners off
by 3 %, one in ten missing; velocities are as pairs of pictures give them: off by 5 % and 5 px/s, one in
twenty missing; or there are none. Every figure is a mean over `--seeds` scripts.

`--speeds` prints up to how many sizes of its box a second a thing is counted within 5 % instead.
"""

import argparse
import math
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np

from lakehouse.city.cameras import Camera, Purpose, Zone
from lakehouse.scenes import Detections, Frame, Scene
from serving.measuring.crossing import Line, Passing
from serving.watching.tracker import Tracker

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
WIDTH, HEIGHT = 1280, 720
CAMERA = Camera(
    camera_id="cam-1", valid_from=START, name="Simpang", owner="Dishub", site="street",
    area_id="33.74.01", lat=-6.98, lon=110.42, source="test", width=WIDTH, height=HEIGHT,
)  # fmt: skip
ACROSS = Zone(zone_id="line", purpose=Purpose.ROAD, corners=((0.5, 1.0), (0.5, 0.0)))
ALONG = Zone(zone_id="line", purpose=Purpose.ROAD, corners=((1.0, 0.7), (0.0, 0.7)))
BLANK = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
RATES = (5.0, 2.0, 1.0)
IN_VIEW, COVERED = 0.35, 0.6
LAG_S = 0.067
WITHIN = 0.05
SPEEDS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18)

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Thing:
    """What goes straight on: x, y, w, h in pixels at depth 1; `dx`, `dy` and `nearer` are a second's.

    At another depth it is so much smaller and nearer to the picture's vanishing point, 640, 150.
    """

    label: str
    x: float
    y: float
    w: float
    h: float
    dx: float = 0.0
    dy: float = 0.0
    depth: float = 1.0
    nearer: float = 0.0
    begins_s: float = 0.0
    lasts_s: float = math.inf
    turns_s: float = math.inf

    def box(self, at_s: float) -> Box | None:
        """Where it is, though the picture may end before."""
        gone = at_s - self.begins_s
        depth = self.depth - self.nearer * gone
        if gone < 0 or gone > self.lasts_s or depth < 0.2:
            return None
        back = max(0.0, gone - self.turns_s) * 2
        x, y = self.x + self.dx * (gone - back), self.y + self.dy * (gone - back)
        x, y, w, h = 640 + (x - 640) / depth, 150 + (y - 150) / depth, self.w / depth, self.h / depth
        return x - w / 2, y - h / 2, x + w / 2, y + h / 2


@dataclass(frozen=True)
class Script:
    """Things in a picture with pillars (x1, x2), for so long, and the line that counts them."""

    things: tuple[Thing, ...]
    lasts_s: float
    zone: Zone = ACROSS
    pillars: tuple[tuple[float, float], ...] = ()

    def truth(self) -> tuple[int, int]:
        """How many of them come in and go out over the line."""
        told = [0, 0]
        for thing in self.things:
            boxes = (thing.box(step / 50) for step in range(int(self.lasts_s * 50)))
            sides = [self._beyond(box) for box in boxes if box]
            for before, after in pairwise(sides):
                told[0] += not before and after
                told[1] += before and not after
        return told[0], told[1]

    def _beyond(self, box: Box) -> bool:
        (x, y), _ = self.zone.corners
        return box[3] > y * HEIGHT if self.zone is ALONG else (box[0] + box[2]) / 2 > x * WIDTH

    def hidden(self, box: Box) -> bool:
        """Whether a pillar stands before it."""
        covered = sum(max(0.0, min(box[2], end) - max(box[0], begin)) for begin, end in self.pillars)
        return covered > COVERED * (box[2] - box[0])


@dataclass(frozen=True)
class Seeing:
    """How good the boxes and their velocities are; `pairs` says whether there are any velocities."""

    pairs: bool = True
    missing: float = 0.1
    off: float = 0.03
    drift: float = 0.05
    drift_px: float = 5.0
    lost: float = 0.05

    def look(self, script: Script, at_s: float, random: np.random.Generator) -> Detections:
        """What a detector finds at a moment."""
        boxes, velocities, labels = [], [], []
        for thing in script.things:
            box = thing.box(at_s)
            if box is None or script.hidden(box) or random.random() < self.missing:
                continue
            clipped = np.clip(box, 0, (WIDTH, HEIGHT, WIDTH, HEIGHT))
            whole, seen = np.subtract(box[2:], box[:2]), clipped[2:] - clipped[:2]
            if np.prod(seen.clip(0)) < IN_VIEW * np.prod(whole):
                continue
            boxes.append(clipped + random.normal(0, self.off, 4) * np.tile(seen, 2))
            velocities.append(self._velocity(thing, box, at_s, random))
            labels.append(thing.label)
        found = np.float32(boxes).reshape(-1, 4)
        moving = np.float32(velocities).reshape(-1, 2) if self.pairs else None
        sure = np.full(len(found), 0.8, np.float32)
        return Detections(found, np.array(labels, np.str_), sure, moving)

    def _velocity(self, thing: Thing, box: Box, at_s: float, random: np.random.Generator) -> np.ndarray:
        later = thing.box(at_s + LAG_S) or box
        true = (np.add(later[:2], later[2:]) - np.add(box[:2], box[2:])) / 2 / LAG_S
        if random.random() < self.lost:
            return np.full(2, np.nan)
        return np.asarray(true * (1 + random.normal(0, self.drift)) + random.normal(0, self.drift_px, 2))


def _headways(random: np.random.Generator, count: int, least: float, most: float) -> list[float]:
    return np.cumsum(random.uniform(least, most, count)).tolist()


def queue(random: np.random.Generator, speed: float, width: float = 160, height: float = 90) -> Script:
    """Eight cars one behind the other, at so many pixels a second."""
    begins = _headways(random, 8, 0.6, 2)
    things = [Thing("car", -width / 2, 400, width, height, speed, begins_s=at) for at in begins]
    return Script(tuple(things), begins[-1] + (WIDTH + 2 * width) / speed)


def cars(random: np.random.Generator) -> Script:
    """Eight cars at 600 px/s."""
    return queue(random, 600)


def motorcycles(random: np.random.Generator) -> Script:
    """Eight motorcycles, abreast by chance."""
    begins = _headways(random, 8, 0.5, 2)
    things = [Thing("motorcycle", -30, random.uniform(380, 440), 50, 80, 500, begins_s=at) for at in begins]
    return Script(tuple(things), begins[-1] + 3)


def alone(random: np.random.Generator) -> Script:
    """One car."""
    return Script((Thing("car", -80, 400, 160, 90, 600, begins_s=random.uniform(1, 2)),), 5)


def two_ways(random: np.random.Generator) -> Script:
    """Cars of both directions, each lane at its speed."""
    things = []
    for y, way in ((360, 1), (450, -1)):
        for at in _headways(random, 8, 0.8, 2):
            x = -80 if way > 0 else WIDTH + 80
            things.append(Thing("car", x, y, 150, 85, way * random.uniform(480, 560), begins_s=at))
    return Script(tuple(things), max(thing.begins_s for thing in things) + 4)


def towards(random: np.random.Generator) -> Script:
    """A road looked along: two lanes come nearer, two go away."""
    things = []
    for x, way in ((450, 1), (600, 1), (760, -1), (900, -1)):
        for at in _headways(random, 5, 1.2, 3):
            depth, nearer = (4, random.uniform(0.7, 1.1)) if way > 0 else (0.5, -random.uniform(0.7, 1.1))
            thing = Thing("car", x, 560, 150, 120, depth=depth, nearer=nearer, begins_s=at, lasts_s=4)
            things.append(thing)
    return Script(tuple(things), max(thing.begins_s for thing in things) + 6, ALONG)


def mixed(random: np.random.Generator) -> Script:
    """Cars, buses and motorcycles of many speeds on four lanes, both ways."""
    shapes = {"car": (150, 85), "bus": (330, 150), "motorcycle": (50, 80)}
    things = []
    for y, way in ((300, 1), (370, 1), (440, -1), (510, -1)):
        speed = random.uniform(250, 700)
        for at in _headways(random, 6, 1, 3):
            label = str(random.choice(list(shapes), p=(0.4, 0.1, 0.5)))
            x = -100 if way > 0 else WIDTH + 100
            w, h = shapes[label]
            things.append(Thing(label, x, y, w, h, way * speed, begins_s=at))
    return Script(tuple(things), max(thing.begins_s for thing in things) + 6)


def walkers(random: np.random.Generator) -> Script:
    """People who walk both ways."""
    things = []
    for at in _headways(random, 10, 0.5, 3):
        way = random.choice((-1, 1))
        x, speed = (-20 if way > 0 else WIDTH + 20), random.uniform(60, 110)
        things.append(Thing("person", x, random.uniform(300, 500), 42, 110, way * speed, begins_s=at))
    return Script(tuple(things), max(thing.begins_s for thing in things) + 1320 / 60)


def pillars(random: np.random.Generator) -> Script:
    """The same people, hidden for 1 to 4 s by pillars of which one stands on the line."""
    broad = random.uniform(80, 330, 3)
    middles = 640 + random.uniform(-80, 80) + np.array([-420, 0, 420])
    stand = [(x - b / 2, x + b / 2) for x, b in zip(middles, broad, strict=True)]
    return replace(walkers(random), pillars=tuple(stand))


def standing(random: np.random.Generator) -> Script:
    """Cars and people that stand around the line for a minute: nothing crosses."""
    places = [(640 + random.uniform(-60, 60), 60 + 80 * row) for row in range(8)]
    things = [Thing("car", x, y, 150, 75) for x, y in places[::2]]
    things += [Thing("person", x, y, 40, 75) for x, y in places[1::2]]
    return Script(tuple(things), 60)


def turning(random: np.random.Generator) -> Script:
    """Cars that come up to the line and go back: nothing crosses."""
    things = []
    for at in _headways(random, 6, 2, 4):
        turns = random.uniform(380, 600) / 400
        things.append(Thing("car", -80, 400, 160, 90, 400, begins_s=at, lasts_s=2 * turns, turns_s=turns))
    return Script(tuple(things), max(thing.begins_s for thing in things) + 5)


SCRIPTS: dict[str, Callable[[np.random.Generator], Script]] = {
    one.__name__: one
    for one in (cars, motorcycles, alone, two_ways, towards, mixed, walkers, pillars, standing, turning)
}


def counted(script: Script, fps: float, seeing: Seeing, random: np.random.Generator) -> tuple[int, int]:
    """How many tracker and line have come in and gone out."""
    tracker, line = Tracker(1), Line(CAMERA, script.zone, Passing())
    told = np.zeros(2, np.int64)
    phase = random.random() / fps
    for number in range(int(script.lasts_s * fps)):
        at_s = phase + number / fps
        at = START + timedelta(seconds=at_s)
        found, ids = tracker.follow(at, seeing.look(script, at_s, random), (WIDTH, HEIGHT))
        scene = Scene.of(Frame("cam-1", at, BLANK), found, ids)
        for one in (line.left(scene), line.see(scene, np.ones(len(scene), np.bool_))):
            told += one.inward, one.outward
    ended = line.end()
    return int(told[0] + ended.inward), int(told[1] + ended.outward)


@dataclass(frozen=True)
class Told:
    """Means over scripts: what came in and went out, truly and counted."""

    true: tuple[float, float]
    counted: tuple[float, float]


def tell(script: str | Callable[..., Script], fps: float, seeing: Seeing, seeds: Iterable[int]) -> Told:
    """Count many scripts of one kind."""
    write = SCRIPTS[script] if isinstance(script, str) else script
    true, found = [], []
    for seed in seeds:
        random = np.random.default_rng((seed, zlib.crc32(write.__name__.encode())))
        one = write(random)
        true.append(one.truth())
        found.append(counted(one, fps, seeing, random))
    (entered, left), (came, went) = np.mean(true, axis=0).tolist(), np.mean(found, axis=0).tolist()
    return Told((entered, left), (came, went))


def fastest(fps: float, seeing: Seeing, seeds: Iterable[int]) -> float:
    """Up to how many sizes of its box a second a thing of 60 px is counted within 5 %, both ways."""
    sure = 0.0
    for speed in SPEEDS:

        def fast(random: np.random.Generator, speed: float = speed) -> Script:
            return queue(random, 60 * speed, 80, 45)

        told = tell(fast, fps, seeing, seeds)
        if max(abs(told.counted[0] / told.true[0] - 1), told.counted[1] / told.true[0]) > WITHIN:
            break
        sure = speed
    return sure


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--first", type=int, default=1000, help="the first seed")
    parser.add_argument("--scripts", nargs="*", default=list(SCRIPTS), choices=list(SCRIPTS))
    parser.add_argument("--rates", nargs="*", type=float, default=RATES)
    parser.add_argument("--speeds", action="store_true")
    words = parser.parse_args()
    seeds = range(words.first, words.first + words.seeds)
    ways = [(pairs, fps) for pairs in (True, False) for fps in words.rates]
    heads = [f"{'pairs' if pairs else 'boxes alone'} {fps:g}/s" for pairs, fps in ways]
    if words.speeds:
        for head, (pairs, fps) in zip(heads, ways, strict=True):
            print(f"{head}: {fastest(fps, Seeing(pairs=pairs), seeds):g} sizes a second", flush=True)
        return
    print("| in, out |", " | ".join(["truth", *heads]), "|")
    print("|---" * (2 + len(ways)) + "|")
    for name in words.scripts:
        told = [tell(name, fps, Seeing(pairs=pairs), seeds) for pairs, fps in ways]
        cells = [told[0].true, *(one.counted for one in told)]
        print(f"| {name} |", " | ".join(f"{came:.2f}, {went:.2f}" for came, went in cells), "|", flush=True)


if __name__ == "__main__":
    main()
