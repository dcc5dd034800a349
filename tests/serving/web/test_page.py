"""The situation room in a real browser, over the real application and a real lake."""

import re
import shutil
from datetime import timedelta
from itertools import combinations
from types import SimpleNamespace

import pyarrow as pa
import pytest

from lakehouse.city.tree import semarang
from lakehouse.clock import city_day
from lakehouse.tables import TABLES

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: apt-get install chromium"),
]

KECAMATAN = [area.area_id for area in semarang().at_level("kecamatan")]
FAR_ABOVE, BELOW, UNKNOWN, UNWATCHED = "33.74.05", "33.74.10", "33.74.16", "33.74.14"
VALUES = {"33.74": 1600.0, FAR_ABOVE: 300.0, BELOW: 75.0, UNKNOWN: None}
BAND = {"q05": 80.0, "q10": 85.0, "q25": 95.0, "q50": 100.0, "q75": 105.0, "q90": 115.0, "q95": 120.0}
WATCHED = ["33.74", *(area for area in KECAMATAN if area != UNWATCHED)]
WHY = {"id": "Seperti Senin biasa.", "en": "Like a usual Monday."}


def hours(hour):
    """A day of hours of one kind: the running one unusual in places, one unknown, the past synthetic."""
    items = [
        {
            "day": city_day(at),
            "hour": at,
            "area_id": area,
            "kind": "crowd.people",
            "seen": VALUES.get(area, 100.0),
            "value": None if back == 7 else VALUES.get(area, 100.0),
            "cameras_reporting": 1,
            "cameras_total": 2,
            "coverage": 0.9,
            "reason": "unhealthy: frozen" if area == UNKNOWN else None if back else "running",
            "origin": "synthetic" if back else "pixels",
            "source_version": 1,
        }
        for area in WATCHED
        for back in range(25)
        for at in [hour - timedelta(hours=back)]
    ]
    return pa.Table.from_pylist(items, TABLES["area_hours"].schema)


def forecasts(hour):
    """An issue that is newer than the others: the running hour and the 24 after it."""
    common = {"issued_at": hour + timedelta(minutes=1), "step": "h", "kind": "crowd.people", "scenario": ""}
    common |= {"model": "boosted", "mean": 100.0, "why": WHY, "input_version": 1}
    scale = {"33.74": 16.0}
    items = [
        {**common, "area_id": area, "at": hour + timedelta(hours=ahead)}
        | {level: value * scale.get(area, 1.0) for level, value in BAND.items()}
        for area in WATCHED
        for ahead in range(25)
    ]
    return pa.Table.from_pylist(items, TABLES["forecasts"].schema)


def scores(hour):
    """The city's model is a quarter better than yesterday."""
    item = {"issued_at": hour + timedelta(minutes=1), "area_id": "33.74", "kind": "crowd.people"}
    item |= {"model": "boosted", "chosen": True, "scenario": "", "mase": 0.75, "coverage80": 0.79}
    return pa.Table.from_pylist([item], TABLES["scores"].schema)


def unusual(hour):
    """Genuk has been told since three hours ago."""
    item = {"area_id": FAR_ABOVE, "kind": "crowd.people", "from": hour - timedelta(hours=3), "to": hour}
    item |= {"observed": 300.0, "q05": 80.0, "q95": 120.0, "told_at": hour}
    return pa.Table.from_pylist([item], TABLES["unusual"].schema)


@pytest.fixture(scope="module")
def lake(city, tmp_path_factory):
    """A lake with a day of hours for every kecamatan but one, and a band for each."""
    lake = city.filled(tmp_path_factory.mktemp("page") / "lake")
    lake.replace("area_hours", hours(city.HOUR))
    lake.append("forecasts", forecasts(city.HOUR))
    lake.append("scores", scores(city.HOUR))
    lake.append("unusual", unusual(city.HOUR))
    return lake


@pytest.fixture(scope="module")
def address(city, lake):
    """Where the real application serves that lake."""
    from serving.api import application
    from serving.settings import Settings

    with city.served(application(lake, None, Settings(stale_after_s=3600, seen_within_s=3600))) as url:
        yield url


@pytest.fixture(scope="module")
def browser():
    """Chromium, without a head."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def wall(browser, address):
    """A page of 1080p that may not complain, and may not ask anyone but its own server for anything."""
    page = browser.new_page(viewport={"width": 1920, "height": 1080})
    said, asked = [], []
    page.on(
        "console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None
    )
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    yield SimpleNamespace(page=page, said=said, address=address, asked=asked)
    page.close()
    assert said == []
    assert [url for url in asked if not url.startswith(f"{address}/")] == []


def expect(found):
    """Playwright's own waiting assertions, patient enough for a busy machine."""
    from playwright.sync_api import expect

    expect.set_options(timeout=30_000)
    return expect(found)


def tile(page, area):
    """The hexagon of an area."""
    return page.locator(f'.hexagon[data-area="{area}"]')


