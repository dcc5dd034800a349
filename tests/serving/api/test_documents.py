"""The documents of the API, also in a real browser."""

import re
import shutil

import pytest

from lakehouse import problem
from serving.api.manners import refusals
from serving.api.manners.problems import explanations

CHROMIUM = shutil.which("chromium")


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")
def test_the_documents_work_without_any_other_server(reading):
    """Swagger UI lists the routes, asks nobody else for anything, and the browser finds no fault."""
    from playwright.sync_api import sync_playwright

    home, asked, faults = str(reading.base_url), [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{home}/docs")
        page.get_by_text("/v1/forecasts").first.wait_for()
        listed = page.locator(".opblock-summary-path").all_inner_texts()
        browser.close()
    assert len(listed) == 11
    assert not faults
    assert [url for url in asked if not url.startswith((home, "data:"))] == []


@pytest.fixture(scope="module")
def document(reading):
    """The OpenAPI document."""
    return reading.get("/v1/openapi.json").json()


def test_every_field_of_every_answer_is_described(document):
    """Who reads the documents learns of each field what it means and in which unit it is."""
    fields = [
        (name, field, told)
        for name, schema in document["components"]["schemas"].items()
        for field, told in schema.get("properties", {}).items()
        if name not in {"HTTPValidationError", "ValidationError"}
    ]
    assert len(fields) > 90
    assert [(name, field) for name, field, told in fields if not told.get("description")] == []


def test_every_parameter_and_route_is_described(document):
    """Each parameter says what it narrows, and each route what it answers."""
    operations = [(path, one) for path, methods in document["paths"].items() for one in methods.values()]
    parameters = [(path, one["name"], one) for path, told in operations for one in told.get("parameters", [])]
    assert len(parameters) > 20
    assert [(path, name) for path, name, one in parameters if not one.get("description")] == []
    assert [path for path, one in operations if not one.get("description")] == []


def test_every_problem_is_explained_where_its_type_leads(reading):
    """The address in a problem's `type` leads to what it is and what to do, for every one that there is."""
    page = reading.get("/docs").text
    sections = dict(re.findall(r'<section id="([^"]+)">(.*?)</section>', page))
    classes = [one for room in (problem, refusals) for one in vars(room).values() if isinstance(one, type)]
    slugs = {one.slug for one in classes if issubclass(one, problem.Problem) and "slug" in vars(one)}
    assert slugs - {"problem"} <= set(sections)
    assert all(len(re.sub("<.*?>", "", text)) > 40 for text in sections.values())
    assert len({one.slug for one in explanations()}) == len(sections)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/hours?area=1"), ("GET", "/v1/hours?level=x"), ("GET", "/v1/hours?x=1"), ("GET", "/x"),
        ("PUT", "/v1"), ("POST", "/v1/detect"), ("GET", "/v1/forecasts?scenario=x"),
        ("GET", "/v1/events?cursor=x"),
    ],
)  # fmt: skip
def test_the_type_of_an_answer_leads_somewhere(reading, method, path):
    """Whoever follows the `type` of a refusal finds its own section."""
    address, _, anchor = reading.request(method, path).json()["type"].partition("#")
    page = reading.get(address)
    assert page.status_code == 200
    assert f'id="{anchor}"' in page.text
