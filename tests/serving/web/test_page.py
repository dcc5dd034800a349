"""The situation room in a real browser, over the real application and a real lake."""

import re
import shutil
from datetime import datetime, timedelta
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
    pytest.mark.slow,
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


class Held:
    """Requests that are not answered until they are let go, or given up."""

    def __init__(self):
        self._routes, self._end = [], None

    def __call__(self, route):
        """Keep one waiting."""
        if self._end:
            getattr(route, self._end)()
        else:
            self._routes.append(route)

    def let_go(self, end="continue_"):
        """Answer them all, and those that come."""
        self._end = end
        for route in self._routes:
            getattr(route, end)()

    def give_up(self):
        """Answer none of them ever."""
        self.let_go("abort")


def failing(route):
    """An answer that says nothing but that it failed."""
    route.fulfill(status=503, json={"title": "The lake is busy", "status": 503})


def rewritten(items):
    """A route whose answer has these items instead of its own."""

    def answer(route):
        body = route.fetch().json()
        route.fulfill(json={**body, "items": items(body["items"])})

    return answer


NO_EVENT = {"en": "No event is going on", "id": "Tidak ada kejadian yang sedang berlangsung"}


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("stands", ["loading", "failing"])
def test_no_calm_is_claimed_of_events_that_nobody_knows(wall, language, stands):
    """While they are read, or cannot be, the sentence, the list, the panel and the badges say just that."""
    held = Held()
    wall.page.route(re.compile(r"/v1/events\?"), held if stands == "loading" else failing)
    wall.page.goto(f"{wall.address}/#lang={language}")
    overview = wall.page.locator("city-overview")
    told = {
        "loading": {"id": "Membaca kejadian", "en": "Reading the events"},
        "failing": {
            "id": "Tidak diketahui apakah ada kejadian",
            "en": "Whether events are going on is unknown",
        },
    }[stands][language]
    expect(overview).to_contain_text(told)
    expect(overview).not_to_contain_text(NO_EVENT[language])
    expect(wall.page.locator("event-list")).to_have_attribute("data-state", stands)
    expect(wall.page.locator("event-list .waiting")).to_have_attribute("data-state", stands)
    expect(wall.page.locator("event-list h3")).to_have_count(0)
    expect(tile(wall.page, "33.74.03").locator(".badge text")).to_have_text(
        "…" if stands == "loading" else "?"
    )
    expect(tile(wall.page, "33.74.03").locator(".badge")).to_be_visible()
    held.let_go()
    wall.said.clear()


def test_calm_is_said_when_it_is_known(wall):
    """Only an answer without an event says that none goes on."""
    wall.page.route(
        re.compile(r"/v1/events\?"), lambda route: route.fulfill(json={"items": [], "next": None})
    )
    wall.page.goto(f"{wall.address}/#lang=en")
    expect(wall.page.locator("city-overview")).to_contain_text(NO_EVENT["en"])
    expect(tile(wall.page, "33.74.03").locator(".badge")).to_be_hidden()


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("stands", ["loading", "failing"])
def test_tiles_without_hourly_figures_are_not_calm(wall, language, stands):
    """Each tile, the note, the panel and the strips tell loading from failing, in shape and in words."""
    held = Held()
    wall.page.route("**/v1/hours*", held if stands == "loading" else failing)
    wall.page.goto(f"{wall.address}/#lang={language}&kind=crowd.people")
    one = tile(wall.page, "33.74.01")
    expect(one).to_have_attribute("data-state", stands)
    word = {
        "loading": {"id": "memuat", "en": "loading"},
        "failing": {"id": "tidak terbaca", "en": "cannot be read"},
    }
    expect(one.locator(".state")).to_have_text(word[stands][language])
    expect(one.locator(".verdict")).to_have_text("…" if stands == "loading" else "✕")
    expect(wall.page.locator("map-note")).to_contain_text("…" if stands == "loading" else "✕")
    expect(wall.page.locator("city-overview")).to_have_attribute("data-state", stands)
    expect(wall.page.locator("area-panel article").first).to_have_attribute("data-state", stands)
    expect(wall.page.locator("city-strip .waiting").first).to_have_attribute("data-state", stands)
    expect(wall.page.locator('city-strip[kind="crowd.people"] .gap')).to_have_count(0)
    held.let_go()
    wall.said.clear()


