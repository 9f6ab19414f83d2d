"""The chat database keeps its promises, in PostgreSQL as in memory."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import text

from chat_service.database.tables import METADATA
from chat_service.database.unit_of_work import SqlChatUnitOfWork
from chat_service.interfaces import (
    ChatUnitOfWorkFactory,
    Ending,
    Generation,
    Hopeless,
    ListPosition,
    Question,
    RetryRules,
)
from flash_core.database.context import open_database
from flash_core.errors import ConflictError
from flash_core.models.conversation import Conversation, GenerationState, Mode, Role
from flash_core.schemas.chat import WrittenAnswer
from flash_core.schemas.common import Problem
from flash_core.schemas.search import SearchFilters
from flash_core.testing.fakes import FrozenClock
from flash_core.utils.ids import new_id
from tests.unit.chat_service.fakes import FakeChatDatabase
from tests.unit.chat_service.people import ALICE, BOB

RULES = RetryRules(
    lease=timedelta(seconds=10),
    deadline=timedelta(seconds=300),
    max_attempts=3,
    max_waiting=10,
    history_turns=10,
    requeue_after=timedelta(seconds=5),
    requeue_at_most=timedelta(seconds=15),
)
PROBLEM = Problem(type="urn:flash:overloaded", title="Service Unavailable", status=503, detail="Busy.")


@dataclass
class Database:
    """`open` begins a transaction; `later` lets time pass for what is stored."""

    open: ChatUnitOfWorkFactory
    later: Callable[[float], Awaitable[None]]


@pytest.fixture(params=["memory", "postgres"])
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    if request.param == "memory":
        clock = FrozenClock(datetime.now(UTC))

        async def advance(seconds: float) -> None:
            clock.advance(seconds=seconds)

        yield Database(FakeChatDatabase(clock), advance)
        return
    async with open_database(request.getfixturevalue("postgres_url")) as postgres:
        async with postgres.sessions.begin() as session:
            await (await session.connection()).run_sync(METADATA.create_all)

        async def age(seconds: float) -> None:
            async with postgres.sessions.begin() as session:
                for table, columns in _MOMENTS.items():
                    by = ", ".join(f"{one} = {one} - :by * interval '1 second'" for one in columns)
                    await session.execute(text(f"UPDATE {table} SET {by}"), {"by": seconds})  # noqa: S608  # our names

        yield Database(partial(SqlChatUnitOfWork, postgres.sessions), age)


_MOMENTS = {
    "generation": ("lease_until", "deadline", "announced_at", "created_at"),
    "conversation": ("updated_at", "created_at"),
}


async def begun(database: Database, *, owner: UUID = ALICE.user_id, title: str = "", name: str | None = None) -> UUID:
    now = datetime.now(UTC)
    conversation = Conversation(new_id(), owner, title, Mode.COMPANY, now, now)
    async with database.open() as work:
        assert await work.conversations.add(conversation, client_id=name)
        await work.commit()
    return conversation.id


async def asked(
    database: Database,
    conversation_id: UUID,
    content: str = "How?",
    *,
    name: str | None = None,
    mode: Mode = Mode.COMPANY,
) -> Generation:
    question = Question(new_id(), conversation_id, content, name, "print")
    async with database.open() as work:
        await work.messages.add_question(question)
        generation = generation_of(question, mode=mode)
        await work.generations.add(generation, deadline=RULES.deadline)
        await work.generations.announced(generation.id)
        await work.commit()
    return generation


async def queued(database: Database, generation: Generation) -> None:
    async with database.open() as work:
        await work.generations.add(generation, deadline=RULES.deadline)
        await work.commit()


async def answered(database: Database, generation: Generation) -> None:
    async with database.open() as work:
        await work.messages.add_answer(generation, WrittenAnswer(content="Yes."))
        await work.commit()


def generation_of(question: Question, *, name: str | None = None, mode: Mode = Mode.COMPANY) -> Generation:
    return Generation(
        id=new_id(),
        conversation_id=question.conversation_id,
        message_id=question.id,
        user_id=ALICE.user_id,
        roles=("user",),
        groups=("sales",),
        mode=mode,
        filters=SearchFilters(source_ids=[ALICE.user_id]),
        request_id="r1",
        client_id=name,
    )


async def claimed(database: Database, generation: Generation) -> int | None:
    async with database.open() as work:
        claim = await work.generations.claim(generation.id, "w", RULES)
        await work.commit()
    return None if claim is None else claim.generation.attempt


async def ended(
    database: Database,
    generation: Generation,
    content: str,
    *,
    attempt: int = 1,
    state: GenerationState = GenerationState.DONE,
    take_over: bool = False,
) -> bool:
    ending = Ending(state, WrittenAnswer(content=content), PROBLEM if state is GenerationState.FAILED else None)
    async with database.open() as work:
        done = await work.generations.end(generation.id, attempt, ending, take_over=take_over)
        if done:
            await work.messages.add_answer(generation, ending.written)
        await work.commit()
    return done


async def requeued(database: Database) -> list[UUID]:
    async with database.open() as work:
        found = await work.generations.requeue(RULES, limit=10)
        await work.commit()
    return [one.id for one in found]


async def hopeless(database: Database) -> list[tuple[UUID, Hopeless]]:
    async with database.open() as work:
        return [(one.id, why) for one, why in await work.generations.hopeless(RULES, limit=10)]


async def test_what_is_not_committed_is_gone(database: Database) -> None:
    now = datetime.now(UTC)
    conversation = Conversation(new_id(), ALICE.user_id, "", Mode.GENERAL, now, now)
    async with database.open() as work:
        await work.conversations.add(conversation, client_id=None)
    async with database.open() as work:
        assert await work.conversations.get(conversation.id, owner_id=ALICE.user_id) is None


async def test_a_conversation_is_its_owner_s(database: Database) -> None:
    conversation_id = await begun(database, title="Mine", name="c1")
    async with database.open() as work:
        mine = await work.conversations.get(conversation_id, owner_id=ALICE.user_id)
        assert mine is not None
        assert (mine.title, mine.mode) == ("Mine", Mode.COMPANY)
        assert await work.conversations.get(conversation_id, owner_id=BOB.user_id) is None
        assert await work.conversations.lock(conversation_id) == mine
        assert await work.conversations.lock(new_id()) is None
        assert await work.conversations.named("c1", owner_id=ALICE.user_id) == mine
        assert await work.conversations.named("c1", owner_id=BOB.user_id) is None


async def test_one_name_makes_one_conversation_of_an_owner(database: Database) -> None:
    first = await begun(database, name="c1")
    await begun(database, owner=BOB.user_id, name="c1")
    now = datetime.now(UTC)
    async with database.open() as work:
        again = Conversation(new_id(), ALICE.user_id, "", Mode.COMPANY, now, now)
        assert not await work.conversations.add(again, client_id="c1")
        assert await work.conversations.get(again.id, owner_id=ALICE.user_id) is None
        found = await work.conversations.named("c1", owner_id=ALICE.user_id)
        assert found is not None
        assert found.id == first


async def test_conversations_come_last_active_first_and_are_found_by_what_was_asked(database: Database) -> None:
    rivers = await begun(database, title="Rivers")
    await database.later(1)
    lakes = await begun(database, title="Lakes")
    generation = await asked(database, lakes, "Is 100% of it wet?")
    await claimed(database, generation)
    await ended(database, generation, "All of it.")
    await begun(database, owner=BOB.user_id, title="Rivers too")
    async with database.open() as work:
        page = partial(work.conversations.page, ALICE.user_id, limit=5, after=None)
        assert [one.id for one in await page(search="")] == [lakes, rivers]
        assert [one.id for one in await page(search="RIVER")] == [rivers]
        assert [one.id for one in await page(search="0% of")] == [lakes]
        assert await page(search="all of it") == []
        assert await page(search="a%s") == []
        [first] = await work.conversations.page(ALICE.user_id, search="", limit=1, after=None)
        after = ListPosition(first.updated_at, first.id)
        rest = await work.conversations.page(ALICE.user_id, search="", limit=5, after=after)
        assert [one.id for one in rest] == [rivers]
        await work.conversations.touch(rivers)
        await work.conversations.rename(rivers, "Streams")
        await work.commit()
    await database.later(0)
    async with database.open() as work:
        named = await work.conversations.get(rivers, owner_id=ALICE.user_id)
        assert named is not None
        assert named.title == "Streams"


async def test_deleting_a_conversation_leaves_nothing_of_it(database: Database) -> None:
    conversation_id = await begun(database)
    other = await asked(database, await begun(database))
    generation = await asked(database, conversation_id, name="q1")
    async with database.open() as work:
        await work.messages.rate(generation.message_id, rating="up", reason=None, comment=None)
        await work.conversations.delete(conversation_id)
        await work.commit()
    async with database.open() as work:
        assert await work.conversations.lock(conversation_id) is None
        assert await work.messages.named(conversation_id, "q1") is None
        assert await work.messages.question_of(generation.message_id, owner_id=ALICE.user_id) is None
        assert await work.generations.get(generation.id) is None
        assert await work.answers.settled([generation.id, other.id]) == [(generation.id, 0, None)]
        assert await work.generations.get(other.id) is not None


async def test_one_name_makes_one_question_of_a_conversation(database: Database) -> None:
    conversation_id = await begun(database)
    generation = await asked(database, conversation_id, name="q1")
    with pytest.raises(ConflictError):
        await asked(database, conversation_id, name="q1")
    await asked(database, await begun(database), name="q1")
    async with database.open() as work:
        found = await work.messages.named(conversation_id, "q1")
        assert found is not None
        assert (found.id, found.content, found.fingerprint) == (generation.message_id, "How?", "print")
        assert await work.messages.named(conversation_id, "q2") is None


async def test_one_name_makes_one_regeneration_of_a_question(database: Database) -> None:
    first = await asked(database, await begun(database))
    question = Question(first.message_id, first.conversation_id, "", None, "")
    again = generation_of(question, name="r1")
    await queued(database, again)
    with pytest.raises(ConflictError):
        await queued(database, generation_of(question, name="r1"))
    async with database.open() as work:
        assert await work.generations.named(first.message_id, "r1") == again
        assert await work.generations.named(first.message_id, "r2") is None
        assert await work.generations.first_of(first.message_id) == first
        assert await work.generations.first_of(new_id()) is None
        assert [one.id for one in await work.generations.unfinished(first.conversation_id)] == [first.id, again.id]


async def test_a_message_leads_to_its_question_for_its_owner_only(database: Database) -> None:
    generation = await asked(database, await begun(database))
    async with database.open() as work:
        for message_id in (generation.message_id, generation.id):
            found = await work.messages.question_of(message_id, owner_id=ALICE.user_id)
            assert found is not None
            assert found.id == generation.message_id
            assert await work.messages.question_of(message_id, owner_id=BOB.user_id) is None
        assert await work.messages.question_of(new_id(), owner_id=ALICE.user_id) is None


async def test_messages_come_in_order_with_the_state_of_their_answers(database: Database) -> None:
    conversation_id = await begun(database)
    first = await asked(database, conversation_id, "One?")
    await claimed(database, first)
    await ended(database, first, "Uno.")
    second = await asked(database, conversation_id, "Two?")
    async with database.open() as work:
        rows = await work.messages.page(conversation_id, limit=5, after=0)
        question, answer, waiting = (one for _, one in rows)
        assert [question.content, answer.content, waiting.content] == ["One?", "Uno.", "Two?"]
        assert (question.role, question.answer_id, question.answer_state) == (Role.USER, first.id, "done")
        assert question.answer is None
        assert (answer.role, answer.id, answer.answer_state) == (Role.ASSISTANT, first.id, "done")
        assert answer.answer == await work.answers.get(first.id, owner_id=ALICE.user_id)
        assert (waiting.answer_id, waiting.answer_state) == (second.id, "queued")
        behind = await work.messages.page(conversation_id, limit=1, after=rows[0][0])
        assert [one.content for _, one in behind] == ["Uno."]


async def test_an_answer_shows_its_owner_how_far_it_is(database: Database) -> None:
    generation = await asked(database, await begun(database))
    async with database.open() as work:
        queued = await work.answers.get(generation.id, owner_id=ALICE.user_id)
        assert queued is not None
        assert (queued.state, queued.content, queued.message_id) == ("queued", "", generation.message_id)
        assert await work.answers.get(generation.id, owner_id=BOB.user_id) is None
        assert await work.answers.get(new_id(), owner_id=ALICE.user_id) is None
        assert await work.answers.settled([generation.id]) == []
    await claimed(database, generation)
    assert await ended(database, generation, "Half", state=GenerationState.FAILED)
    async with database.open() as work:
        failed = await work.answers.get(generation.id, owner_id=ALICE.user_id)
        assert failed is not None
        assert (failed.state, failed.content, failed.problem) == ("failed", "Half", PROBLEM)
        assert await work.answers.settled([generation.id]) == [(generation.id, 1, failed)]


async def test_history_holds_the_last_turns_with_their_latest_answers(database: Database) -> None:
    conversation_id = await begun(database)
    first = await asked(database, conversation_id, "One?", mode=Mode.GENERAL)
    await claimed(database, first)
    await ended(database, first, "Uno.")
    again = generation_of(Question(first.message_id, conversation_id, "", None, ""), mode=Mode.GENERAL)
    await queued(database, again)
    await claimed(database, again)
    await ended(database, again, "Un.")
    failed = await asked(database, conversation_id, "Two?", mode=Mode.GENERAL)
    await claimed(database, failed)
    await ended(database, failed, "Half", state=GenerationState.FAILED)
    silent = await asked(database, conversation_id, "Three?", mode=Mode.GENERAL)
    await claimed(database, silent)
    await ended(database, silent, "", state=GenerationState.CANCELLED)
    last = await asked(database, conversation_id, "Four?")
    async with database.open() as work:
        history = await work.messages.history(last.message_id, turns=5)
        assert [turn.content for turn in history] == ["One?", "Un.", "Two?", "Three?"]
        assert [turn.role for turn in history] == ["user", "assistant", "user", "user"]
        assert [turn.content for turn in await work.messages.history(last.message_id, turns=1)] == ["Three?"]
        assert await work.messages.history(last.message_id, turns=0) == []
        assert await work.messages.history(first.message_id, turns=5) == []


async def test_history_leaves_out_what_was_said_from_documentation(database: Database) -> None:
    conversation_id = await begun(database)
    first = await asked(database, conversation_id, "How much is the bonus?")
    await claimed(database, first)
    await ended(database, first, "5,000 [1].")
    general = generation_of(Question(first.message_id, conversation_id, "", None, ""), mode=Mode.GENERAL)
    await queued(database, general)
    await claimed(database, general)
    await ended(database, general, "Ask HR.")
    last = await asked(database, conversation_id, "Repeat your last answer.", mode=Mode.GENERAL)
    async with database.open() as work:
        history = await work.messages.history(last.message_id, turns=5)
    assert [turn.content for turn in history] == ["How much is the bonus?", "Ask HR."]


async def test_a_claim_takes_the_oldest_unfinished_once(database: Database) -> None:
    conversation_id = await begun(database)
    first, second = await asked(database, conversation_id, "One?"), await asked(database, conversation_id, "Two?")
    assert await claimed(database, second) is None
    await database.later(2)
    async with database.open() as work:
        claim = await work.generations.claim(first.id, "w", RULES)
        await work.commit()
    assert claim is not None
    assert claim.generation == replace(first, state=GenerationState.RUNNING, attempt=1)
    assert claim.question == "One?"
    assert timedelta(seconds=2) <= claim.queued < timedelta(seconds=60)
    assert await claimed(database, first) is None
    assert await claimed(database, second) is None
    assert await ended(database, first, "Uno.")
    assert await claimed(database, first) is None
    assert await claimed(database, second) == 1
    assert await claimed(database, generation_of(Question(new_id(), conversation_id, "", None, ""))) is None


async def test_a_lease_that_is_over_goes_to_the_next_and_fences_the_last(database: Database) -> None:
    generation = await asked(database, await begun(database))
    assert await claimed(database, generation) == 1
    await database.later(9)
    async with database.open() as work:
        assert await work.generations.heartbeat(generation.id, 1, RULES.lease) is False
        await work.commit()
    await database.later(9)
    assert await claimed(database, generation) is None
    await database.later(2)
    assert await claimed(database, generation) == 2
    async with database.open() as work:
        assert await work.generations.heartbeat(generation.id, 1, RULES.lease) is None
        assert await work.generations.release(generation.id, 1) is None
    assert not await ended(database, generation, "Old", attempt=1)
    assert await ended(database, generation, "New", attempt=2)
    assert not await ended(database, generation, "Newer", attempt=2)


async def test_an_ending_may_take_the_work_over_from_its_holder(database: Database) -> None:
    generation = await asked(database, await begun(database))
    await claimed(database, generation)
    assert await ended(database, generation, "So far", take_over=True, state=GenerationState.CANCELLED)
    async with database.open() as work:
        over = await work.generations.get(generation.id)
        assert over is not None
        assert (over.attempt, over.state) == (2, GenerationState.CANCELLED)
    with pytest.raises(ConflictError):
        await answered(database, generation)


async def test_a_released_generation_can_be_claimed_again(database: Database) -> None:
    generation = await asked(database, await begun(database))
    await claimed(database, generation)
    async with database.open() as work:
        released = await work.generations.release(generation.id, 1)
        await work.commit()
    assert released == replace(generation, attempt=1)
    assert await claimed(database, generation) == 2


async def test_a_cancelled_generation_is_not_claimed_but_given_up(database: Database) -> None:
    generation = await asked(database, await begun(database))
    await claimed(database, generation)
    async with database.open() as work:
        await work.generations.request_cancel(generation.id)
        await work.commit()
    async with database.open() as work:
        assert await work.generations.heartbeat(generation.id, 1, RULES.lease) is True
    assert await hopeless(database) == []
    await database.later(11)
    assert await claimed(database, generation) is None
    assert await requeued(database) == []
    assert await hopeless(database) == [(generation.id, Hopeless.CANCELLED)]


async def test_waiting_is_announced_again_after_waits_that_double(database: Database) -> None:
    generation = await asked(database, await begun(database))
    for seconds, expected in ((4, 0), (1, 1), (9, 0), (1, 1), (14, 0), (1, 1), (14, 0), (1, 1)):
        await database.later(seconds)
        assert await requeued(database) == [generation.id] * expected
        assert await requeued(database) == []


async def test_a_lost_worker_is_noticed_at_once_and_only_the_first_in_line_is_announced(database: Database) -> None:
    conversation_id = await begun(database)
    first = await asked(database, conversation_id)
    await asked(database, conversation_id)
    await claimed(database, first)
    await database.later(9)
    assert await requeued(database) == []
    await database.later(2)
    assert await requeued(database) == [first.id]
    assert await requeued(database) == []
    await database.later(5)
    assert await requeued(database) == [first.id]


async def test_what_is_late_or_was_tried_too_often_is_given_up(database: Database) -> None:
    late = await asked(database, await begun(database))
    await claimed(database, late)
    await database.later(301)
    tired = await asked(database, await begun(database))
    for attempt in range(1, 4):
        assert await hopeless(database) == [(late.id, Hopeless.LATE)]
        assert await claimed(database, tired) == attempt
        await database.later(11)
    assert await claimed(database, tired) is None
    assert await claimed(database, late) is None
    assert await requeued(database) == []
    assert await hopeless(database) == [(late.id, Hopeless.LATE), (tired.id, Hopeless.EXHAUSTED)]


async def test_the_latest_rating_of_a_message_is_kept(database: Database) -> None:
    generation = await asked(database, await begun(database))
    for rating in ("up", "down"):
        async with database.open() as work:
            await work.messages.rate(generation.message_id, rating=rating, reason="r", comment="c")
            await work.commit()
