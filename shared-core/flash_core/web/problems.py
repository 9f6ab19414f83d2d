"""Errors as RFC 9457 problem documents. The only place that knows both vocabularies."""

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from flash_core.errors import (
    BadRequestError,
    ConflictError,
    FieldError,
    FlashError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    OverloadedError,
    RateLimitedError,
    TooLargeError,
    UnauthenticatedError,
    UnsupportedMediaError,
    UpstreamRejectedError,
    UpstreamUnavailableError,
)
from flash_core.schemas.common import Problem
from flash_core.utils.request_id import current_request_id

log = structlog.get_logger(__name__)
MEDIA_TYPE = "application/problem+json"
_CLIENT_CLOSED_REQUEST = 499

_STATUS: dict[type[FlashError], HTTPStatus] = {
    BadRequestError: HTTPStatus.BAD_REQUEST,
    InvalidInputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnauthenticatedError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedMediaError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    RateLimitedError: HTTPStatus.TOO_MANY_REQUESTS,
    OverloadedError: HTTPStatus.SERVICE_UNAVAILABLE,
    UpstreamUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    UpstreamRejectedError: HTTPStatus.BAD_GATEWAY,
}
_CODES: dict[int, str] = {status: kind.code for kind, status in reversed(_STATUS.items())}


def problems(*errors: type[FlashError]) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route that may raise `errors`."""
    return {_status(error).value: {"model": Problem, "description": error.code} for error in errors}


def problem_of(error: FlashError, *, instance: str = "") -> Problem:
    """`error` as its problem document; with `errors` when the input is wrong, the field empty where none is known."""
    status = _status(type(error))
    extra: dict[str, Any] = {}
    if isinstance(error, InvalidInputError):
        wrong = error.errors or [FieldError("", str(error))]
        extra["errors"] = [{"field": one.field, "message": one.message} for one in wrong]
    return Problem(
        type=f"urn:flash:{error.code}",
        title=status.phrase,
        status=status,
        detail=str(error),
        instance=instance,
        request_id=current_request_id(),
        **extra,
    )


def problem_response(error: FlashError, *, instance: str = "") -> Response:
    """The HTTP answer for `error`, with `Retry-After` and `WWW-Authenticate` where the status wants them."""
    return _render(problem_of(error, instance=instance), _headers(error))


def add_problem_handlers(app: FastAPI) -> None:
    @app.exception_handler(FlashError)
    async def on_flash_error(request: Request, error: FlashError) -> Response:
        _note(error)
        return problem_response(error, instance=request.url.path)

    @app.exception_handler(RequestValidationError)
    async def on_invalid_request(request: Request, error: RequestValidationError) -> Response:
        return problem_response(_validation_error(error), instance=request.url.path)

    @app.exception_handler(HTTPException)
    async def on_http_exception(request: Request, error: HTTPException) -> Response:
        phrase = _phrase(error.status_code)
        code = _CODES.get(error.status_code, phrase.lower().replace(" ", "-"))
        problem = Problem(
            type=f"urn:flash:{code}",
            title=phrase,
            status=error.status_code,
            detail=str(error.detail),
            instance=request.url.path,
            request_id=current_request_id(),
        )
        return _render(problem, error.headers or {})


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:  # nginx' own 499 is none of Python's
        return "Client Closed Request" if status == _CLIENT_CLOSED_REQUEST else "Error"


def _note(error: FlashError) -> None:
    """What went wrong inside is for the operator's log: the client only hears that it did."""
    if _status(type(error)) >= HTTPStatus.INTERNAL_SERVER_ERROR:
        cause = error.__cause__
        reason = "" if cause is None else f"{type(cause).__name__}: {cause}".partition("\n")[0]
        log.warning("http.failed", code=error.code, detail=str(error), cause=reason)


def _validation_error(error: RequestValidationError) -> FlashError:
    details = error.errors()
    if any(one["type"] == "json_invalid" for one in details):
        return BadRequestError("The body is not valid JSON.")
    fields = [FieldError(_field(one["loc"]), one["msg"]) for one in details]
    return InvalidInputError("Some fields are missing or wrong; `errors` names them.", fields)


def _field(location: tuple[int | str, ...]) -> str:
    """`("body", "documents", 3, "title")` as "documents.3.title": the first part says where, which the client knows."""
    path = ".".join(str(part) for part in location[1:]) or str(location[0])
    return path.encode(errors="replace").decode()  # a field's name may hold what JSON allows and UTF-8 does not


def _render(problem: Problem, headers: Mapping[str, str]) -> Response:
    content = orjson.dumps(problem.model_dump(exclude_none=True))
    return Response(content, problem.status, headers=dict(headers), media_type=MEDIA_TYPE)


def _headers(error: FlashError) -> dict[str, str]:
    if isinstance(error, OverloadedError):
        return {"Retry-After": str(max(1, math.ceil(error.retry_after)))}
    if isinstance(error, UpstreamUnavailableError):
        return {"Retry-After": "1"}
    if isinstance(error, UnauthenticatedError):
        return {"WWW-Authenticate": "Bearer"}
    return {}


def _status(error: type[FlashError]) -> HTTPStatus:
    return next((_STATUS[kind] for kind in error.__mro__ if kind in _STATUS), HTTPStatus.INTERNAL_SERVER_ERROR)
