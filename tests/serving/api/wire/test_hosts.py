"""For which hosts the API answers."""

import httpx
import pytest

from serving.settings import Settings


def asked(client, host):
    """The answer to a request for a host."""
    return client.get("/v1", headers={"host": host})


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8000", "localhost", "LOCALHOST:1", "localhost.", "[::1]", "[::1]:8000"]
)
def test_this_machine_is_answered_under_each_of_its_names(reading, host):
    """Whoever asks this very machine is answered, on whatever port."""
    assert asked(reading, host).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example",
        "evillocalhost", "127.0.0.1@evil.example", "evil.example@127.0.0.1", "localhost/evil.example",
        "[::2]", "localhost:80:80", "",
    ],
)  # fmt: skip
def test_a_foreign_host_is_misdirected(reading, host):
    """A page whose name was bent to this machine reads nothing from it."""
    answer = asked(reading, host)
    assert answer.status_code == 421
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["value"] == host.strip()
    assert "MATAKOTA_HOSTS" in answer.json()["remedy"]


@pytest.mark.parametrize(
    ("hosts", "host", "status"),
    [
        ("kota.example, 10.0.0.5", "kota.example", 200),
        ("kota.example, 10.0.0.5", "10.0.0.5:8000", 200),
        ("kota.example", "wall.kota.example", 421),
        (".kota.example", "a.wall.kota.example", 200),
        (".kota.example", "evilkota.example", 421),
        ("*", "evil.example", 200),
    ],
)
def test_names_are_added_by_a_setting(known, city, hosts, host, status):
    """Other names are answered where they are set, one by one, or all below one."""
    from serving.api import application

    with city.served(application(known, settings=Settings(hosts=hosts))) as url:
        assert httpx.get(f"{url}/v1", headers={"host": host}).status_code == status


def test_without_a_host_only_the_oldest_clients_are_answered(reading, wire):
    """HTTP/1.0 knows no host; HTTP/1.1 must name exactly one."""
    assert " 200 " in wire.said(reading, "GET /v1 HTTP/1.0\r\n\r\n")
    assert " 421 " in wire.said(reading, "GET /v1 HTTP/1.1\r\nConnection: close\r\n\r\n")
    two = "GET /v1 HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    assert " 421 " in wire.said(reading, two)


@pytest.mark.parametrize(
    "path", ["/v1/areas/", "/v1/", "//evil.example/", "//evil.example/..", "/docs/", "/web"]
)
def test_nobody_is_sent_anywhere(reading, wire, path):
    """A slash too many, or one too few, is not found; no answer leads to another address."""
    answer = wire.said(reading, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.startswith("HTTP/1.1 404")
    assert "location:" not in answer.lower()


def test_an_absolute_target_is_no_way_around(reading, wire):
    """A request in the form for proxies, or for no resource at all, is refused like any other."""
    for target in ("http://evil.example/v1", "http://evil.example/nowhere", "*", "evil.example:443"):
        answer = wire.said(
            reading, f"GET {target} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
        )
        assert answer.startswith(("HTTP/1.1 421", "HTTP/1.1 400")), answer
