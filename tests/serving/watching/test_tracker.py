"""The tracker: one id for one thing, at one or two frames a second."""

import pickle
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.scenes import LABELS, VEHICLES, Detections, Frame, Scene
from lakehouse.synthetic import City
from serving.analytic import instances
from serving.watching.tracker import LOST_S, Tracker

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
SIZE = (640, 360)
BLANK = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)

BOX = st.tuples(st.floats(0, 600), st.floats(0, 340), st.floats(2, 200), st.floats(2, 200))
FOUND = st.lists(st.tuples(BOX, st.sampled_from([*LABELS, "cat"]), st.floats(0, 1)), max_size=8)


def _found(*things):
    """Detections of (label, x, y) or (label, x, y, width, height), the middles in pixels."""
    rows = [(*thing, 40, 20)[:5] if len(thing) == 3 else thing for thing in things]
    boxes = [(x - w / 2, y - h / 2, x + w / 2, y + h / 2) for _, x, y, w, h in rows]
    labels = np.array([row[0] for row in rows], np.str_)
    return Detections(np.float32(boxes).reshape(-1, 4), labels, np.full(len(rows), 0.9, np.float32))


def _ids(tracker, *scenes, fps=2.0):
    """The ids of each scene's things."""
    return [
        tracker.follow(START + timedelta(seconds=number / fps), scene, SIZE)[1].tolist()
        for number, scene in enumerate(scenes)
    ]


def test_a_motorcycle_that_leaps_is_one_track():
    """A thing that moves by one and a half of its lengths between frames keeps its id."""
    scenes = [_found(("motorcycle", 50 + 60 * number, 200)) for number in range(9)]
    assert {track for (track,) in _ids(Tracker(1), *scenes)} == {2**32}


def test_two_that_meet_keep_their_ids():
    """Vehicles of the two directions pass one another without swapping."""
    scenes = [_found(("car", 60 + 50 * n, 200), ("car", 560 - 50 * n, 215)) for n in range(11)]
    ids = _ids(Tracker(1), *scenes)
    assert len({tuple(pair) for pair in ids}) == 1


def test_a_missed_frame_does_not_end_a_track():
    """A thing that was not found once or twice is found again where it went."""
    places = [_found(("car", 60 + 45 * n, 200)) for n in range(10)]
    places[4] = places[5] = _found()
    ids = [track for scene in _ids(Tracker(1), *places) for track in scene]
    assert len(set(ids)) == 1


def test_a_label_that_flickers_keeps_its_id():
    """A vehicle is the same one whether it is called a car or a truck."""
    scenes = [_found((label, 100 + 20 * n, 200)) for n, label in enumerate(("car", "truck", "bus", "car"))]
    assert len({track for (track,) in _ids(Tracker(1), *scenes)}) == 1


def test_a_person_is_no_vehicle():
    """A rider and the motorcycle below have tracks of their own."""
    scenes = [
        _found(("motorcycle", 100 + 30 * n, 200), ("person", 100 + 30 * n, 185, 15, 35)) for n in range(4)
    ]
    ids = _ids(Tracker(1), *scenes)
    assert len({tuple(pair) for pair in ids}) == 1
    assert len(set(ids[0])) == 2


def test_what_left_the_picture_is_over():
    """A car that drove out is not continued by the next one that drives in."""
    leaving = [_found(("car", 440 + 60 * n, 200)) for n in range(4)]
    ids = _ids(Tracker(1), *leaving, _found(), _found(("car", 600, 200)))
    assert ids[-1][0] not in ids[0]


def test_what_comes_nearer_speeds_up():
    """A car that drives at the camera keeps its id although it grows and leaps."""
    depths = [60, 50, 40, 30, 20, 13]
    scenes = [_found(("car", 320, 100 + 2400 / depth, 1400 / depth, 1200 / depth)) for depth in depths]
    assert len({track for (track,) in _ids(Tracker(1), *scenes)}) == 1


def test_one_thing_with_two_names_is_kept_once():
    """A vehicle that the engine calls a car and a truck at once is one thing: the surer one."""
    found = Detections(
        np.float32([[10, 10, 50, 40], [11, 10, 51, 41], [12, 11, 50, 40]]),
        np.array(["truck", "car", "person"]),
        np.float32([0.6, 0.8, 0.5]),
    )
    kept, ids = Tracker(1).follow(START, found, SIZE)
    assert kept.labels.tolist() == ["car", "person"]
    assert len(ids) == 2


