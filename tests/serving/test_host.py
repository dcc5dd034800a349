"""The page in one process, as its user starts and ends it."""

import re
import signal
import socket
import subprocess
import sys

import httpx
import pytest


@pytest.fixture
def page(lake):
    """`python -m serving page` over the known lake; the process and its address."""
    words = [sys.executable, "-m", "serving", "page", "--lake", lake.root, "--port", "0"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    yield process, re.search(r"http://127\.0\.0\.1:\d+", line)[0]
    process.kill()
    process.communicate()


@pytest.mark.slow
def test_the_page_and_the_api_are_there_without_a_cluster(page):
    """The page, its files and the tables answer; without a detector there is no detection."""
    _, url = page
    with httpx.Client(base_url=url, timeout=30) as client:
        assert "<hex-map>" in client.get("/").text
        assert client.get("/web/main.js").status_code == 200
        assert client.get("/v1/health").json()["cameras"]["total"] == 2
        refused = client.post("/v1/detect", content=b"x")
        assert refused.json()["type"].endswith("no-detector")


@pytest.mark.slow
def test_ctrl_c_ends_it_cleanly_with_somebody_listening(page):
    """A listener of live events does not hold it up, and nothing is a traceback."""
    process, url = page
    with httpx.stream("GET", f"{url}/v1/events/live", timeout=30) as answer:
        assert next(answer.iter_lines()) == ": listening"
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in said[1]


@pytest.mark.slow
def test_a_port_that_is_taken_is_told(lake):
    """With the port and what to do, before anything is served."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        words = [sys.executable, "-m", "serving", "page", "--lake", lake.root, "--port", str(port)]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr == (
        f"error: {port}: nothing can listen there (Address already in use); "
        "stop the other program, or name another one with --port\n"
    )
