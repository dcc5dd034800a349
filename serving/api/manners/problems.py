"""Every refusal and every failure, answered as problem+json (RFC 9457): the value, the rule, the remedy."""

import logging
from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from lakehouse.problem import Problem
from serving.api.manners.refusals import Refusal

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger(__name__)

_REMEDIES = {
    404: "see /docs for what there is",
    405: "use one of the methods in the header Allow",
    413: "send a smaller body",
}


class ProblemOut(BaseModel):
    """What a client gets instead of an answer; `value`, `rule` and `remedy` say what to change."""

    type: str
    title: str
    status: int
    detail: str
    value: str | None = None
    rule: str | None = None
    remedy: str | None = None


def also(*codes: int) -> dict[int | str, dict[str, Any]]:
    """What a route may answer instead, for the OpenAPI document."""
    shape = {"model": ProblemOut, "content": {MEDIA_TYPE: {}}}
    return {code: {**shape, "description": HTTPStatus(code).phrase} for code in codes}


RESPONSES = also(404, 421, 422)
"""What every route may answer instead."""


def answer(problem: ProblemOut, headers: dict[str, str] | None = None) -> JSONResponse:
    """`problem` as a response."""
    return JSONResponse(problem.model_dump(), problem.status, headers, MEDIA_TYPE)


def told(problem: Problem) -> ProblemOut:
    """What a client is told of `problem`."""
    return ProblemOut(
        type=f"/docs#{problem.slug}",
        title=problem.title,
        status=problem.status,
        detail=str(problem),
        value=str(problem.value),
        rule=problem.rule,
        remedy=problem.remedy,
    )


async def _refused(_: Request, error: Exception) -> JSONResponse:
    headers = error.headers if isinstance(error, Refusal) else None
    return answer(told(cast(Problem, error)), headers)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    first = cast(RequestValidationError, error).errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    rule = f"{where}: {first['msg']}"
    remedy = "see /docs for what this route takes"
    return answer(
        ProblemOut(
            type="/docs#invalid",
            title="The request is not valid",
            status=422,
            detail=f"{rule}; {remedy}",
            value=str(first.get("input")),
            rule=rule,
            remedy=remedy,
        )
    )


async def _http(request: Request, error: Exception) -> JSONResponse:
    refused = cast(HTTPException, error)
    status = HTTPStatus(refused.status_code)
    remedy = _REMEDIES.get(status, "see /docs")
    problem = ProblemOut(
        type=f"/docs#{status.phrase.lower().replace(' ', '-')}",
        title=status.phrase,
        status=status,
        detail=f"{request.method} {request.url.path}: {refused.detail}; {remedy}",
        value=request.url.path,
        rule=str(refused.detail),
        remedy=remedy,
    )
    return answer(problem, dict(refused.headers or {}))


async def _failed(request: Request, error: Exception) -> JSONResponse:
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    detail = "the server failed; its log says why"
    return answer(ProblemOut(type="/docs#failed", title="Internal error", status=500, detail=detail))


def handle(app: FastAPI) -> None:
    """Answer each refusal and failure of `app` as problem+json."""
    app.add_exception_handler(Problem, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _failed)
