"""What comes later adds up with what stands."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.foretelling.outlook import Outlook
from forecasting.foretelling.reconcile import Sums
from forecasting.foretelling.standing import beside
from forecasting.foretelling.why import Reasons
from lakehouse.city.areas import Area, Areas
from lakehouse.tables import QUANTILES

CITY = {"city": None, "a": "city", "b": "city", "camera:1": "a", "camera:2": "a", "camera:3": "b"}
CAMERAS = [area for area in CITY if area.startswith("camera:")]
TREE = Areas(Area(area, above, "", "", None, None, 0.0, 0.0) for area, above in CITY.items())
STEPS = 4


def outlook(means):
    """An outlook of areas, by their means, whose bands lie around these in proportion."""
    ids, values = np.array(list(means)), np.array(list(means.values()), float).reshape(-1, STEPS)
    flat = np.zeros(values.shape)
    reasons = Reasons(flat.astype("M8[h]"), values, values, {}, flat.astype(int), flat.astype(bool))
    bands, unknown = values[..., None] * np.linspace(0.5, 1.5, len(QUANTILES)), np.zeros((0, *values.shape))
    names = np.full(len(ids), "base")
    at = flat.astype("M8[h]")
    return Outlook(ids, names, at, bands, values, reasons, unknown, unknown, pd.DataFrame())


def later(means, standing):
    """The means of what comes later, by area, and whether its bands moved with them."""
    before = outlook(means)
    after = beside(before, {area: np.array(told, float) for area, told in standing.items()}, TREE, CAMERAS)
    assert np.allclose(after.bands, after.means[..., None] * np.linspace(0.5, 1.5, len(QUANTILES)))
    return dict(zip(after.ids.tolist(), after.means, strict=True))


def flat(**means):
    """The same in every step."""
    return {name.replace("_", ":"): [mean] * STEPS for name, mean in means.items()}


def test_a_total_is_the_sum_of_the_part_that_stands_and_of_the_others():
    """A district that was published apart is in the city's total as it was published."""
    found = later(flat(city=99.0, b=30.0), flat(a=50.0))
    assert found["city"].tolist() == [80.0] * STEPS
    assert found["b"].tolist() == [30.0] * STEPS


def test_parts_share_what_their_whole_stands_at():
    """In proportion to their own forecasts; evenly where they say nothing."""
    found = later(flat(camera_1=10.0, camera_2=30.0), flat(a=20.0))
    assert [found[f"camera:{n}"][0] for n in (1, 2)] == [5.0, 15.0]
    found = beside(outlook(flat(camera_1=0.0, camera_2=0.0)), {"a": np.full(STEPS, 20.0)}, TREE, CAMERAS)
    assert (found.means == 10.0).all()


def test_a_part_that_stands_is_left_out_of_what_the_others_share():
    """What is left of the whole is for the others, and never less than nothing."""
    assert later(flat(camera_2=30.0), flat(a=20.0, camera_1=8.0))["camera:2"][0] == 12.0
    assert later(flat(camera_2=30.0), flat(a=20.0, camera_1=25.0))["camera:2"][0] == 0.0


def test_what_has_nothing_to_do_with_it_stays():
    """Areas outside of what stands keep their forecast, even where theirs do not add up."""
    means = flat(b=30.0, camera_3=7.0)
    found = later(means, flat(camera_1=1.0))
    assert {area: told.tolist() for area, told in found.items()} == means


def test_steps_that_it_does_not_reach_stay():
    """A shorter forecast that stands binds the steps that it has."""
    found = later(flat(city=99.0, b=30.0), {"a": [50.0, 60.0]})
    assert found["city"].tolist() == [80.0, 90.0, 99.0, 99.0]


def test_one_that_reaches_further_binds_as_far_as_this_goes():
    """A longer forecast that stands is no hindrance."""
    found = later(flat(city=99.0, b=30.0), {"a": [50.0] * (STEPS + 3), "camera:1": [2.0]})
    assert found["city"].tolist() == [80.0] * STEPS


@settings(max_examples=60, deadline=None)
@given(st.sets(st.sampled_from([*CITY]), max_size=len(CITY) - 1), st.integers(0, 2**32 - 1))
def test_whatever_stands_all_adds_up_afterwards(first, seed):
    """Whatever part of a coherent forecast was published before, what comes later adds up with it."""
    rng, sums = np.random.default_rng(seed), Sums.of([*CITY], TREE, CAMERAS)
    stands = sums.added(rng.gamma(1, 10, (len(CAMERAS), STEPS)))
    standing = {area: stands[n] for n, area in enumerate(CITY) if area in first}
    rest = {area: rng.gamma(1, 10, STEPS) for area in CITY if area not in first}
    found = later(rest, standing) if standing else {}
    every = np.array([{**standing, **found}.get(area, np.full(STEPS, np.nan)) for area in CITY])
    if standing:
        bottom = every[sums.bottoms]
        touched = (sums.matrix[[n for n, area in enumerate(CITY) if area in first]].sum(axis=0) > 0).A1
        linked = np.asarray(sums.matrix @ touched) > 0
        assert np.allclose(every[linked], sums.added(bottom)[linked])
    assert (every[np.isfinite(every)] >= 0).all()


@pytest.mark.parametrize("standing", [{}, {"elsewhere": [1.0] * STEPS}])
def test_nothing_changes_where_nothing_stands(standing):
    """What is not in the tree binds nobody."""
    means = flat(city=99.0, a=3.0, b=30.0)
    assert {area: told.tolist() for area, told in later(means, standing).items()} == means
