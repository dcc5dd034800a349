"""Scenes rebuilt from what is stored are the scenes that the analytics saw."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from batch.replaying.footage import Footage, _of_frames
from lakehouse.landing import rows
from lakehouse.scenes import Detections, Frame, Outcome, Scene, unmeasured
from serving.watching.looks import Looks

START = datetime(2026, 11, 23, 3, 0, 4, tzinfo=UTC)
BLANK = np.zeros((90, 160, 3), np.uint8)
OUTCOMES = st.sampled_from([Outcome.LOOKED, *Outcome])
FRAMES = st.lists(st.tuples(st.integers(1, 9000), OUTCOMES, st.integers(0, 3)), min_size=1, max_size=40)


def watched(lives, version=1):
    """What streams make of frames (ms later, outcome, boxes), one after the other: scenes, and what lands."""
    at, seen, stored, looks = START, [], [], []
    for number, frames in enumerate(lives, 1):
        looking, last = Looks("cam"), None
        at += timedelta(seconds=2)
        for later_ms, outcome, count in frames:
            at += timedelta(milliseconds=later_ms)
            looks.append(looking.turn(at))
            looking.note(at, outcome)
            if outcome is Outcome.LOOKED:
                last = _scene(at, number, count)
                stored.append(last)
            elif outcome is Outcome.GATED and last is not None:
                last = last.held(at)
            if outcome in {Outcome.LOOKED, Outcome.GATED} and last is not None:
                seen.append((number, at, last))
        looks.append(looking.finish())
    landed = rows.looks([look for look in looks if look], {"cam": version}), rows.observations(stored, "m")
    return seen, *(_stamped(table) for table in landed)


def _scene(at, life, count):
    boxes = np.float32([[1 + n, 2, 30 + n, 40] for n in range(count)]).reshape(-1, 4)
    labels, sure = np.array(["car"] * count, np.str_), np.full(count, 0.5, np.float32)
    velocities = np.float32([[at.microsecond / 9 - n, -n] for n in range(count)]).reshape(-1, 2)
    velocities[1::2] = np.nan
    found = Detections(boxes, labels, sure, velocities)
    return Scene.of(Frame("cam", at, BLANK), found, life * 2**32 + np.arange(count)[::-1])


def _stamped(table):
    stamp = {"producer": "shard-0", "epoch": 1}
    for name, value in stamp.items():
        table = table.append_column(name, pa.repeat(value, table.num_rows))
    return table


def rebuilt(looks, boxes, edges):
    """The scenes between edges, a piece at a time."""
    footage = Footage("cam")
    return [one for start, stop in pairwise(edges) for one in footage.scenes(looks, boxes, start, stop)]


def told(scene):
    """A scene as values that compare."""
    columns = scene.boxes, scene.labels, scene.confidences, scene.track_ids, scene.velocities
    return [column.tolist() for column in columns]


@given(FRAMES, st.lists(st.integers(0, 200), max_size=4))
@settings(max_examples=60, deadline=None)
def test_a_streams_scenes_are_rebuilt_piece_by_piece(frames, cuts):
    """Looked at, gated, empty, dropped: each scene is as it was, wherever the reading is cut."""
    seen, looks, boxes = watched([frames])
    stop = START + timedelta(seconds=400)
    edges = sorted({START, stop, *(START + timedelta(seconds=cut) for cut in cuts)})
    found = rebuilt(looks, boxes, edges)
    assert [(scene.at, told(scene)) for _, scene in found] == [(at, told(last)) for _, at, last in seen]
    assert len({life for life, _ in found}) <= 1


@given(st.lists(FRAMES, min_size=2, max_size=3))
@settings(max_examples=40, deadline=None)
def test_lives_whose_boxes_differ_are_told_apart(lives):
    """Streams that follow one another within a producer's life are cut where track ids begin anew."""
    lives = [[(1, Outcome.LOOKED, 1), *frames, (1, Outcome.LOOKED, 1)] for frames in lives]
    seen, looks, boxes = watched(lives)
    found = rebuilt(looks, boxes, [START, START + timedelta(seconds=2000)])
    assert [life.number + 1 for life, _ in found] == [number for number, _, _ in seen]
    assert [told(scene) for _, scene in found] == [told(last) for _, _, last in seen]


def test_boxes_of_before_velocities_were_stored_are_unmeasured():
    """Where a row has NULL nothing is known of how its box moved, also while the scene is held."""
    _, looks, boxes = watched([[(500, Outcome.LOOKED, 3), (500, Outcome.GATED, 0)]])
    for name in ("vx", "vy"):
        place = boxes.schema.get_field_index(name)
        boxes = boxes.set_column(place, name, pa.nulls(boxes.num_rows, pa.int16()))
    found = rebuilt(looks, boxes, [START, START + timedelta(seconds=60)])
    assert [scene.velocities.tolist() for _, scene in found] == [unmeasured(3).tolist()] * 2


def test_streams_without_a_box_are_told_apart_where_a_look_begins_twice():
    """A camera before which nothing stands is opened anew within ten seconds: two lives."""
    frames = [(500, Outcome.LOOKED, 0)] * 2
    _, looks, boxes = watched([frames, frames])
    found = rebuilt(looks, boxes, [START, START + timedelta(seconds=60)])
    assert [life.number for life, _ in found] == [0, 0, 1, 1]


def test_another_version_of_the_camera_is_another_life():
    """A camera whose zones were changed is watched by new analytics."""
    _, first, boxes = watched([[(500, Outcome.LOOKED, 0)] * 3])
    _, second, _ = watched([[(30_500, Outcome.LOOKED, 0)] * 3], version=2)
    found = rebuilt(pa.concat_tables([first, second]), boxes, [START, START + timedelta(seconds=200)])
    assert [(life.number, life.camera_version) for life, _ in found] == [(0, 1)] * 3 + [(1, 2)] * 3


def test_that_an_analytic_had_failed_is_no_reading_of_a_frame():
    """A scene is replayed with what was read of its pictures, and without what befell others then."""
    assert _of_frames([("brightness", 0.5), ("failed traffic", 1.0)]) == {"brightness": 0.5}
    assert _of_frames(None) == {}
