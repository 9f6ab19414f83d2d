"""HTTP between the services: identity, request id, deadlines, bounded retries, one breaker a sibling, typed errors."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx2
import orjson
from pydantic import BaseModel, ValidationError

from flash_core.clients.breaker import CircuitBreaker
from flash_core.clients.retry_after import retry_after_seconds
from flash_core.errors import (
    BadRequestError,
    ConflictError,
    FencedError,
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
from flash_core.interfaces.identity import ServiceTokenInterface
from flash_core.models.user import Principal
from flash_core.utils.request_id import HEADER as REQUEST_ID_HEADER
from flash_core.utils.request_id import current_request_id
from flash_core.web.identity import SERVICE_TOKEN_HEADER

ModelT = TypeVar("ModelT", bound=BaseModel)

_BY_CODE: dict[str, type[FlashError]] = {
    kind.code: kind
    for kind in (
        BadRequestError,
        InvalidInputError,
        UnauthenticatedError,
        ForbiddenError,
        NotFoundError,
        ConflictError,
        FencedError,
        TooLargeError,
        UnsupportedMediaError,
        OverloadedError,
        RateLimitedError,
        UpstreamUnavailableError,
        UpstreamRejectedError,
    )
}
_PAUSES = (0.1, 0.2)
_FIRST_SERVER_ERROR = 500
_FIRST_ERROR = 400


class HttpClient:
    """One connection pool a process."""

    def __init__(self, client: httpx2.AsyncClient, tokens: ServiceTokenInterface) -> None:
        self._client = client
        self._tokens = tokens

    def sibling(self, base_url: str, *, open_seconds: float = 2.0) -> "Sibling":
        """`open_seconds`: how long it is left alone when it keeps failing."""
        return Sibling(self._client, self._tokens, base_url, open_seconds=open_seconds)


@asynccontextmanager
async def open_http(tokens: ServiceTokenInterface) -> AsyncIterator[HttpClient]:
    """Kept-alive connections, no proxy from the environment: services talk to each other directly."""
    limits = httpx2.Limits(max_connections=200, max_keepalive_connections=50, keepalive_expiry=30)
    async with httpx2.AsyncClient(limits=limits, trust_env=False) as client:
        yield HttpClient(client, tokens)


class Sibling:
    """Another service of the fleet.

    A call raises the `FlashError` that the sibling answered with, or `UpstreamUnavailableError` when it did not answer
    within `seconds`. Calls that may be repeated without harm (`repeat=True`) are tried up to three times in that time,
    after growing pauses or, when the sibling has no room, the pause that it asks for.
    """

    def __init__(
        self, client: httpx2.AsyncClient, tokens: ServiceTokenInterface, base_url: str, *, open_seconds: float = 2.0
    ) -> None:
        self._client = client
        self._tokens = tokens
        self._base_url = base_url.rstrip("/")
        self._breaker = CircuitBreaker(self._base_url, open_seconds=open_seconds)

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: BaseModel | None = None,
        query: Mapping[str, str] | None = None,
        principal: Principal | None = None,
        seconds: float = 5.0,
        repeat: bool = True,
    ) -> bytes:
        """The response's body. `principal`: the user on whose behalf the call is made."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        pauses = [*_PAUSES] if repeat else []
        while True:
            try:
                async with self._breaker.guard(), asyncio.timeout_at(deadline):
                    return await self._once(method, path, body, query, principal)
            except TimeoutError as error:
                raise UpstreamUnavailableError(f"{self._base_url} did not answer within {seconds:g} s.") from error
            except (UpstreamUnavailableError, OverloadedError) as error:
                pause = _pause(pauses, error)
                if pause is None or self._breaker.is_open or loop.time() + pause >= deadline:
                    raise
            await asyncio.sleep(pause)

    async def get(self, kind: type[ModelT], path: str, **options: Any) -> ModelT:
        return _parsed(kind, await self.call("GET", path, **options))

    async def post(self, kind: type[ModelT], path: str, body: BaseModel, **options: Any) -> ModelT:
        return _parsed(kind, await self.call("POST", path, body=body, **options))

    async def _once(
        self,
        method: str,
        path: str,
        body: BaseModel | None,
        query: Mapping[str, str] | None,
        principal: Principal | None,
    ) -> bytes:
        headers = {SERVICE_TOKEN_HEADER: self._tokens.issue(principal), REQUEST_ID_HEADER: current_request_id()}
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = body.model_dump_json().encode()
        try:
            response = await self._client.request(
                method, self._base_url + path, content=content, params=query, headers=headers, timeout=None
            )
        except httpx2.HTTPError as error:
            raise UpstreamUnavailableError(f"{self._base_url} can't be reached ({type(error).__name__}).") from error
        if response.status_code >= _FIRST_ERROR:
            raise _error_of(response)
        return response.content


def _pause(pauses: list[float], error: FlashError) -> float | None:
    """Seconds before the next try, with jitter so that callers do not come back together; None: no more tries."""
    if not pauses:
        return None
    asked = error.retry_after if isinstance(error, OverloadedError) else 0.0
    return max(pauses.pop(0), asked) * random.uniform(1.0, 1.5)


def _parsed(kind: type[ModelT], content: bytes) -> ModelT:
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        raise UpstreamUnavailableError(f"An answer was not a {kind.__name__}.") from error


def _error_of(response: httpx2.Response) -> FlashError:
    """The sibling's own error. Its 401 is about this service's token, not about the user's."""
    try:
        problem = orjson.loads(response.content)
        code, detail = str(problem["type"]).rpartition(":")[2], str(problem["detail"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        problem, code, detail = {}, "", f"status {response.status_code}"
    kind = _BY_CODE.get(code)
    if kind is InvalidInputError:
        return InvalidInputError(detail, _fields(problem.get("errors")))
    if kind is not None and issubclass(kind, OverloadedError):
        pause = retry_after_seconds(response.headers.get("Retry-After", ""), datetime.now(UTC))
        return kind(detail, 1.0 if pause is None else pause)
    if kind is not None and kind is not UnauthenticatedError:
        return kind(detail)
    if response.status_code >= _FIRST_SERVER_ERROR:
        return UpstreamUnavailableError(f"A service failed: {detail}")
    return UpstreamRejectedError(f"A service refused: {detail}")


def _fields(errors: Any) -> list[FieldError]:
    return [FieldError(str(one.get("field")), str(one.get("message"))) for one in errors or [] if isinstance(one, dict)]
