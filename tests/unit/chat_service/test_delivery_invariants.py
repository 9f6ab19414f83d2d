"""Whatever dies, and in whatever order: one answer a question, in order, and pages show exactly what is stored."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat_service.services.answer_feed import AnswerFeed
from flash_core.errors import FencedError, NotFoundError, RateLimitedError
from flash_core.models.conversation import GenerationState
from flash_core.schemas.chat import ReleaseRequest
from tests.unit.chat_service.people import ALICE, BOB
from tests.unit.chat_service.world import RULES, Attempt, Page, World, worked_off

ChoiceT = TypeVar("ChoiceT")

_CHANCES = {
    "asks": 3,
    "regenerates": 1,
    "claims": 6,
    "writes": 8,
    "finishes": 3,
    "finishes_and_dies_untold": 1,
    "releases": 1,
    "dies": 2,
    "beats": 1,
    "cancels": 1,
    "meddles": 1,
    "looks": 6,
    "redis_is_wiped": 2,
    "time_passes": 3,
    "reconciles": 3,
}
_STEPS = st.lists(
    st.tuples(
        st.sampled_from([kind for kind, chance in _CHANCES.items() for _ in range(chance)]),
        st.integers(0, 9),
    ),
    min_size=30,
    max_size=60,
)


class Fleet:
    """Replicas, workers and pages around one database. Each step names what happens and a number to choose by."""

    def __init__(self) -> None:
        self.world = World()
        self.attempts: list[Attempt] = []
        self.pages: list[Page] = []
        self.replica: dict[UUID, AnswerFeed] = {}
        self.accepted: dict[tuple[str, UUID | None], UUID] = {}

    async def asks(self, number: int) -> None:
        """In one of two conversations of its own, or in another's: the same name is the same question."""
        name, conversation_id = f"q{number % 4}", None
        if number >= 5 and self.pages:
            conversation_id = (await self.world.answer(self.pages[0].answer_id)).conversation_id
        with suppress(RateLimitedError):
            asked = await self.world.ask(f"{name}?", client_id=name, conversation_id=conversation_id)
            assert self.accepted.setdefault((name, conversation_id), asked.answer_id) == asked.answer_id
            self.pages += [Page(asked.answer_id), Page(asked.answer_id)]

    async def regenerates(self, number: int) -> None:
        if page := _choice(self.pages, number):
            with suppress(RateLimitedError):
                again = await self.world.questions.regenerate(ALICE, page.answer_id, client_id=None, request_id="")
                self.pages.append(Page(again.answer_id))

    async def claims(self, number: int) -> None:
        rows = [row.generation for row in self.world.database.tables.generations.values() if row.is_unfinished]
        if before := _choice(rows, number):
            with suppress(FencedError):
                attempt = await self.world.claim(before.id)
                assert attempt.work.attempt == before.attempt + 1 <= RULES.max_attempts
                await attempt.begin()
                self.attempts.append(attempt)

    async def writes(self, number: int) -> None:
        attempt = _choice(self.attempts, number)
        if attempt and not attempt.is_fenced:
            await attempt.write(f"{attempt.work.attempt}.{attempt.sequence} ")

    async def finishes(self, number: int) -> None:
        attempt = _choice(self.attempts, number)
        if attempt and not attempt.is_fenced:
            for _ in range(1 + number % 2):
                await _unless_fenced(attempt.finish())

    async def finishes_and_dies_untold(self, number: int) -> None:
        """The answer is stored, but no reader hears of it."""
        kept = {key: list(frames) for key, frames in self.world.log.logs.items()}
        await self.finishes(number)
        self.world.log.logs = kept

    async def releases(self, number: int) -> None:
        if attempt := await self._lost(number):
            await _unless_fenced(
                self.world.generations.release(attempt.work.generation_id, ReleaseRequest(attempt=attempt.work.attempt))
            )

    async def dies(self, number: int) -> None:
        await self._lost(number)

    async def _lost(self, number: int) -> Attempt | None:
        return self.attempts.pop(number % len(self.attempts)) if self.attempts else None

    async def beats(self, number: int) -> None:
        if attempt := _choice(self.attempts, number):
            await _unless_fenced(self.world.generations.heartbeat(attempt.work.generation_id, attempt.work.attempt))

    async def cancels(self, number: int) -> None:
        if page := _choice(self.pages, number):
            await self.world.generations.cancel(ALICE.user_id, page.answer_id)

    async def meddles(self, number: int) -> None:
        """Another user changes nothing, and learns nothing."""
        if page := _choice(self.pages, number):
            for meddling in (
                self.world.generations.cancel(BOB.user_id, page.answer_id),
                self.world.reader.get(BOB, page.answer_id),
                self.world.questions.regenerate(BOB, page.answer_id, client_id=None, request_id=""),
            ):
                with pytest.raises(NotFoundError):
                    await meddling

    async def looks(self, number: int) -> None:
        """Through the replica that the others use, or through one that knows nothing yet."""
        for page in self.pages[number % 2 :: 2]:
            known = AnswerFeed(page.answer_id, self.world.log, self.world.broadcast)
            await page.look(self.world, self.replica.setdefault(page.answer_id, known) if number < 6 else None)
            assert len({word.partition(".")[0] for word in page.text.split()}) <= 1, "words of one attempt only"

    async def redis_is_wiped(self, _: int) -> None:
        self.world.log.logs.clear()

    async def time_passes(self, number: int) -> None:
        self.world.clock.advance(seconds=(1, 6, 11, 11, 11, 60)[number % 6])

    async def reconciles(self, _: int) -> None:
        await self.world.reconciler.run_once()

    def check(self) -> None:
        """One generation of a conversation runs, the oldest; what is over has a message, and nothing else has."""
        tables = self.world.database.tables
        oldest: dict[UUID, UUID] = {}
        for row in tables.generations.values():
            if row.is_unfinished:
                oldest.setdefault(row.generation.conversation_id, row.generation.id)
            if row.generation.state is GenerationState.RUNNING:
                assert oldest[row.generation.conversation_id] == row.generation.id
        assert sorted(key for key, row in tables.generations.items() if not row.is_unfinished) == sorted(tables.answers)
        assert len(tables.messages) == len(tables.questions) + len(tables.answers)

    async def check_the_end(self) -> None:
        """Every question is answered once, in the database and on every page, whatever the page has seen before."""
        await worked_off(self.world)
        for number, page in enumerate(self.pages):
            await page.look(self.world, self.replica.get(page.answer_id) if number % 3 else None)
            answer = await self.world.answer(page.answer_id)
            assert answer.state.is_terminal
            assert page.is_over
            if page.answer is not None:
                assert page.answer == answer.model_dump(mode="json")
                assert page.seen == ["done"] or page.text == answer.content


def _choice(among: list[ChoiceT], number: int) -> ChoiceT | None:
    return among[number % len(among)] if among else None


async def _unless_fenced(work: Awaitable[object]) -> None:
    with suppress(FencedError):
        await work


@pytest.mark.timeout(120)
@settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(steps=_STEPS)
def test_whatever_happens_every_question_gets_one_answer(steps: list[tuple[str, int]]) -> None:
    async def story() -> None:
        fleet = Fleet()
        for kind, number in steps:
            await getattr(fleet, kind)(number)
            fleet.check()
        await fleet.check_the_end()

    asyncio.run(story())
