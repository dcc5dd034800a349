"""Whose word counts where several watched one camera at once: what was there is counted once.

A life of a producer (one of its epochs) watches a camera. Two that do so at once are two watchers, one clip
that was watched twice, or clips that overlap. Of these the one counts in a minute that really saw most of its
frames; of two that saw as many, the first by name and epoch. A life that only follows another, as after a
restart, stands beside nobody: both count. Of events that two tell at once, the one counts that began first.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lakehouse.lateness import landed_as
from lakehouse.scenes import Health, Outcome

RULE = 1
"""The number of this rule; before it, all who watched were added up."""

WITNESS_COLUMNS = ("at", "camera_id", "frames", "health", "producer", "epoch")
"""What of a look says who saw what."""

SHARING_COLUMNS = ("at", "camera_id", "producer", "epoch")
"""What of a look says whether several lives watched."""

EVENT_COLUMNS = ("event_id", "camera_id", "zone_id", "kind", "started_at", "at", "producer", "epoch")
"""What of an event's revisions says who told it."""

MOST_LOOKS = 200_000
"""Looks, about so many, whose frames are held in memory at once."""

_MINUTE_US = 60_000_000
_KEY = ("camera_id", "minute", "producer", "epoch")
_WATCHED = pa.schema(
    [
        ("shared", pa.int64()),
        ("camera_id", pa.string()),
        ("minute", pa.int64()),
        ("producer", pa.string()),
        ("epoch", pa.int64()),
        ("first_ms", pa.int64()),
        ("last_ms", pa.int64()),
        ("counts", pa.bool_()),
    ]
)

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Looked = Callable[[Collection[str], datetime, datetime], pa.Table]


def frames_of(looks: pa.Table) -> tuple[Ints, NDArray[np.int16], NDArray[np.int8]]:
    """Every frame of looks: in which of them it lies, its offset in ms, and what became of it."""
    lists = looks["frames"].combine_chunks()
    frames = pc.list_flatten(lists)
    offset, outcome = (pc.struct_field(frames, name).to_numpy() for name in ("offset_ms", "outcome"))
    return pc.list_parent_indices(lists).to_numpy(), offset, outcome


