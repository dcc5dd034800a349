"""The catalogue: what an analytic must be, whom it finds, and what it writes into the table kinds."""

import gc
from datetime import UTC, datetime
from threading import Barrier, Thread, current_thread

import pytest

from lakehouse.city.cameras import WHOLE_PICTURE, Camera, Purpose
from lakehouse.problem import BadAnalytic
from lakehouse.store import Lake
from serving import analytic
from serving.analytic import Analytic, Both, EventKind, Quantity, check, found, instances, kinds, publish
from serving.analytics.crowd import Crowd

WORDS = Both("Bising", "Noise")
LEVEL = Quantity("level", WORDS, Both("dB", "dB"), summed="mean", additive=False)


def _class(name="Noise", above=Analytic, **changed):
    """An analytic as its author writes it, with some of it changed."""
    body = {"kind": "noise", "theme": "health", "title": WORDS, "quantities": (LEVEL,), "see": lambda *_: ()}
    return type(name, (above,), {"__module__": "dinas.noise", **body, **changed})


@pytest.fixture(autouse=True)
def forgotten():
    """No class of one test is found by the next, nor by whoever asks for the catalogue later."""
    analytic.catalogue()
    yield
    gc.collect()


@pytest.fixture(autouse=True, scope="module")
def little_to_collect():
    """What was there before is left aside: looked through after every test, it took longer than the tests."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def test_one_that_is_as_it_must_be_passes():
    """Every analytic here, and a plain one of somebody's."""
    for one in (*found().usable.values(), _class()):
        check(one)


@pytest.mark.parametrize(
    ("changed", "attribute", "rule"),
    [
        ({"kind": "noise level"}, "kind = 'noise level'", "small letters"),
        ({"kind": "noise.level"}, "kind", "small letters"),
        ({"kind": None}, "kind = None", "small letters"),
        ({"theme": "parking"}, "theme = 'parking'", "crowd, traffic"),
        ({"title": "Noise"}, "title = 'Noise'", "Both"),
        ({"title": Both("", "Noise")}, "title", "empty"),
        ({"quantities": ()}, "quantities", "measures nothing"),
        ({"quantities": [LEVEL]}, "quantities", "a tuple"),
        ({"quantities": (LEVEL, LEVEL)}, "'level'", "two of them"),
        ({"quantities": (LEVEL,), "events": (EventKind("level", WORDS),)}, "'level'", "two of them"),
        ({"quantities": (Quantity("l", WORDS, WORDS, "median", additive=False),)}, "'median'", "sum, mean"),
        ({"quantities": (Quantity("a b", WORDS, WORDS, "sum", additive=False),)}, "'a b'", "small letters"),
        ({"quantities": (Quantity("l", WORDS, "dB", "sum", additive=False),)}, "unit = 'dB'", "Both"),
        ({"quantities": (Quantity("l", WORDS, WORDS, "sum", additive=None),)}, "additive = None", "True"),
        ({"zone": "people"}, "zone = 'people'", "Purpose"),
        ({"zone": ()}, "zone = ()", "Purpose"),
        ({"labels": "person"}, "labels = 'person'", "tuple"),
        ({"state": "retired"}, "state = 'retired'", "stable"),
        ({"version": 1}, "version = 1", "text"),
        ({"settings_class": dict}, "settings_class", "subclass"),
    ],
)
def test_one_that_is_not_is_named_with_attribute_value_and_rule(changed, attribute, rule):
    """The message says which class, which attribute, its value, the rule, and what to do."""
    with pytest.raises(BadAnalytic) as told:
        check(_class(**changed))
    assert "dinas.noise.Noise." in str(told.value)
    assert attribute in str(told.value)
    assert rule in str(told.value)
    assert told.value.remedy


