"""Rollup: what was measured, joined with what was really seen; the unknown is not zero."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.compacting.compact import compact
from batch.executor import Executor
from batch.keeping.recluster import recluster
from batch.rolling.hours import LITTLE, NOBODY, NOTHING, RUNNING, usual_of_past
from batch.rolling.quality import quality
from batch.rolling.rollup import COUNTED, LOOKS, MEASURES, Plan, rollup
from lakehouse import milestones
from lakehouse.city import cameras
from lakehouse.log import commits
from lakehouse.log.commits import StaleSnapshotError
from lakehouse.scenes import Health, Outcome
from lakehouse.store import Lake
from lakehouse.tables import TABLES

DAY = date(2026, 11, 23)
MIDNIGHT = datetime(2026, 11, 22, 17, tzinfo=UTC)
LATER = MIDNIGHT + timedelta(days=2)
FLOW, PEOPLE, SPEED = "traffic.flow", "crowd.people", "traffic.speed"


@pytest.fixture
def rolled(lake):
    """Compact and roll up at a time, by default when the day is long over."""

    def roll(now=LATER):
        compact(lake)
        return rollup(lake, now)

    return roll


@pytest.fixture
def hour(lake):
    """The row of area_hours of an area, a kind and an hour of the day; None where there is none."""

    def find(area_id, kind=FLOW, number=0, day=DAY):
        at = MIDNIGHT + (day - DAY) + timedelta(hours=number)
        where = (pc.field("area_id") == area_id) & (pc.field("kind") == kind) & (pc.field("hour") == at)
        rows = lake.read("area_hours", where=where).to_pylist()
        assert len(rows) <= 1
        return rows[0] if rows else None

    return find


@pytest.fixture
def minute(lake):
    """The row of camera_minutes of a camera, a kind and a minute of the day."""

    def find(camera_id, number, kind=FLOW):
        at = MIDNIGHT + timedelta(minutes=number)
        where = (pc.field("camera_id") == camera_id) & (pc.field("kind") == kind) & (pc.field("minute") == at)
        (row,) = lake.read("camera_minutes", where=where).to_pylist()
        return row

    return find


@pytest.fixture
def usual(lake):
    """Say what an area that is a camera had in the same hour of the weeks before."""

    def say(camera_id, *values, kind=FLOW, number=0):
        rows = []
        for week, value in enumerate(values, 1):
            day = DAY - timedelta(weeks=week)
            rows.append(
                {
                    "day": day,
                    "hour": MIDNIGHT - timedelta(weeks=week) + timedelta(hours=number),
                    "area_id": f"camera:{camera_id}",
                    "kind": kind,
                    "seen": value,
                    "value": value,
                    "cameras_reporting": 1,
                    "cameras_total": 1,
                    "coverage": 1.0,
                    "reason": None,
                    "origin": "synthetic",
                    "source_version": 0,
                }
            )
        lake.append("area_hours", pa.Table.from_pylist(rows, TABLES["area_hours"].schema))

    return say


def test_a_whole_hour_is_the_sum_of_its_minutes(see, rolled, hour):
    """Sixty minutes of six vehicles are 360, for the camera and for every area around it."""
    see("cam-a", range(60))
    rolled()
    for area in ("camera:cam-a", "33.74.01", "33.74"):
        row = hour(area)
        assert (row["seen"], row["value"], row["coverage"], row["reason"]) == (360.0, 360.0, 1.0, None)
        assert (row["cameras_reporting"], row["cameras_total"], row["origin"]) == (1, 1, "pixels")


def test_a_minute_not_looked_at_is_unknown_and_not_zero(see, rolled, minute):
    """Between two minutes that were seen there is a NULL with its reason."""
    see("cam-a", [0, 2])
    rolled()
    row = minute("cam-a", 1)
    assert (row["value"], row["n"], row["coverage"], row["reason"]) == (None, 0, 0.0, "not looked at")
    assert minute("cam-a", 2)["value"] == 6.0


def test_a_minute_in_which_nothing_passed_is_zero(see, rolled, minute):
    """A camera that looked and counted none is a zero, which is not the same as unknown."""
    see("cam-a", [0], total=0.0)
    rolled()
    row = minute("cam-a", 0)
    assert (row["value"], row["coverage"], row["reason"]) == (0.0, 1.0, None)


@pytest.mark.parametrize("health", [Health.FROZEN, Health.BLACK, Health.COVERED, Health.SILENT])
def test_an_unhealthy_camera_is_unknown(see, rolled, minute, health):
    """What was measured on a frozen, black or covered picture counts for nothing."""
    see("cam-a", [0, 1], health=health)
    rolled()
    row = minute("cam-a", 0)
    assert (row["value"], row["coverage"], row["reason"]) == (None, 0.0, f"unhealthy: {health}")


def test_dropped_frames_are_not_seen(see, rolled, minute):
    """A look of which every frame was dropped or undecodable saw nothing."""
    see("cam-a", [0], outcome=Outcome.DROPPED)
    see("cam-a", [1], outcome=Outcome.GATED, producer="shard-1")
    rolled()
    assert minute("cam-a", 0)["reason"] == "no frame decoded"
    assert minute("cam-a", 1)["value"] == 6.0


def test_coverage_is_the_share_of_a_minutes_looks(see, rolled, minute):
    """Three of six looks are half a minute."""
    see("cam-a", [0], slots=range(3))
    rolled()
    assert minute("cam-a", 0)["coverage"] == 0.5


def test_a_minute_that_was_seen_and_not_measured_is_unknown(lake, see, looks, rolled, minute):
    """A minute whose measure was lost with its process is not a zero."""
    see("cam-a", [0])
    lake.landing.producer("shard-1").append({"looks": looks("cam-a", [1])})
    rolled()
    row = minute("cam-a", 1)
    assert (row["value"], row["coverage"], row["reason"]) == (None, 0.0, "not measured")


def test_a_process_that_changes_midway_adds_up(lake, see, measures, rolled, minute):
    """Two lives of a producer of which one follows the other in a minute share its count."""
    see("cam-a", [0], slots=range(3))
    see("cam-a", [0], slots=range(3, 6))
    lake.landing.producer("x").append({"measures": measures("cam-a", [0], zone_id="other")})
    rolled()
    row = minute("cam-a", 0)
    assert (row["value"], row["n"], row["coverage"]) == (18.0, 360, 1.0)


def test_a_mean_is_weighted_and_zones_add_up(lake, see, measures, rolled, minute):
    """People in two zones of a camera are added; within a zone the mean is over all its frames."""
    see("cam-a", [0], kind=PEOPLE, total=100.0, n=100)
    more = {"measures": measures("cam-a", [0], kind=PEOPLE, total=20.0, n=20, zone_id="zone")}
    lake.landing.producer("x").append(more)
    lake.landing.producer("y").append(
        {"measures": measures("cam-a", [0], kind=PEOPLE, total=240.0, n=120, zone_id="other")}
    )
    rolled()
    assert minute("cam-a", 0, PEOPLE)["value"] == 3.0


def test_means_of_cameras_add_up_where_areas_may_be_added(see, rolled, hour):
    """Five people before one camera and two before another are seven in the area."""
    see("cam-a", range(60), kind=PEOPLE, total=600.0)
    see("cam-b", range(60), kind=PEOPLE, total=240.0, producer="shard-1")
    rolled()
    assert hour("camera:cam-a", PEOPLE)["value"] == pytest.approx(5.0)
    assert hour("33.74.01", PEOPLE)["value"] == pytest.approx(7.0)


def test_speeds_are_weighted_and_never_added(see, rolled, hour):
    """Ten vehicles at 20 km/h and thirty at 40 km/h drive at 35 km/h."""
    see("cam-a", range(60), kind=SPEED, total=200.0, n=10)
    see("cam-b", range(60), kind=SPEED, total=1200.0, n=30, producer="shard-1")
    rolled()
    assert hour("33.74.01", SPEED)["value"] == pytest.approx(35.0)


def test_an_empty_road_has_no_speed_and_is_still_covered(lake, see, looks, rolled, hour):
    """Minutes without a vehicle leave a speed's coverage whole; an hour without any has none."""
    see("cam-a", [0], kind=SPEED, total=200.0, n=10)
    lake.landing.producer("x").append({"looks": looks("cam-a", range(1, 120))})
    rolled()
    assert (hour("camera:cam-a", SPEED)["value"], hour("camera:cam-a", SPEED)["coverage"]) == (20.0, 1.0)
    row = hour("camera:cam-a", SPEED, 1)
    assert (row["value"], row["reason"]) == (None, NOTHING)


