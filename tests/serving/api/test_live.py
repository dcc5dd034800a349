"""Events as they happen."""

import asyncio
import base64
import json
import logging
import subprocess
import sys
import zlib
from contextlib import ExitStack, contextmanager
from datetime import datetime
from time import sleep

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.problem import BadCursor
from serving.api.events import written
from serving.api.manners import live
from serving.settings import Settings

ANOTHER_PROCESS = """
import sys, importlib.util
from lakehouse.store import Lake
spec = importlib.util.spec_from_file_location("known", sys.argv[1])
known = importlib.util.module_from_spec(spec)
spec.loader.exec_module(known)
rows = known.event_rows(known.event(int(sys.argv[3])))
Lake.open(sys.argv[2], lambda: known.NOW).landing.producer("shard-9").append({"events": rows})
"""


@contextmanager
def listening(url, since=None, **query):
    """A stream of server-sent events, as pairs of id and data; on entry the server listens."""
    headers = {"last-event-id": since} if since else {}
    address = f"{url}/v1/events/live"
    with httpx.stream("GET", address, params=query, headers=headers, timeout=30) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert next(lines) == ": listening"
        yield heard(lines)


def heard(lines):
    """The events of a stream."""
    item = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if name:
            item[name] = value
        elif "data" in item:
            assert item["event"] == "event"
            yield item["id"], json.loads(item["data"])
            item = {}


@pytest.fixture
def url(lake, city):
    """The address of an API over a lake of one's own."""
    from serving.api import application

    with city.served(application(lake)) as address:
        yield address


@pytest.mark.slow
def test_what_another_process_lands_is_heard(url, lake, city):
    """An event that another process acknowledges reaches a listener."""
    with listening(url) as events:
        known = sys.modules[city.event.__module__].__file__
        subprocess.run([sys.executable, "-c", ANOTHER_PROCESS, known, lake.root, "41"], check=True)
        _, told = next(events)
    assert told["event_id"] == city.event(41, at=told_at(told)).event_id
    assert told["started_at"].endswith("+07:00")


def told_at(told):
    """When an event began."""
    return datetime.fromisoformat(told["started_at"])


def test_only_what_was_asked_for_is_told(url, lake, city):
    """A listener of one area hears nothing of the others."""
    producer = lake.landing.producer("shard-9")
    with listening(url, area="33.74.02") as events:
        producer.append({"events": city.event_rows(city.event(1), city.event(2, camera_id="cam-2"))})
        assert next(events)[1]["camera_id"] == "cam-2"


def test_who_comes_back_misses_nothing(url, lake, city):
    """With Last-Event-ID a listener gets what it missed, once, and then what comes."""
    producer = lake.landing.producer("shard-9")
    with listening(url) as events:
        producer.append({"events": city.event_rows(city.event(50))})
        last, _ = next(events)
    for number in (51, 52):
        producer.append({"events": city.event_rows(city.event(number))})
    with listening(url, since=last) as events:
        missed = [next(events)[1]["event_id"] for _ in range(2)]
        producer.append({"events": city.event_rows(city.event(53))})
        missed.append(next(events)[1]["event_id"])
    assert missed == [city.event(number).event_id for number in (51, 52, 53)]


def test_who_does_not_keep_up_is_cut_off_and_can_come_back(lake, city):
    """A queue is bounded: a slow listener ends, and resumes behind the last news that it got."""
    producer = lake.landing.producer("shard-9")

    async def slow():
        listeners = live.Live(lake, written, period_s=0.01, most_queued=3)
        following = listeners.follow()
        first = asyncio.ensure_future(anext(following))
        await listeners._ready.wait()
        producer.append({"events": city.event_rows(city.event(0))})
        got = await first
        producer.append({"events": city.event_rows(*(city.event(n) for n in range(1, 9)))})
        while listeners._listeners:  # noqa: ASYNC110 - nobody tells when a listener is cut off
            await asyncio.sleep(0.01)
        got += [news async for fresh in following for news in fresh]
        missed, following = [], listeners.follow(got[-1].position)
        while len(missed) < 9 - len(got):
            missed += await anext(following)
        await following.aclose()
        return [news.row["event_id"] for news in got + missed]

    told = asyncio.run(slow())
    assert set(told) == {city.event(n).event_id for n in range(9)}


