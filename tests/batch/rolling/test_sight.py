"""How well each minute was seen, against what the camera should have offered."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch.rolling import sight as sight_module
from batch.rolling.sight import REASONS, Sight
from lakehouse.landing import rows
from lakehouse.scenes import Health, Look, Outcome

DAY = date(2026, 11, 23)
MIDNIGHT = datetime(2026, 11, 22, 17, tzinfo=UTC)
NOON = 12 * 3600
LOOKED, GATED, DROPPED = Outcome.LOOKED, Outcome.GATED, Outcome.DROPPED


def sight(*frames, fps=2.0, producer="shard-0", health=Health.LIVE):
    """What became of a camera of `fps` whose frames were (second of the day, outcome)."""
    looks = {}
    for second, outcome in frames:
        looks.setdefault(int(second // 10), []).append((round(second * 1000) % 10_000, outcome))
    made = [
        Look(
            "cam",
            MIDNIGHT + timedelta(seconds=10 * slot),
            640,
            360,
            np.array([offset for offset, _ in found], np.int16),
            np.array([outcome for _, outcome in found], np.int8),
            health,
        )
        for slot, found in looks.items()
    ]
    landed = rows.looks(made, {"cam": 1})
    landed = landed.append_column("producer", pa.repeat(producer, landed.num_rows))
    return Sight.of(landed, DAY, ["cam"], {("cam", 1): fps} if fps else {})


def watched(start, stop, step, outcomes=(LOOKED,)):
    """Frames from a second of the day until before another one, `step` seconds apart."""
    count = round((stop - start) / step)
    return [(start + step * number, outcomes[number % len(outcomes)]) for number in range(count)]


def test_a_camera_watched_at_its_rate_is_covered():
    """Two frames a second of a camera of two a second are all there is, gated ones too."""
    seen = sight(*watched(NOON, NOON + 120, 0.5, (LOOKED, GATED)))
    assert seen.coverage[0, 720:722].tolist() == [1.0, 1.0]
    assert seen.coverage.sum() == 2.0


def test_half_of_the_frames_are_enough_and_less_are_in_proportion():
    """A minute of which every second frame was dropped is whole, of every fourth seen it is half."""
    half = sight(*watched(NOON, NOON + 60, 0.5, (LOOKED, DROPPED)))
    quarter = sight(*watched(NOON, NOON + 60, 0.5, (LOOKED, DROPPED, DROPPED, DROPPED)))
    assert half.coverage[0, 720] == 1.0
    assert quarter.coverage[0, 720] == pytest.approx(0.5)


def test_a_stalled_stream_is_not_fully_seen():
    """A camera of two frames a second that sends one in five seconds is seen at a fifth."""
    seen = sight(*watched(NOON, NOON + 180, 5))
    assert seen.coverage[0, 721] == pytest.approx(0.2)


def test_a_stream_that_begins_and_ends_within_a_look_is_covered_in_proportion():
    """Of the first minute the last 45 s were watched, and of the last one the first 15 s."""
    seen = sight(*watched(NOON + 15, NOON + 135, 0.5))
    assert seen.coverage[0, 720:723].tolist() == pytest.approx([0.75, 1.0, 0.25])


def test_a_stream_that_goes_on_over_midnight_neither_begins_nor_ends_there():
    """Frames that come a little late in the first look of a day are no beginning."""
    seen = sight(*watched(0.4, 120, 0.5))
    assert seen.coverage[0, 0] == 1.0


@pytest.mark.parametrize("known", [{"fps": None}, {"producer": "history"}])
def test_without_a_known_rate_the_frames_that_came_count(known):
    """One frame in ten seconds is all there is of a camera nobody knows, and of the synthetic past."""
    seen = sight(*watched(NOON, NOON + 60, 10), **known)
    assert seen.coverage[0, 720] == 1.0


def test_two_lives_that_share_a_look_are_one():
    """A stream that is handed over within a look has its frames in two rows, and all of them count."""
    at = MIDNIGHT + timedelta(seconds=NOON)
    offsets = np.arange(0, 10_000, 1000, dtype=np.int16)
    parts = [
        Look("cam", at, 640, 360, part, np.zeros(len(part), np.int8), Health.LIVE)
        for part in (offsets[:4], offsets[4:])
    ]
    landed = rows.looks(parts, {"cam": 1}).append_column("producer", pa.array(["a", "b"]))
    handed = Sight.of(landed, DAY, ["cam"], {("cam", 1): 2.0})
    assert handed.coverage[0, 720] == pytest.approx(0.95 / 6)


def test_many_cameras_are_read_group_by_group(monkeypatch):
    """However many cameras are held in memory at once, what was seen of each is the same."""
    names = [f"cam-{number}" for number in range(5)]
    offsets, outcomes = np.arange(0, 10_000, 500, dtype=np.int16), np.zeros(20, np.int8)
    made = [
        Look(name, MIDNIGHT + timedelta(seconds=10 * slot), 640, 360, offsets, outcomes, Health.LIVE)
        for number, name in enumerate(names)
        for slot in range(number * 6)
    ]
    landed = rows.looks(made, dict.fromkeys(names, 1))
    landed = landed.append_column("producer", pa.array(["history"] * 6 + ["shard-0"] * (len(made) - 6)))
    whole = Sight.of(landed, DAY, names, {(name, 1): 2.0 for name in names})
    monkeypatch.setattr(sight_module, "GROUP", 2)
    parts = Sight.of(landed, DAY, names, {(name, 1): 2.0 for name in names})
    assert whole.coverage.sum(axis=1).tolist() == [0, 1, 2, 3, 4]
    for name in ("coverage", "reasons", "pixels", "synthetic", "looks", "offered"):
        assert (getattr(whole, name) == getattr(parts, name)).all()


@pytest.mark.parametrize(
    ("outcome", "health", "reason"),
    [
        (DROPPED, Health.LIVE, "no frame decoded"),
        (DROPPED, Health.BLACK, "unhealthy: black"),
        (LOOKED, Health.FROZEN, "unhealthy: frozen"),
    ],
)
def test_what_was_not_seen_has_its_reason(outcome, health, reason):
    """Dropped frames and unhealthy pictures are unknown, and say why; the rest was not looked at."""
    seen = sight(*watched(NOON, NOON + 60, 0.5, (outcome,)), health=health)
    assert seen.coverage.sum() == 0
    assert REASONS[seen.reasons[0, 720]] == reason
    assert REASONS[seen.reasons[0, 719]] == "not looked at"


@given(
    st.lists(st.tuples(st.integers(0, 59_999), st.sampled_from(Outcome)), max_size=60),
    st.sampled_from([None, 0.2, 1.0, 2.0, 30.0]),
)
@settings(max_examples=60, deadline=None)
def test_coverage_is_a_share_and_more_seen_is_never_less(frames, fps):
    """Whatever comes, coverage lies within 0 and 1, and looking at a frame that was dropped adds to it."""
    told = [(NOON + ms / 1000, outcome) for ms, outcome in sorted(frames, key=lambda frame: frame[0])]
    seen = sight(*told, fps=fps).coverage
    better = sight(*((at, LOOKED) for at, _ in told), fps=fps).coverage
    assert ((seen >= 0) & (seen <= 1) & (better >= seen - 1e-9)).all()
