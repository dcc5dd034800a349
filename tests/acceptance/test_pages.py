"""The pages for operators, planners and data scientists: each command in them is run as it stands."""

import re
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(?P<kind>\w+)(?: (?P<how>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
NAMES = ("operators", "planners", "data-scientists")
FEW = ("--areas", "33.74.13", "--kinds", "tourism.visits")
WHERE = re.compile(r"export (?P<name>\w+)=\S+")


def text_of(page):
    """A page as it stands."""
    return (HOUSE / "docs" / f"{page}.md").read_text()


def blocks(page, kind, how=None):
    """The blocks of a page of one kind."""
    found = BLOCK.finditer(text_of(page))
    return [one["text"] for one in found if (one["kind"], one["how"]) == (kind, how)]


def files(page):
    """The files that a page shows, by name."""
    return [(one["how"], one["text"]) for one in BLOCK.finditer(text_of(page)) if one["kind"] == "csv"]


def visits():
    """What the planners' page shows the beginning of: half a year of days, as a spreadsheet writes them."""
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(180)]
    rows = [f"gate;{day:%d/%m/%Y};{100 + 8 * (day.weekday() > 4) + day.day % 5},5" for day in days]
    return "\n".join(["unique_id;ds;y", *rows])


@pytest.fixture
def desk(small_lake, tmp_path, monkeypatch):
    """A folder to work in, with a lake of one's own for the operator, and the demo's for the others."""

    def begin(page):
        lake = tmp_path / "lake"
        if page != "operators":
            shutil.copytree(small_lake, lake)
        for name, where in {"MATAKOTA_LAKE": lake, "BACKUP": tmp_path / "backup"}.items():
            monkeypatch.setenv(name, str(where))
        monkeypatch.setenv("MATAKOTA_PROPHETS", "0")  # it is dear, and the demo's test has it
        monkeypatch.setenv("MATAKOTA_SECRETS", str(tmp_path / "kept" / "secrets.json"))
        monkeypatch.chdir(tmp_path)
        (tmp_path / "visits.csv").write_text(visits())
        return lake

    return begin


def typed(text):
    """What a reader types, but for where things lie."""
    return "set -e\n" + WHERE.sub("", text)


@pytest.mark.slow
@pytest.mark.parametrize("page", NAMES)
def test_each_command_runs_in_the_order_of_its_page(page, run, desk, tmp_path):
    """A reader who types the page from above to below is never stopped."""
    lake = desk(page)
    if page == "planners":  # who find the city's forecasts made
        run("python", "-m", "forecasting", "run", *FEW, "--lake", lake)
    for name, text in files(page):
        (tmp_path / name).write_text(text)
    for text in blocks(page, "sh"):
        run("bash", "-c", typed(text), cwd=tmp_path, PYTHONPATH=str(HOUSE))


@pytest.mark.slow
def test_what_planners_ask_the_page_for_is_answered(run, desk, page_at, tmp_path):
    """Each request of the planners' page brings a table with a head and rows, or a head alone."""
    with page_at(desk("planners")) as url:
        for text in blocks("planners", "sh", "page"):
            for line in text.splitlines():
                said = run(
                    "bash", "-c", f"{line.replace('http://127.0.0.1:8000', url)} -sS --fail", cwd=tmp_path
                )
                assert said.splitlines()[0].count(",") > 5


@pytest.mark.slow
def test_what_data_scientists_type_in_python_runs(run, small_lake):
    """A snippet runs as it stands, on a lake that the product made."""
    for text in blocks("data-scientists", "python"):
        assert run("python", "-c", text.replace("demo-lake", str(small_lake))).strip()


@pytest.mark.ray
@pytest.mark.slow
def test_the_jobs_of_data_scientists_succeed(run, cluster, small_lake):
    """Each job that the page submits ends well."""
    for text in blocks("data-scientists", "sh", "cluster"):
        said = run("bash", "-c", typed(text), MATAKOTA_LAKE=str(small_lake), **cluster)
        assert said.count("succeeded") >= len(text.splitlines())


def test_every_column_of_an_import_is_on_the_operators_page():
    """A column that can be imported is told, with the other names that it may have."""
    from lakehouse.registry.rows import WORDS

    page = text_of("operators")
    table = page[page.index("| column | also called") :].partition("\n\n")[0]
    assert set(WORDS) <= set(re.findall(r"[a-z_0-9]+", table))


@pytest.mark.parametrize("page", NAMES)
def test_every_link_of_a_page_leads_somewhere(page):
    """Files that a page points at are there."""
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", text_of(page))
    assert not [target for target in targets if not (HOUSE / "docs" / target).exists()]
