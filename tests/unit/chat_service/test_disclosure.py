"""What a reader is shown of an answer whose documents were closed or deleted since."""

from uuid import UUID, uuid4

import orjson
import pytest

from chat_service.services.answer_feed import ReadyFrame
from chat_service.services.disclosure import WITHHELD
from flash_core.errors import UpstreamUnavailableError
from flash_core.interfaces.answer_log import BEGINNING, TERMINAL_SEQUENCE, Position
from flash_core.models.conversation import GenerationState
from flash_core.schemas.chat import Citation, FinishRequest, SourcesFrame, WrittenAnswer
from tests.unit.chat_service.people import ALICE
from tests.unit.chat_service.test_facts import source
from tests.unit.chat_service.world import Attempt, World

CITED, SPARE = source(1, "Leave"), source(2, "Travel")
TEXT = "You get 27 days [1]."
CITATION = Citation(marker=1, source_id=CITED.id, start=0, end=len(TEXT), supported=True)


@pytest.fixture
def world() -> World:
    world = World()
    world.documents.current = {one.document_id: "v1" for one in (CITED, SPARE)}
    return world


async def answered(world: World, *, citations: bool = True, grounded: bool = True) -> Attempt:
    """An answer that was read from its log and is a while ago."""
    attempt = await world.claim((await world.ask()).answer_id)
    await attempt.begin()
    await attempt.push(SourcesFrame(sources=[CITED, SPARE]))
    await attempt.write(TEXT)
    written = WrittenAnswer(
        content=TEXT,
        sources=[CITED, SPARE],
        citations=[CITATION] if citations else [],
        follow_ups=["Travel?"],
        grounded=grounded,
        confidence=0.9,
    )
    outcome = FinishRequest(attempt=attempt.work.attempt, state=GenerationState.DONE, answer=written)
    await world.generations.finish(attempt.work.generation_id, outcome)
    world.clock.advance(seconds=61)
    return attempt


def close(world: World, document_id: UUID) -> None:
    del world.documents.current[document_id]


async def test_what_may_still_be_read_is_shown_whole(world: World) -> None:
    answer = await world.answer((await answered(world)).work.generation_id)
    assert (answer.content, len(answer.sources), answer.withheld) == (TEXT, 2, False)
    assert world.documents.asked == [ALICE]


async def test_an_answer_goes_with_the_document_that_it_cites(world: World) -> None:
    attempt = await answered(world)
    close(world, CITED.document_id)
    answer = await world.answer(attempt.work.generation_id)
    assert answer.withheld
    assert answer.content == WITHHELD
    assert (answer.sources, answer.citations, answer.follow_ups, answer.confidence) == ([], [], [], 0)


@pytest.mark.parametrize(("citations", "grounded"), [(True, True), (True, False), (False, False)])
async def test_an_answer_goes_with_any_passage_that_its_writer_was_given(
    world: World, *, citations: bool, grounded: bool
) -> None:
    attempt = await answered(world, citations=citations, grounded=grounded)
    close(world, SPARE.document_id)
    assert (await world.answer(attempt.work.generation_id)).content == WITHHELD


async def test_the_history_shows_no_more_than_the_answer(world: World) -> None:
    attempt = await answered(world)
    close(world, CITED.document_id)
    rows = await world.conversations.messages(ALICE, attempt.work.conversation_id, limit=9, after=0)
    assert [message.content for _, message in rows] == ["How many?", WITHHELD]
    assert TEXT not in "".join(message.model_dump_json() for _, message in rows)


@pytest.mark.parametrize("after", [BEGINNING, Position(1, 1), Position(7, 7)])
async def test_the_log_is_not_replayed_to_who_may_not_read_it_any_more(world: World, after: Position) -> None:
    attempt = await answered(world)
    close(world, CITED.document_id)
    frames = [frame async for frame in world.reader.follow(ALICE, attempt.work.generation_id, after)]
    assert TEXT not in "".join(frame.text for frame in frames)
    assert frames[-1].type == "done"
    assert orjson.loads(frames[-1].text)["answer"]["content"] == WITHHELD


async def test_nor_is_the_log_of_an_answer_that_failed_whose_passages_nobody_knows_any_more(world: World) -> None:
    attempt = await world.claim((await world.ask()).answer_id)
    await attempt.push(SourcesFrame(sources=[CITED]))
    await attempt.finish(GenerationState.FAILED)
    world.clock.advance(seconds=61)
    frames = [frame async for frame in world.reader.follow(ALICE, attempt.work.generation_id, BEGINNING)]
    assert CITED.title not in "".join(frame.text for frame in frames)
    assert len(frames) == 1


async def frames_of(world: World, attempt: Attempt, after: Position = BEGINNING) -> list[ReadyFrame]:
    return [frame async for frame in world.reader.follow(ALICE, attempt.work.generation_id, after)]


