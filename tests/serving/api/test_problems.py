"""What the API says to a request that it cannot answer."""

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.settings import Settings


def refused(answer, status):
    """The problem of an answer, which names the value, the rule and the remedy."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert all(problem[name] for name in ("type", "title", "detail", "value", "rule", "remedy"))
    return problem


@pytest.mark.parametrize(
    ("path", "status", "value"),
    [
        ("/v1/hours?area=99.99", 404, "99.99"),
        ("/v1/hours?kind=no.such", 404, "no.such"),
        ("/v1/hours?since=yesterday", 422, "yesterday"),
        ("/v1/hours?since=2026-02-30", 422, "2026-02-30"),
        ("/v1/hours?since=2026-11-23T10:00:00", 422, "2026-11-23T10:00:00"),
        ("/v1/hours?since=2026-11-23&until=2026-11-22", 422, "2026-11-22"),
        ("/v1/hours?level=planet", 422, "planet"),
        ("/v1/hours?version=99", 404, "99"),
        ("/v1/hours?version=-1", 404, "-1"),
        ("/v1/forecasts?area=99", 404, "99"),
        ("/v1/forecasts?issued_at=now", 422, "now"),
        ("/v1/areas?parent=99", 404, "99"),
        ("/v1/cameras?area=99", 404, "99"),
        ("/v1/events?limit=0", 422, "0"),
        ("/v1/events?limit=100000", 422, "100000"),
        ("/v1/events?cursor=nonsense", 422, "nonsense"),
        ("/v1/events/live?kind=no.such", 404, "no.such"),
        ("/nowhere", 404, "/nowhere"),
        ("/web/nothing.js", 404, "/web/nothing.js"),
    ],
)
def test_a_bad_question_names_what_is_wrong(reading, path, status, value):
    """Whatever is unknown or malformed is answered with the value that was given."""
    assert value in refused(reading.get(path), status)["value"]


@pytest.mark.parametrize("path", ["/v1/hours", "/v1/events", "/v1/health", "/v1/events/live", "/v1/kinds"])
def test_a_misspelt_parameter_is_not_ignored(reading, path):
    """An unknown query parameter is refused with the list of those that there are."""
    problem = refused(reading.get(path, params={"knid": "crowd.people"}), 422)
    assert problem["value"] == "knid"
    assert ("kind" in problem["remedy"]) == (path in {"/v1/hours", "/v1/events", "/v1/events/live"})


def test_a_wrong_method_names_the_right_one(reading):
    """405 carries the methods that there are."""
    answer = reading.post("/v1/hours")
    refused(answer, 405)
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


def test_a_stranger_to_the_stream_is_refused(reading):
    """A Last-Event-ID that the stream never gave out is a problem, and no stream begins."""
    refused(reading.get("/v1/events/live", headers={"last-event-id": "nonsense"}), 422)


def test_a_failure_tells_nothing_of_the_inside(lake, city, monkeypatch):
    """An error of our own is a 500 without any word of the exception."""
    from serving.api import application

    def broken(*_, **__):
        raise RuntimeError("secret path")

    monkeypatch.setattr(type(lake), "read", broken)
    with city.served(application(lake)) as url:
        answer = httpx.get(f"{url}/v1/kinds")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text


@pytest.mark.parametrize("path", ["/v1/hours", "/v1/hours?level=kelurahan&since=2000-01-01", "/v1/forecasts"])
def test_too_long_an_answer_is_refused(known, city, path):
    """More rows than an answer holds are refused with what to narrow."""
    from serving.api import application

    with city.served(application(known, settings=Settings(answer_rows=1))) as url:
        problem = refused(httpx.get(url + path), 422)
    assert problem["title"] == "The answer is too long"
    assert "narrow" in problem["remedy"]


TAKEN = {
    "areas": ["level", "parent"],
    "cameras": ["area"],
    "health": [],
    "kinds": [],
    "openapi.json": [],
    "events": ["area", "kind", "since", "until", "limit", "cursor", "going_on", "order", "run"],
    "events/live": ["area", "kind"],
    "forecasts": ["area", "level", "kind", "issued_at", "scenario", "version"],
    "hours": ["area", "level", "kind", "since", "until", "version"],
    "unusual": ["area", "level", "kind", "since", "version"],
}
NAMES = sorted({name for names in TAKEN.values() for name in names})
VALUES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["33.74", "kecamatan", "crowd.people", "2026-11-23", "0001-01-01", "9999-12-31"]),
    st.sampled_from(["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "1e9", "-1", str(2**70)]),
    st.integers(-5, 5).map(str),
)


ACCEPTED = st.sampled_from(
    ["*/*", "text/csv", "text/csv;q=0", "a/b", ";;,=", "*/*;q=nan", "application/json;q=2"]
)
TAGS = st.sampled_from(["*", '"x"', 'W/"', '"', "W/", ",,", '""'])


@settings(max_examples=150)
@given(
    st.sampled_from(sorted(TAKEN)),
    st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4),
    st.fixed_dictionaries({}, optional={"accept": ACCEPTED, "if-none-match": TAGS, "last-event-id": TAGS}),
    st.booleans(),
)
def test_no_question_brings_it_down(reading, route, query, headers, exact):
    """Whatever stands in a query and its headers, the answer is a result or says what is wrong."""
    if exact:
        query = {name: value for name, value in query.items() if name in TAKEN[route]}
    answer = reading.head(f"/v1/{route}", params=query, headers=headers)
    assert answer.status_code in {200, 304, 404, 406, 422}
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        if route != "events/live":
            assert reading.get(f"/v1/{route}", params=query, headers=headers).json()["rule"]
