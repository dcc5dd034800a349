"""Small storms, run as the large ones are."""

import pytest


@pytest.mark.slow
def test_a_storm_on_a_disk(run_proof):
    """Killed again and again nothing is lost or twice, and without the fence something is."""
    only = ("--control-kills=60", "--s3-kills=0", "--ray-kills=0")
    status, said = run_proof("storm.py", "--no-everywhere", "--kills=15", "--rows=1500", *only)
    assert status == 0, said
    assert "| shares lost | 0 |" in said


@pytest.mark.slow
def test_a_storm_on_an_object_store(run_proof):
    """The same holds in a bucket."""
    status, said = run_proof("storm.py", "--kills=0", "--control-kills=0", "--s3-kills=2", "--ray-kills=0")
    assert status == 0, said


@pytest.mark.slow
@pytest.mark.ray
def test_a_storm_on_a_cluster(run_proof):
    """The same holds where a driver and a worker of Ray are killed."""
    status, said = run_proof("storm.py", "--kills=0", "--control-kills=0", "--s3-kills=0", "--ray-kills=2")
    assert status == 0, said
