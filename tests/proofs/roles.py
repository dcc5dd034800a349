"""The roles in a storm: what each process does in its life, and how a lake is compared with the ledger."""

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import batches
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import writers
from ledger import Batch, Journal, Ledger, audit

from batch.compacting.backfill import backfill
from batch.compacting.compact import compact
from batch.keeping.forget import forget
from batch.keeping.recluster import recluster
from batch.keeping.retention import retain
from batch.keeping.vacuum import vacuum
from batch.rolling.rollup import rollup
from lakehouse import clock
from lakehouse.checks import INVARIANTS
from lakehouse.checks.standing import Standing
from lakehouse.landing.segments import STAMP, SegmentName
from lakehouse.problem import BrokenLake, UnknownCamera
from lakehouse.store import Lake
from lakehouse.tables import LANDED, TABLES

AGED_ROWS = "aged in observations"
"""What retention is to forget: the camera whose every row is older than observations are kept."""
DOOMED = "doomed-{}"
MOST_LANDED = 40
"""Lives of producers with something in landing: then they wait, or a busy machine takes ever more in."""
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Site:
    """Where a storm takes place, and what its processes are told."""

    root: str
    ledger: Ledger
    reports: Journal
    boxes: int
    fenced: bool = True
    doomed: int = 0
    """The number of the camera whose rows are being landed to be forgotten later on."""
    deletion: int | None = None
    """The number of the camera whose rows are to be forgotten now."""


@dataclass(frozen=True)
class Past:
    """Rows of long ago: of which cameras, of when, and whether their producer declares a backfill."""

    cameras: list[str]
    age: timedelta
    backfill: bool


PAST = {
    "aged": Past(["aged"], timedelta(days=60), backfill=True),
    "late": Past(["late"], timedelta(days=5), backfill=False),
}


def create(site: Site, _: np.random.Generator) -> None:
    """Make the lake, with its areas and kinds."""
    lake = Lake.create(site.root)
    batches.found(lake)
    writers.seed(lake)
    site.ledger.say(forgetting=AGED_ROWS)


def produce(site: Site, rng: np.random.Generator) -> None:
    """Land some batches in one life of a producer, and tell the ledger of each acknowledgement."""
    past = PAST.get(str(rng.choice(["live"] * 8 + [*PAST])))
    backfill = past is not None and past.backfill
    producer = Lake(site.root).landing.producer(f"shard-{rng.integers(4)}", backfill=backfill)
    for _ in range(rng.integers(1, 9)):
        if rng.random() < 0.02:
            _land_garbage(site, producer, rng)
            continue
        time.sleep(rng.exponential(0.05))
        while len(Lake(site.root).landing.segments()) > MOST_LANDED:
            time.sleep(0.1)
        batch = (producer.name, producer.epoch, producer._next)
        boxes, number = rng.integers(1, [2 * site.boxes, 1 << 31]).tolist()
        cameras, age = (past.cameras, past.age) if past else (_present(site, rng), timedelta(0))
        tables = batches.batch(rng, cameras, boxes, number, clock.now() - age)
        told = _successor(*batch) if past and not backfill else batch
        site.ledger.intend(told, tables)
        producer.append(tables)
        site.ledger.acknowledge(told, tables, late=told != batch)


def _successor(producer: str, epoch: int, seq: int) -> Batch:
    """Under which name rows that came too late are in the tables once they were landed again."""
    return f"{producer}.late-{seq:012d}", epoch, 0


def _present(site: Site, rng: np.random.Generator) -> list[str]:
    """Two cameras of the present, one of them doomed now and then."""
    lasting = rng.choice(list(batches.CAMERAS), 2, replace=False).tolist()
    return [lasting[0], DOOMED.format(site.doomed) if rng.random() < 0.2 else lasting[1]]


def _land_garbage(site: Site, producer, rng: np.random.Generator) -> None:
    """Put what is no segment under the producer's next number."""
    name = str(SegmentName(producer.name, producer.epoch, producer._next))
    site.ledger.say(bad=name)
    producer._folder.create(name, rng.bytes(200))
    producer._next += 1


def take_in(site: Site, rng: np.random.Generator) -> None:
    """Compact a few times, cutting shards small or not."""
    for _ in range(rng.integers(1, 5)):
        compact(Lake.open(site.root), shard_bytes=int(rng.choice([20_000, 200_000, 2**24])))


def roll_up(site: Site, _: np.random.Generator) -> None:
    """Compute the days of which something new is known."""
    rollup(Lake.open(site.root))


def put_in_order(site: Site, rng: np.random.Generator) -> None:
    """Recluster the closed days."""
    recluster(Lake.open(site.root), shard_rows=int(rng.choice([2000, 10**6])))


def age(site: Site, _: np.random.Generator) -> None:
    """Forget what is too old."""
    retain(Lake.open(site.root))


def sweep(site: Site, rng: np.random.Generator) -> None:
    """Delete some tables' old files, those too that were wanted until a moment ago."""
    tables = rng.choice([*LANDED, str(rng.choice(list(TABLES)))], 3, replace=False).tolist()
    vacuum(Lake.open(site.root), keep=timedelta(seconds=20), tables=tables)


def land_late(site: Site, _: np.random.Generator) -> None:
    """Land again what was set aside since it came too late."""
    backfill(Lake.open(site.root))


