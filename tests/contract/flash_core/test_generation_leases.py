"""What a leased generation promises: the fake, chat's own use case, and the client with either of them behind it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from flash_core.clients.chat import GenerationLeaseClient
from flash_core.errors import FencedError, NotFoundError
from flash_core.interfaces.generation import GenerationLeaseInterface
from flash_core.models.conversation import GenerationState
from flash_core.schemas.chat import FinishRequest, ReleaseRequest, WrittenAnswer
from flash_core.testing.ai_fakes import FakeGenerationLeases
from tests.contract.flash_core.siblings import leases_over_http
from tests.unit.chat_service.people import ALICE
from tests.unit.chat_service.world import World

QUESTION = "How many days of leave?"


@dataclass
class Leased:
    """One question that waits, who leases it, and its asker's way to cancel."""

    leases: GenerationLeaseInterface
    id: UUID
    cancel: Callable[[], Awaitable[None]]


async def fake() -> Leased:
    leases = FakeGenerationLeases(question=QUESTION)

    async def cancel() -> None:
        leases.cancel_requested = True

    return Leased(leases, leases.generation_id, cancel)


async def chats_own() -> Leased:
    world = World()
    answer_id = (await world.ask(QUESTION)).answer_id

    async def cancel() -> None:
        await world.generations.cancel(ALICE.user_id, answer_id)

    return Leased(world.generations, answer_id, cancel)


@pytest.fixture(params=[fake, chats_own], ids=["fake", "chat"])
async def behind(request: pytest.FixtureRequest) -> Leased:
    made: Leased = await request.param()
    return made


@pytest.fixture(params=["direct", "client"])
async def leased(request: pytest.FixtureRequest, behind: Leased) -> AsyncIterator[Leased]:
    async with AsyncExitStack() as stack:
        if request.param == "client":
            chat = await stack.enter_async_context(leases_over_http(behind.leases))
            behind.leases = GenerationLeaseClient(chat)
        yield behind


def outcome(attempt: int, content: str = "Done.") -> FinishRequest:
    return FinishRequest(attempt=attempt, state=GenerationState.DONE, answer=WrittenAnswer(content=content))


async def test_a_generation_is_claimed_kept_and_finished(leased: Leased) -> None:
    claimed = await leased.leases.claim(leased.id, "worker 1")
    assert (claimed.generation_id, claimed.question, claimed.attempt) == (leased.id, QUESTION, 1)
    assert await leased.leases.heartbeat(leased.id, 1) is False
    await leased.leases.finish(leased.id, outcome(1))
    await leased.leases.finish(leased.id, outcome(1))
    with pytest.raises(FencedError):
        await leased.leases.claim(leased.id, "worker 2")


async def test_its_worker_hears_that_it_was_cancelled(leased: Leased) -> None:
    await leased.leases.claim(leased.id, "worker 1")
    await leased.cancel()
    assert await leased.leases.heartbeat(leased.id, 1) is True


async def test_while_one_has_it_nobody_else_gets_it(leased: Leased) -> None:
    await leased.leases.claim(leased.id, "worker 1")
    with pytest.raises(FencedError):
        await leased.leases.claim(leased.id, "worker 2")


async def test_whoever_was_overtaken_is_fenced(leased: Leased) -> None:
    await leased.leases.claim(leased.id, "worker 1")
    await leased.leases.release(leased.id, ReleaseRequest(attempt=1))
    assert (await leased.leases.claim(leased.id, "worker 2")).attempt == 2
    for late in (leased.leases.heartbeat(leased.id, 1), leased.leases.release(leased.id, ReleaseRequest(attempt=1))):
        with pytest.raises(FencedError):
            await late
    with pytest.raises(FencedError):
        await leased.leases.finish(leased.id, outcome(1))


async def test_a_generation_that_is_gone_is_not_found(leased: Leased) -> None:
    with pytest.raises(NotFoundError):
        await leased.leases.claim(uuid4(), "worker 1")
    with pytest.raises(NotFoundError):
        await leased.leases.heartbeat(uuid4(), 1)
    with pytest.raises(NotFoundError):
        await leased.leases.release(uuid4(), ReleaseRequest(attempt=1))
    with pytest.raises(NotFoundError):
        await leased.leases.finish(uuid4(), outcome(1))
