"""A camera's RTSP stream, over TCP."""

from serving.watching.sources.network import TIMEOUT_S, NetworkSource


def source(address: str, camera_id: str, fps: float) -> NetworkSource:
    """The stream at an `rtsp://` or `rtsps://` address."""
    options = {"rtsp_transport": "tcp", "timeout": str(int(TIMEOUT_S * 1e6)), "fflags": "nobuffer"}
    return NetworkSource(address, camera_id, fps, "rtsp,rtsps,rtp,srtp,udp,tcp,tls", options)