def test_it_loads_in_both_languages(wall):
    """Sixteen hexagons, Indonesian first; English at a press, and again after a reload of the address."""
    wall.page.goto(wall.address)
    expect(wall.page.locator("hex-map .hexagon")).to_have_count(16)
    expect(wall.page.locator("html")).to_have_attribute("lang", "id")
    expect(wall.page.locator("city-overview")).to_contain_text("16 kecamatan, 2 di luar kebiasaan: Genuk")
    wall.page.get_by_role("button", name="English").click()
    wall.page.reload()
    expect(wall.page.locator("html")).to_have_attribute("lang", "en")
    expect(wall.page.locator("city-overview")).to_contain_text("16 kecamatan, 2 outside the usual: Genuk")
    assert wall.page.locator("body").inner_text().count("{") == 0


def test_it_says_what_is_synthetic_and_where_its_source_is(wall):
    """The foot names synthetic cameras and history, and links a source that answers."""
    wall.page.goto(f"{wall.address}/#lang=en")
    foot = wall.page.locator("page-foot")
    expect(foot).to_contain_text("2 of 2 cameras are synthetic")
    expect(foot).to_contain_text("Hollow dots are synthetic history")
    source = foot.get_by_role("link", name="AGPL").get_attribute("href")
    assert wall.page.request.get(f"{wall.address}{source}").ok


def test_its_icon_is_there(wall):
    """The favicon is an SVG of this server's."""
    wall.page.goto(wall.address)
    icon = wall.page.locator("link[rel=icon]").get_attribute("href")
    answer = wall.page.request.get(f"{wall.address}/{icon}")
    assert (answer.status, answer.headers["content-type"]) == (200, "image/svg+xml")


def test_the_unusual_is_more_than_a_colour(wall):
    """Signs and words say what is above, below and far off; unknown is a question mark, never a zero."""
    wall.page.goto(f"{wall.address}/#lang=en&kind=crowd.people")
    expect(tile(wall.page, FAR_ABOVE).locator(".verdict")).to_have_text("▲▲ +200%")
    expect(tile(wall.page, BELOW).locator(".verdict")).to_have_text("▼ -25%")
    expect(tile(wall.page, "33.74.01").locator(".verdict")).to_have_text("100")
    expect(tile(wall.page, UNKNOWN).locator(".verdict")).to_have_text("?")
    expect(tile(wall.page, UNKNOWN).locator(".hatched")).to_be_visible()
    expect(tile(wall.page, UNWATCHED).locator(".verdict")).to_have_text("\N{EN DASH}")
    expect(tile(wall.page, FAR_ABOVE)).to_have_attribute(
        "aria-label",
        re.compile(
            "Genuk. People. 300 People. Far above .*, usually 80\N{EN DASH}120. Since ..:.. too far off"
        ),
    )


def test_what_is_told_stands_out_and_says_since_when(wall):
    """An episode that is no chance has its own outline and a sentence; one hour outside its band has not."""
    wall.page.goto(f"{wall.address}/#lang=en&kind=crowd.people&area={FAR_ABOVE}")
    expect(tile(wall.page, FAR_ABOVE)).to_have_attribute("data-told", "true")
    expect(tile(wall.page, BELOW)).to_have_attribute("data-told", "false")
    expect(wall.page.locator("area-panel .told").first).to_contain_text("too far off to be chance")


def test_every_forecast_stands_with_its_skill(wall):
    """A kecamatan's forecast says how well it did, or that it was never tested."""
    wall.page.goto(f"{wall.address}/#lang=en&kind=crowd.people&area={BELOW}")
    expect(wall.page.locator("area-panel article").first).to_contain_text(
        "This forecast has not been tested yet."
    )


def test_the_keyboard_reaches_a_kecamatan(wall):
    """Focus shows a kecamatan closely, Enter keeps it, and the address remembers it."""
    wall.page.goto(f"{wall.address}/#lang=en")
    tile(wall.page, UNKNOWN).focus()
    wall.page.keyboard.press("Enter")
    expect(tile(wall.page, UNKNOWN)).to_have_attribute("aria-pressed", "true")
    wall.page.keyboard.press("Tab")
    wall.page.get_by_role("button", name="English").focus()
    panel = wall.page.locator("area-panel")
    expect(panel.locator("h3")).to_have_text("Tugu")
    expect(panel).to_contain_text("the camera's picture is frozen")
    assert f"area={UNKNOWN}" in wall.page.url


def test_a_strip_shows_past_present_and_band(wall):
    """A city strip has synthetic history, the running hour, one gap, the band, and its skill in words."""
    wall.page.goto(f"{wall.address}/#lang=en")
    strip = wall.page.locator('city-strip[kind="crowd.people"]')
    expect(strip.locator("g.dot.synthetic circle")).to_have_count(23)
    expect(strip.locator("g.dot.running path")).to_have_count(1)
    expect(strip.locator("g.gap rect")).to_have_count(1)
    expect(strip.locator("path.outer, g.outer path")).to_have_count(1)
    expect(strip).to_contain_text("25% closer than repeating the same hour of the day before (MASE 0.75)")
    expect(strip).to_contain_text("held 79% of the tested hours")
    expect(strip).to_contain_text("Like a usual Monday.")


