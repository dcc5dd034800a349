"""The same product on a lake in an object store."""

from pathlib import Path

import pyarrow.compute as pc
import pytest

from lakehouse.store import Lake

CARD = Path(__file__).parents[2] / "serving" / "seeing" / "models" / "matakota-n.json"


@pytest.mark.slow
def test_a_lake_in_a_bucket_goes_the_whole_path(do, bucket):
    """City, history, compaction, rollup and upkeep by the same commands, then everything is read back."""
    lake = f"{bucket}/lake"
    for words in (
        ("lakehouse", "city"),
        ("serving", "kinds"),
        ("lakehouse", "history", "--observed", CARD, "--hours", "3"),
        ("batch", "compact", "--executor", "local"),
        ("batch", "rollup"),
        ("batch", "recluster"),
        ("batch", "vacuum", "--keep-days", "0"),
    ):
        do(*words, "--lake", lake)
    opened = Lake.open(lake)
    assert not opened.landing.segments()
    city = (pc.field("area_id") == "33.74") & (pc.field("kind") == "traffic.flow")
    assert pc.sum(opened.read("area_hours", where=city)["seen"]).as_py() > 0


@pytest.mark.slow
def test_a_bucket_that_is_not_there_is_named(run, object_store):
    """A misspelt bucket is one line with its remedy."""
    said = run("python", "-m", "batch", "rollup", "--lake", "s3://nowhere/lake", status=1, **object_store)
    assert said.count("error:") == 1
    assert "s3://nowhere/lake" in said
