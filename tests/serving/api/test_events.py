"""What the API answers about events."""

from dataclasses import replace
from datetime import datetime, timedelta

import httpx
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.clock import city_day
from lakehouse.landing import rows
from lakehouse.scenes import Severity, State
from lakehouse.tables import TABLES


def ask(client, **query):
    """The answer about events."""
    answer = client.get("/v1/events", params=query)
    assert answer.status_code == 200, answer.text
    return answer


def test_an_event_is_told_in_its_last_revision(reading):
    """The newest event comes first, and one that escalated is told once, as escalated."""
    items = ask(reading).json()["items"]
    assert [one["revision"] for one in items] == [1, 2, 1, 1]
    assert items[1]["state"] == "escalated"
    assert items[1]["measures"] == {"people": 30.0}
    assert [one["started_at"] for one in items] == sorted((one["started_at"] for one in items), reverse=True)


def test_events_of_an_area_and_of_a_time(reading, city):
    """An event is found in every area around its camera, and by when it began."""
    assert [one["camera_id"] for one in ask(reading, area="33.74.02").json()["items"]] == ["cam-2"]
    assert len(ask(reading, area="33.74").json()["items"]) == 4
    since = city.NOW - timedelta(minutes=1)
    assert len(ask(reading, since=since.isoformat()).json()["items"]) == 2
    assert len(ask(reading, until=since.isoformat()).json()["items"]) == 2
    assert ask(reading, kind="traffic.flow").json()["items"] == []


def test_the_next_page_is_linked(reading):
    """A page that is not the last carries a cursor and a Link that leads on to it."""
    first = ask(reading, limit=3)
    linked = httpx.Response(200, headers=first.headers).links["next"]["url"]
    assert first.json()["next"] in linked
    last = reading.get(linked)
    assert [one["camera_id"] for one in last.json()["items"]] == ["cam-2"]
    assert (last.json()["next"], last.headers.get("link")) == (None, None)


@settings(max_examples=5, deadline=None)
@given(limit=st.integers(1, 5))
def test_pages_together_are_the_whole(reading, limit):
    """Whatever the page's length, its pages hold every event once and in order."""
    whole = [one["event_id"] for one in ask(reading).json()["items"]]
    paged, cursor = [], {}
    while cursor is not None:
        page = ask(reading, limit=limit, **cursor).json()
        paged += [one["event_id"] for one in page["items"]]
        cursor = {"cursor": page["next"]} if page["next"] else None
    assert paged == whole


def test_an_event_seen_a_moment_ago_is_there(lake, city):
    """What was acknowledged and not compacted is answered like the rest."""
    from serving.api import application

    with city.served(application(lake)) as url:
        lake.landing.producer("shard-7").append({"events": city.event_rows(city.event(77))})
        newest = httpx.get(f"{url}/v1/events", params={"limit": 2}).json()["items"]
    assert city.event(77).event_id in {one["event_id"] for one in newest}
    assert datetime.fromisoformat(newest[0]["at"]) == city.NOW


def test_an_adopted_run_is_told_unless_another_is_asked_for(lake, city):
    """Of a day whose crowd was replayed and adopted the replay's events are told; live's on demand."""
    from serving.api import application

    replayed = city.event(78)
    landed = rows.events([replayed], {"cam-1": "33.74.01.1001"}, {}, "replay-1")
    lake.landing.producer("replay-1").append({"events": landed})
    today = city_day(city.NOW)
    days = [today - timedelta(days=1), today]
    adopted = [{"day": day, "analytic": "crowd", "run": "replay-1", "adopted_at": city.NOW} for day in days]
    lake.append("runs", pa.Table.from_pylist(adopted, schema=TABLES["runs"].schema))
    with city.served(application(lake)) as url, httpx.Client(base_url=url) as client:
        assert [one["event_id"] for one in ask(client).json()["items"]] == [replayed.event_id]
        assert len(ask(client, run="live").json()["items"]) == 4


def pages(client, **query):
    """Every event of an answer, page after page, as the header Link leads on."""
    answer = ask(client, **query)
    found = answer.json()["items"]
    while "next" in answer.links:
        answer = client.get(answer.links["next"]["url"])
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
    return found


@pytest.fixture
def busy(lake, city):
    """A client over a lake where 163 events go on, one of them for 30 hours, and 40 have ended."""
    from serving.api import application

    worst = list(Severity)
    going = [
        replace(city.event(100 + n, at=city.NOW - timedelta(minutes=n)), severity=worst[n % 3])
        for n in range(158)
    ]
    going.append(city.event(500, at=city.NOW - timedelta(hours=30)))
    over = [
        replace(
            city.event(100 + n, at=city.NOW - timedelta(minutes=n)),
            revision=2,
            state=State.CLOSED,
            ended_at=city.NOW,
        )
        for n in range(158, 198)
    ]
    lake.landing.producer("shard-7").append({"events": city.event_rows(*going, *over)})
    with city.served(application(lake)) as url, httpx.Client(base_url=url, timeout=10) as client:
        yield client


def test_all_that_goes_on_is_told_whenever_it_began(busy, city):
    """Without a time, all that has not ended is told, also what began the day before yesterday."""
    going = pages(busy, going_on=True)
    assert len({one["event_id"] for one in going}) == len(going) == 163
    assert all(one["ended_at"] is None for one in going)
    assert city.event(500, at=city.NOW - timedelta(hours=30)).event_id in {one["event_id"] for one in going}
    since = (city.NOW - timedelta(minutes=2)).isoformat()
    assert len(pages(busy, going_on=True, since=since)) == 3 + 3
    assert len(pages(busy, going_on=False)) == 40


def test_the_worst_comes_first_and_of_those_the_oldest(busy):
    """In the order of severity an event that asks for more is never behind one that asks for less."""
    for limit in (7, 100):
        told = pages(busy, going_on=True, order="severity", limit=limit)
        places = [(-one["severity"], one["started_at"], one["event_id"]) for one in told]
        assert len(places) == 163
        assert places == sorted(places)


def test_a_cursor_leads_through_pages_of_its_own_order(busy):
    """A cursor of one order is refused in the other, where it would leave events out."""
    cursor = ask(busy, limit=3).json()["next"]
    answer = busy.get("/v1/events", params={"cursor": cursor, "order": "severity"})
    assert (answer.status_code, answer.json()["title"]) == (422, "Not a cursor")
