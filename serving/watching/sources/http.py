"""A video over HTTP: an MJPEG camera, a live HLS playlist, or a recording."""

from datetime import datetime

from serving.watching.sources.footage import Footage
from serving.watching.sources.rtsp import TIMEOUT_S

PROTOCOLS = "http,https,httpproxy,tcp,tls,crypto"
"""A playlist, or another address that a server names, may lead to these only."""

OPTIONS = {
    "rw_timeout": str(int(TIMEOUT_S * 1e6)),
    "live_start_index": "-2",
    "seg_max_retry": "2",
    "reconnect": "1",
    "reconnect_delay_max": "4",
}
"""A live playlist is begun at its last segment but one, so that there is always one in hand; what breaks off
before its length is asked for again from there."""


def source(address: str, camera_id: str, fps: float, *, start: datetime | None, paced: bool) -> Footage:
    """The video at an `http://` or `https://` address."""
    return Footage(address, camera_id, fps, PROTOCOLS, OPTIONS, TIMEOUT_S, start, paced)
