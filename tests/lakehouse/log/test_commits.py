"""What a commit says of itself, and which days it touched."""

from datetime import date, timedelta

import pyarrow as pa
import pytest

from lakehouse.log import commits, datafiles
from lakehouse.tables import TABLES

DAY = date(2026, 11, 23)


@pytest.fixture
def minutes(lake):
    """Commit a file of a day's camera minute, saying why; return the table's version."""

    def commit(day=DAY, reason="compact", value=1.0):
        row = {"day": day, "minute": None, "camera_id": "cam", "kind": "k", "value": value, "n": 1}
        row |= {"coverage": 1.0, "reason": None, "origin": "pixels"}
        row["minute"] = pa.scalar(0, TABLES["camera_minutes"].schema.field("minute").type).as_py()
        rows = pa.Table.from_pylist([row], TABLES["camera_minutes"].schema)
        files = datafiles.write(lake.folder("camera_minutes"), TABLES["camera_minutes"], rows, 0)
        return commits.commit(lake.table("camera_minutes"), files, {}, about=commits.because(reason))

    return commit


def test_the_days_of_a_commit_are_touched(lake, minutes):
    """Days are told of every commit after a version, and of none before."""
    since = minutes()
    minutes(DAY + timedelta(days=1))
    assert commits.touched_days(lake.table("camera_minutes"), since) == {DAY + timedelta(days=1)}
    assert commits.touched_days(lake.table("camera_minutes"), since + 1) == set()


@pytest.mark.parametrize(
    ("reason", "touched"),
    [("compact", True), (commits.DELETION, True), (commits.RECLUSTER, False), (commits.RETENTION, False)],
)
def test_order_and_age_touch_no_day(lake, minutes, reason, touched):
    """What was put in order, or forgotten for its age, changes no aggregate; what was deleted does."""
    since = minutes()
    minutes(reason=reason, value=2.0)
    assert commits.touched_days(lake.table("camera_minutes"), since) == ({DAY} if touched else set())


def test_a_log_that_was_trimmed_says_so(lake, minutes):
    """Where a commit is gone from the log, any day may have changed."""
    minutes()
    minutes(value=2.0)
    table = lake.table("camera_minutes")
    (lake.folder("camera_minutes") / "_delta_log").remove(f"{1:020d}.json")
    assert commits.touched_days(table, 0) is None


def test_a_commit_says_why_it_was_made(lake, minutes):
    """The reason and its figures stand in the log."""
    version = minutes(reason=commits.DELETION)
    log = lake.folder("camera_minutes") / "_delta_log"
    told = [one["commitInfo"] for one in commits.read_commit(log, version) if "commitInfo" in one]
    assert told[0]["matakota"] == "deletion"
    assert commits.because("x", rows=3) == {"matakota": "x", "matakota.rows": "3"}
