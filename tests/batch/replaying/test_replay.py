"""Replay: the live analytics over stored scenes tell what they told live."""

import shutil
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow.compute as pc
import pytest
from typer.testing import CliRunner

from batch.__main__ import app
from batch.compacting.compact import compact
from batch.executor import Executor
from batch.replaying.footage import BOX_COLUMNS, LOOK_COLUMNS, Footage
from batch.replaying.projector import Span
from batch.replaying.replay import Plan, adopt, replay, settings_of
from batch.rolling.rollup import rollup
from lakehouse.checks import INVARIANTS
from lakehouse.checks.standing import Standing
from lakehouse.city import cameras
from lakehouse.city.cameras import Calibration, Camera, Purpose, Zone
from lakehouse.problem import BadReplay, Problem, UnknownDay
from lakehouse.scenes import UNMEASURED, Detections, Frame, Measure, Outcome
from lakehouse.store import Lake
from serving import analytic
from serving.analytic import Analytic, Both, Quantity, catalogue, publish
from serving.watching.gate import Gate
from serving.watching.sink import Sink
from serving.watching.stream import Stream
from serving.watching.tracker import Tracker

FIRST, LAST = date(2026, 11, 22), date(2026, 11, 23)
MIDNIGHT = datetime(2026, 11, 22, 17, tzinfo=UTC)
WHOLE = Span(FIRST, LAST + timedelta(days=1))
ROAD = ((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0))
ZONES = (
    Zone(zone_id="plaza", purpose=Purpose.PEOPLE, corners=((0, 0), (1, 0), (1, 0.5), (0, 0.5)), capacity=6),
    Zone(zone_id="gate", purpose=Purpose.ENTRANCE, corners=((0.0, 0.3), (1.0, 0.3))),
    Zone(zone_id="flow", purpose=Purpose.ROAD, corners=((0.5, 0.5), (0.5, 1.0))),
    Zone(zone_id="road", purpose=Purpose.ROAD, corners=ROAD),
)
TOLD = [
    "event_id", "revision", "state", "kind", "camera_id", "zone_id", "area_id", "started_at", "at",
    "ended_at", "severity", "measures", "confidence", "rule_version", "day",
]  # fmt: skip


def _camera(camera_id, **changed):
    known = {
        "camera_id": camera_id, "valid_from": MIDNIGHT - timedelta(days=9), "name": camera_id, "owner": "x",
        "site": "street", "area_id": "33.74.01", "lat": -7, "lon": 110, "source": "test", "width": 160,
        "height": 90, "zones": ZONES, "calibration": Calibration(height_m=8, pitch_deg=30, fov_deg=70),
    }  # fmt: skip
    return Camera(**{**known, **changed})


class World:
    """What stands before a camera at a second: people who gather and walk in, vehicles that pass and jam."""

    def __init__(self, seed):
        random = np.random.default_rng(seed)
        self.starts = np.sort(random.uniform(-400, 400, 220))
        self.ways = random.uniform([0.2, 0.05, -0.1], [0.9, 0.25, 0.1], (220, 3))
        self.pictures = random.integers(60, 180, (9, 16, 3)).repeat(10, axis=0).repeat(10, axis=1)
        self.grain = random.integers(-3, 4, (7, 90, 160, 3))

    def image(self, second, *, still):
        """The picture: grain, and where it is not still a bright block that moves."""
        picture = (self.pictures + self.grain[int(2 * second) % 7]).astype(np.uint8)
        if not still:
            left = int(second * 37) % 130
            picture[60:90, left : left + 30] = 250
        return picture

    def found(self, second):
        """What a detector finds."""
        boxes, labels = [], []
        for number in np.flatnonzero(np.abs(self.starts - second) < 6):
            spent, (row, pace, drift) = second - self.starts[number] + 6, self.ways[number]
            walks = number % 3 == 0
            x, y = (row, 0.1 + 0.05 * spent) if walks else (pace * spent - 0.3, 0.6 + 0.3 * row)
            size = (0.03, 0.1) if walks else (0.12, 0.15)
            boxes.append((x + drift / 9 - size[0], y - size[1], x + size[0], y))
            labels.append("person" if walks else "car")
        if -130 < second < 30:
            gathered = 5 if second < -70 else 8
            boxes += [(0.05 + 0.1 * n, 0.2, 0.1 + 0.1 * n, 0.45) for n in range(gathered)]
            labels += ["person"] * gathered
        if -200 < second < 100:
            boxes += [(0.25 * n, 0.5, 0.25 * n + 0.24, 0.99 - 0.001 * (second % 3)) for n in range(4)]
            labels += ["truck"] * 4
        shares = np.array(boxes, np.float32).reshape(-1, 4).clip(0, 1) * np.float32([160, 90, 160, 90])
        random = np.random.default_rng(round(2 * second) + 5000)
        order = random.permutation(len(labels))
        confidences = 0.5 + 0.4 * np.cos(np.arange(len(labels)) + second).astype(np.float32) ** 2
        velocities = random.normal(0, 90, (len(labels), 2)).astype(np.float32)
        velocities[random.random(len(labels)) < 0.2] = np.nan
        columns = shares, np.array(labels, np.str_), confidences.astype(np.float32), velocities
        return Detections(*(column[order] for column in columns))


