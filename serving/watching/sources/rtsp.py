"""A camera's RTSP stream, or a recorder's recording, over TCP."""

from datetime import datetime

from serving.watching.sources.footage import Footage

TIMEOUT_S = 10.0
"""A connection that is silent for so long is broken."""

PROTOCOLS = "rtsp,rtsps,rtp,srtp,udp,tcp,tls"
OPTIONS = {"rtsp_transport": "tcp", "timeout": str(int(TIMEOUT_S * 1e6)), "fflags": "nobuffer"}


def source(address: str, camera_id: str, fps: float, *, start: datetime | None, paced: bool) -> Footage:
    """The stream at an `rtsp://` or `rtsps://` address."""
    return Footage(address, camera_id, fps, PROTOCOLS, OPTIONS, TIMEOUT_S, start, paced)
