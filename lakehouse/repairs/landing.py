"""From landing into the tables: epochs nobody claimed, batches that are gone, rows that are no batch's."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import partial, reduce
from operator import or_

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from lakehouse.checks.standing import Standing
from lakehouse.landing.segments import STAMP, SegmentName, app_id
from lakehouse.log import commits
from lakehouse.log.commits import StaleSnapshotError
from lakehouse.log.reading import Reading, watermark
from lakehouse.problem import BadSegment
from lakehouse.repairs.mending import REPAIR, Mend, fragments, rewrite, rows_of, some
from lakehouse.store import Lake
from lakehouse.tables import LANDED, TABLES

REPLAY = "replay-"


def unclaimed(standing: Standing) -> Iterator[Mend]:
    """Epochs of which there are batches and that nobody claimed."""
    apps = {name.app_id for names in standing.segments.values() for name in names}
    for table in LANDED:
        for file in standing.follow(fragments(standing.tables[table]), f"batches of {table}"):
            stamps = file.to_table(columns=[*STAMP]).group_by(["producer", "epoch"]).aggregate([])
            apps |= {app_id(row["producer"], row["epoch"]) for row in stamps.to_pylist()}
    for app in sorted(apps - standing.claims):
        what = f"landing/epochs/{app}: there are batches of it, and nobody claimed it"
        yield Mend(what, "claims it, so that nobody else can", partial(standing.lake.landing.claim, app))


def unnoted(standing: Standing) -> Iterator[Mend]:
    """Segments that were set aside without a row of quarantine."""
    for text in sorted(set(standing.aside) - standing.quarantined()):
        name = SegmentName.parse(text)
        if name:
            note = partial(_note, standing.lake, [name], "it was found set aside, and nobody had said why")
            yield Mend(f"{text}: it was set aside, and quarantine does not say why", "notes it", note)


def lost(standing: Standing) -> Iterator[Mend]:
    """Batches that are in landing no more, and not in every table: they block what comes after them."""
    for app in sorted(standing.claims | standing.segments.keys()):
        reached = {table: watermark(standing.tables[table], app) for table in LANDED}
        there = {name.seq for name in standing.segments.get(app, [])}
        newest = max(reached.values()) if app.startswith(REPLAY) else max(*reached.values(), *there, -1)
        moves = {table: _beyond_gap(mark, there, newest) for table, mark in reached.items()}
        moves = {table: to for table, to in moves.items() if to > reached[table]}
        missing = [seq for seq in range(min(reached.values()) + 1, newest + 1) if seq not in there]
        if missing and not moves:
            what = f"{_name(app, missing[0])}: in landing no more, and not in every table"
            yield Mend(
                what, "run `python -m batch compact`, which takes what lies before it, then repair again"
            )
        elif not moves and len(set(reached.values())) > 1:
            what = f"{app}: tables have come to different batches of it"
            yield Mend(what, "run `python -m batch compact`, which brings the others up")
        if moves:
            gone = sorted({seq for table, to in moves.items() for seq in range(reached[table] + 1, to + 1)})
            names = [_name(app, seq) for seq in gone]
            what = f"{some(names)}: in landing no more, and not in {', '.join(moves)}"
            loses = "what they held there: put them back from a copy first, if there is one"
            remedy = "notes them in quarantine and goes on behind them"
            yield Mend(what, remedy, partial(_pass_over, standing.lake, app, moves, names), loses)


def _beyond_gap(mark: int, there: set[int], newest: int) -> int:
    """The last of the batches right behind a mark that are gone."""
    while mark < newest and mark + 1 not in there:
        mark += 1
    return mark


def _pass_over(lake: Lake, app: str, moves: Mapping[str, int], names: Iterable[SegmentName]) -> None:
    _note(lake, names, "it was lost: in landing no more, and not in every table")
    for table, to in moves.items():
        _raise(lake, table, app, to)


def _raise(lake: Lake, table: str, app: str, to: int) -> None:
    """Let a table go on behind a batch."""
    while True:
        snapshot = lake.table(table)
        if watermark(snapshot, app) >= to:
            return
        try:
            commits.commit(snapshot, (), {app: to}, about=commits.because(REPAIR, app=app))
        except StaleSnapshotError:
            continue


def strangers(standing: Standing) -> Iterator[Mend]:
    """Rows of batches that lie beyond their table's mark.

    Where other tables have taken the batch in, the mark fell, and is raised again. Else the rows are taken
    out, which loses nothing if the batch still lies in landing.
    """
    for table in LANDED:
        beyond = sorted(_beyond(standing.tables[table]))
        for app in sorted({name.app_id for name in beyond}):
            mine, waiting = [name for name in beyond if name.app_id == app], standing.segments.get(app, [])
            to = _fell_from(standing, table, app, {name.seq for name in waiting if name not in mine})
            fell, rest = ([name for name in mine if (name.seq <= to) == below] for below in (True, False))
            landed = [name for name in rest if name in waiting]
            lost = [name for name in rest if name not in waiting]
            if fell:
                remedy, mend = f"raises the mark to {to}", partial(_raise, standing.lake, table, app, to)
                yield Mend(f"{table}: rows of {some(fell)}, beyond its mark, which fell", remedy, mend)
            if landed:
                what, remedy = (
                    f"{table}: rows of {some(landed)}, beyond its mark",
                    "takes them out: they lie in landing",
                )
                yield Mend(what, remedy, partial(_put, standing.lake, table, dict.fromkeys(landed)))
            if lost:
                what, loses = (
                    f"{table}: rows of {some(lost)}, beyond its mark",
                    "rows that nobody handed over",
                )
                yield Mend(
                    what, "takes them out", partial(_put, standing.lake, table, dict.fromkeys(lost)), loses
                )


def _fell_from(standing: Standing, table: str, app: str, untaken: set[int]) -> int:
    """How far a table's mark can be raised: as far as another one's, and not past what it has yet to take."""
    to = watermark(standing.tables[table], app)
    furthest = max(watermark(standing.tables[one], app) for one in LANDED)
    while to < furthest and to + 1 not in untaken:
        to += 1
    return to


def _beyond(snapshot: DeltaTable) -> set[SegmentName]:
    found = set()
    for file in fragments(snapshot):
        stamps = file.to_table(columns=[*STAMP]).group_by([*STAMP]).aggregate([]).to_pylist()
        names = {SegmentName(*(row[column] for column in STAMP)) for row in stamps}
        found |= {name for name in names if name.seq > watermark(snapshot, name.app_id)}
    return found


def differing(standing: Standing) -> Iterator[Mend]:
    """Batches that a table has taken in, and of which it has other rows than landing still holds."""
    refused = standing.quarantined()
    for table in LANDED:
        snapshot = standing.tables[table]
        wrong = dict[SegmentName, pa.Table]()
        for app, names in standing.segments.items():
            taken = [one for one in names if one.seq <= watermark(snapshot, app) and str(one) not in refused]
            for name in taken:
                try:
                    landed = standing.lake.landing.read(name, (table,)).get(table)
                except (BadSegment, FileNotFoundError):
                    continue
                landed = TABLES[table].schema.empty_table() if landed is None else landed
                if Reading(snapshot).rows([*STAMP], _of(name)).num_rows != landed.num_rows:
                    wrong[name] = landed
        if wrong:
            what = f"{table}: it has other rows of {some(sorted(wrong))} than landing still holds"
            yield Mend(
                what, "puts theirs in the place of its own", partial(_put, standing.lake, table, wrong)
            )


def _put(lake: Lake, table: str, batches: Mapping[SegmentName, pa.Table | None]) -> None:
    """Make the rows of some batches those given; None is no row, while the table has not taken it in.

    The marks are written once more, unchanged, so that a compaction that takes one in just now is refused, or
    this is.
    """
    while True:
        snapshot = lake.table(table)
        marks = {name.app_id: watermark(snapshot, name.app_id) for name in batches}
        mine = {
            name: rows for name, rows in batches.items() if rows is not None or name.seq > marks[name.app_id]
        }
        if not mine:
            return
        of = reduce(or_, map(_of, mine))
        kept = {
            file.path: rows_of(table, file).filter(~of)
            for file in fragments(snapshot)
            if file.to_table(schema=TABLES[table].schema, columns=[*STAMP], filter=of).num_rows
        }
        try:
            rewrite(
                lake, snapshot, kept, more=[rows for rows in mine.values() if rows is not None], marks=marks
            )
        except StaleSnapshotError:
            continue
        return


def _of(name: SegmentName) -> pc.Expression:
    is_of = (pc.field("producer") == name.producer) & (pc.field("epoch") == name.epoch)
    return is_of & (pc.field("seq") == name.seq)


def _name(app: str, seq: int) -> SegmentName:
    producer, _, epoch = app.rpartition("-e")
    return SegmentName(producer, int(epoch), seq)


def _note(lake: Lake, names: Iterable[SegmentName], reason: str) -> None:
    """Say in quarantine why some segments are no more."""
    columns: dict[str, list[object]] = defaultdict(list)
    for name in names:
        told = {"segment": str(name), "producer": name.producer, "epoch": name.epoch, "seq": name.seq}
        for column, value in {
            **told,
            "reason": reason,
            "rows": None,
            "bytes": None,
            "at": lake.now(),
        }.items():
            columns[column].append(value)
    lake.append("quarantine", pa.table(dict(columns), schema=TABLES["quarantine"].schema))