def film(stream, world, seconds, *, still=(0, 0), black=(0, 0), dropped=lambda _: False):
    """Let a stream watch a world at the seconds after midnight, and close it; what it saw."""
    seen = []
    for second in seconds:
        at = MIDNIGHT + timedelta(seconds=float(second))
        if dropped(second):
            stream.miss(at, Outcome.DROPPED)
            continue
        image = world.image(second, still=still[0] <= second < still[1])
        image = np.zeros_like(image) if black[0] <= second < black[1] else image
        frame = Frame(stream.camera.camera_id, at, image)
        if stream.admit(frame) is not None:
            stream.observe(frame, world.found(second))
        if stream.scene is not None and stream.scene.at == at:
            seen.append(stream.scene)
    stream.close()
    return seen


@pytest.fixture(scope="module")
def filmed(founded, tmp_path_factory):
    """A lake in which two cameras watched around a midnight, with every kind of break, and compacted."""
    made = Lake.create(tmp_path_factory.mktemp("filmed") / "lake", lambda: MIDNIGHT + timedelta(days=1))
    made.append("areas", founded.read("areas"))
    first, other = _camera("cam-a"), _camera("cam-b", fps=1.0)
    cameras.register(made, [first, other])
    publish(made)
    shard = made.landing.producer("shard-0")
    sink = Sink(shard, "test")
    film(
        Stream(first, sink, epoch=100, gate=Gate()),
        World(1),
        np.arange(-400, 100, 0.5),
        still=(-60, 20),
        black=(40, 60),
        dropped=lambda second: second % 7 == 0 or -330 < second < -310,
    )
    sink.flush()
    film(Stream(first, sink, epoch=108, gate=Gate()), World(2), np.arange(101, 160, 0.5))
    sink.flush()
    moved = first.model_copy(update={"zones": ZONES[:1] + ZONES[2:], "valid_from": MIDNIGHT})
    cameras.register(made, [moved])
    film(Stream(cameras.read(made)["cam-a"], sink, epoch=130), World(3), np.arange(170, 300, 0.5))
    sink.close()
    second = Sink(made.landing.producer("shard-1"), "test")
    film(Stream(other, second, epoch=7), World(4), np.arange(-300, 60, 1.0), dropped=lambda s: s % 2 > 0)
    second.close()
    compact(made)
    return made


@pytest.fixture
def lake(filmed, tmp_path):
    """A copy of the filmed lake."""
    return Lake.open(shutil.copytree(filmed.root, tmp_path / "lake"), filmed.now)


def measured(lake, runs, since=FIRST):
    """Sum and n of every measure of some runs; what lives of a stream told of one minute together."""
    rows = lake.read("measures", where=pc.field("run").isin(runs) & (pc.field("day") >= since))
    names = ["camera_id", "zone_id", "kind", "minute"]
    pooled = rows.group_by(names).aggregate([("sum", "sum"), ("n", "sum")])
    return sorted(zip(*(column.to_pylist() for column in pooled.columns), strict=True))


def reported(lake, runs, since=FIRST):
    """The last revision of every event of some runs."""
    found = [row for run in runs for row in lake.events(run=run).select(TOLD).to_pylist()]
    return sorted((row for row in found if row["day"] >= since), key=lambda row: row["event_id"])


def replayed(lake, span, **asked):
    """Replay every analytic over a span and compact; the runs."""
    runs = [replay(lake, kind, span, **asked).run for kind in catalogue()]
    compact(lake)
    return runs


