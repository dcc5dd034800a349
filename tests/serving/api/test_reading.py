"""What the API answers about areas, cameras, kinds, hours, forecasts and itself."""

import csv
import io
import shlex
from datetime import datetime, timedelta

import httpx
import pyarrow as pa
import pytest

from lakehouse.store import Lake
from lakehouse.tables import TABLES
from serving.api.manners.times import instant


def items(client, path, **query):
    """The items of an answer."""
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def test_the_root_names_version_licence_and_source(reading):
    """A client finds the licence, a source that really answers, and every route."""
    root = reading.get("/v1").json()
    assert root["licence"] == "AGPL-3.0-or-later"
    assert reading.get(root["source"]).headers["content-type"] == "application/zip"
    assert all(reading.get(link).status_code != 404 for name, link in root["links"].items() if name != "live")


def test_health_tells_the_age_of_what_is_not_even_compacted(reading, city):
    """The newest look counts as soon as it is acknowledged."""
    health = reading.get("/v1/health").json()
    assert datetime.fromisoformat(health["data_at"]) == city.NOW
    assert health["cameras"] == {"total": 2, "seen": int(health["age_s"] < 60)}
    assert health["status"] == ("ok" if health["age_s"] < 60 else "stale")
    assert health["tables"]["area_hours"] == 1


def test_areas_by_level_and_by_parent(reading):
    """There are 16 kecamatan with a place in the hex map, and their kelurahan below them."""
    kecamatan = items(reading, "/v1/areas", level="kecamatan")
    assert len(kecamatan) == len({(one["tile_col"], one["tile_row"]) for one in kecamatan}) == 16
    assert len(items(reading, "/v1/areas", level="kelurahan")) == 177
    assert {one["level"] for one in items(reading, "/v1/areas", parent="33.74.01")} == {"kelurahan"}


def test_cameras_of_an_area_and_when_they_were_seen(reading, city):
    """A camera is found in every area around it; one that was never looked at was seen at no time."""
    assert [one["camera_id"] for one in items(reading, "/v1/cameras")] == ["cam-1", "cam-2"]
    (camera,) = items(reading, "/v1/cameras", area="33.74.01")
    assert datetime.fromisoformat(camera["seen_at"]) == city.NOW
    assert camera["zones"][0]["zone_id"] == "plaza"
    assert items(reading, "/v1/cameras", area="33.74.02")[0]["seen_at"] is None
    assert "source" not in camera


def test_kinds_are_told_in_both_languages(reading):
    """A quantity has its unit in Indonesian and English; an event has none."""
    kinds = {one["kind"]: one for one in items(reading, "/v1/kinds")}
    assert kinds["crowd.people"]["unit"] == {"id": "Orang", "en": "People"}
    assert kinds["crowd.crowding"]["unit"] is None


def test_hours_are_those_of_city_and_kecamatan_unless_told(reading):
    """By default an answer holds the last day of the city and its kecamatan; unknown is null."""
    hours = items(reading, "/v1/hours")
    assert {one["area_id"] for one in hours} == {"33.74", "33.74.01", "33.74.02"}
    assert all(one["hour"].endswith("+07:00") for one in hours)
    assert [one["reason"] for one in hours[:4]] == ["too little was seen", None, None, "running"]
    assert hours[0]["value"] is None


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"area": "33.74.01.1001"}, 4),
        ({"level": "kelurahan"}, 4),
        ({"area": "33.74.01", "level": "kelurahan"}, 4),
        ({"area": "33.74.02", "level": "kelurahan"}, 0),
        ({"kind": "crowd.people"}, 12),
        ({"kind": "traffic.flow"}, 0),
        ({"version": "0"}, 0),
    ],
)
def test_hours_of_what_was_asked_for(reading, query, count):
    """Area, level, kind and version each narrow the answer."""
    assert len(items(reading, "/v1/hours", **query)) == count


def test_hours_within_a_window(reading, city):
    """`since` belongs to the window and `until` does not; a plus sign may come unescaped."""
    since = city.HOUR - timedelta(hours=2)
    found = items(reading, "/v1/hours", area="33.74", since=since.isoformat(), until=city.HOUR.isoformat())
    assert [datetime.fromisoformat(one["hour"]) for one in found] == [since, since + timedelta(hours=1)]
    raw = f"/v1/hours?area=33.74&since={since:%Y-%m-%dT%H:%M:%S}+00:00"
    assert len(reading.get(raw).json()["items"]) == 3