async def test_nor_is_the_log_of_a_refusal_that_names_fewer_pages_than_its_writer_was_given(world: World) -> None:
    attempt = await world.claim((await world.ask()).answer_id)
    await attempt.push(SourcesFrame(sources=[CITED, SPARE]), SourcesFrame(sources=[CITED]))
    await attempt.write("Not in the documentation.")
    await attempt.finish(sources=[CITED])
    assert SPARE.text in "".join(frame.text for frame in await frames_of(world, attempt))
    close(world, SPARE.document_id)
    [end] = await frames_of(world, attempt)
    assert orjson.loads(end.text)["answer"]["content"] == "Not in the documentation."
    assert SPARE.title not in end.text


async def test_nor_what_an_earlier_attempt_was_given(world: World) -> None:
    first = await world.claim((await world.ask()).answer_id)
    await first.push(SourcesFrame(sources=[SPARE]))
    world.clock.advance(seconds=11)
    second = await world.claim(first.work.generation_id)
    await second.begin()
    await second.push(SourcesFrame(sources=[CITED]))
    await second.write(TEXT)
    await second.finish(sources=[CITED])
    close(world, SPARE.document_id)
    assert [frame.type for frame in await frames_of(world, second)] == ["done"]


async def test_a_page_that_goes_while_its_answer_is_written_takes_the_answer_along(world: World) -> None:
    attempt = await world.claim((await world.ask()).answer_id)
    following = world.reader.follow(ALICE, attempt.work.generation_id, BEGINNING)
    await attempt.push(SourcesFrame(sources=[CITED]))
    await attempt.write(TEXT)
    seen = [await anext(following) for _ in range(2)]
    close(world, CITED.document_id)
    await attempt.finish(sources=[CITED])
    rest = [frame async for frame in following]
    assert [frame.type for frame in (*seen, *rest)] == ["sources", "delta", "reset", "delta", "done"]
    assert orjson.loads(rest[1].text)["text"] == orjson.loads(rest[2].text)["answer"]["content"] == WITHHELD
    assert TEXT not in "".join(frame.text for frame in rest)
    assert [frame.position for frame in rest] == sorted(frame.position for frame in rest)


async def test_the_end_waits_until_somebody_can_say_who_may_read_it(world: World) -> None:
    attempt = await world.claim((await world.ask()).answer_id)
    await attempt.push(SourcesFrame(sources=[CITED]))
    await attempt.write(TEXT)
    await attempt.finish(sources=[CITED])
    world.documents.error = UpstreamUnavailableError("Documentation does not answer.")
    with pytest.raises(UpstreamUnavailableError):
        await frames_of(world, attempt)
    world.documents.error = None
    assert [frame.type for frame in await frames_of(world, attempt, Position(1, 1))] == ["delta", "done"]


async def test_who_has_seen_the_end_is_told_nothing_more(world: World) -> None:
    attempt = await answered(world)
    close(world, CITED.document_id)
    end = Position(999_999, TERMINAL_SEQUENCE)
    assert [frame async for frame in world.reader.follow(ALICE, attempt.work.generation_id, end)] == []


@pytest.mark.parametrize("seconds_ago", [0, 61])
async def test_while_nobody_can_say_who_may_read_it_an_answer_is_not_shown(world: World, seconds_ago: int) -> None:
    attempt = await answered(world)
    world.clock.advance(seconds=seconds_ago - 61)
    world.documents.error = UpstreamUnavailableError("Documentation does not answer.")
    with pytest.raises(UpstreamUnavailableError):
        await world.answer(attempt.work.generation_id)


async def test_what_rests_on_no_document_needs_nobody(world: World) -> None:
    world.documents.error = UpstreamUnavailableError("Documentation does not answer.")
    attempt = await world.claim((await world.ask()).answer_id)
    await attempt.write("Hello!")
    await attempt.finish()
    world.clock.advance(seconds=3_600)
    assert (await world.answer(attempt.work.generation_id)).content == "Hello!"


async def test_many_documents_are_asked_for_in_parts(world: World) -> None:
    attempt = await world.claim((await world.ask()).answer_id)
    sources = [source(at).model_copy(update={"document_id": uuid4(), "id": f"s{at}"}) for at in range(1, 1_500)]
    world.documents.current = {one.document_id: "v1" for one in sources}
    written = WrittenAnswer(content="Much.", sources=sources)
    outcome = FinishRequest(attempt=attempt.work.attempt, state=GenerationState.DONE, answer=written)
    await world.generations.finish(attempt.work.generation_id, outcome)
    assert not (await world.answer(attempt.work.generation_id)).withheld
    assert len(world.documents.asked) == 2
