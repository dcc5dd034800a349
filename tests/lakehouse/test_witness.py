"""Where several watched one camera at once, what was there is counted once, whoever landed first."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.landing import rows
from lakehouse.landing.segments import SegmentName, coded, stamped
from lakehouse.lateness import again
from lakehouse.scenes import Event, Health, Look, Measure, Outcome, Severity, State
from lakehouse.tables import TABLES
from lakehouse.witness import Witnesses, repeated

AT = datetime(2026, 11, 23, 16, 59, tzinfo=UTC)


def stamp(table, made, producer, epoch=1):
    """Rows as they lie in their table, of a life of a producer."""
    name = SegmentName(producer, epoch, 0)
    found = stamped(table, [(name, coded(made.combine_chunks().to_batches()[0]))])
    return found.cast(TABLES[table].schema)


def looks(
    producer, first_s=0, last_s=60, fps=2, epoch=1, camera="cam", outcome=Outcome.LOOKED, health=Health.LIVE
):
    """What a life looked at from one second of 23:59 on until before another one."""
    made = []
    for slot in range(first_s // 10, -(-last_s // 10)):
        seconds = np.arange(max(slot * 10, first_s), min(slot * 10 + 10, last_s), 1 / fps)
        offsets = ((seconds - slot * 10) * 1000).astype(np.int16)
        outcomes = np.full(len(offsets), outcome, np.int8)
        made.append(Look(camera, AT + timedelta(seconds=10 * slot), 640, 360, offsets, outcomes, health))
    return stamp("looks", rows.looks(made, {camera: 1}), producer, epoch)


def measures(producer, *kinds, epoch=1, minute=0, camera="cam"):
    """What a life measured in a minute."""
    at = AT + timedelta(minutes=minute)
    made = rows.measures([Measure(camera, "gate", at, kind, 4.0, 4.0, 120) for kind in kinds])
    return stamp("measures", made, producer, epoch)


def whose(table):
    """The lives that a table's rows are of."""
    return sorted(set(zip(table["producer"].to_pylist(), table["epoch"].to_pylist(), strict=True)))


def heard(*tables):
    """The lives whose looks count."""
    together = pa.concat_tables(tables)
    return whose(Witnesses.of(together).heard(together))


@pytest.mark.parametrize(
    ("lives", "counting"),
    [
        ([looks("a")], ["a"]),
        ([looks("a"), looks("b", fps=5)], ["b"]),
        ([looks("b"), looks("a")], ["a"]),
        ([looks("a", 0, 30), looks("b", 30, 60)], ["a", "b"]),
        ([looks("a", 0, 25), looks("b", 27, 60)], ["a", "b"]),
        ([looks("a", 0, 31), looks("b", 29, 60)], ["a"]),
        ([looks("a", 0, 20), looks("b", 0, 60), looks("c", 40, 60)], ["b"]),
        ([looks("a", 0, 20), looks("b", 10, 50, fps=1), looks("c", 30, 60)], ["a", "c"]),
        ([looks("a", fps=5, outcome=Outcome.DROPPED), looks("b")], ["b"]),
        ([looks("a", fps=5, health=Health.FROZEN), looks("b")], ["b"]),
        ([looks("a"), looks("a2", camera="other")], ["a", "a2"]),
    ],
)
def test_the_best_witness_counts(lives, counting):
    """Who saw most frames of a live picture counts, by name where two saw as many; who follows counts too."""
    assert [name for name, _ in heard(*lives)] == counting


def test_a_clip_that_was_watched_twice_counts_as_it_was_watched_first():
    """Two epochs of one producer at the same times: the first one's rows."""
    assert heard(looks("watch-cam", epoch=11), looks("watch-cam", epoch=2)) == [("watch-cam", 2)]


def test_late_rows_that_landed_again_stand_beside_nobody():
    """What was set aside of a life and landed again is the same life's."""
    late = again("a", 7)
    assert [name for name, _ in heard(looks("a", 0, 40), looks(late, 20, 60))] == ["a", late]


@given(st.permutations(["a", "b", "c"]), st.lists(st.integers(1, 4), min_size=3, max_size=3))
def test_the_order_of_arrival_says_nothing(order, fps):
    """Whoever landed first, the same life counts, and only one of those that watched at once."""
    rate = dict(zip("abc", fps, strict=True))
    counting = heard(*(looks(name, fps=rate[name]) for name in order))
    assert counting == [(max(sorted("abc"), key=rate.get), 1)]


def test_each_minute_is_decided_by_itself():
    """Before and after another one watched too, everything counts."""
    long = pa.concat_tables([looks("a"), looks("b")])
    minute = pa.scalar(60_000_000, pa.duration("us"))
    later = looks("b")
    later = later.set_column(later.schema.get_field_index("at"), "at", pa.compute.add(later["at"], minute))
    together = pa.concat_tables([long, later])
    assert Witnesses.of(together).heard(together).num_rows == 12
    assert {row["shared"] for row in Witnesses.of(together).watched.to_pylist()} == {0}


