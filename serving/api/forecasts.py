"""What the city will be like: GET /v1/forecasts."""

import shlex
from datetime import datetime, timedelta
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from lakehouse.store import Lake
from serving.api.hours import chosen
from serving.api.kinds import Both
from serving.api.manners import bounds
from serving.api.manners.city import TheCity
from serving.api.manners.editions import Edition
from serving.api.manners.formats import CSV, CSV_RESPONSE, JSON, csv, negotiated
from serving.api.manners.parameters import Selection
from serving.api.manners.refusals import UnknownScenario
from serving.api.manners.times import CityTime, Instant
from serving.api.wire.turns import reading

router = APIRouter()

_EXAMPLE: dict[str, Any] = {
    "area_id": "33.74.01",
    "kind": "traffic.flow",
    "issued_at": "2026-11-23T10:00:00+07:00",
    "at": "2026-11-23T17:00:00+07:00",
    "scenario": "",
    "model": "boosted",
    "q025": 640.0,
    "q05": 668.0,
    "q10": 702.0,
    "q25": 760.0,
    "q50": 820.0,
    "q75": 884.0,
    "q90": 951.0,
    "q95": 990.0,
    "q975": 1022.0,
    "mean": 824.0,
    "why": {"id": "Seperti Senin biasa.", "en": "Like a usual Monday."},
}


class ForecastOut(BaseModel):
    """One predicted hour: q05 is the value that it stays below with a probability of 5 %."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    area_id: str = Field(description="the area that it is for")
    kind: str = Field(description="such as traffic.flow")
    issued_at: CityTime = Field(description="when it was made")
    at: CityTime = Field(description="the start of the hour that it is for")
    scenario: str = Field(description="what it supposes; empty where it supposes nothing")
    model: str = Field(description="the model that made it")
    q025: float | None = Field(description="stays below this with a probability of 2.5 %")
    q05: float | None = Field(description="stays below this with a probability of 5 %")
    q10: float | None = Field(description="stays below this with a probability of 10 %")
    q25: float | None = Field(description="stays below this with a probability of 25 %")
    q50: float | None = Field(description="stays below this with a probability of 50 %")
    q75: float | None = Field(description="stays below this with a probability of 75 %")
    q90: float | None = Field(description="stays below this with a probability of 90 %")
    q95: float | None = Field(description="stays below this with a probability of 95 %")
    q975: float | None = Field(description="stays below this with a probability of 97.5 %")
    mean: float | None = Field(description="the expected value")
    why: Both | None = Field(description="in a sentence, what moves it")


class ScoreOut(BaseModel):
    """How a model did on the past: `mase` below 1 beats 'as at this hour yesterday'."""

    area_id: str = Field(description="the area that was forecast")
    kind: str = Field(description="such as traffic.flow")
    model: str = Field(description="the model that was tried on the past")
    chosen: bool | None = Field(description="whether it makes the forecasts of this series")
    horizon: int | None = Field(description="hours ahead that it was tried for")
    mase: float | None = Field(description="mean absolute error by that of 'as at this hour yesterday'")
    coverage80: float | None = Field(description="the share of hours within the band of 80 %")
    coverage95: float | None = Field(description="the share of hours within the band of 95 %")


class ForecastsOut(BaseModel):
    """One issue: its forecasts by kind, area and time, and the scores of the models behind them."""

    items: list[ForecastOut] = Field(description="one for each area, kind and hour")
    scores: list[ScoreOut] = Field(description="one for each area, kind and model")


COLUMNS = list(ForecastOut.model_fields)


LATELY = timedelta(days=7)
"""Where the newest forecasts are looked for first: an old lake holds millions of others."""


def newest_issue(lake: Lake, version: int, scenario: str = "") -> datetime | None:
    """When the newest forecasts of a version were issued, those of one scenario.

    Raises:
        UnknownScenario: it was never supposed.
    """
    of_scenario = pc.field("scenario") == scenario
    for where in (of_scenario & (pc.field("issued_at") >= lake.now() - LATELY), of_scenario):
        rows = lake.read("forecasts", columns=["issued_at"], where=where, version=version)
        newest: datetime | None = pc.max(rows["issued_at"]).as_py()
        if newest is not None:
            return newest
    if scenario:
        command = f"python -m forecasting run --scenario {shlex.quote(scenario)}"
        raise UnknownScenario(scenario, "no forecast here supposes it", f"make one: `{command}`")
    return None


def _scores(lake: Lake, where: pc.Expression) -> list[ScoreOut]:
    rows = lake.read("scores", columns=list(ScoreOut.model_fields), where=where)
    rows = rows.sort_by([("kind", "ascending"), ("area_id", "ascending"), ("model", "ascending")])
    return [ScoreOut.model_construct(**row) for row in rows.to_pylist()]


def _json(rows: pa.Table, scores: list[ScoreOut]) -> str:
    items = [ForecastOut.model_validate(row) for row in rows.to_pylist()]
    return ForecastsOut.model_construct(items=items, scores=scores).model_dump_json()


class Asked(Selection):
    """Which forecasts are wanted: by default the newest, supposing nothing."""

    issued_at: Instant | None = Field(default=None, description="those made then; by default the newest")
    scenario: str = Field(default="", description="what is supposed, such as rain=20mm; nothing by default")


@router.get(
    "/v1/forecasts",
    dependencies=[Depends(reading, scope="function")],
    response_model=ForecastsOut,
    responses=CSV_RESPONSE,
)
def forecasts(request: Request, city: TheCity, asked: Annotated[Asked, Query()]) -> Response:
    """The newest forecasts, or those issued at an instant, as JSON or CSV (without the scores)."""
    areas, form = city.selected(asked.area, asked.level), negotiated(request)
    shape = (
        sorted(areas),
        city.kind(asked.kind),
        asked.issued_at,
        asked.scenario,
        city.lake.version("scores"),
        form,
    )
    edition = Edition.of(city.lake, "forecasts", asked.version, shape)
    if (held := edition.held(request)) is not None:
        return held
    newest = newest_issue(city.lake, edition.version, asked.scenario)
    issue = asked.issued_at or newest
    where = (pc.field("issued_at") == pa.scalar(issue, pa.timestamp("us", "UTC"))) & chosen(areas, asked.kind)
    where &= pc.field("scenario") == asked.scenario
    most = request.app.state.settings.answer_rows
    rows = bounds.read(city.lake, "forecasts", COLUMNS, where, version=edition.version, most=most)
    rows = rows.sort_by([("kind", "ascending"), ("area_id", "ascending"), ("at", "ascending")])
    if form == CSV:
        return Response(csv(rows), media_type=CSV, headers=edition.headers)
    answer = _json(rows, _scores(city.lake, where))
    return Response(answer, media_type=JSON, headers=edition.headers)
