"""What the synthetic city's cameras count is held against its truth, minute by minute."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.scenes import Detections
from lakehouse.synthetic import City
from lakehouse.synthetic.observed import Observed
from serving.seeing import detectors
from serving.watching import observe

START = datetime(2026, 10, 7, 3, 10, tzinfo=UTC)


class Blind:
    """A detector that sees nothing."""

    model_id = "blind"

    def detect(self, images):
        """Nothing, in every picture."""
        return [Detections(np.zeros((0, 4), np.float32), np.zeros(0, "U6"), np.zeros(0, np.float32))] * len(
            images
        )


@given(recall=st.floats(0, 1), false_rate=st.floats(0, 3))
def test_recall_and_false_rate_are_recovered(recall, false_rate):
    """Values that were made with a recall and a false rate give both back."""
    truths = np.array([0.0, 1, 2, 5, 9, 14])
    seen = observe.fit(np.column_stack([truths * recall + false_rate, truths]))
    assert seen == pytest.approx({"recall": recall, "false_rate": false_rate}, abs=2e-3)


def test_who_sees_nothing_measures_zero_where_there_was_something():
    """A blind detector's minutes are zeros beside the truth, of every kind that the camera has."""
    city = City(7)
    seen = list(observe.watch(city, "tugu-muda", Blind(), START, 1))
    assert sorted(kind for kind, _, _ in seen) == sorted(city.kinds_of("tugu-muda"))
    assert all(value == 0 for _, value, _ in seen)
    assert sum(truth for _, _, truth in seen) > 0


@pytest.mark.slow
def test_the_shipped_detector_counts_what_is_there():
    """On a busy street the shipped weights count vehicles and people within 30 % of the truth."""
    pairs = list(observe.watch(City(7), "dr-cipto", detectors.load(), START, 1))
    for kind in {kind for kind, _, _ in pairs}:
        values = np.array([pair[1:] for pair in pairs if pair[0] == kind]).sum(axis=0)
        assert values[0] == pytest.approx(values[1], rel=0.3)


def test_the_shipped_card_says_how_a_past_would_have_been_seen():
    """The observation model of the card is one that the synthetic history can be seen through."""
    card = json.loads(detectors.SHIPPED.with_suffix(".json").read_text())
    assert set(Observed.of(card).kinds) == {"crowd.people", "traffic.flow", "tourism.visits"}
