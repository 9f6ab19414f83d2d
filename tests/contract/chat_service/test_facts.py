"""What a conversation has established is kept, bounded, in order, and goes with it; in PostgreSQL as in memory."""

from chat_service.interfaces import Established, Generation
from flash_core.schemas.chat import Fact
from flash_core.utils.ids import new_id
from tests.contract.chat_service.test_chat_database import Database, asked, begun, database

__all__ = ["database"]
DOCUMENT = new_id()


def fact(statement: str) -> Established:
    return Established(statement, (DOCUMENT,), ("Leave",), ("v1",))


async def establish(database: Database, generation: Generation, *statements: str, keep: int = 10) -> None:
    async with database.open() as work:
        assert await work.conversations.lock(generation.conversation_id)
        await work.facts.add(generation, [fact(one) for one in statements], keep=keep)
        await work.commit()


async def known(database: Database, question: Generation) -> list[str]:
    async with database.open() as work:
        return [one.statement for one in await work.facts.before(question.message_id)]


async def test_facts_are_those_of_earlier_questions_oldest_first(database: Database) -> None:
    conversation_id = await begun(database)
    first = await asked(database, conversation_id, "How many days?")
    second = await asked(database, conversation_id, "And part-timers?")
    third = await asked(database, conversation_id, "Who approves it?")
    await establish(database, second, "Part-timers get 12 days.")
    await establish(database, first, "Full-timers get 25 days.", "They may carry over 5.")
    await establish(database, third, "Managers approve it.")
    async with database.open() as work:
        facts = await work.facts.before(third.message_id)
    assert [one.statement for one in facts] == [
        "Part-timers get 12 days.",
        "Full-timers get 25 days.",
        "They may carry over 5.",
    ]
    assert facts[1] == Fact(
        question="How many days?",
        statement="Full-timers get 25 days.",
        document_ids=[DOCUMENT],
        titles=["Leave"],
        versions=["v1"],
    )
    assert await known(database, first) == []


async def test_the_same_statement_is_one_fact_and_counts_as_said_last(database: Database) -> None:
    conversation_id = await begun(database)
    first, second = await asked(database, conversation_id), await asked(database, conversation_id)
    await establish(database, first, "Leave is 25 days.", "Sick leave is not limited.")
    await establish(database, second, "LEAVE is 25 days.")
    last = await asked(database, conversation_id)
    assert await known(database, last) == ["Sick leave is not limited.", "LEAVE is 25 days."]
    assert await known(database, second) == ["Sick leave is not limited."]


async def test_only_the_newest_facts_of_a_conversation_stay(database: Database) -> None:
    conversation_id = await begun(database)
    other = await asked(database, await begun(database))
    await establish(database, other, "Another conversation's.", keep=3)
    question = await asked(database, conversation_id)
    await establish(database, question, *(f"Fact {number}." for number in range(5)), keep=3)
    await establish(database, question, "Fact 5.", keep=3)
    last = await asked(database, conversation_id)
    assert await known(database, last) == ["Fact 3.", "Fact 4.", "Fact 5."]
    assert await known(database, await asked(database, other.conversation_id)) == ["Another conversation's."]


async def test_nothing_established_changes_nothing(database: Database) -> None:
    question = await asked(database, await begun(database))
    await establish(database, question, "Kept.")
    await establish(database, question, keep=0)
    assert await known(database, await asked(database, question.conversation_id)) == ["Kept."]


async def test_facts_go_with_their_conversation(database: Database) -> None:
    question = await asked(database, await begun(database))
    await establish(database, question, "Leave is 25 days.")
    last = await asked(database, question.conversation_id)
    assert await known(database, last) == ["Leave is 25 days."]
    async with database.open() as work:
        await work.conversations.delete(question.conversation_id)
        await work.commit()
    assert await known(database, last) == []
