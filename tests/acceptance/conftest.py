"""The product as its users run it: commands, a lake in a folder, a Ray cluster of one machine."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import pytest
from typer.testing import CliRunner

HOUSE = Path(__file__).parents[2]
DATA = Path(os.environ.get("MATAKOTA_DATA", HOUSE.parent / "shared" / "data"))


def _free_ports(count):
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


@pytest.fixture(scope="session")
def run():
    """Run one of the product's commands; return what it printed, or fail with what it said."""

    def command(*words, status=0, cwd=HOUSE, **variables):
        words = [sys.executable if word == "python" else str(word) for word in words]
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            **variables,
        }
        # In front of what there is: under faketime, that mends the clock.
        ways = filter(None, (variables.get("PYTHONPATH"), os.environ.get("PYTHONPATH")))
        environment["PYTHONPATH"] = os.pathsep.join(ways)
        done = subprocess.run(
            words, capture_output=True, text=True, check=False, cwd=cwd, env=environment, timeout=280
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    return command


@pytest.fixture(scope="session")
def do():
    """Do one of the product's commands in this process, which has loaded it; return what it printed."""

    def command(room, *words):
        done = CliRunner().invoke(import_module(f"{room}.__main__").app, [str(word) for word in words])
        assert done.exit_code == 0, f"{done.output}{done.exception!r}"
        return done.output

    return command


@pytest.fixture(scope="session")
def videos():
    """The folder of real clips."""
    if not (DATA / "videos").is_dir():
        pytest.skip("no real clips here: set MATAKOTA_DATA to a folder that holds videos/")
    return DATA / "videos"


@pytest.fixture(scope="session")
def cluster():
    """The environment of a real Ray cluster of one machine, with token authentication."""
    # A socket's path may be 107 letters long, and Ray's lie deep: pytest's own folders are too deep for them.
    home = Path(tempfile.mkdtemp(prefix="ray-"))
    port, dashboard, client = _free_ports(3)
    variables = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": "acceptance" * 4,
        "RAY_TMPDIR": str(home),
        "RAY_ADDRESS": f"http://127.0.0.1:{dashboard}",
    }
    words = (
        f"ray start --head --block --port {port} --num-cpus 4 --object-store-memory 200000000"
        f" --dashboard-host 127.0.0.1 --dashboard-port {dashboard} --ray-client-server-port {client}"
        f" --temp-dir {home} --disable-usage-stats"
    )
    environment = {**os.environ, **variables, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    environment.pop("RAY_ADDRESS")
    with (home / "start.log").open("w") as log:
        head = subprocess.Popen(words.split(), stdout=log, stderr=log, cwd=HOUSE, env=environment)
    _wait_for(dashboard, head)
    yield variables
    head.terminate()
    head.wait(60)
    shutil.rmtree(home, ignore_errors=True)


def _wait_for(port, process):
    give_up = time.monotonic() + 90
    while time.monotonic() < give_up and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.5)
    pytest.fail(f"nothing answers on port {port}")


@pytest.fixture(scope="session")
def page_at():
    """Serve the page over a lake, without Ray, as long as a block of code lasts; its address."""

    @contextmanager
    def serve(lake):
        (port,) = _free_ports(1)
        words = [sys.executable, "-m", "serving", "page", "--lake", str(lake), "--port", str(port)]
        page = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=HOUSE)
        try:
            _wait_for(port, page)
            yield f"http://127.0.0.1:{port}"
        finally:
            page.send_signal(signal.SIGINT)
            page.wait(30)

    return serve


@pytest.fixture(scope="session")
def small_lake(do, tmp_path_factory):
    """A lake that the product made: the synthetic city with one month of history, compacted and rolled up."""
    lake = tmp_path_factory.mktemp("city") / "lake"
    card = "serving/seeing/models/matakota-n.json"
    do("lakehouse", "city", "--lake", lake)
    do("serving", "kinds", "--lake", lake)
    do("lakehouse", "history", "--lake", lake, "--observed", HOUSE / card)
    do("batch", "compact", "--lake", lake, "--executor", "local")
    do("batch", "rollup", "--lake", lake, "--synthetic-months", "1", "--observed", HOUSE / card)
    return lake