def test_an_event_appears_as_it_is_acknowledged(wall, lake, city):
    """What a producer lands is in the list without a reload, the newest of its severity."""
    wall.page.goto(f"{wall.address}/#lang=en")
    expect(wall.page.locator("live-mark")).to_have_text("live")
    expect(wall.page.locator("event-list .going")).to_have_count(4)
    event = city.event("page", at=city.NOW + timedelta(seconds=5))
    lake.landing.producer("page").append({"events": city.event_rows(event)})
    expect(wall.page.locator("event-list .going")).to_have_count(5)
    last = wall.page.locator("event-list .going").last
    expect(last).to_have_attribute("data-event", event.event_id)
    expect(last).to_contain_text("Semarang Tengah")


def test_a_stale_wall_says_so(wall, city):
    """With old data the banner, the age and the frame of the whole wall say that this is not the present."""
    then = (city.NOW - timedelta(hours=2)).isoformat()
    health = {"status": "stale", "now": city.NOW.isoformat(), "data_at": then, "age_s": 7200}
    health |= {"cameras": {"total": 24, "seen": 0}, "tables": {}}
    wall.page.route("**/v1/health*", lambda route: route.fulfill(json=health))
    wall.page.goto(f"{wall.address}/#lang=en")
    expect(wall.page.locator("trouble-banner")).to_contain_text("No new data for 2 hr")
    expect(wall.page.locator("body")).to_have_class("blind")
    expect(wall.page.locator('[data-fact="cameras"]')).to_contain_text("0 of 24")


def test_a_lost_server_is_told(wall):
    """What is on the wall stays, and the banner says since when it is not the present."""
    wall.page.goto(f"{wall.address}/#lang=en")
    expect(wall.page.locator("hex-map .hexagon")).to_have_count(16)
    wall.page.route("**/v1/**", lambda route: route.abort())
    expect(wall.page.locator("trouble-banner")).to_contain_text(
        "The server has not answered since", timeout=15_000
    )
    expect(wall.page.locator("hex-map .hexagon")).to_have_count(16)
    wall.said.clear()


def test_a_refusal_is_shown_in_the_api_s_words(wall):
    """An error of one question stands in the banner with its title and remedy; the rest goes on."""
    problem = {"title": "The lake is busy", "status": 503, "detail": "x", "remedy": "wait a little"}
    wall.page.route("**/v1/forecasts*", lambda route: route.fulfill(status=503, json=problem))
    wall.page.goto(f"{wall.address}/#lang=en")
    expect(wall.page.locator("trouble-banner")).to_contain_text(
        "Forecasts: The lake is busy · x · wait a little"
    )
    expect(tile(wall.page, "33.74.01").locator(".verdict")).to_have_text("100")
    wall.said.clear()


def test_a_new_kind_needs_no_new_page(wall):
    """A kind that the page has never heard of gets its button, its block and its strip."""
    kinds = wall.page.request.get(f"{wall.address}/v1/kinds").json()
    kinds["items"].append(
        {**kinds["items"][1], "kind": "new.thing", "title": {"id": "Hal baru", "en": "New thing"}}
    )
    wall.page.route("**/v1/kinds*", lambda route: route.fulfill(json=kinds))
    wall.page.goto(f"{wall.address}/#kind=new.thing")
    expect(wall.page.get_by_role("button", name="Hal baru", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(wall.page.locator('city-strip[kind="new.thing"] h3')).to_have_text("Hal baru")


def apart(one, other):
    """Whether two boxes share no more than an edge."""
    return any(
        first[start] + first[length] <= second[start] + 1
        for start, length in (("x", "width"), ("y", "height"))
        for first, second in ((one, other), (other, one))
    )


def test_it_fits_from_a_phone_to_a_wall(wall):
    """Nothing sticks out to the side, and no card runs into another or out of itself."""
    wall.page.goto(f"{wall.address}/")
    expect(wall.page.locator("city-strip figure svg").first).to_be_visible()
    for width, height in [(360, 740), (1000, 800), (1366, 768), (1920, 950), (3840, 2160)]:
        wall.page.set_viewport_size({"width": width, "height": height})
        assert wall.page.evaluate("document.documentElement.scrollWidth") <= width
        boxes = [card.bounding_box() for card in wall.page.locator(".card, page-foot").all()]
        assert all(apart(one, other) for one, other in combinations(boxes, 2)), (width, height)
        foot = wall.page.locator("city-strip footer").last.bounding_box()
        card = wall.page.locator(".strips").bounding_box()
        assert foot["y"] + foot["height"] <= card["y"] + card["height"], (width, height)
