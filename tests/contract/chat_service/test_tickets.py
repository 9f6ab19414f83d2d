"""Logins by ticket: the fake, and the auth service over HTTP with Redis for what has ended since."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from redis.asyncio import Redis

from chat_service.interfaces import TicketsInterface
from chat_service.providers.tickets import AuthTickets
from flash_core.clients.http import HttpClient
from flash_core.clients.identity import session_ended_key, user_changed_key
from flash_core.errors import UnauthenticatedError
from flash_core.models.user import Principal
from flash_core.schemas.auth import PrincipalResponse, RedeemTicketRequest
from flash_core.testing.fakes import FakeAuthenticator
from tests.unit.chat_service.people import ALICE, BOB, FakeTickets


@dataclass
class Tickets:
    """`tickets` knows one, "t1", for Alice; `end_session` ends hers."""

    tickets: TicketsInterface
    end_session: Callable[[], Awaitable[None]]


class AuthService:
    """The auth service's route, as chat sees it."""

    def __init__(self) -> None:
        self.issued = {"t1": ALICE}

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        assert request.url.path == "/internal/ws-tickets/redeem"
        principal = self.issued.pop(RedeemTicketRequest.model_validate_json(request.content).ticket, None)
        if principal is None:
            problem = {"type": "urn:flash:not-found", "detail": "The ticket is not valid."}
            return httpx2.Response(404, json=problem)
        return httpx2.Response(200, content=PrincipalResponse.model_validate(principal).model_dump_json())


@pytest.fixture(params=["fake", "auth"])
async def world(request: pytest.FixtureRequest, redis: Redis) -> AsyncIterator[Tickets]:
    if request.param == "fake":
        fake = FakeTickets({"t1": ALICE})

        async def end() -> None:
            fake.ended = True

        yield Tickets(fake, end)
        return

    async def end_session() -> None:
        assert ALICE.session_id is not None
        await redis.set(session_ended_key(ALICE.session_id), 1)

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(AuthService())) as client:
        auth = HttpClient(client, FakeAuthenticator()).sibling("http://auth")
        yield Tickets(AuthTickets(auth, redis), end_session)


async def test_a_ticket_stands_for_its_user_once(world: Tickets) -> None:
    assert await world.tickets.redeem("t1") == ALICE
    for ticket in ("t1", "t2", "", "x" * 501):
        with pytest.raises(UnauthenticatedError):
            await world.tickets.redeem(ticket)


async def test_a_login_holds_until_its_session_ends(world: Tickets) -> None:
    now = datetime.now(UTC)
    await world.tickets.check(ALICE, now)
    await world.end_session()
    with pytest.raises(UnauthenticatedError):
        await world.tickets.check(ALICE, now)


@pytest.fixture
async def auth_tickets(redis: Redis) -> AsyncIterator[AuthTickets]:
    async with httpx2.AsyncClient() as client:
        yield AuthTickets(HttpClient(client, FakeAuthenticator()).sibling("http://127.0.0.1:1"), redis)


async def test_a_change_of_the_user_ends_older_logins_only(auth_tickets: AuthTickets, redis: Redis) -> None:
    now = datetime.now(UTC)
    await redis.set(user_changed_key(BOB.user_id), int(now.timestamp() * 1000))
    nameless = Principal(BOB.user_id, BOB.roles, BOB.groups)
    await auth_tickets.check(nameless, now + timedelta(seconds=1))
    with pytest.raises(UnauthenticatedError):
        await auth_tickets.check(nameless, now - timedelta(seconds=1))


async def test_without_redis_known_logins_go_on() -> None:
    async with httpx2.AsyncClient() as client, Redis(port=1, socket_connect_timeout=0.1) as nowhere:
        tickets = AuthTickets(HttpClient(client, FakeAuthenticator()).sibling("http://127.0.0.1:1"), nowhere)
        await tickets.check(ALICE, datetime.now(UTC))