def looks_of(page, area):
    """What of a tile's shape can be seen: its fill, its outline and its dashes."""
    names = ["fill", "strokeDasharray", "strokeWidth"]
    script = "(node, names) => names.map((name) => getComputedStyle(node)[name])"
    return tile(page, area).locator(".tile").evaluate(script, names)


def test_a_tile_without_a_forecast_does_not_look_usual(wall):
    """A district with a count and no band for its hour has another outline, and says so."""
    bare = "33.74.03"
    wall.page.route(
        "**/v1/forecasts*",
        rewritten(lambda items: [item for item in items if item["area_id"] != bare]),
    )
    wall.page.goto(f"{wall.address}/#lang=en&kind=crowd.people&area={bare}")
    expect(tile(wall.page, bare)).to_have_attribute("data-state", "unforecast")
    expect(tile(wall.page, bare).locator(".state")).to_have_text("no forecast")
    expect(tile(wall.page, "33.74.01")).to_have_attribute("data-state", "usual")
    assert looks_of(wall.page, bare)[1] != looks_of(wall.page, "33.74.01")[1]
    expect(wall.page.locator("area-panel article").first).to_contain_text(
        "No forecast for this hour: not judged"
    )
    expect(wall.page.locator("city-overview")).to_contain_text(
        "Not judged, since there is no forecast: Semarang Timur"
    )


def test_a_forecast_without_a_band_judges_nothing(wall):
    """NULL in the quantiles is no zero."""
    empty = {"q05": None, "q50": None, "q95": None}
    wall.page.route("**/v1/forecasts*", rewritten(lambda items: [{**item, **empty} for item in items]))
    wall.page.goto(f"{wall.address}/#lang=en&kind=crowd.people")
    expect(tile(wall.page, "33.74.01")).to_have_attribute("data-state", "unforecast")
    expect(wall.page.locator("city-overview")).to_contain_text("Nothing can be judged yet.")


@pytest.mark.parametrize(
    ("stands", "told"),
    [("loading", "since the forecasts are being read"), ("failing", "since the forecasts cannot be read")],
)
def test_nothing_is_judged_without_forecasts(wall, stands, told):
    """Values stay, no verdict is given, and the reason is in the sentence and at the strip."""
    held = Held()
    wall.page.route("**/v1/forecasts*", held if stands == "loading" else failing)
    wall.page.goto(f"{wall.address}/#lang=en&kind=crowd.people")
    expect(wall.page.locator("city-overview")).to_contain_text("Nothing can be judged yet.")
    expect(wall.page.locator("city-overview")).to_contain_text(told)
    expect(wall.page.locator("map-note")).to_contain_text("Nothing can be judged yet.")
    expect(tile(wall.page, "33.74.01")).to_have_attribute("data-state", "unforecast")
    strip = wall.page.locator('city-strip[kind="crowd.people"]')
    expect(strip.locator("footer")).not_to_contain_text("has not been tested")
    held.let_go()
    wall.said.clear()


@pytest.mark.parametrize(
    ("stands", "word"), [("loading", "Reading the areas"), ("failing", "cannot be read")]
)
def test_without_areas_each_card_says_why_it_is_empty(wall, stands, word):
    """The map and the strips have a sentence instead of nothing."""
    held = Held()
    wall.page.route("**/v1/areas*", held if stands == "loading" else failing)
    wall.page.goto(f"{wall.address}/#lang=en")
    for card in ("hex-map", "city-strips"):
        expect(wall.page.locator(f"{card} .waiting")).to_contain_text(word)
        expect(wall.page.locator(f"{card} .waiting")).to_have_attribute("data-state", stands)
    held.let_go()
    wall.said.clear()


def test_health_that_is_not_known_is_not_good(wall):
    """Before the first answer neither the data's age nor the cameras are called good or none."""
    held = Held()
    wall.page.route("**/v1/health*", held)
    wall.page.goto(f"{wall.address}/#lang=en")
    for fact in ("age", "cameras"):
        expect(wall.page.locator(f'[data-fact="{fact}"]')).to_contain_text("loading")
        expect(wall.page.locator(f'[data-fact="{fact}"]')).to_have_attribute("data-state", "plain")
    held.let_go()


