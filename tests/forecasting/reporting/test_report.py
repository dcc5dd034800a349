"""The report: pages that stand on their own, in both languages, with a workbook beside each."""

import re
import shutil
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from xml.dom import minidom
from zipfile import ZipFile

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from forecasting.__main__ import app
from forecasting.executor import Executor
from forecasting.publishing import issue
from forecasting.reporting import report
from lakehouse.city import calendar
from lakehouse.problem import BadFolder, BadLake
from lakehouse.tables import TABLES

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
TITLE = {"id": "Arus <b>", "en": "Flow <b>"}


@pytest.fixture(scope="module")
def told(small_lake, areas, origin, tmp_path_factory):
    """The small lake with a forecast, a calendar, one unusual hour, and a kind whose title is markup."""
    lake = small_lake(tmp_path_factory.mktemp("told") / "lake")
    kinds = lake.read("kinds").to_pylist()
    lake.replace(
        "kinds", pa.Table.from_pylist([row | {"title": TITLE} for row in kinds], TABLES["kinds"].schema)
    )
    calendar.register(lake, (origin - timedelta(days=9)).date(), (origin + timedelta(days=9)).date())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(issue, "models", lambda *_: [issue.UsualWeek()])
        list(issue.run(lake, issue.orders(lake, origin, 169, areas=areas), Executor.LOCAL))
    row = {
        "area_id": areas[1],
        "kind": "traffic.flow",
        "observed": 1.0,
        "q05": 2.0,
        "q95": 3.0,
        "told_at": origin,
    }
    row |= {"from": origin - timedelta(hours=30), "to": origin - timedelta(hours=28)}
    lake.append("unusual", pa.Table.from_pylist([row], TABLES["unusual"].schema))
    return lake


@pytest.fixture(scope="module")
def pages(told, tmp_path_factory):
    """The folder with the report."""
    out = tmp_path_factory.mktemp("report") / "pages"
    report.write(told, out)
    return out


def test_each_area_and_theme_has_a_page_and_a_workbook(pages, areas):
    """And the index links every page."""
    names = {path.name for path in pages.iterdir()}
    assert names == {"index.html", *(f"{area}-traffic.{kind}" for area in areas for kind in ("html", "xlsx"))}
    index = (pages / "index.html").read_text()
    assert all(f'href="{area}-traffic.html"' in index for area in areas)


def test_a_page_asks_nobody_for_anything(pages):
    """No script, and no address of any other host."""
    for page in pages.glob("*.html"):
        text = page.read_text()
        assert "<script" not in text
        assert re.findall(r"(?:https?:)?//[\w.]+", text) == []


def test_a_page_is_whole_and_its_words_are_no_markup(pages, areas):
    """Every tag is closed, the pictures are well-formed, and what the tables say is escaped."""
    text = (pages / f"{areas[0]}-traffic.html").read_text()
    assert "Arus &lt;b&gt;" in text
    for picture in re.findall(r"<svg.*?</svg>", text):
        minidom.parseString(picture)  # noqa: S318 - our own picture
    assert _left_open(text) == []


def _left_open(text):
    opened = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag, _attrs):
            if tag not in {"meta", "br", "input"}:
                opened.append(tag)

        def handle_endtag(self, tag):
            assert opened.pop() == tag

    Tags().feed(text)
    return opened


def test_a_picture_has_the_past_the_gaps_the_band_and_the_unusual(pages, areas):
    """Each in its own mark; unknown hours are boxes and no zeros."""
    text = (pages / f"{areas[1]}-traffic.html").read_text()
    picture = re.search(r"<svg.*?</svg>", text)[0]
    for name in ("actual", "outer", "inner", "median", "now"):
        assert f'class="{name}"' in picture
    assert picture.count('class="unusual"') == 2
    assert 'class="mark payday"' in picture


def test_a_page_says_the_peak_why_and_how_well_it_did(pages, areas):
    """In both languages."""
    text = (pages / f"{areas[0]}-traffic.html").read_text()
    for word in (
        "Jam tersibuk",
        "The busiest hour",
        "Mengapa",
        "Why the peak",
        "MASE",
        "pita 80 %",
        "80 % band",
    ):
        assert word in text


def test_a_workbook_has_every_hour_of_the_past_and_of_the_forecast(pages, areas):
    """Seven days back and the horizon ahead, and the scores."""
    with ZipFile(pages / f"{areas[0]}-traffic.xlsx") as book:
        workbook = book.read("xl/workbook.xml").decode()
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert re.findall(r'<sheet name="([^"]+)"', workbook) == ["traffic.flow", "skill"]
    assert len(re.findall("<row ", sheet)) == 1 + 168 + 169


def test_a_lake_without_a_forecast_gets_no_report(lake, tmp_path):
    """The remedy is named, and nothing is written."""
    with pytest.raises(BadLake, match="forecasting run"):
        report.write(lake, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_named(told, tmp_path):
    """A file in its place is an error that says so."""
    (tmp_path / "out").write_text("a file")
    done = CliRunner().invoke(app, ["report", "--lake", told.root, "--out", str(tmp_path / "out")])
    assert isinstance(done.exception, BadFolder)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: apt-get install chromium")
def test_the_languages_change_at_a_press(pages, areas):
    """In a real browser, without a script, a request or a complaint."""
    from playwright.sync_api import sync_playwright

    asked, said = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda line: said.append(line.text))
        page.goto(Path(pages, f"{areas[0]}-traffic.html").as_uri())
        first = page.inner_text("body")
        page.get_by_text("English").click()
        second = page.inner_text("body")
        wide = page.evaluate("document.documentElement.scrollWidth")
        browser.close()
    assert "Jam tersibuk" in first
    assert "busiest" not in first
    assert "The busiest hour" in second
    assert "Jam tersibuk" not in second
    assert (len(asked), said) == (1, [])
    assert wide <= 1280
