"""What integration tests do not reach easily: databases and logs that are away, and the small rules."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from chat_service.api.socket_frames import Ask, Ping, asking_of, parse
from chat_service.interfaces import ChatUnitOfWorkInterface
from chat_service.services.questions import title_of
from chat_service.services.reconciler import Reconciler
from chat_service.services.socket_login import SocketDoor
from chat_service.services.sockets import OpenSockets
from flash_core.errors import (
    BadRequestError,
    ConflictError,
    FencedError,
    InvalidInputError,
    NotFoundError,
    RateLimitedError,
    UnauthenticatedError,
    UpstreamUnavailableError,
)
from flash_core.models.conversation import GenerationState, Mode, Role
from flash_core.schemas.chat import FeedbackRequest, FinishRequest, ReleaseRequest, WrittenAnswer
from flash_core.schemas.search import SearchFilters
from flash_core.testing.fakes import FakeAuthenticator, FrozenClock
from flash_core.utils.tasks import end
from flash_core.web.problems import problem_of
from tests.unit.chat_service.people import ALICE, BOB, FakeTickets
from tests.unit.chat_service.world import RULES, World, until


@pytest.fixture
def world() -> World:
    return World()


async def test_a_question_takes_its_asker_and_its_filters_along(world: World) -> None:
    filters = SearchFilters(source_ids=[uuid4()])
    asked = await world.ask(mode=Mode.GENERAL, filters=filters, request_id="r1")
    work = (await world.claim(asked.answer_id)).work
    assert (work.mode, work.filters, work.request_id) == (Mode.GENERAL, filters, "r1")
    assert (work.user_id, work.roles, work.groups) == (ALICE.user_id, ["user"], ["everyone", "sales"])
    assert work.deadline == world.clock.now() + RULES.deadline
    conversation = await world.conversations.get(ALICE.user_id, asked.conversation_id)
    assert (conversation.mode, conversation.title) == (Mode.GENERAL, "How many?")


async def test_nothing_is_accepted_while_the_database_is_away(world: World) -> None:
    world.database.is_away = True
    with pytest.raises(UpstreamUnavailableError):
        await world.ask()
    assert world.announced() == []


async def test_the_same_words_with_other_filters_are_another_question(world: World) -> None:
    asked = await world.ask(client_id="q1")
    filters = SearchFilters(source_ids=[uuid4()])
    with pytest.raises(ConflictError):
        await world.ask(client_id="q1", filters=filters, conversation_id=asked.conversation_id)
    assert await world.ask(client_id="q1", mode=Mode.COMPANY) == asked
    assert await world.ask(client_id="q1", filters=SearchFilters()) == asked


async def test_too_many_waiting_questions_are_refused_and_regenerations_too(world: World) -> None:
    asked = await world.ask()
    for _ in range(RULES.max_waiting - 1):
        await world.ask(conversation_id=asked.conversation_id)
    with pytest.raises(RateLimitedError):
        await world.ask(conversation_id=asked.conversation_id)
    with pytest.raises(RateLimitedError):
        await world.questions.regenerate(ALICE, asked.message_id, client_id=None, request_id="")


async def test_a_regeneration_asks_with_the_groups_of_today(world: World) -> None:
    asked = await world.ask()
    await (await world.claim(asked.answer_id)).finish()
    today = ALICE.__class__(ALICE.user_id, ALICE.roles, frozenset({"finance"}), ALICE.session_id)
    again = await world.questions.regenerate(today, asked.message_id, client_id="r1", request_id="")
    assert (await world.claim(again.answer_id)).work.groups == ["finance"]
    same = await world.questions.regenerate(today, asked.answer_id, client_id="r1", request_id="")
    assert same == again


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("How many?", "How many?"),
        ("  How\n many  ?", "How many ?"),
        ("word " * 30, "word " * 15 + "word…"),
        ("x" * 100, "x" * 79 + "…"),
    ],
)
def test_a_title_is_the_beginning_of_the_question(content: str, title: str) -> None:
    assert title_of(content) == title
    assert len(title_of(content)) <= 80


async def test_an_answer_is_stored_even_if_its_readers_can_not_be_told(world: World) -> None:
    asked = await world.ask()
    attempt = await world.claim(asked.answer_id)
    await attempt.write("Yes.")
    world.log.is_away = True
    await attempt.finish()
    assert (await world.answer(asked.answer_id)).content == "Yes."


async def test_a_cancel_that_can_not_be_hinted_is_kept_for_the_heartbeat(world: World) -> None:
    asked = await world.ask()
    await world.claim(asked.answer_id)
    world.broadcast.is_away = True
    await world.generations.cancel(ALICE.user_id, asked.answer_id)
    assert await world.generations.heartbeat(asked.answer_id, 1) is True


async def test_cancelling_a_released_answer_keeps_what_was_shown(world: World) -> None:
    asked = await world.ask()
    attempt = await world.claim(asked.answer_id)
    await attempt.begin()
    await attempt.write("So far")
    await world.generations.release(asked.answer_id, ReleaseRequest(attempt=1))
    await world.generations.cancel(ALICE.user_id, asked.answer_id)
    answer = await world.answer(asked.answer_id)
    assert (answer.state, answer.content) == (GenerationState.CANCELLED, "So far")
    await world.generations.cancel(ALICE.user_id, asked.answer_id)
    with pytest.raises(FencedError):
        await attempt.finish()


async def test_giving_up_without_the_log_keeps_no_text(world: World) -> None:
    asked = await world.ask()
    await (await world.claim(asked.answer_id)).write("Lost")
    world.log.is_away = True
    world.clock.advance(seconds=301)
    assert await world.reconciler.run_once() == 1
    answer = await world.answer(asked.answer_id)
    assert (answer.state, answer.content) == (GenerationState.FAILED, "")
    assert answer.problem is not None
    assert answer.problem.status == 503


async def test_giving_up_forgets_what_an_earlier_attempt_wrote(world: World) -> None:
    asked = await world.ask()
    for text in ("first", "second"):
        attempt = await world.claim(asked.answer_id)
        await attempt.begin()
        await attempt.write(text)
        world.clock.advance(seconds=11)
    world.clock.advance(seconds=300)
    await world.reconciler.run_once()
    assert (await world.answer(asked.answer_id)).content == "second"


async def test_what_was_deleted_or_ended_meanwhile_is_not_given_up(world: World) -> None:
    gone, done = await world.ask("Gone?"), await world.ask("Done?")
    attempt = await world.claim(done.answer_id)
    world.clock.advance(seconds=301)
    opened = 0

    def others_are_quicker() -> ChatUnitOfWorkInterface:
        """The third unit of work is the one that gives up, after what is due and what is hopeless was read."""
        nonlocal opened
        opened += 1
        if opened == 3:
            _at_once(world.conversations.delete(ALICE.user_id, gone.conversation_id))
            _at_once(attempt.finish())
        return world.database()

    reconciler = Reconciler(others_are_quicker, world.log, RULES, problem_of, 1)
    assert await reconciler.run_once() == 2
    assert (await world.answer(done.answer_id)).state is GenerationState.DONE


def _at_once(step: Coroutine[None, None, None]) -> None:
    """Run to the end; what waits for nothing needs no loop."""
    with pytest.raises(StopIteration):
        step.send(None)


async def test_the_reconciler_outlives_a_database_that_is_away(world: World) -> None:
    world.database.is_away = True
    worker = asyncio.create_task(world.reconciler.run())
    await until(lambda: world.database.refused > 1)
    world.database.is_away = False
    asked = await world.ask()
    world.clock.advance(seconds=6)
    await until(lambda: len(world.announced()) > 1)
    await end([worker])
    assert world.announced() == [asked.answer_id] * 2


async def test_an_outcome_must_be_an_end(world: World) -> None:
    asked = await world.ask()
    await world.claim(asked.answer_id)
    for state in (GenerationState.QUEUED, GenerationState.RUNNING):
        outcome = FinishRequest(attempt=1, state=state, answer=WrittenAnswer(content=""))
        with pytest.raises(InvalidInputError):
            await world.generations.finish(asked.answer_id, outcome)


async def test_a_repeated_finish_tells_the_readers_whom_the_first_could_not_tell(world: World) -> None:
    asked = await world.ask()
    attempt = await world.claim(asked.answer_id)
    await attempt.finish()
    world.log.logs.clear()
    await attempt.finish()
    assert len(world.log.logs[asked.answer_id]) == 1
    other = FinishRequest(attempt=1, state=GenerationState.FAILED, answer=WrittenAnswer(content="Other."))
    await world.generations.finish(asked.answer_id, other)
    rows = await world.conversations.messages(ALICE, asked.conversation_id, limit=9, after=0)
    assert [(one.role, one.content) for _, one in rows] == [(Role.USER, "How many?"), (Role.ASSISTANT, "")]


async def test_messages_of_others_can_not_be_rated_or_read(world: World) -> None:
    asked = await world.ask()
    with pytest.raises(NotFoundError):
        await world.conversations.rate(BOB.user_id, asked.message_id, FeedbackRequest(rating="up"))
    with pytest.raises(NotFoundError):
        await world.conversations.messages(BOB, asked.conversation_id, limit=1, after=0)
    await world.conversations.rate(ALICE.user_id, asked.message_id, FeedbackRequest(rating="down", comment="Hm."))
    assert world.database.tables.feedback == {asked.message_id: ("down", None, "Hm.")}


async def test_a_conversation_that_was_deleted_is_not_opened_again_by_its_first_question(world: World) -> None:
    first = await world.ask(client_id="q1")
    await world.conversations.delete(ALICE.user_id, first.conversation_id)
    again = await world.ask(client_id="q1")
    assert again.conversation_id != first.conversation_id
    with pytest.raises(NotFoundError):
        await world.ask(client_id="q1", conversation_id=first.conversation_id)


async def test_a_ticket_s_login_ends_after_as_long_as_a_token_lives() -> None:
    clock = FrozenClock(datetime(2026, 1, 1, tzinfo=UTC))
    door = SocketDoor(FakeAuthenticator(), FakeTickets({"t1": ALICE}), clock)
    login = await door.by_ticket("t1")
    clock.advance(minutes=15)
    await login.check()
    clock.advance(seconds=1)
    with pytest.raises(UnauthenticatedError):
        await login.check()


async def test_leaving_waits_for_open_sockets_but_not_for_ever() -> None:
    sockets = OpenSockets(most_per_user=1)
    await sockets.leave(0.001)
    with sockets.entered(ALICE.user_id):
        with sockets.entered(BOB.user_id):
            await sockets.leave(0.001)
            with pytest.raises(RateLimitedError), sockets.entered(BOB.user_id):
                pass
        leaving = asyncio.create_task(sockets.leave(5))
        await asyncio.sleep(0)
        assert not leaving.done()
    await leaving
    assert sockets.leaving.is_set()


def test_client_frames_are_told_apart_by_their_type() -> None:
    assert parse('{"type":"ping","more":1}') == Ping()
    for text in ("", "{}", '{"type":1}', '{"type":"ask","client_id":null}', '"\ud800"'):
        with pytest.raises(BadRequestError):
            parse(text)


def test_a_refused_question_says_which_field_is_wrong() -> None:
    with pytest.raises(InvalidInputError) as refusal:
        asking_of(Ask("q1", content="?", filters={"source_ids": ["x"]}))
    assert [one.field for one in refusal.value.errors] == ["filters.source_ids.0"]
