"""The words of the live path become rows and lose nothing."""

from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.landing import rows
from lakehouse.landing.segments import landed_schema
from lakehouse.scenes import FASTEST, UNMEASURED, Scene, unmeasured
from lakehouse.tables import LANDED

LATE = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)
"""After the city's midnight."""


def test_rows_have_the_columns_of_their_table(batch):
    """What is landed has a table's columns but producer, epoch and seq, which its segment's name says."""
    assert {name: table.schema for name, table in batch().items()} == {
        name: landed_schema(name) for name in LANDED
    }


def test_nothing_makes_no_rows():
    """No scene, look, measure or event makes an empty table with the right columns."""
    made = rows.observations([], "m"), rows.measures([]), rows.events([], {}, {}), rows.looks([], {})
    assert [(table.num_rows, table.schema) for table in made] == [(0, landed_schema(n)) for n in LANDED]


@given(st.lists(st.integers(0, 5), max_size=5))
def test_every_box_of_every_scene_is_a_row(counts):
    """Each box keeps its corners, its track and its scene's camera and time."""
    scenes = [
        Scene(
            f"cam-{number}",
            LATE,
            np.arange(count * 4, dtype=np.int16).reshape(-1, 4),
            np.array(["bus"] * count, np.str_),
            np.full(count, 100, np.uint8),
            np.arange(count) + number * 2**32,
            unmeasured(count),
        )
        for number, count in enumerate(counts)
    ]
    made = rows.observations(scenes, "m").to_pylist()
    assert [(row["camera_id"], row["track_id"], row["x1"], row["y2"]) for row in made] == [
        (scene.camera_id, track, box[0], box[3])
        for scene in scenes
        for track, box in zip(scene.track_ids, scene.boxes, strict=True)
    ]
    assert {(row["day"], row["confidence"]) for row in made} <= {(date(2026, 11, 24), 100)}


@given(st.lists(st.none() | st.tuples(*[st.integers(-FASTEST, FASTEST)] * 2), max_size=8))
def test_a_velocity_is_stored_to_the_bit_and_an_unmeasured_one_is_null(told):
    """Whatever was measured stands in vx and vy, at rest as 0; where nothing was, both are NULL."""
    velocities = np.array([one or (UNMEASURED, UNMEASURED) for one in told], np.int16).reshape(-1, 2)
    columns = np.empty((len(told), 4), np.int16), np.full(len(told), "bus"), np.full(len(told), 9, np.uint8)
    scene = Scene("cam", LATE, *columns, np.arange(len(told)), velocities)
    made = rows.observations([scene], "m").select(["vx", "vy"]).to_pylist()
    assert [(row["vx"], row["vy"]) for row in made] == [one or (None, None) for one in told]


def test_a_look_keeps_its_frames_and_readings(look):
    """What became of each frame, and the readings, come back as they were said."""
    (row,) = rows.looks([look(LATE)], {"cam": 3}).to_pylist()
    assert row["frames"] == [{"offset_ms": 0, "outcome": 0}, {"offset_ms": 500, "outcome": 1}]
    assert (row["readings"], row["camera_version"]) == ([("brightness", 0.5)], 3)


def test_every_revision_lies_in_the_day_its_event_began(event):
    """An event that goes on past midnight stays in one day, where its last revision is found."""
    began = datetime(2026, 11, 23, 16, 59, tzinfo=UTC)
    made = rows.events([event(n, at=began) for n in (1, 2, 3)], {"cam": "33.74.01"}, {})
    assert set(made["day"].to_pylist()) == {date(2026, 11, 23)}
    assert len(set(made["event_id"].to_pylist())) == 1
    assert set(made["area_id"].to_pylist()) == {"33.74.01"}


def test_an_event_of_an_unknown_camera_is_refused(event):
    """An event without an area would be in none of the lists that people read."""
    with pytest.raises(KeyError):
        rows.events([event()], {}, {})
