"""A grounded answer's supported sentences become facts, and the next question takes them along."""

from datetime import UTC, datetime

import pytest

from chat_service.services.facts import established
from flash_core.models.conversation import GenerationState, Refusal
from flash_core.schemas.chat import Citation, FinishRequest, Source, WrittenAnswer
from flash_core.utils.ids import new_id
from tests.unit.chat_service.world import World

CONTENT = "Full-timers get 25 days. [1][2]\n- Managers approve it. [1]\n- Nobody counts. [2]"


def source(marker: int, title: str = "Leave") -> Source:
    return Source(
        id=f"s{marker}",
        marker=marker,
        document_id=new_id(),
        chunk_id=new_id(),
        title=title,
        path=[],
        url=None,
        provider="folder",
        text="",
        start=0,
        end=0,
        score=1,
        updated_at=datetime(2026, 1, 1, tzinfo=UTC),
        version=f"v{marker}",
    )


def cited(marker: int, sentence: str, *, supported: bool = True) -> Citation:
    start = CONTENT.index(sentence)
    return Citation(marker=marker, source_id=f"s{marker}", start=start, end=start + len(sentence), supported=supported)


def answer(**changes: object) -> WrittenAnswer:
    written = WrittenAnswer(
        content=CONTENT,
        sources=[source(1), source(2, "Hours")],
        citations=[
            cited(1, "Full-timers get 25 days. [1][2]"),
            cited(2, "Full-timers get 25 days. [1][2]"),
            cited(1, "- Managers approve it. [1]"),
        ],
        grounded=True,
    )
    return written.model_copy(update=changes)


def test_a_sentence_is_one_fact_with_all_that_say_it() -> None:
    written = answer()
    first, second = established(written)
    assert (first.statement, second.statement) == ("Full-timers get 25 days.", "Managers approve it.")
    assert first.document_ids == tuple(one.document_id for one in written.sources)
    assert (first.titles, first.versions) == (("Leave", "Hours"), ("v1", "v2"))


def test_what_its_passage_does_not_say_is_no_fact() -> None:
    unsupported = cited(2, "- Nobody counts. [2]", supported=False)
    unknown = cited(2, "- Nobody counts. [2]").model_copy(update={"source_id": "gone"})
    assert established(answer(citations=[unsupported, unknown])) == []


@pytest.mark.parametrize(
    "written",
    [
        answer(grounded=False),
        answer(refusal=Refusal.NOT_IN_DOCUMENTATION),
        answer(content=CONTENT.replace("Full-timers get 25 days. [1][2]", "[1]" * 10), citations=[]),
        WrittenAnswer(
            content="word " * 200,
            sources=[source(1)],
            citations=[Citation(marker=1, source_id="s1", start=0, end=1_000, supported=True)],
            grounded=True,
        ),
    ],
)
def test_a_refusal_a_guess_or_a_whole_page_establishes_nothing(written: WrittenAnswer) -> None:
    assert established(written) == []


@pytest.mark.parametrize(
    ("state", "known"),
    [
        (GenerationState.DONE, ["Full-timers get 25 days.", "Managers approve it."]),
        (GenerationState.CANCELLED, []),
    ],
)
async def test_the_next_question_takes_the_facts_along(state: GenerationState, known: list[str]) -> None:
    world = World()
    first = await world.ask("How many days?")
    work = (await world.claim(first.answer_id)).work
    assert work.facts == []
    await world.generations.finish(first.answer_id, FinishRequest(attempt=1, state=state, answer=answer()))
    second = await world.ask("And who approves it?", conversation_id=first.conversation_id)
    facts = (await world.claim(second.answer_id)).work.facts
    assert [fact.statement for fact in facts] == known
    assert {fact.question for fact in facts} <= {"How many days?"}