def test_lives_never_share_an_id():
    """The next life of a producer begins with ids that the last one never used."""
    scenes = [_found(("car", 100, 100), ("person", 300, 200)) for _ in range(3)]
    first, second = (_ids(Tracker(epoch), *scenes) for epoch in (1, 2))
    assert not set(np.ravel(first)) & set(np.ravel(second))
    assert min(np.ravel(second)) == 2 * 2**32


def _moving(found, *velocities):
    """The same with measured velocities."""
    return replace(found, velocities=np.float32(velocities).reshape(-1, 2))


@pytest.mark.parametrize("fps", [5.0, 2.0, 1.0])
def test_a_queue_at_fourteen_sizes_a_second_keeps_its_ids(fps):
    """Cars that leap over the place of the next are told apart by their velocities."""
    tracker, ids = Tracker(1), {}
    for number in range(round(6 * fps)):
        begins = [400 * number / fps - 240 * car for car in range(8)]
        there = {car: x for car, x in enumerate(begins) if 0 <= x <= 640}
        found = _moving(_found(*(("car", x, 200) for x in there.values())), *([400, 0] for _ in there))
        got = tracker.follow(START + timedelta(seconds=number / fps), found, SIZE)[1]
        for car, track in zip(there, got.tolist(), strict=True):
            ids.setdefault(car, set()).add(track)
    assert len(ids) == 8
    assert all(len(tracks) == 1 for tracks in ids.values())


def test_what_moves_the_other_way_is_another_thing():
    """A box where a car is expected, but whose velocity is opposite, begins a track."""
    first = _moving(_found(("car", 200, 200)), [200, 0])
    second = _moving(_found(("car", 300, 200)), [-200, 0])
    (one,), (other,) = _ids(Tracker(1), first, second)
    assert one != other


@pytest.mark.parametrize("hidden_s", [1, 2, 3, 4])
@pytest.mark.parametrize("measured", [True, False])
def test_who_was_behind_a_pillar_is_the_same(hidden_s, measured):
    """A walker who comes out where time, place and velocity say so keeps the id."""
    scenes, end = [], 4 + hidden_s
    for number in range(2 * end + 6):
        at_s = number / 2
        there = _found(("person", 60 + 40 * at_s, 200, 20, 50)) if not 3 < at_s < 3 + hidden_s else _found()
        scenes.append(_moving(there, *[[40, 0]] * len(there)) if measured else there)
    assert len({track for scene in _ids(Tracker(1), *scenes) for track in scene}) == 1


def test_the_frames_say_how_much_time_went_by():
    """A walker is the same at looks that are 0.1 s and 2 s apart."""
    tracker, ids = Tracker(1), set()
    for at_s in (0, 0.1, 0.2, 1, 3, 3.1, 5):
        found = _moving(_found(("person", 60 + 90 * at_s, 200, 20, 50)), [90, 0])
        ids |= set(tracker.follow(START + timedelta(seconds=at_s), found, SIZE)[1].tolist())
    assert len(ids) == 1


@pytest.mark.parametrize("fps", [10.0, 5.0])
def test_two_boxes_of_one_person_do_not_take_turns(fps):
    """At many looks a second a second, passing box beside a person does not take the person's id."""
    tracker, ids = Tracker(1), []
    for number in range(40):
        boxes = [("person", 100 + 60 * number / fps, 200, 40, 100)]
        if number % 3 == 1:
            boxes.append(("person", 122 + 60 * number / fps, 203, 52, 96))
        ids.append(tracker.follow(START + timedelta(seconds=number / fps), _found(*boxes), SIZE)[1][0])
    assert len(set(ids)) == 1


def test_what_is_dropped_takes_its_velocity_along():
    """Of a thing with two names the surer one's velocity is kept."""
    boxes, names = np.float32([[10, 10, 50, 40], [11, 10, 51, 41]]), np.array(["truck", "car"])
    found = Detections(boxes, names, np.float32([0.6, 0.8]), np.float32([[1, 2], [3, 4]]))
    assert Tracker(1).follow(START, found, SIZE)[0].velocities.tolist() == [[3, 4]]