def test_hours_as_csv(reading):
    """Who accepts CSV gets the same rows with a header line."""
    answer = reading.get("/v1/hours", headers={"accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    hours = items(reading, "/v1/hours")
    assert [row["hour"] for row in rows] == [one["hour"] for one in hours]
    assert [row["value"] for row in rows] == [
        "" if one["value"] is None else f"{one['value']:g}" for one in hours
    ]


@pytest.mark.parametrize("path", ["/v1/hours", "/v1/forecasts"])
def test_what_the_client_has_is_not_sent_again(reading, path):
    """The ETag names the version; sent back it is answered with 304, and CSV has another than JSON."""
    first = reading.get(path)
    again = reading.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = reading.get(path, headers={"if-none-match": first.headers["etag"], "accept": "text/csv"})
    assert other.status_code == 200


def test_forecasts_are_the_newest_with_their_scores(reading, city):
    """By default the newest issue is told, with the scores of its models; an older one by its instant."""
    newest = reading.get("/v1/forecasts").json()
    assert {datetime.fromisoformat(one["issued_at"]) for one in newest["items"]} == {city.HOUR}
    assert newest["scores"] == [
        {"area_id": "33.74.01", "kind": "crowd.people", "model": "boosted", "chosen": True}
        | {"horizon": 48, "mase": 0.6, "coverage80": 0.81, "coverage95": 0.95}
    ]
    earlier = city.HOUR - timedelta(hours=1)
    older = items(reading, "/v1/forecasts", issued_at=earlier.isoformat())
    assert {datetime.fromisoformat(one["issued_at"]) for one in older} == {earlier}


def test_forecasts_as_csv(reading):
    """The sentence that explains a forecast has a column for each language."""
    text = reading.get("/v1/forecasts", headers={"accept": "text/csv"}).text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["why_id"] for row in rows] == ["Seperti biasa."] * 2


def test_the_document_lists_every_route_with_an_example(reading):
    """The OpenAPI document names each route, and every answer has an example."""
    document = reading.get("/v1/openapi.json").json()
    assert {"/v1/hours", "/v1/events", "/v1/events/live", "/v1/detect", "/v1/health"} <= set(
        document["paths"]
    )
    schemas = document["components"]["schemas"]
    assert all(schemas[name]["examples"] for name in ("HourOut", "ForecastOut", "EventOut", "CameraOut"))


def test_the_documents_need_nobody_else(reading):
    """/docs loads its script and style from this server, and its policy lets nothing else in."""
    page = reading.get("/docs")
    assert "http" not in page.text.replace("http-equiv", "")
    assert "script-src 'self' 'sha256-" in page.headers["content-security-policy"]
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css", "LICENSE"):
        assert reading.get(f"/web/vendor/swagger-ui-5.35.0/{asset}").status_code == 200


def test_every_answer_keeps_the_browser_at_home(reading):
    """No answer lets a page ask another server for anything."""
    for path in ("/", "/v1", "/v1/hours", "/nowhere", "/web/nothing.js"):
        assert "default-src" in reading.get(path).headers["content-security-policy"], path


@pytest.fixture
def asked(city, lake):
    """A client over a lake of one's own."""
    from serving.api import application

    with city.served(application(lake)) as url, httpx.Client(base_url=url, timeout=10) as client:
        yield client


def test_a_scenario_never_stands_for_the_forecast(city, lake, asked):
    """A later forecast that supposes something is only told when it is asked for by its name."""
    supposed = city.forecast_rows(city.HOUR + timedelta(hours=1), value=99.0).to_pylist()
    rows = [{**row, "scenario": "rain=20mm"} for row in supposed]
    lake.append("forecasts", pa.Table.from_pylist(rows, schema=TABLES["forecasts"].schema))
    newest = items(asked, "/v1/forecasts")
    assert {one["scenario"] for one in newest} == {""}
    assert newest == items(asked, "/v1/forecasts", scenario="")
    supposed = items(asked, "/v1/forecasts", scenario="rain=20mm")
    assert {(one["scenario"], one["q50"]) for one in supposed} == {("rain=20mm", 99.0)}


def test_the_unusual_is_told_with_its_band(city, lake, asked):
    """Each episode of the last day once, the newest first, in the city's time."""
    row = {"area_id": "33.74.01", "kind": "crowd.people", "observed": 90.0, "q05": 10.0, "q95": 30.0}
    rows = [
        {**row, "from": city.HOUR - timedelta(hours=back), "to": city.HOUR, "told_at": city.HOUR}
        for back in (3, 1)
    ]
    rows.append({**row, "from": city.HOUR - timedelta(days=9), "to": city.HOUR - timedelta(days=8)})
    rows[-1]["told_at"] = city.HOUR
    lake.append("unusual", pa.Table.from_pylist(rows, schema=TABLES["unusual"].schema))
    told = items(asked, "/v1/unusual")
    assert [datetime.fromisoformat(one["from"]) for one in told] == [
        city.HOUR - timedelta(hours=h) for h in (1, 3)
    ]
    assert told[0]["observed"] == 90.0
    assert told[0]["from"].endswith("+07:00")
    assert items(asked, "/v1/unusual", area="33.74.02") == []
    assert len(items(asked, "/v1/unusual", since="2026-01-01")) >= 2


def test_a_scenario_that_was_never_run_says_how_to_run_it(reading):
    """Instead of an empty answer there is the command that makes the forecast asked for."""
    for scenario in ("rain=20mm", "no; such"):
        answer = reading.get("/v1/forecasts", params={"scenario": scenario, "issued_at": "2026-11-23"})
        assert (answer.status_code, answer.json()["value"]) == (404, scenario)
        assert f"python -m forecasting run --scenario {shlex.quote(scenario)}" in answer.json()["remedy"]


@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
@pytest.mark.parametrize("path", ["/v1/hours", "/v1/forecasts", "/v1/unusual"])
@pytest.mark.parametrize(
    "query", ["level=rt", "level=rw", "level=city&area=33.74.01", "level=camera&kind=crowd.people"]
)
def test_where_there_is_no_area_the_answer_is_empty(reading, path, query, accept):
    """A level that an area does not have, or that the city has not, is no failure: there is nothing."""
    answer = reading.get(f"{path}?{query}", headers={"accept": accept})
    assert answer.status_code == 200, answer.text
    if answer.headers["content-type"] == "application/json":
        assert answer.json()["items"] == []
    else:
        assert len(answer.text.splitlines()) == 1


@pytest.mark.parametrize(
    "path",
    ["areas", "cameras", "kinds", "events", "events?going_on=true", "hours", "hours?level=city",
     "forecasts", "unusual", "health"],
)  # fmt: skip
def test_a_lake_without_anything_answers(tmp_path, city, path):
    """Before anything was registered or seen, every question has an answer."""
    from serving.api import application

    with city.served(application(Lake.create(tmp_path / "lake"))) as url:
        answer = httpx.get(f"{url}/v1/{path}")
    assert answer.status_code == 200, answer.text
    assert not answer.json().get("items")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-23T10:00:00z", "2026-11-23T10:00:00+00:00"),
        ("2026-11-23t10:00:00Z", "2026-11-23T10:00:00+00:00"),
        ("2026-11-23 10:00:00+07:00", "2026-11-23T03:00:00+00:00"),
        ("2026-11-23T10:00:00 07:00", "2026-11-23T03:00:00+00:00"),
        ("2026-11-23T10:00:00.123456789Z", "2026-11-23T10:00:00.123456+00:00"),
        ("2026-11-23T10:00:00-00:00", "2026-11-23T10:00:00+00:00"),
        ("2026-12-31T23:59:60Z", "2027-01-01T00:00:00+00:00"),
        ("2000-01-01", "1999-12-31T17:00:00+00:00"),
    ],
)
def test_every_form_of_rfc_3339_is_understood(written, meant):
    """Small letters, a space for the T, fractions and leap seconds are all RFC 3339."""
    assert instant(written) == datetime.fromisoformat(meant)