def test_a_missed_quarter_is_made_up_for(see, rolled, hour):
    """Of an hour seen for 45 minutes the value is what was counted in four thirds of them."""
    see("cam-a", range(45))
    see("cam-a", [60], producer="shard-1")
    rolled()
    row = hour("camera:cam-a")
    assert (row["seen"], row["value"], row["coverage"]) == (270.0, 360.0, 0.75)


def test_less_than_half_is_unknown(see, rolled, hour):
    """An hour seen for 20 minutes says what was counted, and no value."""
    see("cam-a", range(20))
    see("cam-a", [60], producer="shard-1")
    rolled()
    row = hour("camera:cam-a")
    assert (row["seen"], row["value"], row["reason"]) == (120.0, None, LITTLE)


def test_a_camera_that_reports_nothing_says_why(see, rolled, hour):
    """The camera's hour carries the reason of most of its minutes, and its area that nobody reported."""
    see("cam-a", [0])
    see("cam-a", range(60, 120), health=Health.BLACK, producer="shard-1")
    rolled()
    assert (hour("camera:cam-a", number=1)["seen"], hour("camera:cam-a", number=1)["reason"]) == (
        None,
        "unhealthy: black",
    )


def test_an_area_counts_by_what_its_cameras_usually_have(see, rolled, hour, usual):
    """Where the camera with 300 of the usual 400 reports, what it saw is three quarters of the area."""
    usual("cam-a", 300.0, 300.0)
    usual("cam-b", 50.0, 100.0, 150.0)
    see("cam-a", range(60))
    rolled()
    row = hour("33.74.01")
    assert (row["seen"], row["coverage"], row["value"]) == (360.0, 0.75, pytest.approx(480.0))
    assert (row["cameras_reporting"], row["cameras_total"]) == (1, 2)


