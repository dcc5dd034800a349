"""An S3 server of this machine, in a process of its own, with a bucket for a lake."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

BUCKET = "s3://storm"


@contextmanager
def served() -> Iterator[str]:
    """Put a server's address into the environment that clients read; yield its bucket's address."""
    port = free_port()
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "tester",
        "AWS_SECRET_ACCESS_KEY": "tester",
    }
    ready, tell = os.pipe()
    pid = os.fork()
    if not pid:
        _serve(port, tell)
    os.close(tell)
    try:
        if not os.read(ready, 1):
            raise SystemExit("the S3 server did not start")
        yield BUCKET
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(ready)


def free_port() -> int:
    """A port of this machine that nobody has."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def _serve(port: int, tell: int) -> None:
    try:
        import logging

        import boto3
        from moto.server import ThreadedMotoServer

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        ThreadedMotoServer("127.0.0.1", port).start()
        boto3.client("s3").create_bucket(Bucket=BUCKET.removeprefix("s3://"))
        os.write(tell, b"1")
        signal.pause()
    finally:
        os._exit(1)