@given(script=st.lists(FOUND, min_size=1, max_size=12), cut=st.integers(0, 12))
@settings(max_examples=60, deadline=None)
def test_ids_are_one_to_a_box_and_survive_a_move(script, cut):
    """Every kept box has an id of its own, and a tracker that was pickled gives the same ids."""
    whole, moved = Tracker(3), Tracker(3)
    for number, things in enumerate(script):
        if number == cut:
            moved = pickle.loads(pickle.dumps(moved))  # noqa: S301 - it was made here
        boxes = np.float32([(x, y, x + w, y + h) for (x, y, w, h), _, _ in things]).reshape(-1, 4)
        labels = np.array([label for _, label, _ in things], np.str_)
        found = Detections(boxes, labels, np.float32([sure for _, _, sure in things]))
        at = START + timedelta(seconds=0.5 * number)
        (kept, ids), (_, again) = whole.follow(at, found, SIZE), moved.follow(at, found, SIZE)
        assert ids.tolist() == again.tolist()
        assert len(set(ids.tolist())) == len(kept)
        assert all(track >> 32 == 3 for track in ids.tolist())
        assert set(found.labels) - set(VEHICLES) == set(kept.labels) - set(VEHICLES)


def test_tracks_are_forgotten():
    """What was not seen for long is forgotten, so that the state stays small."""
    tracker = Tracker(1)
    for number in range(300):
        x, y = 30 + 57 * number % 580, 30 + 83 * number % 300
        tracker.follow(START + timedelta(seconds=number), _found(("person", x, y, 8, 20)), SIZE)
    assert len(tracker._people) <= LOST_S + 1


def _boxes(city, camera, at, random, missed, jitter):
    """The things of a moment as an engine finds them that misses some, and is a little off."""
    labels, boxes = [], []
    for thing in city.moment(camera.camera_id, at).things:
        sine, cosine = np.sin(thing.heading), np.cos(thing.heading)
        corners = [
            (thing.x + along * sine + aside * cosine, thing.y + along * cosine - aside * sine, up)
            for along in (-thing.length / 2, thing.length / 2)
            for aside in (-thing.width / 2, thing.width / 2)
            for up in (0, thing.height)
        ]
        shares = camera.calibration.project(corners)
        low, high = shares.min(axis=0), shares.max(axis=0)
        seen = np.prod(np.clip(high, 0, 1) - np.clip(low, 0, 1)) > 0.35 * np.prod(high - low)
        if seen and random.random() >= missed:
            off = random.normal(0, jitter, 4) * np.tile(high - low, 2)
            boxes.append((np.concatenate([low, high]) + off).clip(0, 1) * [*SIZE, *SIZE])
            labels.append(thing.label)
    found = np.float32(boxes).reshape(-1, 4)
    return Detections(found, np.array(labels, np.str_), np.full(len(found), 0.8, np.float32))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("camera_id", "kind"),
    [("tugu-muda", "traffic.flow"), ("kalibanteng", "traffic.flow"), ("lawang-sewu", "tourism.visits")],
)
def test_counts_over_a_line_are_the_truth(camera_id, kind):
    """With one box in ten missing and corners off by 3 %, ten minutes are within 15 % of the truth."""
    city, random = City(7), np.random.default_rng(1)
    camera = city.cameras[camera_id]
    analytics, tracker = instances(camera), Tracker(1)
    start = datetime(2026, 10, 7, 2, 0, tzinfo=UTC)
    counted = 0.0
    for number in range(10 * 120 + 1):
        at = start + timedelta(seconds=number / 2)
        found, ids = tracker.follow(at, _boxes(city, camera, at, random, 0.1, 0.03), SIZE)
        scene = Scene.of(Frame(camera_id, at, BLANK), found, ids)
        told = [output for analytic in analytics for output in analytic.see(scene)]
        counted += sum(one.value for one in told if one.kind == kind)
    truth = city.minutes(camera_id, kind, start, start + timedelta(minutes=10)).sum()
    assert truth > 20
    assert counted == pytest.approx(truth, rel=0.15)


def test_walkers_are_followed_as_if_nobody_had_measured():
    """What is followed in a walker's box is half of it street: a wrong velocity takes no track away."""
    scenes = [_found(("person", 100 + 20 * step, 200)) for step in range(6)]
    wrong = [replace(scene, velocities=np.float32([[-300, 200]])) for scene in scenes]
    assert _ids(Tracker(1), *wrong) == _ids(Tracker(1), *scenes) == [[2**32]] * 6
