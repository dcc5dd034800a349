"""A lake of which cameras were watched twice at once is not broken, and check tells of it."""

import pytest
from typer.testing import CliRunner

from batch.compacting.compact import compact
from lakehouse.__main__ import app
from lakehouse.checks import INVARIANTS, values
from lakehouse.checks.overlaps import overlaps
from lakehouse.checks.standing import Standing
from lakehouse.landing import rows
from lakehouse.problem import BrokenLake
from lakehouse.scenes import State
from lakehouse.store import Lake


@pytest.fixture
def watched(lake, look, event):
    """Land what each of some lives saw of one minute: a look, and so many revisions of the same event."""

    def land(*lives):
        for producer, revisions in lives:
            told = [event(n, State.CLOSED if n == revisions else State.OPEN) for n in range(1, revisions + 1)]
            tables = {
                "looks": rows.looks([look()], {"cam": 1}),
                "events": rows.events(told, {"cam": "33.74"}, {}),
            }
            lake.landing.producer(producer).append(tables)
        compact(lake)
        return Lake.as_is(lake.root)

    return land


@pytest.mark.parametrize(
    "lives", [[("a", 2), ("b", 2)], [("a", 2), ("a", 3)], [("a", 2), ("b", 3), ("c", 4)]]
)
def test_two_who_tell_of_one_event_break_no_rule(watched, lives):
    """The same revisions of two lives stand side by side; the last is told once, of the first life."""
    lake = watched(*lives)
    for invariant in INVARIANTS:
        invariant.look(Standing(lake, deep=True))
    (told,) = lake.events(fresh=False).to_pylist()
    assert told["revision"] == max(revisions for _, revisions in lives)
    assert told["producer"] == min(name for name, count in lives if count == told["revision"])


def test_check_names_the_camera_the_time_and_who(watched):
    """The command says who watched beside whom and who counts, and ends well."""
    lake = watched(("b", 1), ("a", 1))
    done = CliRunner().invoke(app, ["check", "--lake", lake.root])
    assert done.exit_code == 0, done.output
    (line,) = [line for line in done.output.splitlines() if line.startswith("notice:")]
    assert "cam was watched by b-e000001 beside a-e000001 in 1 minutes" in line
    assert "from 2026-11-23 10:00 to 2026-11-23 10:01" in line


def test_nothing_is_told_of_a_camera_that_one_watched(watched):
    """Without an overlap there is no notice."""
    assert overlaps(Standing(watched(("a", 2)))) == []


def test_one_life_tells_a_revision_once(lake, event):
    """A life that told the same revision in two batches broke a rule."""
    producer = lake.landing.producer("a")
    for _ in range(2):
        producer.append({"events": rows.events([event(1)], {"cam": "33.74"}, {})})
    compact(lake)
    with pytest.raises(BrokenLake, match="told revision 1 2 times"):
        values.revisions(Standing(Lake.as_is(lake.root)))


def test_what_comes_after_both_closed_is_wrong(watched, lake, event):
    """Two lives that closed an event leave nothing to be told of it."""
    watched(("a", 2), ("b", 2))
    lake.landing.producer("c").append({"events": rows.events([event(3)], {"cam": "33.74"}, {})})
    compact(lake)
    with pytest.raises(BrokenLake, match="comes after the event was closed"):
        values.revisions(Standing(Lake.as_is(lake.root)))