def test_many_cameras_are_judged_piece_by_piece(monkeypatch):
    """However many looks are held at once, each camera's minute has a number and a witness of its own."""
    together = pa.concat_tables([looks(name, camera=camera) for camera in "wxyz" for name in "ab"])
    whole = Witnesses.of(together)
    monkeypatch.setattr("lakehouse.witness.MOST_LOOKS", 20)
    pieces = Witnesses.of(together)
    assert len(set(pieces.watched["shared"].to_pylist())) == 4
    assert whose(pieces.heard(together)) == whose(whole.heard(together)) == [("a", 1)]
    assert pieces.heard(together).num_rows == 24


def test_measures_are_those_of_the_witness():
    """Of what two lives measured in a minute the witness's rows count; another minute's rows stay."""
    witnesses = Witnesses.of(pa.concat_tables([looks("a"), looks("b", fps=5)]))
    told = [
        measures("a", "traffic.flow"),
        measures("b", "traffic.flow"),
        measures("a", "traffic.flow", minute=1),
    ]
    believed = witnesses.believed(pa.concat_tables(told))
    found = sorted(zip(believed["producer"].to_pylist(), believed["minute"].to_pylist(), strict=True))
    assert found == [("a", AT + timedelta(minutes=1)), ("b", AT)]


def test_what_only_another_measured_is_not_lost():
    """A kind that the witness did not measure is told by the best who did, once."""
    witnesses = Witnesses.of(pa.concat_tables([looks("a", fps=5), looks("b"), looks("c")]))
    told = [measures("a", "traffic.flow"), measures("b", "crowd.people"), measures("c", "crowd.people")]
    believed = witnesses.believed(pa.concat_tables(told))
    assert sorted(zip(believed["kind"].to_pylist(), believed["producer"].to_pylist(), strict=True)) == [
        ("crowd.people", "b"),
        ("traffic.flow", "a"),
    ]


def test_a_replay_stands_beside_nobody():
    """What a replay measured counts, since it looked at nothing itself."""
    witnesses = Witnesses.of(pa.concat_tables([looks("a"), looks("b")]))
    assert witnesses.believed(measures("replay-1", "traffic.flow")).num_rows == 1


def test_nothing_shared_changes_nothing():
    """Without two at once, or without a row, every row stays."""
    alone = looks("a")
    assert Witnesses.of(alone).heard(alone) is alone
    assert Witnesses.of(alone.slice(0, 0)).heard(alone) is alone


def told(producer, began_s=0, until_s=60, subject="", epoch=1, zone="square", state=State.CLOSED):
    """The revisions of an event that a life told: it opened, and closed or was only seen again."""
    began, until = (AT + timedelta(seconds=second) for second in (began_s, until_s))
    made = [
        Event("cam", zone, "crowd.crowding", subject, began, at, number, as_it_was, Severity.NOTICE, {}, 0.9)
        for number, (at, as_it_was) in enumerate([(began, State.OPEN), (until, state)], 1)
    ]
    return stamp("events", rows.events(made, {"cam": "33.74"}, {}), producer, epoch)


def told_of(*tables):
    """Of the events of several lives: by producer and subject those that are told."""
    together = pa.concat_tables(tables)
    lives = zip(together["producer"].to_pylist(), together["epoch"].to_pylist(), strict=True)
    seen = pa.concat_tables([looks(name, epoch=epoch) for name, epoch in set(lives)])
    doubled = repeated(together, lambda *_: seen)
    rows_left = [row for row in together.to_pylist() if row["event_id"] not in doubled]
    return sorted({(row["producer"], row["started_at"].second) for row in rows_left})


@pytest.mark.parametrize(
    ("events", "counting"),
    [
        ([told("a", 0), told("b", 1)], [("a", 0)]),
        ([told("b", 0), told("a", 1)], [("b", 0)]),
        ([told("a", 0, subject="x"), told("b", 0, subject="y")], [("a", 0)]),
        ([told("a", 0), told("a", 1, subject="y")], [("a", 0), ("a", 1)]),
        ([told("a", 0), told("a", 30, subject="y"), told("b", 1), told("b", 31)], [("a", 0), ("a", 30)]),
        ([told("a", 0, 10), told("b", 11, 20)], [("a", 0), ("b", 11)]),
        ([told("a", 0, 10, state=State.ESCALATED), told("b", 30, 50)], [("a", 0), ("b", 30)]),
        ([told("a", 0), told("b", 1, zone="gate")], [("a", 0), ("b", 1)]),
        ([told("a", 0), told(again("a", 3), 1)], [("a", 0), (again("a", 3), 1)]),
        ([told("a", 0), told("a", 1, epoch=2)], [("a", 0)]),
    ],
)
def test_one_breach_seen_by_two_is_told_once(events, counting):
    """Of events that two lives tell of one zone at one time, the one that began first is told."""
    assert told_of(*events) == counting
    assert told_of(*reversed(events)) == counting


def test_who_did_not_look_tells_no_event_again():
    """Events of two lives of which one did not look in that minute are both told."""
    together = pa.concat_tables([told("a", 0), told("b", 1)])
    assert repeated(together, lambda *_: looks("a")) == set()
    assert len(repeated(together, lambda *_: pa.concat_tables([looks("a"), looks("b")]))) == 1
