"""A stream over HTTP: MJPEG, HLS, or a video that grows."""

from serving.watching.sources.network import TIMEOUT_S, NetworkSource


def source(address: str, camera_id: str, fps: float) -> NetworkSource:
    """The stream at an `http://` or `https://` address; a playlist may lead to the same protocols only."""
    options = {"rw_timeout": str(int(TIMEOUT_S * 1e6))}
    return NetworkSource(address, camera_id, fps, "http,https,httpproxy,tcp,tls,crypto", options)