def test_an_area_is_unknown_when_its_main_camera_is_out(see, rolled, hour, usual):
    """Where only the camera with a quarter of the usual total reports, the area's value is NULL."""
    usual("cam-a", 300.0)
    usual("cam-b", 100.0)
    see("cam-b", range(60))
    rolled()
    row = hour("33.74.01")
    assert (row["seen"], row["value"], row["coverage"], row["reason"]) == (360.0, None, 0.25, LITTLE)
    assert hour("camera:cam-a")["reason"] == "not looked at"


def test_without_anything_usual_cameras_count_alike(see, rolled, hour):
    """Of two new cameras one out of two hours reports: the area's share is that of its cameras."""
    see("cam-a", range(120))
    see("cam-b", range(60), producer="shard-1")
    rolled()
    row = hour("33.74.01", number=1)
    assert (row["coverage"], row["value"], row["cameras_total"]) == (0.5, 720.0, 2)


def test_an_area_in_which_nobody_reports_is_unknown(see, rolled, hour):
    """An area of two cameras that were both out says so."""
    for camera in ("cam-a", "cam-b"):
        see(camera, [0], producer=camera)
    see("cam-c", range(120))
    rolled()
    row = hour("33.74.01", number=1)
    assert (row["seen"], row["value"], row["reason"], row["cameras_reporting"]) == (None, None, NOBODY, 0)


@pytest.mark.parametrize("minutes", [12, 30])
def test_the_running_hour_is_estimated_from_its_minutes(see, rolled, hour, minutes):
    """Six vehicles a minute so far make 360 an hour, marked as running, whatever the coverage of the hour."""
    see("cam-a", range(60 + minutes))
    rolled(MIDNIGHT + timedelta(minutes=60 + minutes))
    row = hour("33.74", number=1)
    assert (row["seen"], row["value"], row["reason"]) == (6.0 * minutes, pytest.approx(360.0), RUNNING)
    assert hour("33.74")["reason"] is None


def test_a_clip_that_ends_within_a_minute_is_told_at_once(see, rolled, minute, hour):
    """What was measured in the minute in which a clip ended does not wait until its hour is over."""
    see("cam-a", [4], slots=range(2))
    rolled(now=MIDNIGHT + timedelta(minutes=4, seconds=20))
    assert minute("cam-a", 4)["value"] == 6.0
    assert minute("cam-a", 4)["coverage"] == pytest.approx(1 / 3)
    assert hour("camera:cam-a")["seen"] == 6.0