def write(site: Site, rng: np.random.Generator) -> None:
    """Be some of the verbs that write keyed tables, one after another."""
    lake = Lake.open(site.root)
    for verb in rng.choice([*writers.VERBS], 3).tolist():
        writers.VERBS[verb](lake, rng)


def delete(site: Site, _: np.random.Generator) -> None:
    """Carry out a deletion request to its end."""
    if site.deletion is None:
        time.sleep(0.2)
    else:
        _forget(site, DOOMED.format(site.deletion))


def _forget(site: Site, camera: str) -> None:
    site.ledger.say(forgetting=camera)
    with suppress(UnknownCamera):  # one that was killed before it could tell had forgotten everything
        forget(Lake.open(site.root), camera, LONG_AGO, LONG_AGO + timedelta(days=36_500))
    site.ledger.say(forgotten=camera)


def check(site: Site, _: np.random.Generator) -> None:
    """Open every table, and compare what fresh reads give with the ledger."""
    wrong = [*writers.wrong(Lake.open(site.root)), *audits(site, fresh=True)]
    site.reports.say(
        checked=len(TABLES), violations=wrong[:5], kinds=Counter(text.split(":")[0] for text in wrong)
    )


def audits(site: Site, *, fresh: bool) -> list[str]:
    """How the landed tables differ from the ledger."""
    wrong = []
    for table in LANDED:
        before = site.ledger.read()
        rows = Lake.open(site.root).read(table, fresh=fresh)
        wrong += [str(one) for one in audit(table, rows, before, site.ledger.read())]
    return wrong


def close(site: Site, _: np.random.Generator) -> None:
    """After the storm: take in and roll up what is left, and compare everything."""
    lake = Lake.open(site.root)
    compact(lake)
    backfill(lake)
    compact(lake)
    site.ledger.say(landed_again=True)
    book = site.ledger.read()
    for camera in book.forgetting - book.forgotten - {AGED_ROWS}:
        _forget(site, camera)
    retain(lake)
    rollup(lake)
    site.ledger.say(forgotten=AGED_ROWS)
    wrong = [*writers.wrong(lake), *audits(site, fresh=False), *_bad_segments(site)]
    wrong += left_in_landing(lake)
    wrong += [*_unlike_its_twin(lake), *_broken(lake)]
    versions = sum(lake.version(name) for name in TABLES)
    rows = {name: lake.table(name).count() for name in LANDED}
    site.reports.say(
        checked=len(TABLES),
        violations=wrong[:5],
        kinds=Counter(text.split(":")[0] for text in wrong),
        versions=versions,
        rows=rows,
    )


def left_in_landing(lake: Lake) -> list[str]:
    """Whether segments stay behind that no compaction takes."""
    left = sum(len(names) for names in lake.landing.segments().values())
    return [f"left: {left} segments in landing"] * bool(left)


def _broken(lake: Lake) -> list[str]:
    """The first rule of the lake's own deep check that does not hold."""
    standing = Standing(Lake.as_is(lake.root), deep=True)
    try:
        for invariant in INVARIANTS:
            invariant.look(standing)
    except BrokenLake as problem:
        return [f"broken: {problem}"]
    return []


def _bad_segments(site: Site) -> list[str]:
    """What quarantine holds that was neither bad nor late."""
    rows = Lake.open(site.root).read("quarantine")
    found = {
        name
        for name, kept in zip(rows["segment"].to_pylist(), rows["rows"].to_pylist(), strict=True)
        if kept is None
    }
    return [f"quarantine: {name} was no bad segment" for name in found - site.ledger.read().bad]


def _unlike_its_twin(lake: Lake) -> list[str]:
    """Whether the camera minutes are those of a lake that took the same rows in at once, undisturbed."""
    with tempfile.TemporaryDirectory() as folder:
        twin = Lake.create(f"{folder}/twin")
        batches.found(twin)
        writers.seed_like(twin, lake)
        for life, tables in _lives(lake):
            # Whose word counts is told by lives, so the twin's have the same names.
            twin.landing.claim(life.app_id)
            twin.landing.again(life).append(tables)
        compact(twin)
        rollup(twin)
        order = [(name, "ascending") for name in TABLES["camera_minutes"].key]
        ours, theirs = (one.read("camera_minutes").sort_by(order) for one in (lake, twin))
    return [] if ours.equals(theirs) else ["changed: camera_minutes are not those of an undisturbed lake"]


def _lives(lake: Lake) -> Iterator[tuple[SegmentName, dict[str, pa.Table]]]:
    """What each life of a producer saw and measured, as one batch."""
    tables = {name: lake.read(name) for name in ("looks", "measures")}
    lives = {
        one
        for rows in tables.values()
        for one in zip(*(rows[name].to_pylist() for name in STAMP[:2]), strict=True)
    }
    for producer, epoch in sorted(lives):
        of_life = (pc.field("producer") == producer) & (pc.field("epoch") == epoch)
        rows = {name: table.filter(of_life).drop_columns([*STAMP]) for name, table in tables.items()}
        yield SegmentName(producer, epoch, 0), rows


ROLES: dict[str, tuple[int, Callable[[Site, np.random.Generator], None]]] = {
    "producer": (3, produce),
    "compactor": (3, take_in),
    "rollup": (2, roll_up),
    "writer": (3, write),
    "recluster": (1, put_in_order),
    "retention": (1, age),
    "vacuum": (1, sweep),
    "deletion": (1, delete),
    "backfill": (1, land_late),
    "checker": (1, check),
}
"""How many of each kind are alive at once, and what one does in its life."""