@dataclass(frozen=True)
class Witnesses:
    """Who watched in those of the cameras' minutes that several lives watched, the best of a minute first.

    A row of `watched` is a life in a minute (counted since 1970; `shared` numbers those minutes): its first
    and last frame, in ms since 1970, and whether it counts. Late rows that landed again are their producer's.
    """

    watched: pa.Table

    @classmethod
    def of(cls, looks: pa.Table) -> "Witnesses":
        """Judge minutes by all of their looks, in WITNESS_COLUMNS."""
        several = looks.filter(pa.array(shared(looks)))
        count = -(-several.num_rows // MOST_LOOKS)
        piece = _ranks(several["camera_id"]) % max(count, 1)
        judged = [_judged(several.filter(pa.array(piece == number))) for number in range(count)]
        starts = np.cumsum([0, *(part.num_rows for part in judged)])
        parts = [_WATCHED.empty_table()]
        for start, part in zip(starts, judged, strict=False):
            place = part.schema.get_field_index("shared")
            parts.append(part.set_column(place, "shared", pc.add(part["shared"], int(start))))
        return cls(pa.concat_tables(parts).combine_chunks())

    def heard(self, rows: pa.Table) -> pa.Table:
        """Of looks or observations those that count."""
        return rows.filter(pa.array(self._counting(rows, "at"))) if self.watched.num_rows else rows

    def believed(self, measures: pa.Table) -> pa.Table:
        """Of measures those that count: of a kind that no witness measured, those of the best who did."""
        if not self.watched.num_rows:
            return measures
        counting, key = self._counting(measures, "minute"), ["camera_id", "kind", "minute"]
        told = measures.select(key).filter(pa.array(counting)).group_by(key).aggregate([])
        aside = np.flatnonzero(~counting)
        asked = measures.select(key).take(pa.array(aside)).append_column("row", pa.array(aside))
        untold = np.sort(asked.join(told, key, join_type="left anti")["row"].to_numpy())
        counting[untold[self._next_best(measures.take(pa.array(untold)))]] = True
        return measures.filter(pa.array(counting))

    def _counting(self, rows: pa.Table, clock: str) -> Flags:
        """Which rows (n,) are of a life that counts, or of a minute that nobody shared with it."""
        row, place = self._found(rows, clock)
        counting = np.ones(rows.num_rows, np.bool_)
        counting[row] = self.watched["counts"].to_numpy()[place]
        return counting

    def _found(self, rows: pa.Table, clock: str) -> tuple[Ints, Ints]:
        """The rows that are of shared minutes, and where in `watched` each one's life is."""
        there = self.watched.select(_KEY).append_column("place", pa.array(np.arange(self.watched.num_rows)))
        some = pc.is_in(rows["camera_id"], pc.unique(self.watched["camera_id"]))
        asked = _keyed(rows, clock).append_column("row", pa.array(np.arange(rows.num_rows))).filter(some)
        found = asked.join(there, [*_KEY], join_type="inner")
        return found["row"].to_numpy(), found["place"].to_numpy()

    def _next_best(self, measures: pa.Table) -> list[int]:
        """Of measures of kinds that no life that counts has told, the numbers of those that count instead."""
        minutes, kinds = self.watched["shared"].to_numpy(), measures["kind"].to_pylist()
        stretches = np.stack([self.watched[name].to_numpy() for name in ("first_ms", "last_ms")], axis=1)
        row, place = self._found(measures, "minute")
        asked = sorted(
            (minutes[at], kinds[number], at, number) for number, at in zip(row, place, strict=True)
        )
        kept: list[int] = []
        for _, group in groupby(asked, key=lambda one: one[:2]):
            told = [(at, number) for *_, at, number in group]
            lives = sorted({at for at, _ in told})
            standing = {lives[number] for number in _standing(stretches[lives])}
            kept += [number for at, number in told if at in standing]
        return kept


def _keyed(rows: pa.Table, clock: str) -> pa.Table:
    """Of each row the camera, the minute, and whose life it is."""
    producers = rows["producer"].combine_chunks().dictionary_encode()
    names = pa.array(map(landed_as, producers.dictionary.to_pylist()), pa.string())
    minute = rows[clock].cast(pa.int64()).to_numpy() // _MINUTE_US
    epoch = rows["epoch"].cast(pa.int64())
    columns = [rows["camera_id"], pa.array(minute), names.take(producers.indices), epoch]
    return pa.Table.from_arrays(columns, [*_KEY])


def _codes(keyed: pa.Table) -> tuple[Ints, Ints]:
    """By row (n,) a number for the camera's minute, and one for the life, in the order of name and epoch."""
    cameras, producers = (_ranks(keyed[name]) for name in ("camera_id", "producer"))
    minutes, epochs = (keyed[name].to_numpy() for name in ("minute", "epoch"))
    if len(minutes):
        minutes = minutes - minutes.min()
    places, lives = (
        first * (then.max(initial=0) + 1) + then for first, then in ((cameras, minutes), (producers, epochs))
    )
    return places, lives


def _ranks(words: pa.ChunkedArray) -> Ints:
    """By word (n,) its number in the order of words."""
    coded = words.combine_chunks().dictionary_encode()
    ranks = np.unique(np.asarray(coded.dictionary.to_pylist(), np.str_), return_inverse=True)[1]
    return np.asarray(ranks[coded.indices.to_numpy()], np.int64)


def shared(looks: pa.Table) -> Flags:
    """Which looks (n,), in SHARING_COLUMNS, are of a camera's minute that several lives watched."""
    places, lives = _codes(_keyed(looks, "at"))
    one = np.full(places.max(initial=-1) + 1, -1, np.int64)
    one[places] = lives
    several = np.zeros(len(one), np.bool_)
    several[places[one[places] != lives]] = True
    return np.asarray(several[places])


def _judged(looks: pa.Table) -> pa.Table:
    """Who watched in the minutes of looks, each of which several did; no row of none."""
    if not looks.num_rows:
        return _WATCHED.empty_table()
    keyed = _keyed(looks, "at")
    places, lives = _codes(keyed)
    owner, offset, outcome = frames_of(looks)
    at_ms = looks["at"].cast(pa.int64()).to_numpy()[owner] // 1000 + offset
    live = np.asarray(pc.equal(looks["health"], str(Health.LIVE)))
    good = np.isin(outcome, (Outcome.LOOKED, Outcome.GATED)) & live[owner]
    _, row, pair = np.unique(places * (lives.max() + 1) + lives, return_index=True, return_inverse=True)
    first, last = np.full(len(row), np.iinfo(np.int64).max), np.full(len(row), -1)
    np.minimum.at(first, pair[owner], at_ms)
    np.maximum.at(last, pair[owner], at_ms)
    seen, came = (np.bincount(pair[of], minlength=len(row)) for of in (owner[good], owner))
    by = np.lexsort((lives[row], -came, -seen, places[row]))
    number = np.unique(places[row][by], return_inverse=True)[1]
    stretches = np.stack([first, last], axis=1)[by]
    counts = np.zeros(len(by), np.bool_)
    edges = np.flatnonzero(np.diff(number, prepend=-1, append=number[-1] + 1))
    for start, stop in pairwise(edges.tolist()):
        counts[start + np.array(_standing(stretches[start:stop]))] = True
    watched = keyed.take(pa.array(row[by]))
    numbers = {"shared": number, "first_ms": stretches[:, 0], "last_ms": stretches[:, 1], "counts": counts}
    for name, values in numbers.items():
        watched = watched.append_column(name, pa.array(values))
    return watched.select(_WATCHED.names)


def _standing(stretches: Sequence[Ints] | Ints) -> list[int]:
    """Of stretches of time (n, 2), the best first: the numbers of those that no better one overlaps."""
    kept: list[int] = []
    for number, (first, last) in enumerate(stretches):
        if all(last < stretches[one][0] or stretches[one][1] < first for one in kept):
            kept.append(number)
    return kept


def repeated(events: pa.Table, looked: Looked) -> set[str]:
    """The ids of events that tell again what an event of another life tells already.

    That one is of the same camera, zone and kind, began first (of two at once: the first by name, epoch and
    id), and still went on, as far as its revisions tell; and both lives looked at the camera in the minute in
    which the later one began.

    Args:
        events: every revision of some events, in EVENT_COLUMNS.
        looked: gives the looks, in SHARING_COLUMNS, of some cameras from one instant until another.
    """
    place = ["camera_id", "zone_id", "kind"]
    lives = events.group_by([*place, "producer", "epoch"]).aggregate([])
    several = lives.group_by(place).aggregate([([], "count_all")]).filter(pc.field("count_all") > 1)
    told: dict[tuple[str, ...], dict[str, _Told]] = defaultdict(dict)
    for row in events.select(EVENT_COLUMNS).join(several, place, join_type="left semi").to_pylist():
        life = row["camera_id"], landed_as(row["producer"]), row["epoch"]
        fresh = _Told(row["event_id"], {life}, row["started_at"], row["at"])
        known = told[tuple(row[name] for name in place)].setdefault(fresh.event_id, fresh)
        known.lives.add(life)
        known.until = max(known.until, fresh.until)
    places = [[*of_place.values()] for of_place in told.values()]
    doubtful = [one for of_place in places for one in _again(of_place, None)]
    if not doubtful:
        return set()
    cameras = {camera for one in doubtful for camera, *_ in one.lives}
    began = [one.began for one in doubtful]
    minute = timedelta(minutes=1)
    watched = _watched(looked(cameras, min(began) - minute, max(began) + minute))
    return {one.event_id for of_place in places for one in _again(of_place, watched)}


@dataclass
class _Told:
    """An event: the lives that told of its camera, and from when until when it is told to go on."""

    event_id: str
    lives: set[tuple[str, str, int]]
    began: datetime
    until: datetime


Watched = Mapping[int, set[tuple[str, str, int]]]
"""By minute since 1970 the cameras and the lives that looked at them."""


def _watched(looks: pa.Table) -> Watched:
    keyed = _keyed(looks, "at").group_by([*_KEY]).aggregate([])
    found: dict[int, set[tuple[str, str, int]]] = defaultdict(set)
    for row in keyed.to_pylist():
        found[row["minute"]].add((row["camera_id"], row["producer"], row["epoch"]))
    return found


def _again(told: Sequence[_Told], watched: Watched | None) -> Iterator[_Told]:
    """The events of one place and kind that another life's told before; None: as if all had always looked."""
    going_on: list[_Told] = []
    for one in sorted(told, key=lambda one: (one.began, min(one.lives), one.event_id)):
        going_on = [other for other in going_on if other.until >= one.began]
        minute = int(one.began.timestamp()) // 60
        there = (
            one.lives.union(*(other.lives for other in going_on))
            if watched is None
            else watched.get(minute, ())
        )
        if any(_side_by_side(one, other, there) for other in going_on):
            yield one
        else:
            going_on.append(one)


def _side_by_side(one: _Told, other: _Told, there: Collection[tuple[str, str, int]]) -> bool:
    """Whether two events are of different lives, some of either of which looked."""
    apart = other.lives.isdisjoint(one.lives)
    return apart and all(any(life in there for life in told.lives) for told in (one, other))
