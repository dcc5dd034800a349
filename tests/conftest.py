"""What every room's tests may ask for: a real S3 server on this machine, a clip, an engine with a script."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

# Where several share the cores, each waits in a loop for threads that do not run: 0.3 s of work took 7 s.
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")  # a busy machine is slow, and no test asserts a time


def pytest_collection_modifyitems(config, items):
    """Files with much that takes long begin first, so that in the end no worker is left alone with one.

    One process alone keeps the order of the folders.
    """
    if not hasattr(config, "workerinput"):
        return
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])


@pytest.fixture
def keyboard():
    """Let Ctrl-C through, which a shell's background jobs ignore and pass on to be ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def _free_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


@pytest.fixture(scope="session")
def object_store():
    """An S3 server on 127.0.0.1, with a bucket, in the environment that clients read."""
    import boto3

    port = _free_port()
    said = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "tester",
        "AWS_SECRET_ACCESS_KEY": "tester",
    }
    before = {name: os.environ.get(name) for name in said}
    words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.environ.update(said)
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.2)
    boto3.client("s3").create_bucket(Bucket="matakota")
    yield said
    server.terminate()
    server.wait(20)
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@pytest.fixture
def bucket(object_store):
    """The address of an empty prefix of a bucket."""
    return f"s3://matakota/{uuid4().hex}" if object_store else ""


@pytest.fixture(scope="session")
def noisy_clip(tmp_path_factory):
    """Make a clip of so many frames of a noisy picture, at a rate."""
    import av
    import numpy as np

    def make(frames, rate):
        path = tmp_path_factory.mktemp("clip") / "jalan.mp4"
        random = np.random.default_rng(0)
        place = random.integers(60, 200, (24, 32, 3)).repeat(10, axis=0).repeat(10, axis=1)
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=rate)
            stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
            for _ in range(frames):
                noisy = (place + random.integers(-9, 10, place.shape)).astype(np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(noisy, format="bgr24")))
            container.mux(stream.encode(None))
        return path

    return make


@pytest.fixture(scope="session")
def rehearsed(tmp_path_factory):
    """Make the weights of an engine that finds what a script says, picture by picture."""

    def make(script):
        path = tmp_path_factory.mktemp("weights") / "rehearsal.script"
        path.write_text(json.dumps(script))
        card = {
            "name": "rehearsal", "engine": "scripted", "width": 640, "height": 384, "confidence": 0.2,
            "licence": "none", "files": {path.name: hashlib.sha256(path.read_bytes()).hexdigest()},
        }  # fmt: skip
        path.with_suffix(".json").write_text(json.dumps(card))
        return path

    return make
