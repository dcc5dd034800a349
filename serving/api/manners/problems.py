"""Every refusal and every failure, answered as problem+json (RFC 9457): the value, the rule, the remedy."""

import inspect
import logging
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, NamedTuple, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from lakehouse.problem import Problem
from serving.api.manners.refusals import Refusal

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger(__name__)

_REMEDIES = {
    400: "see /docs for what this route takes",
    404: "see /docs for what there is",
    405: "use one of the methods in the header Allow",
}
"""By status, what to do about a refusal of the framework's; of others, HTTP says all that there is to say."""


class Explanation(NamedTuple):
    """What stands in the documents about a kind of problem."""

    slug: str
    title: str
    status: int
    text: str


_INVALID = Explanation(
    "invalid",
    "The request is not valid",
    422,
    "A parameter or a part of the body has the wrong form. `value` is what was given and `rule` says "
    "which parameter it was and what it takes. Correct it; the routes above list what each takes.",
)
_FAILED = Explanation(
    "failed",
    "Internal error",
    500,
    "The server failed, and nothing was changed. Its log says why. Ask again, and report what the log says.",
)


def explanations() -> list[Explanation]:
    """Every kind of problem that this process can tell, by its name."""
    told = [
        Explanation(one.slug, one.title, one.status, inspect.cleandoc(one.__doc__ or ""))
        for one in _kinds(Problem)
    ]
    http = [
        Explanation(
            _slug(HTTPStatus(code)),
            HTTPStatus(code).phrase,
            code,
            f"{HTTPStatus(code).description}: {remedy}.",
        )
        for code, remedy in _REMEDIES.items()
    ]
    return sorted({one.slug: one for one in [_INVALID, _FAILED, *http, *told]}.values())


def _kinds(kind: type[Problem]) -> Iterator[type[Problem]]:
    for one in kind.__subclasses__():
        if "slug" in vars(one):
            yield one
        yield from _kinds(one)


def _slug(status: HTTPStatus) -> str:
    return status.phrase.lower().replace(" ", "-")


class ProblemOut(BaseModel):
    """What a client gets instead of an answer; `value`, `rule` and `remedy` say what to change."""

    type: str = Field(description="where the kind of problem is explained")
    title: str = Field(description="the kind of problem")
    status: int = Field(description="the HTTP status")
    detail: str = Field(description="value, rule and remedy in one line")
    value: str | None = Field(default=None, description="what was given")
    rule: str | None = Field(default=None, description="what it breaks")
    remedy: str | None = Field(default=None, description="what to do")


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
            type=f"/docs#{_INVALID.slug}",
            title=_INVALID.title,
            status=_INVALID.status,
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
        type=f"/docs#{_slug(status)}" if status in _REMEDIES else "about:blank",
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
    return answer(
        ProblemOut(type=f"/docs#{_FAILED.slug}", title=_FAILED.title, status=_FAILED.status, detail=detail)
    )


def handle(app: FastAPI) -> None:
    """Answer each refusal and failure of `app` as problem+json."""
    app.add_exception_handler(Problem, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _failed)