@pytest.mark.slow
def test_a_replay_tells_what_live_told(lake):
    """All three analytics: the same measures and the same last revisions, over breaks of every kind."""
    runs = replayed(lake, WHOLE)
    assert measured(lake, runs) == measured(lake, ["live"])
    assert reported(lake, runs) == reported(lake, ["live"])
    for row in lake.read("measures", where=pc.field("run").isin(runs)).to_pylist():
        counts = row["kind"].startswith(("traffic.flow", "tourism.visits"))
        assert row["value"] == (row["sum"] if counts else row["sum"] / row["n"])
    kinds = {row["kind"] for row in reported(lake, ["live"])}
    assert kinds == {"crowd.crowding", "traffic.congestion"}


def _in_order(_tracker, _at, found, _size):
    """A tracker that tells things apart by the order in which they are found."""
    return found, np.arange(len(found)) + (1 << 32)


def test_scenes_come_back_to_the_bit(founded, tmp_path, monkeypatch):
    """How boxes move, too: as it was measured, at rest while the picture is held, NULL where unmeasured."""
    monkeypatch.setattr(Tracker, "follow", _in_order)
    lake = Lake.create(tmp_path / "lake", lambda: MIDNIGHT + timedelta(days=1))
    lake.append("areas", founded.read("areas"))
    sink = Sink(lake.landing.producer("shard-0"), "test")
    stream = Stream(_camera("cam-a"), sink, epoch=1, gate=Gate())
    seen = film(stream, World(1), np.arange(-90, 10, 0.5), still=(-60, -20))
    sink.close()
    compact(lake)
    looks, boxes = lake.read("looks", columns=LOOK_COLUMNS), lake.read("observations", columns=BOX_COLUMNS)
    span = MIDNIGHT - timedelta(seconds=100), MIDNIGHT + timedelta(seconds=100)
    back = [scene for _, scene in Footage("cam-a").scenes(looks, boxes, *span)]
    assert [scene.at for scene in back] == [scene.at for scene in seen]
    for there, here in zip(back, seen, strict=True):
        for name in ("boxes", "labels", "confidences", "track_ids", "velocities"):
            assert np.array_equal(getattr(there, name), getattr(here, name))
    held = [np.delete(one.velocities, one.velocities[:, 0] == UNMEASURED, axis=0) for one in back]
    assert any(len(one) and not one.any() for one in held)
    assert stream.outcomes[Outcome.GATED] > 0
    assert 0 < boxes["vx"].null_count < boxes.num_rows


def test_a_day_within_tells_what_began_in_it(lake):
    """Of the second day alone, nothing is told that began on the day before, in which state settles."""
    runs = replayed(lake, Span(LAST, LAST + timedelta(days=1)))
    assert measured(lake, runs) == measured(lake, ["live"], since=LAST)
    assert reported(lake, runs) == reported(lake, ["live"], since=LAST) == []


def test_what_began_in_a_span_is_followed_to_its_end(lake):
    """An event that began on the first day and ended on the second is told whole by a replay of the first."""
    runs = replayed(lake, Span(FIRST, LAST, settle=timedelta(0)))
    assert reported(lake, runs) == reported(lake, ["live"])
    assert {row["state"] for row in reported(lake, runs)} == {"closed"}
    assert measured(lake, runs) == [one for one in measured(lake, ["live"]) if one[3] < MIDNIGHT]


def test_the_same_replay_again_lands_nothing(lake):
    """What has landed or is in the tables already is neither computed nor landed twice."""
    done = replay(lake, "crowd", WHOLE)
    again = replay(lake, "crowd", WHOLE)
    compact(lake)
    later = replay(lake, "crowd", WHOLE)
    assert [one.run for one in (again, later)] == [done.run] * 2
    assert [one.landed for one in (done, again, later)] == [2, 0, 0]
    compact(lake)
    assert len(measured(lake, [done.run])) == done.measures


def test_a_replay_that_died_goes_on_where_it_was(lake, monkeypatch):
    """A camera that had landed before the kill is not replayed again, also where it was compacted since."""

    def die(plan, seq):
        if seq:
            raise InterruptedError
        return play(plan, seq)

    play = Plan.play
    monkeypatch.setattr(Plan, "play", die)
    with pytest.raises(InterruptedError):
        replay(lake, "traffic", WHOLE)
    compact(lake)
    monkeypatch.setattr(Plan, "play", play)
    done = replay(lake, "traffic", WHOLE)
    compact(lake)
    assert done.landed == 1
    traffic = [one for one in measured(lake, ["live"]) if one[2].startswith("traffic.")]
    assert measured(lake, [done.run]) == traffic