def test_nobody_listens_nobody_reads(lake):
    """The lake's tail is read while there are listeners, and by one reader for all of them."""

    async def come_and_go():
        listeners = live.Live(lake, written, period_s=0.01)
        both = [listeners.follow(), listeners.follow()]
        waiting = [asyncio.ensure_future(anext(one)) for one in both]
        await asyncio.sleep(0.1)
        reader = listeners._reader
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await asyncio.wait_for(reader, 5)
        return len(listeners._listeners)

    assert asyncio.run(come_and_go()) == 0


@given(st.dictionaries(st.text(max_size=20), st.integers(-1, 2**40), max_size=30))
def test_a_position_survives_its_way_through_a_header(position):
    """A token stands for exactly the position that it was made of."""
    text = live.token(position)
    assert text.isascii()
    assert live.position(text) == position


@given(st.text(max_size=40))
def test_what_is_no_token_is_refused(text):
    """No text brings the stream down."""
    with pytest.raises(BadCursor):
        live.position(text)


@pytest.mark.slow
def test_who_leaves_is_no_failure(known, city, caplog):
    """Listeners that go away, all at once and without a word, leave no error and no place taken."""
    from serving.api import application

    app = application(known, settings=Settings(listeners=20))
    with city.served(app) as url:
        for _ in range(3):
            with ExitStack() as crowd:
                for _ in range(20):
                    crowd.enter_context(listening(url))
                assert httpx.get(f"{url}/v1/events/live").status_code == 503
            while app.state.live._listeners or app.state.listeners._free < 20:
                sleep(0.01)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_an_event_is_written_once_for_all(lake, city):
    """However many listen, each hears the very same bytes, made once."""
    made = []

    def counted(row, resume):
        made.append(resume)
        return written(row, resume)

    async def together():
        listeners = live.Live(lake, counted, period_s=0.01)
        all_of_them = [listeners.follow() for _ in range(50)]
        waiting = [asyncio.ensure_future(anext(one)) for one in all_of_them]
        while len(listeners._listeners) < 50:  # noqa: ASYNC110 - nobody tells when the last one listens
            await asyncio.sleep(0.01)
        await listeners._ready.wait()
        producer = lake.landing.producer("shard-9")
        producer.append({"events": city.event_rows(*(city.event(n) for n in range(4)))})
        heard = await asyncio.gather(*waiting)
        for one in all_of_them:
            await one.aclose()
        return heard

    heard = asyncio.run(together())
    assert len(made) == 4
    assert len({id(news) for fresh in heard for news in fresh}) == 4


@pytest.mark.parametrize(
    "said",
    [
        b'{"a": 1e999}', b'{"a": NaN}', b'{"a": -Infinity}', b'{"a": 1.5}', b'{"a": true}', b'{"a": "1"}',
        b'{"a": null}', b'{"a": 9223372036854775808}', b'{"a": -2}', b"[]", b"0", b"null", b'{"a": {}}',
        b"[" * 1_000_000, b'{"a":' * 100_000,
        b'{"started_at": "0001-01-01T00:00:00+14:00"}', b"\xff", b'{"a": 1' + b"0" * 5000 + b"}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("packed", [True, False])
def test_a_forged_token_is_refused(reading, said, packed):
    """What no token of ours says is a 422, at the stream and at the pages of events, never a failure."""
    forged = base64.urlsafe_b64encode(zlib.compress(said) if packed else said).decode()[:50_000]
    for answer in (
        reading.get("/v1/events/live", headers={"last-event-id": forged}),
        reading.get("/v1/events", params={"cursor": forged}),
    ):
        assert (answer.status_code, answer.json()["title"]) == (422, "Not a cursor")


@pytest.mark.parametrize(
    "changed",
    [
        {"started_at": "0001-01-01T00:00:00Z"}, {"started_at": "9999-12-31T23:59:59-12:00"},
        {"started_at": 1e300},
        {"started_at": "2026-11-23T10:00:00"}, {"severity": 1e999}, {"severity": 2**70}, {"severity": "2"},
        {"more": 1},
        {"event_id": ["x"]}, {"event_id": "x" * 999}, {"order": "worst"}, {"order": "severity"},
    ],
)  # fmt: skip
def test_a_bent_cursor_is_refused(reading, changed):
    """A cursor whose inside was changed to what no event can be is a 422."""
    cursor = reading.get("/v1/events", params={"limit": 1}).json()["next"]
    said = json.loads(zlib.decompress(base64.urlsafe_b64decode(cursor + "=="))) | changed
    bent = base64.urlsafe_b64encode(zlib.compress(json.dumps(said).encode())).decode()
    assert reading.get("/v1/events", params={"cursor": bent}).status_code == 422
