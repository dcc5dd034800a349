"""Lebaran: aligned by the feast, be its date only estimated."""

import logging
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from forecasting.foretelling.feast import Feast
from forecasting.foretelling.forecast import forecast
from forecasting.foretelling.why import Reasons
from forecasting.knowing import series
from forecasting.knowing.panel import Panel
from forecasting.models.boosted import Boosted
from forecasting.models.usual_week import UsualWeek
from lakehouse.city.feasts import eids
from lakehouse.clock import CITY_ZONE, city_day
from lakehouse.store import Lake
from lakehouse.synthetic import City
from lakehouse.tables import TABLES

ORIGIN = datetime(2027, 3, 9, tzinfo=CITY_ZONE)
"""The eve of Lebaran."""
WEEK = 168


def _area_hours(city, kind, first, last):
    """The truth of the city and its kecamatan from one hour to another (UTC), as rows of area_hours."""
    hours = np.arange(first, last, dtype="M8[h]")
    totals = {}
    for camera_id, camera in city.cameras.items():
        if kind in city.kinds_of(camera_id):
            seen = city.hours(camera_id, kind, hours)
            for area in city.areas.path(camera.area_id)[1:]:
                totals[area] = totals.get(area, 0) + seen
    at = hours.astype("M8[us]").astype(datetime)
    at = [moment.replace(tzinfo=UTC) for moment in at]
    days = [city_day(moment) for moment in at]
    same = {"kind": kind, "reason": None, "origin": "synthetic", "source_version": 0, "coverage": 1.0}
    same |= {"cameras_reporting": 1, "cameras_total": 1}
    return pa.concat_tables(
        pa.table(
            {"day": days, "hour": at, "area_id": [area] * len(at), "seen": values, "value": values}
            | {name: [value] * len(at) for name, value in same.items()},
            schema=TABLES["area_hours"].schema,
        )
        for area, values in totals.items()
    )


@pytest.fixture(scope="module", params=["traffic.flow", "tourism.visits"])
def lebaran(request, tmp_path_factory):
    """The panel on the eve of Lebaran 2027, from a lake with hours since 2025, and the truth of that week."""
    lake = Lake.create(tmp_path_factory.mktemp("lebaran") / "lake")
    origin = np.datetime64(ORIGIN.astimezone(UTC).replace(tzinfo=None), "h")
    rows = _area_hours(City(7), request.param, np.datetime64("2025-01-01T00"), origin + WEEK)
    lake.append("area_hours", rows)
    areas = rows["area_id"].unique().to_pylist()
    panel = series.panel(lake, request.param, areas, ORIGIN, WEEK)
    later = series.panel(lake, request.param, areas, ORIGIN + timedelta(hours=WEEK), WEEK)
    return panel, later.y[:, -WEEK:]


def _by_day(hours):
    return hours.reshape(-1, 24).sum(axis=1)


def _prophet(panel):
    """The days of the city as Prophet with the country's holidays foretells them."""
    logging.getLogger("prophet.plot").disabled = True
    from prophet import Prophet

    whole = panel.y[0, panel.steps % 24 :]
    days = pd.date_range(end=ORIGIN.replace(tzinfo=None), periods=len(whole) // 24 + 1)[:-1]
    curve = Prophet(uncertainty_samples=0)
    curve.add_country_holidays("ID")
    curve.fit(pd.DataFrame({"ds": days, "y": _by_day(whole)}))
    ahead = pd.date_range(ORIGIN.replace(tzinfo=None), periods=7)
    return curve.predict(pd.DataFrame({"ds": ahead}))["yhat"].to_numpy()


def test_lebaran_2027_is_only_estimated():
    """This is the year whose feast other models drop."""
    assert [(eid.day.isoformat(), eid.estimated) for eid in eids(2027)] == [("2027-03-10", True)]


@pytest.mark.slow
def test_a_lebaran_of_an_estimated_date_has_its_effect(lebaran):
    """The city's days from Eid on are missed by a fifth of what Prophet with country holidays misses."""
    panel, truth = lebaran
    feast = Feast.of(panel)
    ordinary = feast.without(panel)
    path = Boosted().fit(ordinary).predict(ordinary)
    assert panel.ids[0] == "33.74"
    came, said = _by_day(truth[0]), _by_day(feast.upon(np.repeat(path[..., None], 9, axis=-1))[0, :, 4])
    off, theirs = (np.abs(days - came)[1:].sum() for days in (said, _prophet(panel)))
    assert off <= 0.2 * theirs


def test_the_sentence_names_the_feast(lebaran):
    """In both languages, on its second day."""
    panel, _ = lebaran
    feast = Feast.of(panel)
    made = forecast(feast.without(panel), [UsualWeek()])
    median = feast.upon(made.published)[..., 4]
    why = list(Reasons.of(made, feast).sentences(median, made.choice.names, {"id": "x", "en": "x"}))
    assert "the days around Eid" in why[36]["en"]
    assert "sekitar Lebaran" in why[36]["id"]


def test_what_comes_after_the_origin_changes_no_feast(lebaran):
    """The effect is learnt from earlier feasts alone."""
    panel, _ = lebaran
    before, now = Feast.of(panel.cut(48)).effect[:, -200:], Feast.of(panel).effect[:, -248:-48]
    assert np.any(before)
    assert np.allclose(before, now, atol=1e-3)


def test_a_feast_of_few_years_makes_a_wider_band(lebaran):
    """The mean of two feasts is itself unsure."""
    panel, _ = lebaran
    feast = Feast.of(panel)
    bands = np.exp(np.linspace(-0.4, 0.4, 9)) * np.full((len(panel.ids), WEEK, 1), 1000.0)
    upon = feast.upon(bands)
    assert (np.diff(upon, axis=-1) >= 0).all()
    assert np.median(upon[:, 48, -1] / upon[:, 48, 0]) > bands[0, 0, -1] / bands[0, 0, 0]


def test_without_a_calendar_there_is_no_feast(long):
    """Any other series stays as it is."""
    panel = Panel.of(long(), "h", 24)
    assert Feast.of(panel).idle
    assert Feast.of(panel).without(panel) is panel
