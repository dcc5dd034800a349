"""A few power cuts, run as the many are."""

import powercut
import pytest


@pytest.mark.slow
@pytest.mark.skipif(powercut.obstacle() is not None, reason=str(powercut.obstacle()))
def test_a_few_power_cuts(run_proof):
    """After each cut all that was acknowledged is there, and without syncing something is not."""
    status, said = run_proof("powercut.py", "--cuts=2", "--control-cuts=2")
    assert status == 0, said