def test_an_hour_that_is_over_is_no_longer_running(see, rolled, hour):
    """Once the hour has passed it is computed again without a new look, by the whole hour."""
    see("cam-a", range(90))
    now = MIDNIGHT + timedelta(minutes=90)
    rolled(now)
    assert rolled(now).days == ()
    assert rolled(now + timedelta(hours=1)).days == (DAY,)
    row = hour("33.74", number=1)
    assert (row["value"], row["coverage"], row["reason"]) == (360.0, 0.5, None)
    assert rolled(now + timedelta(hours=2)).days == ()


def test_unchanged_input_makes_no_new_version(lake, see, rolled):
    """Rolling up again writes nothing; a new look computes its day again and no other."""
    see("cam-a", range(60))
    rolled()
    before = [lake.version(name) for name in ("camera_minutes", "area_hours")]
    assert rolled().days == ()
    assert before == [lake.version(name) for name in ("camera_minutes", "area_hours")]
    see("cam-a", range(1440, 1450))
    assert rolled(LATER + timedelta(days=1)).days == (DAY + timedelta(days=1),)


def test_a_recluster_computes_no_day_again(lake, see, rolled):
    """Rows that only lie in other files make no new row: one commit moves the marks, and then none does."""
    for minute in (0, 30):
        see("cam-a", range(minute, minute + 30))
        rolled()
    rows, versions = (
        lake.read("area_hours"),
        [lake.version(name) for name in ("camera_minutes", "area_hours")],
    )
    assert recluster(lake, days=[DAY]).days
    assert rolled().days == ()
    assert rolled().days == ()
    assert [lake.version(name) for name in ("camera_minutes", "area_hours")] == [versions[0], versions[1] + 1]
    assert lake.read("area_hours").equals(rows)


def test_where_the_log_does_not_tell_every_kept_day_is_computed(see, rolled, monkeypatch):
    """A log that was cleaned up says nothing of what changed, so that all days are computed again."""
    see("cam-a", [0, 1500])
    rolled()
    monkeypatch.setattr(commits, "touched_days", lambda *_: None)
    assert rolled().days == (DAY, DAY + timedelta(days=1))


def test_another_floor_computes_every_day_again(lake, see, rolled, hour):
    """An hour seen for 45 minutes is unknown where 80 % must have been seen."""
    see("cam-a", range(45))
    see("cam-a", [60], producer="shard-1")
    rolled()
    assert rollup(lake, LATER, floor=0.8).days == (DAY,)
    assert (hour("camera:cam-a")["value"], hour("camera:cam-a")["reason"]) == (None, LITTLE)
    assert rollup(lake, LATER, floor=0.8).days == ()


def test_days_of_months_are_computed_a_week_at_a_time(see, rolled, hour):
    """What is usual on a day is made of the weeks before it, also where all are computed at once."""
    for week in range(3):
        see("cam-a", range(10080 * week, 10080 * week + 60), total=6.0 * (week + 1))
        see("cam-b", range(10080 * week, 10080 * week + (60 if week < 2 else 1)), producer="shard-1")
    rolled(LATER + timedelta(weeks=4))
    row = hour("33.74.01", day=DAY + timedelta(weeks=2))
    usual_a, usual_b = (360 + 720) / 2, 360
    assert row["coverage"] == pytest.approx((usual_a + usual_b / 60) / (usual_a + usual_b), rel=1e-3)


@pytest.mark.parametrize(
    "milestone", ["rollup: planned", "rollup: camera_minutes committed", "rollup: area_hours committed"]
)
def test_a_rollup_that_dies_is_made_good_by_the_next(lake, see, monkeypatch, milestone):
    """Wherever it is killed, the next one leaves what an undisturbed one would have."""

    def die(reached):
        if reached == milestone:
            raise InterruptedError(reached)

    see("cam-a", range(60))
    compact(lake)
    monkeypatch.setattr(milestones, "watchers", [die])
    with pytest.raises(InterruptedError):
        rollup(lake, LATER)
    monkeypatch.setattr(milestones, "watchers", [])
    rollup(lake, LATER)
    assert lake.read("camera_minutes").num_rows == 60
    assert pc.sum(lake.read("area_hours")["seen"]).as_py() == 3 * 360
    assert rollup(lake, LATER).days == ()


