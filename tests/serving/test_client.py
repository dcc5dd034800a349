"""An installation that is looked at from outside."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from serving import client
from serving.client import NoAnswer

HEALTH = {"status": "ok", "age_s": 1.0, "cameras": {"total": 2, "seen": 2}}


def busy(*answers, kind="text/plain"):
    """A handler that gives these answers one after the other: a status, or 'silent'; then health."""
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            answer = left.pop(0) if left else 200
            if answer == "silent":
                time.sleep(2)
                return
            body = json.dumps(HEALTH if answer == 200 else {"title": "no"}).encode()
            self.send_response(answer)
            self.send_header("Content-Type", "application/json" if answer == 200 else kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *said):
            """Say nothing."""

    return Handler


@pytest.fixture
def serve():
    """Starts a server with a handler; its address."""
    servers = []

    def start(handler):
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def waited(monkeypatch):
    """The seconds that were waited for between questions, which take no time here."""
    pauses = []
    time_there = SimpleNamespace(sleep=pauses.append, monotonic=lambda: float(sum(pauses)))
    monkeypatch.setattr(client, "time", time_there)
    return pauses


def test_a_slow_answer_ends_nothing(serve, monkeypatch, caplog, waited):
    """Who only looks asks again after an answer that did not come, and says so."""
    monkeypatch.setattr(client, "TIMEOUT_S", 0.5)
    url = serve(busy(200, 200, "silent", 503))
    assert client.follow(url, seconds=2) == HEALTH
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        "/v1/health did not answer (ReadTimeout): asking again in 1 s",
        "/v1/health did not answer (status 503): asking again in 2 s",
    ]
    assert waited == [1, 1, 1, 2]


def test_patience_ends_with_a_problem(serve):
    """An installation that never answers is told as such, with what it said last."""
    with pytest.raises(NoAnswer, match="status 503"):
        client.follow(serve(busy(*[503] * 9)), seconds=0, patience_s=2)


def test_a_question_that_is_refused_is_not_asked_again(serve, caplog):
    """What is wrong now will be wrong in a minute."""
    with pytest.raises(NoAnswer, match="status 404"):
        client.follow(serve(busy(404, kind=client.PROBLEM)), seconds=0)
    assert not caplog.records


def test_an_application_that_is_not_up_yet_is_waited_for(serve, caplog):
    """Until Serve has the application its proxy answers 404, which is no answer of the API."""
    assert client.follow(serve(busy(404, 404)), seconds=0) == HEALTH
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "/v1/health did not answer (status 404)"
    ] * 2
