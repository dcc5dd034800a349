"""An installation seen from outside: what its API says that it sees, and what it has made."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
from tqdm import tqdm

from lakehouse import clock
from lakehouse.problem import Problem

PATIENCE_S = 180.0
"""So long an installation that is busy is asked again: who only looks has time."""

LONGEST_PAUSE_S = 15.0
PROBLEM = "application/problem+json"
TIMEOUT_S = 60.0

Answer = dict[str, Any]
log = logging.getLogger(__name__)


class NoAnswer(Problem):
    """Nothing answers at this address, or not as Matakota's API does. Start it, or name its address."""

    slug = "no-answer"
    title = "The API does not answer"


class MadeNothing(Problem):
    """A stage of the path made nothing. The message names the stage and where to look."""

    slug = "made-nothing"
    title = "A stage made nothing"


@dataclass(frozen=True)
class Stage:
    """A part of the path, how much of it the API has, and what is needed to call it done."""

    name: str
    made: int
    figure: str
    look_at: str


def _get(client: httpx.Client, path: str, patience_s: float = PATIENCE_S, /, **query: str) -> Answer:
    """Ask until there is an answer: who is busy is asked again, later and later, and that is told.

    Raises:
        NoAnswer: none in `patience_s` seconds, or one that says that the question is wrong.
    """
    give_up, pause_s = time.monotonic() + patience_s, 1.0
    while True:
        try:
            response = client.get(path, params=query)
            response.raise_for_status()
            answer: Answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            if _is_final(error) or time.monotonic() + pause_s > give_up:
                rule = f"the API did not answer {path} ({_name(error)})"
                raise NoAnswer(str(client.base_url), rule, "see the log of `serve`, or --url") from error
            log.warning("%s did not answer (%s): asking again in %.0f s", path, _name(error), pause_s)
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        else:
            return answer


def _is_final(error: Exception) -> bool:
    """Whether asking again will not help: the API refuses the question.

    Serve's proxy too answers 404, in plain text, for as long as the application behind it is not up.
    """
    if not isinstance(error, httpx.HTTPStatusError) or not error.response.is_client_error:
        return False
    kind: str = error.response.headers.get("content-type", "")
    return kind.startswith(PROBLEM)


def _name(error: Exception) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"status {error.response.status_code}"
    return type(error).__name__


def follow(url: str, seconds: int, patience_s: float = PATIENCE_S) -> Answer:
    """Show for `seconds` how many cameras are seen and how old the data is; return the last health.

    Waits up to `patience_s` for the API to come up, for each of its answers, and for the first camera.

    Raises:
        NoAnswer: nothing came up.
        MadeNothing: no camera was seen.
    """
    with httpx.Client(base_url=url, timeout=TIMEOUT_S) as client:
        health = _get(client, "/v1/health", patience_s)
        give_up = time.monotonic() + patience_s
        while not health["cameras"]["seen"] and time.monotonic() < give_up:
            time.sleep(1)
            health = _get(client, "/v1/health", patience_s)
        for _ in tqdm(range(seconds), unit="s", desc="watching", mininterval=1):
            time.sleep(1)
            health = _get(client, "/v1/health", patience_s)
    if not health["cameras"]["seen"]:
        raise MadeNothing("watching", "no camera was seen", "see the shards' logs under RAY_TMPDIR")
    return health


def _recent(hours: float) -> str:
    return (clock.now() - timedelta(hours=hours)).isoformat()


def _pages(client: httpx.Client, path: str, **query: str) -> Iterator[Answer]:
    cursor: str | None = None
    while True:
        answer = _get(client, path, **query, **({"cursor": cursor} if cursor else {}))
        yield from answer["items"]
        cursor = answer.get("next")
        if not cursor:
            return


def _count(items: list[Answer], wanted: Callable[[Answer], bool]) -> int:
    return sum(1 for item in items if wanted(item))


def stages(url: str) -> list[Stage]:
    """Ask the API for what each stage of the path has made in the last days.

    Raises:
        NoAnswer: the API does not answer.
    """
    with httpx.Client(base_url=url, timeout=TIMEOUT_S) as client:
        health = _get(client, "/v1/health")
        areas = _get(client, "/v1/areas")["items"]
        kinds = _get(client, "/v1/kinds")["items"]
        events = list(_pages(client, "/v1/events", since=_recent(2)))
        hours = _get(client, "/v1/hours", level="kecamatan", since=_recent(48))["items"]
        forecasts = _get(client, "/v1/forecasts", level="kecamatan")
    seen = health["cameras"]
    kecamatan = _count(areas, lambda area: area["level"] == "kecamatan")
    kelurahan = _count(areas, lambda area: area["level"] == "kelurahan")
    live = _count(hours, lambda hour: hour["origin"] != "synthetic")
    known = _count(hours, lambda hour: hour["value"] is not None)
    predicted = {(item["area_id"], item["kind"]) for item in forecasts["items"]}
    return [
        Stage("areas", kecamatan, f"{kecamatan} kecamatan, {kelurahan} kelurahan", "lakehouse city"),
        Stage("cameras", seen["seen"], f"{seen['seen']} of {seen['total']} seen", "the shards' logs"),
        Stage("kinds", len(kinds), f"{len(kinds)} kinds", "serving kinds"),
        Stage("events", len(events), f"{len(events)} in two hours", "the shards' logs"),
        Stage("hours", known, f"{known} of {len(hours)} area hours known in two days", "batch rollup"),
        Stage("live hours", live, f"{live} area hours with pixels in them", "batch compact, batch rollup"),
        Stage("forecasts", len(predicted), f"{len(predicted)} series of kecamatan", "forecasting run"),
        Stage("scores", len(forecasts["scores"]), f"{len(forecasts['scores'])} backtests", "forecasting run"),
    ]


def require(made: list[Stage]) -> None:
    """Refuse a path in which a stage made nothing.

    Raises:
        MadeNothing: names the first such stage and where to look.
    """
    for stage in made:
        if not stage.made:
            raise MadeNothing(stage.name, "the API has none of them", f"look at: {stage.look_at}")