def test_a_rollup_that_was_overtaken_plans_again(lake, see, rolled):
    """What was planned before another rollup committed is refused, and loses nothing of the other's."""
    see("cam-a", range(30))
    compact(lake)
    stale = Plan.of(lake, LATER, 0.5)
    see("cam-a", range(30, 60))
    rolled()
    with pytest.raises(StaleSnapshotError):
        stale.carry_out(lake, Executor.LOCAL)
    where = pc.field("area_id") == "camera:cam-a"
    assert pc.sum(lake.read("area_hours", where=where)["seen"]).as_py() == 360
    assert pc.sum(lake.read("camera_minutes")["value"]).as_py() == 360


def test_computing_again_from_the_start_changes_nothing(lake, see, rolled):
    """A day computed in three steps holds what it holds when computed at once."""
    for minute in (0, 30, 60):
        see("cam-a", range(minute, minute + 30))
        rolled(MIDNIGHT + timedelta(minutes=minute + 30))
    rolled()
    stepwise = lake.read("area_hours").drop_columns("source_version")
    anew = dict.fromkeys((LOOKS, MEASURES), -1)
    lake.replace("area_hours", lake.read("area_hours").slice(0, 0), marks=anew)
    rolled()
    assert lake.read("area_hours").drop_columns("source_version").equals(stepwise)


def test_history_is_synthetic_and_what_was_seen_is_not(see, rolled, minute, hour):
    """The producer `history` makes synthetic rows, any other pixels, and an hour of each is both."""
    see("cam-a", range(30), producer="history")
    see("cam-a", range(30, 60))
    see("cam-c", range(60), producer="history")
    rolled()
    assert [minute("cam-a", number)["origin"] for number in (29, 30)] == ["synthetic", "pixels"]
    origins = [hour(area)["origin"] for area in ("camera:cam-a", "camera:cam-c", "33.74")]
    assert origins == ["both", "synthetic", "both"]


def test_an_outage_in_synthetic_time_is_synthetic(see, rolled, minute):
    """A camera that was down while all others saw the synthetic past has no minute from pixels."""
    see("cam-a", range(2), producer="history")
    see("cam-b", [0], producer="history")
    rolled()
    row = minute("cam-b", 1)
    assert (row["value"], row["reason"], row["origin"]) == (None, "not looked at", "synthetic")


def test_loaded_days_survive_a_clip_of_the_past(see, rolled, hour, usual):
    """A camera that is watched on a day that was loaded adds to it, and wipes nothing out."""
    usual("cam-b", 100.0)
    see("cam-a", range(-10080, -10020))
    rolled()
    week_before = DAY - timedelta(weeks=1)
    assert hour("camera:cam-b", day=week_before)["value"] == 100.0
    assert hour("33.74.01", day=week_before)["seen"] == 460.0


def test_only_the_live_run_counts(lake, see, measures, rolled, minute):
    """A replay's measures stand beside the live ones and change no hour."""
    see("cam-a", [0])
    replayed = measures("cam-a", [0], total=99.0)
    replayed = replayed.set_column(replayed.schema.get_field_index("run"), "run", pa.array(["replay-1"]))
    lake.landing.producer("replay-1").append({"measures": replayed})
    rolled()
    assert minute("cam-a", 0)["value"] == 6.0


@pytest.fixture
def explain(lake):
    """Write a kind that counts into the table kinds, or take it out, or retire it."""

    def write(kind, *, state="stable", there=True):
        rows = [row for row in lake.read("kinds").to_pylist() if row["kind"] != kind]
        like = next(row for row in rows if row["kind"] == FLOW)
        rows += [like | {"kind": kind, "state": state}] if there else []
        lake.replace("kinds", pa.Table.from_pylist(rows, TABLES["kinds"].schema))

    return write


def test_a_kind_that_nobody_explains_is_left_aside_and_told(lake, see, rolled, hour):
    """Its measures wait, with their number and a remedy; the hours of the others go on."""
    see("cam-a", range(60))
    see("cam-b", range(30), kind="noise.level")
    said = rolled()
    assert said.unknown == {"noise.level": 30}
    assert "noise.level: 30 measures left aside" in str(said)
    assert "serving kinds" in str(said)
    assert hour("33.74")["seen"] == 360.0
    assert not lake.read("area_hours", where=pc.field("kind") == "noise.level").num_rows
    assert not rolled().days


