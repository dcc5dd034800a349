"""In which form an answer comes, and when it need not come again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MIMEAccept

PATHS = ["/v1/hours", "/v1/forecasts"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/json, text/csv", "application/json"),
        ("text/csv", "text/csv"),
        ("TEXT/CSV", "text/csv"),
        ("text/*", "text/csv"),
        ("text/csv; charset=utf-8", "text/csv"),
        ("text/csv, application/json;q=0.5", "text/csv"),
        ("application/json;q=0.5, text/csv;q=0.51", "text/csv"),
        ("text/csv;q=0.5, */*", "application/json"),
        ("text/csv, */*;q=0.1", "text/csv"),
        ("application/json;q=0, */*", "text/csv"),
        ("text/csv;q=0", "application/json"),
        ("text/csv;q=0, */*", "application/json"),
        ("text/csv;q=0, text/*", None),
        ("application/json;q=0", "text/csv"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "application/json"),
        ("text/csvx, application/jsonp", None),
        ("image/png", None),
        ("*/*;q=0", None),
    ],
)
def test_the_form_is_the_one_that_is_liked_best(reading, path, accept, form):
    """What Accept likes best is sent; where it allows nothing that there is, 406 says what there is."""
    answer = reading.get(path, headers={"accept": accept})
    assert answer.headers["vary"] == "Accept"
    if form is None:
        assert answer.status_code == 406
        assert "text/csv" in answer.json()["rule"]
    else:
        assert answer.status_code == 200
        assert answer.headers["content-type"].split(";")[0] == form


@given(
    st.dictionaries(
        st.sampled_from(["text/csv", "application/json", "text/*", "application/*", "*/*", "image/png"]),
        st.integers(0, 10),
        min_size=1,
    )
)
def test_no_form_is_sent_that_was_refused(reading, wishes):
    """Whatever the wishes are, what is sent has a weight above 0, and none of the others has a higher one."""
    header = ", ".join(f"{kind};q={tenths / 10:g}" for kind, tenths in wishes.items())
    answer = reading.get("/v1/hours", headers={"accept": header})
    weights = MIMEAccept(list(wishes.items()))
    if answer.status_code == 406:
        assert not weights.quality("text/csv")
        assert not weights.quality("application/json")
    elif any(wishes.values()):
        sent = answer.headers["content-type"].split(";")[0]
        assert (
            weights.quality(sent) == max(weights.quality("text/csv"), weights.quality("application/json")) > 0
        )


@pytest.mark.parametrize("path", [*PATHS, "/v1/unusual"])
def test_an_edition_that_the_client_has_is_not_sent_again(reading, path):
    """Any of several tags, a weak one, and `*` for whatever there is, each say that the client has it."""
    etag = reading.get(path).headers["etag"]
    for held in (etag, f"W/{etag}", f'"other", {etag}', f'W/"other",W/{etag}', "*"):
        answer = reading.get(path, headers={"if-none-match": held})
        assert (answer.status_code, answer.content) == (304, b""), held
        assert answer.headers["etag"] == etag
    for other in ('"other"', etag.strip('"') + "x", "", 'W/"*"', f'"{etag[1:-1]},"'):
        assert reading.get(path, headers={"if-none-match": other}).status_code == 200, other


def test_one_of_several_lines_is_enough(reading):
    """A header may be spread over several lines."""
    etag = reading.get("/v1/hours").headers["etag"]
    lines = [
        ("if-none-match", '"other"'),
        ("if-none-match", etag),
        ("accept", "text/html"),
        ("accept", "application/json"),
    ]
    assert reading.get("/v1/hours", headers=lines).status_code == 304