def test_the_live_mark_tells_connecting_from_lost(wall):
    """Before the first connection nothing is lost."""
    held = Held()
    wall.page.route("**/v1/events/live*", held)
    wall.page.goto(f"{wall.address}/#lang=en")
    expect(wall.page.locator("live-mark")).to_have_text("connecting …")
    held.give_up()
    expect(wall.page.locator("live-mark")).to_have_text("lost, connecting again …")
    wall.said.clear()


def unjudgeable(hour):
    """The running hour of every area has been seen too little of."""

    def change(items):
        return [
            {**item, "value": None, "coverage": 0.1, "reason": "running"} if item["hour"] == hour else item
            for item in items
        ]

    return change


def test_the_last_complete_hour_is_judged_until_the_running_one_can_be(wall, city):
    """The map says which hour that is, each tile and the panel too; so does the sentence."""
    hour = wall.page.request.get(f"{wall.address}/v1/hours?area=33.74&level=city").json()["items"][-1]["hour"]
    wall.page.route("**/v1/hours*", rewritten(unjudgeable(hour)))
    before = (city.HOUR - timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    wall.page.route(
        "**/v1/forecasts*",
        rewritten(lambda items: items + [{**item, "at": before} for item in items if item["at"] == hour]),
    )
    wall.page.goto(f"{wall.address}/#lang=en&kind=crowd.people&area=33.74.01")
    expect(wall.page.locator("map-note")).to_contain_text(
        "14 judged by the last complete hour, 09:00\N{EN DASH}10:00"
    )
    expect(tile(wall.page, "33.74.01")).to_have_attribute("data-state", "usual")
    expect(tile(wall.page, "33.74.01").locator(".state")).to_have_text("09:00\N{EN DASH}10:00")
    expect(wall.page.locator("area-panel article").first).to_contain_text("hour 09:00\N{EN DASH}10:00")
    expect(wall.page.locator("city-overview")).to_contain_text("Judged by the last complete hour")


def test_nothing_can_be_judged_yet_is_said_plainly(wall):
    """In a city's first minutes there is no hour before."""
    hour = wall.page.request.get(f"{wall.address}/v1/hours?area=33.74&level=city").json()["items"][-1]["hour"]
    change = unjudgeable(hour)
    wall.page.route(
        "**/v1/hours*",
        rewritten(lambda items: [item for item in change(items) if item["hour"] == hour]),
    )
    wall.page.goto(f"{wall.address}/#lang=en&kind=crowd.people&area=33.74.01")
    expect(wall.page.locator("city-overview")).to_contain_text("? Nothing can be judged yet.")
    expect(wall.page.locator("map-note")).to_have_text("? Nothing can be judged yet.")
    expect(tile(wall.page, "33.74.01").locator(".state")).to_have_text("unknown")
    expect(wall.page.locator("area-panel article").first).to_contain_text(
        "not enough of this hour has been seen"
    )


def test_an_old_hour_is_not_the_present(wall, city):
    """What was counted three hours ago says nothing about now, however usual it was."""
    ago = [(city.HOUR - timedelta(hours=back)).astimezone().timestamp() for back in (0, 1)]
    wall.page.route(
        "**/v1/hours*",
        rewritten(
            lambda items: [one for one in items if datetime.fromisoformat(one["hour"]).timestamp() not in ago]
        ),
    )
    wall.page.goto(f"{wall.address}/#lang=en&kind=crowd.people&area=33.74.01")
    expect(tile(wall.page, "33.74.01")).to_have_attribute("data-state", "unknown")
    expect(wall.page.locator("area-panel article").first).to_contain_text(
        "nothing was counted in this hour or the last"
    )


def test_a_district_without_a_camera_for_a_kind_says_so(wall):
    """Mijen has no camera at all, and nobody counts traffic in Semarang Tengah: neither is unknown."""
    wall.page.goto(f"{wall.address}/#lang=en&kind=traffic.flow&area=33.74.01")
    expect(tile(wall.page, "33.74.01")).to_have_attribute("data-state", "none")
    expect(tile(wall.page, "33.74.01").locator(".state")).to_have_text("no camera")
    expect(wall.page.locator("area-panel article").last).to_contain_text(
        "No camera zone in this kecamatan counts it."
    )


def many(city, count):
    """Events that go on for thirty hours, in pages of a hundred; the first of them is the worst."""
    began = (city.NOW - timedelta(hours=30)).isoformat()
    common = {
        "revision": 1,
        "state": "open",
        "kind": "crowd.crowding",
        "camera_id": "cam-1",
        "zone_id": "plaza",
    }
    common |= {"area_id": "33.74.01.1001", "at": began, "ended_at": None, "measures": {}, "confidence": 0.9}
    items = [
        {**common, "event_id": str(number), "severity": 1 if number else 3, "started_at": began}
        for number in range(count)
    ]

    def answer(route):
        if "going_on=true" not in route.request.url:
            return route.fulfill(json={"items": [], "next": None})
        start = int(re.search(r"cursor=(\d+)|$", route.request.url)[1] or 0)
        end = start + 100
        return route.fulfill(json={"items": items[start:end], "next": str(end) if end < count else None})

    return answer


def test_all_that_goes_on_is_there(wall, city):
    """Of 463 events over five pages the count is right, the worst is first, and each is reachable."""
    wall.page.route(re.compile(r"/v1/events\?"), many(city, 463))
    wall.page.goto(f"{wall.address}/#lang=en")
    expect(wall.page.locator("city-overview")).to_contain_text("Events going on: 463.")
    expect(wall.page.locator("event-list h3 span").first).to_have_text("463")
    first = wall.page.locator("event-list .going").first
    expect(first).to_have_attribute("data-severity", "3")
    expect(first).to_contain_text("since Sun 22 04:20")
    expect(wall.page.locator("event-list .going")).to_have_count(200)
    for left in (263, 63):
        wall.page.get_by_role("button", name=f"{left} more").click()
    expect(wall.page.locator("event-list .going")).to_have_count(463)


def test_an_event_open_for_thirty_hours_is_there(wall, lake, city):
    """The real API gives it, whenever it began."""
    old = city.event("old", at=city.NOW - timedelta(hours=30), camera_id="cam-2", revision=2)
    lake.landing.producer("old", backfill=True).append({"events": city.event_rows(old)})
    wall.page.goto(f"{wall.address}/#lang=en")
    expect(wall.page.locator(f'event-list .going[data-event="{old.event_id}"]')).to_contain_text("1 day")
    expect(wall.page.locator("event-list .going").first).to_have_attribute("data-event", old.event_id)


def test_the_legend_has_every_state(wall):
    """In both languages, each with its own sign or pattern."""
    wall.page.goto(f"{wall.address}/#lang=id")
    states = wall.page.locator("map-legend [data-state]").evaluate_all(
        "nodes => nodes.map((node) => node.dataset.state)"
    )
    assert set(states) == {"below", "usual", "above", "unforecast", "unknown", "none", "loading", "failing"}
    expect(wall.page.locator("map-legend")).to_contain_text("tidak dinilai: tanpa prakiraan")


def test_a_panel_that_is_cut_off_says_how_much(wall):
    """On a wall the panel is of a fixed height: what lies below its edge is told, and reached at a press."""
    kinds = wall.page.request.get(f"{wall.address}/v1/kinds").json()
    more = [{**kinds["items"][1], "kind": f"new.kind{number}"} for number in range(8)]
    wall.page.route("**/v1/kinds*", rewritten(lambda items: items + more))
    wall.page.goto(f"{wall.address}/#lang=en&area={FAR_ABOVE}")
    sign = wall.page.locator("area-panel .more")
    expect(sign).to_contain_text("more below")
    for _ in range(6):
        if sign.is_visible():
            sign.click()
            wall.page.wait_for_timeout(100)
    expect(sign).to_be_hidden()
    expect(wall.page.locator("area-panel article").last).to_be_in_viewport(ratio=0.9)


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