def test_two_replays_at_once_land_the_same_batches(lake):
    """Whoever lands a batch that another one landed, compacted or not, adds no row."""
    done = replay(lake, "tourism", WHOLE)
    plan = Plan.of(lake, "tourism", settings_of("tourism", ()), WHOLE, ())
    assert plan.run == done.run
    plan.play(0)
    compact(lake)
    plan.play(1)
    compact(lake)
    assert len(measured(lake, [done.run])) == done.measures
    assert not lake.landing.segments()


NEVER = ["line.frames=500", "stream.unsure_share=1", "on_after_s=9999"]
"""Settings by which no track passes a line, no speed counts, and nothing is congested."""


@pytest.mark.slow
def test_other_settings_are_another_run(lake):
    """A setting, nested ones too, changes what is told and the name of the run; its default does not."""
    usual = replay(lake, "traffic", WHOLE)
    strict = replay(lake, "traffic", WHOLE, given=NEVER)
    same = replay(lake, "traffic", WHOLE, given=["on_after_s=120"])
    compact(lake)
    assert same.run == usual.run != strict.run
    flows = [one[4] for one in measured(lake, [strict.run]) if one[2] == "traffic.flow"]
    assert (sum(flows), strict.events) == (0.0, 0)
    assert usual.events > 0


def test_one_camera_is_replayed_alone(lake):
    """A replay of a camera tells of no other one, and is a run of its own."""
    done = replay(lake, "crowd", WHOLE, cameras=["cam-b"])
    compact(lake)
    assert {one[0] for one in measured(lake, [done.run])} == {"cam-b"}


def test_the_synthetic_past_is_not_replayed(lake, looks):
    """Looks that were made from no frame show nothing, and are not taken for empty streets."""
    lake.landing.producer("history").append({"looks": looks("cam-c", range(600, 630))})
    compact(lake)
    assert replay(lake, "crowd", WHOLE).cameras == 2


@pytest.mark.parametrize(
    ("kind", "span", "asked", "said"),
    [
        ("trafik", WHOLE, {}, "trafik.*use one of crowd, tourism, traffic"),
        ("crowd", WHOLE, {"given": ["gap=3"]}, "gap=3.*warning_per_m2.*gap_s"),
        ("traffic", WHOLE, {"given": ["line=3"]}, "line=3.*line.frames"),
        ("crowd", WHOLE, {"given": ["gap_s=soon"]}, "gap_s=soon.*valid number"),
        ("crowd", WHOLE, {"given": ["gap_s"]}, "write name=value"),
        ("crowd", Span(LAST, FIRST), {}, "no day"),
        ("crowd", WHOLE, {"adopt": True, "cameras": ["cam-a"]}, "cam-a.*all cameras"),
        ("crowd", WHOLE, {"adopt": True, "now": MIDNIGHT + timedelta(hours=9)}, "2026-11-23 is not over"),
        ("crowd", WHOLE, {"cameras": ["cam-z"]}, "cam-z.*not looked at"),
        ("crowd", Span(date(2020, 1, 1), date(2020, 1, 2)), {}, "2020-01-01.*no known camera"),
    ],
)
def test_what_cannot_be_replayed_is_named(lake, kind, span, asked, said):
    """An unknown analytic, setting, camera or day, or a forbidden adoption, is said; nothing lands."""
    with pytest.raises(Problem, match=said):
        replay(lake, kind, span, **asked)
    assert not lake.landing.segments()


def test_days_whose_boxes_are_forgotten_are_refused(lake):
    """A frame that was looked at is no empty street only because its boxes are no longer kept."""
    lake.replace("observations", lake.read("observations").slice(0, 0), days=[LAST])
    with pytest.raises(UnknownDay, match=r"2026-11-23.*not kept"):
        replay(lake, "crowd", WHOLE)


