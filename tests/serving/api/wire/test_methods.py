"""HEAD, OPTIONS, and methods that there are not."""

import pytest

PATHS = [
    "/", "/docs", "/source", "/web/main.js", "/v1", "/v1/openapi.json", "/v1/health", "/v1/areas",
    "/v1/cameras", "/v1/kinds", "/v1/events", "/v1/hours", "/v1/forecasts", "/v1/unusual",
]  # fmt: skip
CHANGING = {"date", "content-length"}
"""Headers that may differ a moment later: /v1/health tells the time."""


def headers(answer):
    """The headers of an answer that do not depend on when it was given."""
    return {name: value for name, value in answer.headers.items() if name not in CHANGING}


@pytest.mark.parametrize("path", [*PATHS, "/nowhere", "/v1/hours?since=x", "/v1/detect"])
def test_head_is_get_without_its_body(reading, path):
    """Every resource that can be read can be asked for its headers alone."""
    head, get = reading.head(path), reading.get(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert headers(head) == headers(get)
    assert path == "/v1/health" or head.headers["content-length"] == get.headers["content-length"]


def test_head_of_a_stream_ends(reading):
    """The headers of what never ends are told, and the answer ends there."""
    answer = reading.head("/v1/events/live")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert reading.get("/v1").status_code == 200


def test_head_says_what_is_held(reading):
    """An entity tag holds for HEAD as it does for GET."""
    etag = reading.head("/v1/hours").headers["etag"]
    assert reading.head("/v1/hours", headers={"if-none-match": etag}).status_code == 304


@pytest.mark.parametrize("path", [*PATHS, "/v1/events/live"])
def test_options_tells_the_methods(reading, path):
    """OPTIONS names the methods of a resource, and has no body."""
    answer = reading.options(path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


def test_what_is_posted_to_is_not_read(reading):
    """A resource that is only posted to says so, also to HEAD."""
    assert reading.options("/v1/detect").headers["allow"] == "OPTIONS, POST"
    assert reading.head("/v1/detect").headers["allow"] == "OPTIONS, POST"
    assert reading.options("/nowhere").status_code == 404


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
def test_another_method_names_the_right_ones(reading, path, method):
    """405 always carries the methods that there are."""
    answer = reading.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert answer.json()["rule"]
