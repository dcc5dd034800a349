"""Clients that take their time."""

import socket
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import pytest

from serving.settings import Settings

HASTY = Settings(head_within_s=1, body_within_s=1, idle_within_s=1)
SLOW_ONES = 300
FORM = "POST /v1/detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nx"


@pytest.fixture(scope="module")
def hasty(known, city):
    """The address of an API that waits for a second."""
    from serving.api import application

    with city.served(application(known, city.Scripted(), HASTY)) as url:
        yield url


def lines(stack, url, beginning):
    """Connections on which no more than a beginning is sent."""
    address = urlsplit(url)
    opened = []
    for _ in range(SLOW_ONES):
        line = stack.enter_context(socket.create_connection((address.hostname, address.port), timeout=30))
        line.sendall(beginning.encode())
        opened.append(line)
    return opened


def whole(line):
    """All that comes until the server closes the connection; b"" where it is cut off."""
    heard = b""
    try:
        while part := line.recv(65536):
            heard += part
    except ConnectionResetError:
        pass
    return heard


@pytest.mark.parametrize(
    "beginning", ["", "GET /v1/hea", "GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX-Slow: "]
)
def test_a_head_that_does_not_come_is_not_awaited(hasty, beginning):
    """Hundreds of connections that never say what they want are closed, and others are answered meanwhile."""
    with ExitStack() as stack:
        opened = lines(stack, hasty, beginning)
        assert httpx.get(f"{hasty}/v1/health", timeout=30).status_code == 200
        assert {whole(line) for line in opened} == {b""}


@pytest.mark.slow
def test_a_body_that_does_not_come_is_not_awaited(hasty):
    """Hundreds of pictures that never arrive are answered, with 408 or 503, and their connections closed."""
    with ExitStack() as stack:
        opened = lines(stack, hasty, FORM)
        assert httpx.get(f"{hasty}/v1/health", timeout=30).status_code == 200
        answers = [whole(line) for line in opened]
    assert {answer.split(b" ", 2)[1] for answer in answers} == {b"408", b"503"}
    assert all(b"connection: close" in answer.lower() for answer in answers)


@pytest.mark.slow
def test_a_body_that_nobody_wants_is_not_awaited(hasty):
    """A question whose body never arrives is answered at once, and its connection closed in time."""
    with ExitStack() as stack:
        opened = lines(stack, hasty, FORM.replace("POST /v1/detect", "GET /v1/health"))
        assert {whole(line).split(b" ", 2)[1] for line in opened} == {b"200"}


def test_an_early_answer_reaches_who_still_sends(hasty):
    """A client that sends all of a body that is refused still reads why."""
    answer = httpx.post(f"{hasty}/v1/hours", content=bytes(2**22), timeout=30)
    assert answer.status_code == 405
    assert answer.headers["connection"] == "close"


def test_a_line_is_used_again(hasty):
    """Who is not slow keeps the connection from one request to the next."""
    with httpx.Client(base_url=hasty, timeout=30) as client:
        for _ in range(5):
            answer = client.get("/v1/health")
            assert (answer.status_code, answer.headers.get("connection")) == (200, None)
        assert client.post("/v1/detect", content=b"no picture").status_code == 422
        assert client.get("/v1").status_code == 200
