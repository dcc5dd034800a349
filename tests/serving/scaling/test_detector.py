"""The detector replicas, as their callers hold them."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.scaling.detector import MOST_BYTES, RemoteDetector, parts
from serving.seeing import detectors
from serving.seeing.local import LocalDetector

SIZES = st.lists(st.integers(1, MOST_BYTES * 2), max_size=12)


def picture(size):
    """A picture of so many bytes, which takes none."""
    return np.broadcast_to(np.uint8(0), size)


@given(SIZES)
def test_pictures_are_cut_into_messages(sizes):
    """All pictures go, in order, in parts that fit into a message; too large a one goes alone."""
    cut = [[one.nbytes for one in part] for part in parts([picture(size) for size in sizes])]
    assert [size for part in cut for size in part] == sizes
    assert all(sum(part) <= MOST_BYTES or len(part) == 1 for part in cut)


class Handle:
    """Serve's handle, which notes how it was called."""

    def __init__(self):
        self.by_reference, self.sizes = [], []
        self.detect = SimpleNamespace(remote=self._detect)

    def options(self, *, _by_reference):
        """The same handle, called another way."""
        self.by_reference.append(_by_reference)
        return self

    def _detect(self, images):
        self.sizes.append(len(images))
        return SimpleNamespace(result=lambda timeout_s: [(len(images), timeout_s)] * len(images))


def test_what_fits_goes_by_value():
    """A batch of frames goes by value, in as few calls as carry it, and a huge picture by reference."""
    handle = Handle()
    frames = [picture(640 * 360 * 3)] * 7
    assert len(RemoteDetector(handle, patience_s=3).detect([*frames, picture(2 * MOST_BYTES)])) == 8
    assert handle.sizes == [5, 2, 1]
    assert handle.by_reference == [False, False, True]


def test_an_engine_is_used_by_one_thread_at_a_time(monkeypatch):
    """An engine has one set of buffers: whoever comes while it works waits."""
    inside = []

    class Engine:
        model_id = "fake"

        def detect(self, images):
            inside.append(1)
            assert sum(inside) == 1
            threading.Event().wait(0.01)
            inside.append(-1)
            return images

    monkeypatch.setattr(detectors, "load", lambda _: Engine())
    detector, failed = LocalDetector(None), []
    monkeypatch.setattr(threading, "excepthook", failed.append)
    threads = [threading.Thread(target=detector.detect, args=([],)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len(inside) == 12


def test_weights_that_are_not_there_are_refused(tmp_path):
    """A detector of weights that do not exist never starts."""
    from lakehouse.problem import BadWeights

    with pytest.raises(BadWeights):
        LocalDetector(tmp_path / "nowhere.xml")
