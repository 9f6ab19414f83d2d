"""Calls between services: errors keep their kind, harmless calls are tried again, and nobody waits past a deadline."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import structlog
from pydantic import BaseModel

from flash_core.clients.http import HttpClient, Sibling
from flash_core.errors import (
    ConflictError,
    FencedError,
    FieldError,
    FlashError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    OverloadedError,
    RateLimitedError,
    UnauthenticatedError,
    UpstreamRejectedError,
    UpstreamUnavailableError,
)
from flash_core.models.user import Principal, UserRole
from flash_core.testing.fakes import FakeAuthenticator
from flash_core.web.identity import SERVICE_TOKEN_HEADER
from flash_core.web.problems import problem_response

ALICE = Principal(uuid4(), frozenset({UserRole.USER}), frozenset())


class Thing(BaseModel):
    name: str


Answer = httpx2.Response | Exception


class Service:
    """Answers with what it is told, in turn; the last answer stays."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[httpx2.Request] = []
        self.before: Callable[[], Any] | None = None

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        if self.before is not None:
            await self.before()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@asynccontextmanager
async def sibling(service: Service) -> AsyncIterator[Sibling]:
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(service)) as client:
        yield HttpClient(client, FakeAuthenticator()).sibling("http://somebody/")


def refusal(error: FlashError) -> httpx2.Response:
    """What a sibling of this fleet sends for `error`."""
    response = problem_response(error)
    return httpx2.Response(response.status_code, headers=dict(response.headers), content=bytes(response.body))


THING = httpx2.Response(200, json={"name": "it"})
AWAY = httpx2.ConnectError("refused")


async def test_a_call_carries_body_query_identity_and_request_id() -> None:
    service = Service(THING)
    async with sibling(service) as somebody:
        with structlog.contextvars.bound_contextvars(request_id="from-the-gateway"):
            answer = await somebody.post(Thing, "/internal/things", Thing(name="x"), query={"a": "1"}, principal=ALICE)
    [request] = service.requests
    assert answer.name == "it"
    assert str(request.url) == "http://somebody/internal/things?a=1"
    assert request.content == b'{"name":"x"}'
    assert request.headers[SERVICE_TOKEN_HEADER] == f"on-behalf-of-{ALICE.user_id}"
    assert request.headers["X-Request-ID"] == "from-the-gateway"


@pytest.mark.parametrize(
    "error",
    [
        NotFoundError("gone"),
        ForbiddenError("not yours"),
        ConflictError("again"),
        FencedError("overtaken"),
        UpstreamRejectedError("no"),
    ],
)
async def test_a_siblings_error_keeps_its_kind_and_words_and_is_not_tried_again(error: FlashError) -> None:
    service = Service(refusal(error))
    async with sibling(service) as somebody:
        with pytest.raises(type(error), match=str(error)) as caught:
            await somebody.get(Thing, "/")
    assert type(caught.value) is type(error)
    assert len(service.requests) == 1


async def test_wrong_fields_keep_their_names() -> None:
    error = InvalidInputError("Some fields are wrong.", [FieldError("name", "too long")])
    async with sibling(Service(refusal(error))) as somebody:
        with pytest.raises(InvalidInputError) as caught:
            await somebody.get(Thing, "/")
    assert caught.value.errors == error.errors


async def test_a_service_token_that_is_refused_is_not_the_users_fault() -> None:
    async with sibling(Service(refusal(UnauthenticatedError("a wrong key")))) as somebody:
        with pytest.raises(UpstreamRejectedError):
            await somebody.get(Thing, "/")


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (httpx2.Response(502, text="bad gateway"), UpstreamUnavailableError),
        (httpx2.Response(500, json={"type": "urn:flash:internal", "detail": "x"}), UpstreamUnavailableError),
        (httpx2.Response(418, json=["?"]), UpstreamRejectedError),
        (httpx2.Response(200, json={"other": 1}), UpstreamUnavailableError),
        (httpx2.Response(200, text="no json"), UpstreamUnavailableError),
    ],
)
async def test_what_no_sibling_would_say_is_an_error_too(response: httpx2.Response, kind: type[FlashError]) -> None:
    async with sibling(Service(response)) as somebody:
        with pytest.raises(kind):
            await somebody.get(Thing, "/", repeat=False)


async def test_a_harmless_call_is_tried_three_times() -> None:
    service = Service(AWAY, refusal(UpstreamUnavailableError("starting")), THING)
    async with sibling(service) as somebody:
        assert (await somebody.get(Thing, "/")).name == "it"
        service.answers = [AWAY]
        with pytest.raises(UpstreamUnavailableError):
            await somebody.get(Thing, "/")
    assert len(service.requests) == 6


async def test_a_call_that_must_not_be_repeated_is_not() -> None:
    service = Service(AWAY, THING)
    async with sibling(service) as somebody:
        with pytest.raises(UpstreamUnavailableError):
            await somebody.get(Thing, "/", repeat=False)
    assert len(service.requests) == 1


@pytest.mark.parametrize("error", [OverloadedError("full", 9), RateLimitedError("too often", 9)])
async def test_a_sibling_without_room_is_not_pressed_before_the_time_it_asks_for(error: OverloadedError) -> None:
    service = Service(refusal(error), THING)
    async with sibling(service) as somebody:
        with pytest.raises(type(error)) as caught:
            await somebody.get(Thing, "/", seconds=2)
    assert caught.value.retry_after == 9
    assert len(service.requests) == 1


async def test_an_odd_retry_after_counts_as_a_second() -> None:
    response = refusal(OverloadedError("full"))
    response.headers["Retry-After"] = "soon"
    async with sibling(Service(response)) as somebody:
        with pytest.raises(OverloadedError) as caught:
            await somebody.get(Thing, "/", repeat=False)
    assert caught.value.retry_after == 1


async def test_a_sibling_that_hangs_is_given_up_in_time_and_then_left_alone() -> None:
    service = Service(THING)
    service.before = asyncio.Event().wait
    async with sibling(service) as somebody:
        for _ in range(5):
            with pytest.raises(UpstreamUnavailableError, match="did not answer"):
                await somebody.get(Thing, "/", seconds=0.01)
        with pytest.raises(UpstreamUnavailableError, match="keeps failing"):
            await somebody.get(Thing, "/")
    assert len(service.requests) == 5
