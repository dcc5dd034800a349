"""The sentence: true of what is published, whichever models are behind it."""

import numpy as np
import pytest

from forecasting.foretelling.why import Reasons

UNIT = {"id": "orang", "en": "people"}
MONDAY_TEN = np.array([["2026-11-23T10"]], dtype="M8[h]")


def _reasons(usual, own, moved, day=-1, *, wet=False):
    """Of one step on a Monday at ten."""
    one = {cause: np.array([[np.log(factor)]]) for cause, factor in moved.items()}
    flags = np.array([[day]]), np.array([[wet]])
    return Reasons(MONDAY_TEN, np.array([[float(usual)]]), np.array([[float(own)]]), one, *flags)


def _said(reasons, value, model="boosted", scenario=""):
    return next(reasons.sentences(np.array([[float(value)]]), [model], UNIT, scenario))


def test_causes_are_told_by_their_strength_and_weak_ones_left_out():
    """In both languages, with the sign that each has."""
    said = _said(_reasons(100, 90, {"level": 0.8, "trend": 1.125, "calendar": 1.01}), 90)
    assert said["en"] == (
        "90 people, 10% below the usual for a Monday 10:00: "
        "the last days' level \N{MINUS SIGN}20%, the trend +12%."
    )
    assert (
        said["id"]
        == "90 orang, 10% di bawah biasanya Senin 10.00: keramaian terakhir \N{MINUS SIGN}20%, tren +12%."
    )


def test_the_calendar_and_the_rain_are_called_by_their_names():
    """A holiday is a holiday, and wet weather is rain."""
    said = _said(_reasons(100, 60, {"calendar": 0.75, "weather": 0.8}, day=1, wet=True), 60)
    assert "the holiday \N{MINUS SIGN}25%, rain \N{MINUS SIGN}20%" in said["en"]
    assert "hari libur \N{MINUS SIGN}25%, hujan \N{MINUS SIGN}20%" in said["id"]


def test_the_rest_of_a_blend_is_told_as_such():
    """What the boosting cannot explain of a blend is what the other models say."""
    said = _said(_reasons(100, 126, {"level": 1.05, "others": 1.2}), 126, model="blend")
    assert "the other models of the blend +20%, the last days' level +5%" in said["en"]


def test_a_model_without_causes_is_told_by_its_method():
    """Prophet alone has only its pattern to name."""
    said = _said(_reasons(100, 126, {"level": 1.0, "others": 1.26}), 126, model="prophet")
    assert said["en"].endswith(
        "26% above the usual for a Monday 10:00: the pattern of the last twelve weeks."
    )


def test_agreement_between_areas_is_a_cause_of_its_own():
    """What is published may differ from what the model said, as areas add up."""
    said = _said(_reasons(100, 100, {}), 90)
    assert (
        said["en"]
        == "90 people, 10% below the usual for a Monday 10:00: agreement between the areas \N{MINUS SIGN}10%."
    )


def test_what_is_supposed_stands_first():
    """Nobody takes a scenario for the forecast."""
    said = _said(_reasons(100, 100, {}), 100, scenario="rain=20mm")
    assert said == {
        "id": "Andaikan rain=20mm: 100 orang, seperti biasanya Senin 10.00.",
        "en": "If rain=20mm: 100 people, as usual for a Monday 10:00.",
    }


@pytest.mark.parametrize("usual", [0.0, np.nan])
def test_without_a_usual_nothing_is_compared(usual):
    """Nothing is divided by nothing."""
    assert "inf" not in _said(_reasons(usual, 5, {}), 5)["en"]
    assert "nan" not in _said(_reasons(usual, 5, {}), 5)["en"]
