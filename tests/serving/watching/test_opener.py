"""Opening the lake's cameras: with the password that is kept elsewhere, and those that have an address."""

import asyncio
from datetime import UTC, datetime

import av
import numpy as np
import pytest

from lakehouse.city import cameras
from lakehouse.city.cameras import Camera
from lakehouse.places.secrets import Secrets
from lakehouse.problem import BadSource
from lakehouse.store import Lake
from serving.app import Args, RosterReplica
from serving.watching.opener import opener
from serving.watching.watch import Stop, _begin


@pytest.fixture
def secrets(monkeypatch, tmp_path):
    """A file of secrets of this test's own."""
    monkeypatch.setenv("MATAKOTA_SECRETS", str(tmp_path / "secrets.json"))
    return Secrets.of_settings()


@pytest.fixture
def lake(tmp_path):
    """A lake with a camera that needs a password, and one that is inactive."""
    made = Lake.create(tmp_path / "lake")
    told = {"cam-17": "rtsp://{secret:cam-17}@10.1.2.3/live", "down": ""}
    cameras.register(
        made,
        [
            Camera(
                camera_id=camera_id, valid_from=datetime(2026, 1, 1, tzinfo=UTC), name="x", owner="RW",
                site="street", area_id="33.74", lat=-7, lon=110.4, source=source, width=640, height=360,
            )
            for camera_id, source in told.items()
        ],
    )  # fmt: skip
    return made


class Outlet:
    """Takes nothing."""

    def put(self, *_given, **_named):
        """Have no room."""
        return False


def test_a_camera_is_opened_with_its_password(lake, secrets):
    """The table has a reference, and the source that a shard opens has the password."""
    secrets.put({"cam-17": "admin:hunter2"})
    assert cameras.read(lake)["cam-17"].source == "rtsp://{secret:cam-17}@10.1.2.3/live"
    source, _ = opener(lake, Outlet())("cam-17")
    assert source.address == "rtsp://admin:hunter2@10.1.2.3/live"


def test_a_camera_may_be_a_clip(lake, tmp_path):
    """A camera whose source is a file is watched once, as if it happened now, and then no more."""
    with av.open(str(tmp_path / "clip.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for grey in range(10):
            shade = np.full((48, 64, 3), 20 * grey, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shade, format="bgr24")))
        container.mux(stream.encode(None))
    clip = cameras.read(lake)["down"].model_copy(update={"source": f"File://{tmp_path}/clip.mp4", "fps": 5.0})
    cameras.register(lake, [clip])
    source, _ = opener(lake, Outlet())("down")
    before = lake.now()
    times = [frame.at for frame in source.frames()]
    assert len(times) == 5
    assert before <= times[0] < times[-1] <= lake.now()
    assert not source.live


@pytest.mark.usefixtures("secrets")
def test_a_camera_without_its_password_says_so(lake):
    """A shard that lacks the secret names it and the remedy, and so does a person's watch."""
    with pytest.raises(BadSource, match="secrets set cam-17"):
        opener(lake, Outlet())("cam-17")
    with pytest.raises(BadSource, match="secrets set cam-17"):
        _begin("rtsp://{secret:cam-17}@10.1.2.3/live", cameras.read(lake)["cam-17"], None, None, Stop())


def test_what_has_no_source_is_given_to_no_shard(lake):
    """The roster gives out the cameras that can be watched."""
    roster = RosterReplica(Args(lake=lake.root))
    granted = asyncio.run(roster.renew("shard-0", ("cam-17", "down")))
    assert granted.cameras == {"cam-17"}