def test_an_adopted_replay_is_published_and_live_comes_back(lake):
    """Hours, events and the API tell the adopted run of its days until live is published again."""
    now = MIDNIGHT + timedelta(days=2)
    rollup(lake, now)
    before = lake.read("area_hours").drop_columns("source_version")
    calm = ["warning_capacity_share=9", "danger_capacity_share=9"]
    assert replay(lake, "crowd", WHOLE, given=calm, adopt=True, now=now).adopted
    assert {row["kind"] for row in lake.events().to_pylist()} == {"traffic.congestion"}
    assert rollup(lake, now).days == (FIRST, LAST)
    version = lake.version("runs")
    assert replay(lake, "crowd", WHOLE, given=calm, adopt=True, now=now).landed == 0
    assert lake.version("runs") == version
    assert rollup(lake, now).days == ()
    assert lake.read("area_hours").drop_columns("source_version").equals(before)
    adopt(lake, "crowd", [FIRST, LAST], "live")
    assert "crowd.crowding" in {row["kind"] for row in lake.events().to_pylist()}
    assert rollup(lake, now).days == (FIRST, LAST)


def _trucks():
    """An analytic that came later: how many trucks stand in view."""

    class Trucks(Analytic):
        kind = "trucks"
        theme = "traffic"
        title = Both("Truk", "Trucks")
        quantities = (
            Quantity("seen", Both("Truk", "Trucks"), Both("truk", "trucks"), "mean", additive=True),
        )

        def see(self, scene):
            count = float((scene.labels == "truck").sum())
            minute = scene.at.replace(second=0, microsecond=0)
            yield Measure(scene.camera_id, "", minute, "trucks.seen", count, count, 1)

    return Trucks


def test_a_new_analytic_has_a_past_once_it_is_adopted(lake, monkeypatch):
    """A quantity that nobody measured live appears in the hours of the days before it was thought of."""
    known = {**catalogue(), "trucks": _trucks()}
    monkeypatch.setattr(analytic, "catalogue", lambda: known)
    now = MIDNIGHT + timedelta(days=2)
    rollup(lake, now)
    replay(lake, "trucks", WHOLE, adopt=True, now=now)
    rollup(lake, now)
    hours = lake.read("area_hours", where=pc.field("kind") == "trucks.seen")
    assert pc.max(hours["seen"]).as_py() > 0
    assert set(hours["day"].to_pylist()) == {FIRST, LAST}


def test_what_was_never_replayed_is_not_adopted(lake):
    """A run that the tables do not have, or an analytic that nobody has, cannot be published."""
    for kind, run in (("crowd", "replay-0"), ("trafik", "live")):
        with pytest.raises(BadReplay, match=rf"{run}|{kind}"):
            adopt(lake, kind, [FIRST], run)
    assert lake.version("runs") == 0


@pytest.mark.slow
def test_a_lake_with_replays_keeps_every_rule(lake):
    """What a replay lands and publishes breaks no invariant of the lake."""
    replay(lake, "traffic", WHOLE, adopt=True, now=MIDNIGHT + timedelta(days=2))
    rollup(lake, MIDNIGHT + timedelta(days=2))
    for invariant in INVARIANTS:
        invariant.look(Standing(lake, deep=True))


def test_the_commands_replay_and_publish(lake):
    """`replay` says what it made and `adopt` what it published; a mistake is one line and a status."""
    days = ["--lake", lake.root, "--analytic", "crowd", "--since", "2026-11-22", "--until", "2026-11-24"]
    asked = ["--executor", "local", "--setting", "gap_s=5", "--camera", "cam-b"]
    said = CliRunner().invoke(app, ["replay", *days, *asked]).stdout
    run = said.partition(":")[0]
    assert said.startswith("replay-")
    assert "cameras 1, in" in said
    compact(lake)
    assert f"{run} is published" in CliRunner().invoke(app, ["adopt", *days, "--run", run]).stdout
    assert "nothing new" in CliRunner().invoke(app, ["adopt", *days, "--run", run]).stdout
    failed = CliRunner().invoke(app, ["replay", *days, "--setting", "gap=5"])
    assert isinstance(failed.exception, BadReplay)


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("ray")
def test_a_replay_on_ray_tells_the_same(lake):
    """Cameras that are replayed by Ray's workers come to the same rows."""
    done = replay(lake, "traffic", WHOLE, executor=Executor.RAY)
    compact(lake)
    assert measured(lake, [done.run]) == [one for one in measured(lake, ["live"]) if "traffic" in one[2]]