def test_every_concrete_descendant_is_found():
    """A subclass of another analytic is one too; an abstract one between them is none."""
    between = type("Between", (Analytic,), {"__module__": "dinas.noise"})
    below = _class("Below", between, kind="below")
    stricter = type("Stricter", (Crowd,), {"__module__": "dinas.noise", "kind": "stricter"})
    usable = found().usable
    assert (usable["below"], usable["stricter"]) == (below, stricter)
    assert between not in usable.values()


def test_one_that_is_broken_is_left_out_and_the_others_go_on():
    """A class that is not as it must be, or is called as another is, is left out with its reason."""
    broken = _class("Broken", kind="Noise Level"), _class("Impostor", kind="crowd")
    usable, left_out = found()
    assert usable["crowd"] is Crowd
    said = " ".join(map(str, left_out))
    assert "Broken.kind" in said
    assert "Impostor.kind = 'crowd'" in said
    assert set(usable) == {"crowd", "tourism", "traffic"}
    del broken


def test_zones_of_several_purposes(camera_of_zones, monkeypatch):
    """An analytic may be for zones of more than one purpose, in the camera's order."""
    for zone in ((Purpose.ROAD, Purpose.PEOPLE), frozenset({Purpose.ROAD, Purpose.PEOPLE})):
        both = _class(zone=zone)
        monkeypatch.setattr(analytic, "catalogue", lambda both=both: {"noise": both})
        assert [one.zone_of_camera.zone_id for one in instances(camera_of_zones)] == [
            "people",
            "flow",
            "road",
        ]


@pytest.fixture
def camera_of_zones():
    """A camera for which nobody drew zones."""
    return Camera(
        camera_id="cam-1", valid_from=datetime(2026, 11, 23, tzinfo=UTC), name="x", owner="x", site="street",
        area_id="33.74", lat=-7, lon=110, source="test", width=160, height=90, zones=WHOLE_PICTURE,
    )  # fmt: skip


@pytest.fixture
def lake(tmp_path):
    """An empty lake."""
    return Lake.create(tmp_path / "lake")


def _states(lake):
    return {row["kind"]: (row["state"], row["forecast"]) for row in lake.read("kinds").to_pylist()}


def test_what_others_wrote_stays_and_what_is_gone_is_retired(lake, monkeypatch):
    """A watcher adds its kinds; only who speaks for the city retires, and what comes back is whole again."""
    counted = Quantity("level", WORDS, WORDS, summed="sum", additive=True, forecast=True)
    more = {**analytic.catalogue(), "noise": _class(quantities=(counted,))}
    before = analytic.catalogue()
    monkeypatch.setattr(analytic, "catalogue", lambda: more)
    publish(lake)
    assert _states(lake)["noise.level"] == ("stable", True)
    monkeypatch.setattr(analytic, "catalogue", lambda: before)
    assert publish(lake) is None
    assert _states(lake)["noise.level"] == ("stable", True)
    assert publish(lake, retire=True) is not None
    assert publish(lake, retire=True) is None
    assert _states(lake)["noise.level"] == ("retired", False)
    assert _states(lake)["crowd.people"] == ("stable", True)
    monkeypatch.setattr(analytic, "catalogue", lambda: more)
    publish(lake)
    assert _states(lake)["noise.level"] == ("stable", True)


def test_two_that_publish_at_once_both_keep_theirs(lake, monkeypatch):
    """Installations with different analytics write the same table at the same moment, again and again."""
    of, barrier, mine = {}, Barrier(4), kinds()
    for name in ("one", "two", "three", "four"):
        rows = mine.slice(0, 1).to_pylist()[0] | {"kind": f"{name}.level", "analytic": name}
        of[name] = type(mine).from_pylist([*mine.to_pylist(), rows], mine.schema)

    def write():
        barrier.wait()
        publish(Lake.open(lake.root))

    monkeypatch.setattr(analytic, "kinds", lambda: of[current_thread().name])
    writers = [Thread(target=write, name=name) for name in of]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert {f"{name}.level" for name in of} < set(_states(lake))
    assert len(_states(lake)) == lake.read("kinds").num_rows == mine.num_rows + len(of)
