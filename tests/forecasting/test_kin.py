"""Cold start: a new camera is forecast by its kin."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecasting.feast import Feast
from forecasting.forecast import forecast
from forecasting.kin import KIN, adopted, kin, young
from forecasting.models.base import Base
from forecasting.outlook import Outlook
from forecasting.panel import Panel
from lakehouse.areas import Areas
from lakehouse.cameras import _leaf
from lakehouse.synthetic import City

KIND = "traffic.flow"
OLD = 70 * 24
WEEK = 168


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
    found = kin(["camera:tugu-muda", "camera:kalibanteng", "camera:pandanaran"], tree, made.cameras, grown)
    assert all(
        made.cameras[one.removeprefix("camera:")].site == "street" for one in found["camera:tugu-muda"]
    )
    assert "camera:tugu-muda" not in found["camera:tugu-muda"]
    near = kin(["camera:sam-poo-kong"], tree, made.cameras, grown)
    assert near == {"camera:sam-poo-kong": ["camera:pantai-marina"]}
    assert kin(["camera:unheard-of"], tree, made.cameras, grown) == {}


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
        own = Outlook.of(forecast(panel, [Base()]), Feast.of(panel))
        outlook = adopted(own, panel, kin(new, tree, made.cameras, set(ids) - set(new)))
        paths = (outlook.median, panel.y[:, -WEEK:])
        off, naive = (np.abs(path - truth)[chosen].mean(axis=1) for path in paths)
        ratios.append(off / naive)
    assert np.mean(ratios) <= 0.85
    assert set(outlook.names[chosen]) == {KIN}
    assert (np.diff(outlook.bands[chosen], axis=-1) >= 0).all()
    assert not set(new) & set(outlook.scores["unique_id"])


def test_a_grown_camera_is_told_by_itself(city):
    """After four weeks nobody else has a say; of a camera that was never seen nothing is told."""
    made, _ = city
    panel, _ = _panel(made, ["camera:tugu-muda"], ["camera:dr-cipto", "camera:tugu-muda"], 28)
    assert len(young(panel)) == 0
    unseen = replace(panel, y=np.where(panel.ids[:, None] == "camera:tugu-muda", np.nan, panel.y))
    assert len(young(unseen)) == 0


def test_nothing_but_cameras_starts_cold(long):
    """A district without a past stays a district without a forecast."""
    assert len(young(Panel.of(long(n=1, days=7), "h", 24))) == 0
