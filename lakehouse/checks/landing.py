"""From landing into the tables: nothing lost, nothing twice, in the order of commits."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise

import pyarrow.compute as pc
from deltalake import DeltaTable

from lakehouse.checks import portions
from lakehouse.checks.standing import Standing
from lakehouse.landing.segments import STAMP, SegmentName, app_id
from lakehouse.log.reading import Reading, watermark
from lakehouse.problem import BadSegment, BrokenLake
from lakehouse.tables import LANDED

COMPACT = "run `python -m batch compact`, which sets it aside"
RESTORE = "restore it from a copy"
REPLAY = "replay-"
"""How the producer of a replay begins."""


def order(standing: Standing) -> str:
    """Each table is at least as far as the one that is committed after it."""
    apps = standing.claims | standing.segments.keys()
    for app in sorted(apps):
        reached = {name: watermark(standing.tables[name], app) for name in LANDED}
        for first, then in pairwise(LANDED):
            if reached[then] > reached[first]:
                rule = f"it has {app} up to {reached[then]}, and {first}, which goes first, {reached[first]}"
                raise BrokenLake(then, rule, f"restore {then} and {first} from one copy")
    return f"{len(apps):,} epochs in {len(LANDED)} tables"


def stamps(standing: Standing) -> str:
    """No table has rows of a batch beyond its watermark, or of an epoch that nobody claimed."""
    rows = [standing.judged(name, partial(_stamped, standing, name)) for name in LANDED]
    return f"{sum(rows):,} rows"


def _stamped(standing: Standing, table: str, snapshot: DeltaTable) -> int:
    count = 0
    for file in standing.follow(portions.fragments(snapshot), f"batches of {table}"):
        rows = file.to_table(columns=[*STAMP])
        for batch in rows.group_by(["producer", "epoch"]).aggregate([("seq", "max")]).to_pylist():
            app, seq = app_id(batch["producer"], batch["epoch"]), batch["seq_max"]
            if seq > watermark(snapshot, app):
                rule = f"it has rows of batch {seq} of {app}, and {table} is at {watermark(snapshot, app)}"
                raise BrokenLake(f"{table}/{file.path}", rule, "restore the table from a copy")
            standing.must_be_claimed(app, f"{table}/{file.path}")
        count += rows.num_rows
    return count


def dense(standing: Standing) -> str:
    """Beyond what looks has, the batches of an epoch follow one another: a gap blocks its producer.

    A replay's land in any order, so of one that goes on or was killed only what some table has counts.
    """
    for app in sorted(standing.claims | standing.segments.keys()):
        for seq in _still(standing, app, _missing(standing, app)):
            producer, _, epoch = app.rpartition("-e")
            rule = "it is in landing no more, or never was, and not every table has it"
            remedy = f"{RESTORE}, or compaction takes nothing more of {app}"
            raise BrokenLake(str(SegmentName(producer, int(epoch), seq)), rule, remedy)
    return f"{sum(map(len, standing.segments.values())):,} segments of {len(standing.segments):,} epochs"


def _missing(standing: Standing, app: str) -> list[int]:
    """The batches up to the newest known one that are in landing no more, and not in looks."""
    listed = {name.seq for name in standing.segments.get(app, [])}
    ahead, *_, behind = (watermark(standing.tables[name], app) for name in LANDED)
    newest = ahead if app.startswith(REPLAY) else max(ahead, *listed, -1)
    return [seq for seq in range(behind + 1, newest + 1) if seq not in listed]


def _still(standing: Standing, app: str, missing: Sequence[int]) -> list[int]:
    """Those that are missing also now: what landed or was taken in while landing was listed is not."""
    if not missing:
        return []
    listed = {name.seq for name in standing.lake.landing.segments().get(app, [])}
    reached = watermark(standing.lake.table("looks"), app)
    return [seq for seq in missing if seq not in listed and seq > reached]


def whole(standing: Standing) -> str:
    """A segment is what its trailer says, or quarantine says why it is not; and its epoch is claimed."""
    names = [name for names in standing.segments.values() for name in names]
    for name in standing.follow(names, "segments"):
        standing.must_be_claimed(name.app_id, str(name))
        try:
            standing.lake.landing.check(name)
        except FileNotFoundError:
            continue  # taken in and deleted meanwhile
        except BadSegment as problem:
            if str(name) not in standing.quarantined():
                raise BrokenLake(str(name), problem.rule, COMPACT) from problem
    return f"{len(names):,} segments"


def aside(standing: Standing) -> str:
    """What was set aside has its row in quarantine, with the reason."""
    for name in sorted(set(standing.aside) - standing.quarantined()):
        raise BrokenLake(name, "it was set aside, and quarantine does not say why", "restore quarantine")
    return f"{len(standing.aside):,} segments"


def taken(standing: Standing) -> str:
    """A segment that tables have taken in and that is not deleted yet has its rows in them, each once."""
    count, refused = 0, standing.quarantined()
    for table in LANDED:
        there = [name for name in _taken(standing, table) if str(name) not in refused]
        count += standing.judged(table, partial(_rows, standing, table, there))
    return f"{count:,} rows"


def _taken(standing: Standing, table: str) -> Iterator[SegmentName]:
    for app, names in standing.segments.items():
        reached = watermark(standing.tables[table], app)
        yield from (name for name in names if name.seq <= reached)


def _rows(standing: Standing, table: str, names: Sequence[SegmentName], snapshot: DeltaTable) -> int:
    stored = _by_batch(snapshot, names)
    for name in standing.follow(names, f"taken into {table}"):
        try:
            landed = standing.lake.landing.read(name, (table,)).get(table)
        except FileNotFoundError:
            continue
        expected = landed.num_rows if landed else 0
        if stored.get(name, 0) != expected:
            rule = f"{table} has taken it in with {stored.get(name, 0):,} rows, and it holds {expected:,}"
            raise BrokenLake(str(name), rule, f"restore {table} from a copy")
    return sum(stored.values())


def _by_batch(snapshot: DeltaTable, names: Sequence[SegmentName]) -> Mapping[SegmentName, int]:
    """How many rows a table has of each batch of some producers' epochs."""
    found = {}
    for producer, epoch in sorted({(name.producer, name.epoch) for name in names}):
        where = (pc.field("producer") == producer) & (pc.field("epoch") == epoch)
        rows = Reading(snapshot).rows([*STAMP], where & (pc.field("seq") >= min(name.seq for name in names)))
        for batch in rows.group_by([*STAMP]).aggregate([([], "count_all")]).to_pylist():
            found[SegmentName(*(batch[column] for column in STAMP))] = batch["count_all"]
    return found