def test_a_kind_that_is_explained_later_gets_its_hours(lake, see, rolled, hour, explain):
    """Once the table kinds has it, the days in which it was measured are computed again, and no other."""
    see("cam-a", range(60))
    see("cam-b", range(60), kind="noise.level")
    see("cam-a", [1440 + number for number in range(10)])
    rolled(LATER + timedelta(days=2))
    explain("noise.level")
    said = rolled(LATER + timedelta(days=2))
    assert (said.days, dict(said.unknown)) == ((DAY,), {})
    assert hour("33.74.01", "noise.level")["seen"] == 360.0
    before = lake.version("area_hours")
    assert not rolled(LATER + timedelta(days=2)).days
    assert lake.version("area_hours") == before


def test_a_kind_that_was_taken_out_of_the_table_stops_nothing(see, rolled, hour, explain):
    """Hours that name a kind which the table lost do not stop the hours of the day after."""
    explain("noise.level")
    see("cam-a", range(60), kind="noise.level")
    rolled()
    explain("noise.level", there=False)
    see("cam-a", [1440 + number for number in range(60)], producer="shard-1")
    rolled(LATER + timedelta(days=2))
    assert hour("33.74", day=DAY + timedelta(days=1))["seen"] == 360.0


def test_a_retired_kind_keeps_its_hours_and_is_expected_no_more(see, rolled, hour, explain):
    """What was measured stays, and the days after it have no rows that say 'not measured' for ever."""
    explain("noise.level")
    see("cam-a", range(60), kind="noise.level")
    rolled()
    explain("noise.level", state="retired")
    see("cam-a", [1440 + number for number in range(60)], producer="shard-1")
    see("cam-a", [60], kind="noise.level", producer="shard-2")
    rolled(LATER + timedelta(days=2))
    assert hour("33.74", "noise.level")["seen"] == 360.0
    assert hour("33.74", "noise.level", 1)["seen"] == 6.0
    assert hour("33.74", "noise.level", day=DAY + timedelta(days=1)) is None


def test_a_camera_outside_the_tree_has_its_own_hours(see, rolled, hour):
    """A camera whose area nobody knows is a leaf by itself."""
    see("stray", range(60))
    rolled()
    assert hour("camera:stray")["value"] == 360.0
    assert hour("33.74") is None


@given(st.lists(st.one_of(st.none(), st.floats(0, 1e6)), min_size=1, max_size=6))
def test_what_is_usual_is_the_mean_of_the_known_weeks(weeks):
    """The same hour of up to four weeks before counts, gaps left out; the future never does."""
    value = np.full((1, 168 * len(weeks)), np.nan)
    value[0, ::168] = [np.nan if one is None else one for one in weeks]
    found = usual_of_past(value)[0, ::168]
    for week, usual in enumerate(found):
        known = [one for one in weeks[max(week - 4, 0) : week] if one is not None]
        assert usual == pytest.approx(np.mean(known)) if known else np.isnan(usual)


def _hung(camera_id):
    """A camera of the city, as it hangs."""
    return cameras.Camera(
        camera_id=camera_id, valid_from=MIDNIGHT - timedelta(days=30), name=camera_id, owner="city",
        site="street", area_id="33.74.01", lat=-6.99, lon=110.42, source="synthetic:7", width=640, height=360,
    )  # fmt: skip


def test_a_camera_that_was_taken_down_is_expected_no_more(lake, see, rolled, hour):
    """The day after, its area is whole without it; of one that is merely dark the area keeps a hole."""
    cameras.register(lake, [_hung("cam-a"), _hung("cam-b")])
    see("cam-a", range(60))
    see("cam-b", range(60))
    see("cam-a", range(24 * 60, 25 * 60))
    rolled()
    dark = hour("33.74.01", number=24)
    down = Lake.open(lake.root, lambda: MIDNIGHT + timedelta(hours=20))
    assert cameras.remove(down, ["cam-b"]) == 1
    see("cam-a", [24 * 60 + 60])
    rolled()
    there = hour("33.74.01", number=24)
    assert there["coverage"] == pytest.approx(2 * dark["coverage"])
    assert hour("33.74.01", number=0)["cameras_reporting"] == 2
    assert hour("camera:cam-b", number=0)["seen"] is not None
    assert hour("camera:cam-b", number=24) is None


