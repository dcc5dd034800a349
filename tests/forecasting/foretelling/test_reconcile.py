"""Forecasts that add up."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.foretelling.outlook import Outlook
from forecasting.foretelling.reconcile import METHODS, NONE, Sums, reconcile
from forecasting.foretelling.why import Reasons
from lakehouse.city.areas import Area, Areas
from lakehouse.city.tree import semarang
from lakehouse.tables import QUANTILES

SPREAD = np.linspace(0.6, 1.5, len(QUANTILES))
SPREAD[4] = 1.0


def _hung(where):
    """The city with one camera in each of these areas."""
    cameras = [
        Area(f"camera:c{number}", area, "camera", "", None, None, 0.0, 0.0)
        for number, area in enumerate(where)
    ]
    return Areas([*semarang(), *cameras]), [camera.area_id for camera in cameras]


def _outlook(ids, median, truth, paths):
    """An outlook whose bands are alike in proportion, so that nothing but the paths matters."""
    shape = median.shape
    flat = np.zeros(shape)
    reasons = Reasons(flat.astype("M8[h]"), median, median, {}, flat.astype(int), flat.astype(bool))
    scores = pd.DataFrame({"unique_id": ids, "model": "base", "n": 1})
    scores[["mase", "rmsse", "sql", "wql", "coverage80", "coverage95"]] = 0.5
    names = np.full(len(ids), "base")
    bands = median[..., None] * SPREAD
    return Outlook(np.array(ids), names, flat.astype("M8[h]"), bands, median, reasons, truth, paths, scores)


@pytest.fixture(scope="module")
def city():
    """Every area above six cameras in three kecamatan, the sums among them, and their number of cameras."""
    where = [
        "33.74.01.1001",
        "33.74.01.1001",
        "33.74.01.1002",
        "33.74.02.1001",
        "33.74.02.1002",
        "33.74.03.1001",
    ]
    tree, cameras = _hung(where)
    ids = sorted({area for camera in cameras for area in tree.path(camera)})
    return ids, Sums.of(ids, tree, cameras), tree, cameras


def test_an_area_is_the_sum_of_the_cameras_in_it(city):
    """The city's row of the matrix has every camera, a kecamatan's its own."""
    ids, sums, _, cameras = city
    matrix = sums.matrix.toarray()
    assert matrix[ids.index("33.74")].sum() == len(cameras)
    assert matrix[ids.index("33.74.01")].sum() == 3
    assert matrix.shape == (len(ids), len(cameras))


def test_an_area_of_which_a_part_is_not_forecast_stands_for_itself(city):
    """A city of which only some kecamatan are forecast is not their sum."""
    _, _, tree, cameras = city
    assert Sums.of(["33.74", "33.74.01", "33.74.02"], tree, cameras).trivial
    assert not Sums.of(["33.74", "33.74.01", "33.74.02", "33.74.03"], tree, cameras).trivial


def test_areas_without_a_known_camera_are_no_sums(city):
    """Where nobody knows which cameras count, nothing is added up."""
    ids, _, tree, _ = city
    assert Sums.of([area for area in ids if not area.startswith("camera:")], tree, []).trivial


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(METHODS), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 1.0, 1e5]))
def test_whatever_is_said_adds_up_and_is_never_negative(method, seed, height):
    """Every method makes any path coherent to 1e-6 of the total, and keeps it above zero."""
    rng = np.random.default_rng(seed)
    tree, cameras = _hung(["33.74.01.1001", "33.74.01.1002", "33.74.02.1001", "33.74.02.1001"])
    ids = sorted({area for camera in cameras for area in tree.path(camera)})
    sums = Sums.of(ids, tree, cameras)
    path = height * rng.gamma(0.3, 1, (len(ids), 5))
    missed = rng.normal(0, 1 + height, (len(ids), 60))
    found = sums.reconciled(path, method, missed)
    assert np.allclose(found, sums.added(found[sums.bottoms]), rtol=1e-6, atol=1e-6)
    assert (found >= 0).all()


def test_a_city_of_two_thousand_cameras_adds_up():
    """2,194 areas of four levels, a day ahead."""
    kelurahan = [area.area_id for area in semarang().at_level("kelurahan")]
    tree, cameras = _hung([kelurahan[number % len(kelurahan)] for number in range(2000)])
    ids = [area.area_id for area in tree]
    sums = Sums.of(ids, tree, cameras)
    rng = np.random.default_rng(0)
    truth = sums.added(rng.gamma(1, 20, (2000, 24)))
    path = truth * np.exp(rng.normal(0, 0.2, truth.shape))
    found = sums.reconciled(path, "wls_var", truth - path)
    assert len(ids) == 2194
    assert np.abs(found - sums.added(found[sums.bottoms])).max() < 1e-6
    assert np.abs(found - truth).mean() < np.abs(path - truth).mean()


def test_bands_move_with_what_is_expected_and_stay_in_order(city):
    """The median moves as the mean does, quantiles never cross, and the means add up."""
    ids, sums, _, cameras = city
    rng = np.random.default_rng(1)
    truth = np.stack([sums.added(rng.gamma(9, 9, (len(cameras), 48))) for _ in range(3)])
    paths = truth * np.exp(rng.normal(0, 0.3, truth.shape))
    before = _outlook(ids, paths[0], truth, paths)
    after, method = reconcile(before, sums)
    assert method != NONE
    assert np.allclose(after.means, sums.added(after.means[sums.bottoms]))
    assert (np.diff(after.bands, axis=-1) >= 0).all()
    assert np.allclose(after.bands, after.median[..., None] * SPREAD)


def test_the_scores_say_what_adding_up_has_changed(city):
    """A city whose own forecast was poor, and whose cameras' were good, gets the better score."""
    ids, sums, _, cameras = city
    rng = np.random.default_rng(2)
    truth = np.stack([sums.added(rng.gamma(9, 9, (len(cameras), 48))) for _ in range(3)])
    noise = np.where(np.array(ids) == "33.74", 0.5, 0.02)[:, None]
    paths = truth * np.exp(noise * rng.normal(0, 1, truth.shape))
    after, _ = reconcile(_outlook(ids, paths[0], truth, paths), sums)
    assert after.scores.set_index("unique_id").loc["33.74", "mase"] < 0.25


def test_what_does_not_add_up_is_left_alone(city):
    """Where every way of adding up costs more than a twentieth of the accuracy, nothing is changed."""
    ids, sums, _, _ = city
    rng = np.random.default_rng(3)
    truth = np.stack([rng.gamma(9, 9, (len(ids), 48)) for _ in range(3)])
    before = _outlook(ids, truth[0], truth, truth * np.exp(rng.normal(0, 0.01, truth.shape)))
    after, method = reconcile(before, sums)
    assert method == NONE
    assert after is before
