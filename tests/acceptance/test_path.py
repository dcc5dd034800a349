"""From a camera's pixels to an area's hour, with the commands that a user has."""

import pyarrow.compute as pc
import pytest

from lakehouse.checks import INVARIANTS
from lakehouse.store import Lake


def _watched(do, lake, source, *options):
    do("serving", "watch", source, "--lake", lake, *options)
    do("batch", "compact", "--lake", lake, "--executor", "local")
    do("batch", "rollup", "--lake", lake)
    return Lake.open(lake)


def _value(lake, area_id, kind):
    hours = lake.read("area_hours", where=(pc.field("area_id") == area_id) & (pc.field("kind") == kind))
    return pc.sum(hours["seen"]).as_py()


@pytest.mark.data
def test_people_of_a_real_clip_reach_the_city_hour(do, videos, tmp_path):
    """A clip in which people walk by one after another ends as people in the city's hour."""
    lake = _watched(do, tmp_path / "lake", videos / "intel_one-by-one-person-detection.mp4")
    assert _value(lake, "33.74", "crowd.people") > 0
    assert lake.read("observations").num_rows > 0
    assert not lake.landing.segments()


@pytest.mark.data
def test_cars_of_a_real_clip_cross_the_line(do, videos, tmp_path):
    """A clip in which cars drive by ends as vehicles in the city's hour."""
    lake = _watched(do, tmp_path / "lake", videos / "intel_car-detection.mp4", "--fps", "4")
    assert _value(lake, "33.74", "traffic.flow") > 0


def test_a_second_compaction_and_rollup_change_nothing(do, small_lake):
    """Running the jobs again on unchanged input makes no new version of any table."""

    def versions():
        do("batch", "compact", "--lake", small_lake, "--executor", "local")
        do("batch", "rollup", "--lake", small_lake)
        lake = Lake.open(small_lake)
        return {name: lake.version(name) for name in ("measures", "camera_minutes", "area_hours")}

    # An hour may end between two of them, and then there is something new; but not between three.
    first, second, third = versions(), versions(), versions()
    assert second in (first, third)


@pytest.mark.slow
def test_the_lake_that_the_product_made_is_as_it_must_be(do, small_lake):
    """Every rule holds, for all rows and commits."""
    said = do("lakehouse", "check", "--deep", "--lake", small_lake)
    assert said.count(" holds\n") == len(INVARIANTS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("serving", "watch", "no-such.mp4", "--lake", "{}"), "no-such.mp4"),
        (("serving", "watch", "rtsp://u:geheim@127.0.0.1:9/x", "--lake", "{}"), "127.0.0.1"),
        (("serving", "watch", "README.md", "--lake", "{}"), "README.md"),
        (("batch", "rollup", "--lake", "nowhere"), "nowhere"),
        (("forecasting", "run", "--lake", "nowhere"), "nowhere"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[1],
)
def test_bad_input_is_named_and_ends_non_zero(words, named, run, tmp_path):
    """An unusable input is named with its rule and remedy, and no password is repeated."""
    words = [word.replace("{}", str(tmp_path / "lake")) for word in words]
    said = run("python", "-m", *words, status=1)
    assert said.count("error:") == 1
    assert named in said
    assert "geheim" not in said


def test_a_misspelt_option_is_refused(run):
    """An option that does not exist is an error and nothing is done."""
    assert "--laek" in run("python", "-m", "batch", "rollup", "--laek", "x", status=2)


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("-m", "batch", "rollup"),
        ("-m", "batch", "compact", "--executor", "ray"),
        ("docs/jobs/busiest_hours.py",),
    ],
    ids=["rollup", "compact", "busiest-hours"],
)
def test_a_job_runs_on_a_cluster(words, run, cluster, small_lake):
    """A data scientist submits a job, ours or theirs, and it succeeds."""
    said = run(
        "ray", "job", "submit", "--working-dir", ".", "--", "python", *words, "--lake", small_lake, **cluster
    )
    assert "succeeded" in said