def test_a_removal_rewrites_nothing_of_what_was(lake, see, rolled, hour):
    """It alone brings no day back, and a day that is computed again expects the camera as long as it hung."""
    cameras.register(lake, [_hung("cam-a"), _hung("cam-b")])
    see("cam-a", range(60))
    see("cam-b", range(60))
    rolled()
    before, there = lake.version("area_hours"), hour("33.74.01")
    assert cameras.remove(Lake.open(lake.root, lambda: LATER), ["cam-b"]) == 1
    assert rolled().days == ()
    assert lake.version("area_hours") == before
    see("cam-a", [100])
    assert rolled().days == (DAY,)
    again = hour("33.74.01")
    assert {**again, "source_version": None} == {**there, "source_version": None}
    assert hour("33.74.01", number=1)["cameras_total"] == 2


def _failing(looks):
    """Looks in whose frames the analytic of traffic had failed."""
    place = looks.schema.get_field_index("readings")
    told = pa.array(
        [[("brightness", 0.5), ("failed traffic", 1.0)]] * looks.num_rows, looks.schema[place].type
    )
    return looks.set_column(place, "readings", told)


def test_minutes_of_an_analytic_that_had_failed_say_so(lake, looks, measures, rolled, minute):
    """Only those that were seen and not measured, the one before too; of another analytic nothing changes."""
    saw = pa.concat_tables([looks("cam-a", range(3)), _failing(looks("cam-a", range(3, 6)))])
    heard = pa.concat_tables([measures("cam-a", [0, 1, 5]), measures("cam-a", range(6), kind=PEOPLE)])
    lake.landing.producer("a", backfill=True).append({"looks": saw, "measures": heard})
    other = {"looks": looks("cam-b", range(6)), "measures": measures("cam-b", [0])}
    lake.landing.producer("b", backfill=True).append(other)
    rolled()
    told = [minute("cam-a", number)["reason"] for number in range(6)]
    assert told == [None, None, *["analytic failed"] * 3, None]
    assert [minute("cam-a", number)["coverage"] for number in (1, 3)] == [1, 0]
    assert minute("cam-a", 3)["value"] is None
    assert all(minute("cam-a", number, PEOPLE)["value"] is not None for number in range(6))
    assert minute("cam-b", 3)["reason"] == "not measured"
    worst = {one.area_id: one for one in quality(lake, DAY)[1]}
    assert worst["cam-a"].unknown["analytic failed"] == 3
    assert worst["cam-b"].unknown["not measured"] == 5


def test_a_minute_that_two_watched_counts_once(see, rolled, minute, hour):
    """Two watchers of one camera, landed one after the other, give what one gives, and its coverage."""
    see("cam-a", range(60), producer="b")
    rolled()
    once = minute("cam-a", 5), hour("camera:cam-a")
    see("cam-a", range(60), producer="b")
    see("cam-a", range(30, 90), producer="a")
    rolled()
    changing = {"source_version"}
    again = minute("cam-a", 5), hour("camera:cam-a")
    for before, after in zip(once, again, strict=True):
        assert {name: before[name] for name in before.keys() - changing} == {
            name: after[name] for name in after.keys() - changing
        }
    assert hour("camera:cam-a", number=1)["seen"] == 180.0


def test_who_saw_little_does_not_count_beside_who_saw_all(see, rolled, minute):
    """Of two watchers the one counts that looked at more frames; of what only the other measured its own."""
    see("cam-a", [0], outcome=Outcome.DROPPED, producer="a")
    see("cam-a", [0], total=7.0, producer="b")
    see("cam-a", [0], kind=PEOPLE, total=240.0, producer="c")
    rolled()
    assert (minute("cam-a", 0)["value"], minute("cam-a", 0)["coverage"]) == (7.0, 1.0)
    assert minute("cam-a", 0, PEOPLE)["value"] == 2.0


def test_what_was_summed_up_before_the_rule_is_summed_up_again(lake, see, rolled, hour):
    """Days with overlaps that an older release doubled are computed again, once; the others stay."""
    for _ in range(2):
        see("cam-a", range(60))
    see("cam-b", range(24 * 60, 24 * 60 + 60))
    rolled()
    right = hour("camera:cam-a")["seen"]
    where = (pc.field("area_id") == "camera:cam-a") & (pc.field("day") == DAY)
    doubled = lake.read("area_hours", where=where).to_pylist()
    wrong = pa.Table.from_pylist([row | {"seen": 720.0} for row in doubled], TABLES["area_hours"].schema)
    lake.replace("area_hours", wrong, days=[DAY], marks={COUNTED: 0})
    assert rollup(lake, LATER).days == (DAY,)
    assert hour("camera:cam-a")["seen"] == right == 360.0
    assert rollup(lake, LATER).days == ()
