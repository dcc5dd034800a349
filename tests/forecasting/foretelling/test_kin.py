"""Cold start: a new camera is forecast by its kin."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.foretelling.forecast import forecast, rehearsed_scores
from forecasting.foretelling.kin import KIN, young
from forecasting.knowing.families import families
from forecasting.knowing.panel import Panel
from forecasting.models.usual_week import UsualWeek
from lakehouse.city.areas import Areas
from lakehouse.city.cameras import _leaf
from lakehouse.synthetic import City
from lakehouse.tables import QUANTILES

KIND = "traffic.flow"
OLD = 70 * 24
WEEK = 168
MEDIAN = QUANTILES.index(0.5)


@pytest.fixture(scope="module")
def city():
    """The synthetic city, and its areas with the cameras in them."""
    made = City(7)
    return made, Areas([*made.areas, *(_leaf(camera) for camera in made.cameras.values())])


def _panel(city, new, ids, days, start="2025-08-04T17"):
    """Ten weeks of truth of some cameras, of the new ones only the last `days`, and the week that comes."""
    hours = np.arange(np.datetime64(start), np.datetime64(start) + OLD + WEEK)
    frames = []
    for area in ids:
        y = city.hours(area.removeprefix("camera:"), KIND, hours)
        kept = (np.arange(len(y)) >= OLD - days * 24) | (area not in new)
        frames.append(pd.DataFrame({"unique_id": area, "ds": hours, "y": np.where(kept, y, np.nan)}))
    whole = Panel.of(pd.concat(frames), "h", WEEK)
    return whole.cut(WEEK), whole.y[:, -WEEK:]


def test_kin_are_of_the_same_site_and_as_near_as_can_be(city):
    """In the same kelurahan first, then the kecamatan, then anywhere in the city; another site is no kin."""
    made, tree = city
    grown = [f"camera:{name}" for name in made.cameras]
    found = families(
        ["camera:tugu-muda", "camera:kalibanteng", "camera:pandanaran"], tree, made.cameras, grown
    )
    assert all(
        made.cameras[one.removeprefix("camera:")].site == "street" for one in found["camera:tugu-muda"]
    )
    assert "camera:tugu-muda" not in found["camera:tugu-muda"]
    near = families(["camera:sam-poo-kong"], tree, made.cameras, grown)
    assert near == {"camera:sam-poo-kong": ["camera:pantai-marina"]}
    assert families(["camera:unheard-of"], tree, made.cameras, grown) == {}


@pytest.mark.slow
def test_cameras_of_seven_days_beat_repeating_their_week(city):
    """Told by their kin at their own level, their error is at most 0.85 of their own seasonal naive's."""
    made, tree = city
    new = [f"camera:{name}" for name in ("dr-cipto", "ngaliyan", "srondol", "tugu-muda")]
    ids = sorted(f"camera:{one}" for one, camera in made.cameras.items() if camera.site == "street")
    ratios = []
    for start in ("2025-05-05T17", "2025-08-04T17", "2026-04-27T17"):
        panel, truth = _panel(made, new, ids, 7, start)
        chosen = young(panel)
        assert panel.ids[chosen].tolist() == new
        told = forecast(panel, [UsualWeek()], families(new, tree, made.cameras, set(ids) - set(new)))
        paths = (told.published[..., MEDIAN], panel.y[:, -WEEK:])
        off, naive = (np.abs(path - truth)[chosen].mean(axis=1) for path in paths)
        ratios.append(off / naive)
    assert np.mean(ratios) <= 0.85
    assert set(told.choice.names[chosen]) == {KIN}
    assert (np.diff(told.published[chosen], axis=-1) >= 0).all()
    scores = rehearsed_scores(told).set_index(["model", "unique_id"]).loc[KIN]
    assert set(scores.index) == set(new)
    assert (scores["mase"] < 1).all()
    assert scores["coverage80"].between(0.6, 0.95).all()


def test_a_grown_camera_is_told_by_itself(city):
    """After four weeks nobody else has a say; of a camera that was never seen nothing is told."""
    made, _ = city
    panel, _ = _panel(made, ["camera:tugu-muda"], ["camera:dr-cipto", "camera:tugu-muda"], 28)
    assert len(young(panel)) == 0
    unseen = replace(panel, y=np.where(panel.ids[:, None] == "camera:tugu-muda", np.nan, panel.y))
    assert len(young(unseen)) == 0


def test_a_young_series_without_grown_ones_is_told_by_itself(long):
    """Where all are young, there is nobody to learn from."""
    made = forecast(Panel.of(long(n=3, days=10), "h", 24), [UsualWeek()])
    assert made.young is None
    assert set(made.choice.names) == {"base"}


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.integers(1, 27), st.integers(0, 2**31), st.floats(0, 0.5))
def test_whatever_is_known_of_the_young_their_bands_are_sound(days, seed, lost):
    """With days, gaps or zeros only, every quantile is finite, not below zero and in order."""
    rng = np.random.default_rng(seed)
    hours = np.arange(8 * WEEK)
    y = rng.poisson(30 * (1 + np.sin(hours * np.pi / 12)), (5, len(hours))).astype(float)
    y[0, : -days * 24] = np.nan
    y[0, -days * 24 :] *= seed % 2
    y[rng.random(y.shape) < lost] = np.nan
    ids = [f"s{number}" for number in range(5)]
    ds = np.datetime64("2026-01-05T00") + hours
    frame = pd.DataFrame({"unique_id": np.repeat(ids, len(hours)), "ds": np.tile(ds, 5), "y": y.ravel()})
    panel = Panel.of(frame, "h", 24, origin=ds[-1] + 1)
    told = forecast(panel, [UsualWeek()]).published
    assert np.isfinite(told).all()
    assert (told >= 0).all()
    assert (np.diff(told, axis=-1) >= 0).all()


def test_the_young_learn_nothing_of_what_came_after(long):
    """Changing everything after the origin changes nothing that is told of a young series."""
    frame = long(n=4, days=70)
    frame.loc[(frame["unique_id"] == "s0") & (frame["ds"] < "2026-03-01"), "y"] = np.nan
    shuffled = frame.copy()
    after = frame["ds"] >= frame["ds"].max() - pd.Timedelta(hours=47)
    shuffled.loc[after, "y"] = 7.0
    told = [forecast(Panel.of(one, "h", 24).cut(48), [UsualWeek()]) for one in (frame, shuffled)]
    assert told[0].choice.names[0] == KIN
    assert np.array_equal(told[0].published, told[1].published)


def test_a_young_series_that_fell_silent_is_told_by_what_was_seen_of_it(long):
    """It was seen for three days, three weeks ago: they are its level and its shape."""
    frame = long(n=4, days=70)
    ds, end = frame["ds"], frame["ds"].max()
    seen = (ds > end - pd.Timedelta(days=26)) & (ds < end - pd.Timedelta(days=22))
    frame.loc[(frame["unique_id"] == "s0") & ~seen, "y"] = np.nan
    panel = Panel.of(frame, "h", 24, origin=np.datetime64(end) + np.timedelta64(1, "h"))
    assert young(panel).tolist() == [0]
    made = forecast(panel, [UsualWeek()])
    assert made.choice.names[0] == KIN
    told = made.published[0, :, MEDIAN]
    assert np.corrcoef(told, made.published[1, :, MEDIAN])[0, 1] > 0.9
    assert told.mean() == pytest.approx(made.published[1, :, MEDIAN].mean() / 2, rel=0.2)
