"""How many detector replicas the cameras ask for."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.scaling.autoscaling import OFFERED, OfferedFrames


def contexts(offered, least=1, most=8):
    """What Serve hands to a policy."""
    detector = SimpleNamespace(capacity_adjusted_min_replicas=least, capacity_adjusted_max_replicas=most)
    shards = SimpleNamespace(aggregated_metrics={OFFERED: offered} if offered is not None else None)
    return {Identity("Detector"): detector, Identity("Shard"): shards}


class Identity:
    """What Serve knows a deployment by."""

    def __init__(self, name):
        self.name = name


def replicas(policy, asked):
    """The detector replicas that a policy asks for."""
    (count,) = policy(asked)[0].values()
    return count


def test_replicas_follow_what_is_offered():
    """Replicas are what the offered frames of all shards fill to the planned share."""
    policy = OfferedFrames(fps_a_replica=10, filled=0.8)
    assert replicas(policy, contexts({"a": 10.0, "b": 14.0})) == 3
    assert replicas(policy, contexts({"a": 0.5})) == 1
    assert replicas(policy, contexts({"a": 500.0})) == 8


@pytest.mark.parametrize("offered", [None, {}])
def test_unknown_is_not_zero(offered):
    """While no shard has reported, the replicas stay as they are."""
    assert OfferedFrames(fps_a_replica=10)(contexts(offered)) == ({}, {})


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=5), st.integers(1, 3), st.integers(3, 9))
def test_replicas_stay_within_their_bounds(rates, least, most):
    """Whatever is offered, the count lies within the deployment's bounds."""
    asked = contexts(dict(enumerate(rates)), least, most)
    assert least <= replicas(OfferedFrames(fps_a_replica=15), asked) <= most


@pytest.mark.parametrize("numbers", [{"fps_a_replica": 0}, {"fps_a_replica": 5, "filled": 1.5}])
def test_senseless_numbers_are_refused(numbers):
    """A policy that could never be right does not start."""
    with pytest.raises(ValueError, match="must be above 0"):
        OfferedFrames(**numbers)


def test_the_policy_imports_nothing_heavy():
    """Serve's controller loads the policy without Ray, models, tables or the web."""
    heavy = "ray torch fastapi deltalake pyarrow numpy openvino cv2"
    code = (
        f"import sys, serving.scaling.autoscaling; print([m for m in '{heavy}'.split() if m in sys.modules])"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )
