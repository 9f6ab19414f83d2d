"""Reading along on one replica: every frame once, whatever of the log, the hints or the database is lost."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace

import orjson
import pytest

from chat_service.services.answer_feed import ReadyFrame
from flash_core.errors import NotFoundError, OverloadedError
from flash_core.interfaces.answer_log import BEGINNING, TERMINAL_SEQUENCE, LoggedFrame, Position
from flash_core.models.conversation import GenerationState
from flash_core.schemas.chat import DeltaFrame
from flash_core.utils.tasks import end
from tests.unit.chat_service.people import ALICE, BOB
from tests.unit.chat_service.world import Attempt, World, until

Frames = AsyncGenerator[ReadyFrame]


@pytest.fixture
def world() -> World:
    """Replicas that wait for hints: silence alone brings nothing within the time of a test."""
    return World()


@pytest.fixture
def impatient() -> World:
    """Replicas that look into the log at every hundredth of a second."""
    return World(silence_seconds=0.01)


async def writing(world: World) -> Attempt:
    attempt = await world.claim((await world.ask()).answer_id)
    await attempt.begin()
    return attempt


def reading(world: World, attempt: Attempt, after: Position = BEGINNING) -> Frames:
    return world.reader.follow(ALICE, attempt.work.generation_id, after)


async def next_types(frames: Frames, count: int) -> list[str]:
    return [(await anext(frames)).type for _ in range(count)]


async def shown(frames: AsyncIterator[ReadyFrame]) -> tuple[list[str], str]:
    """The types of all frames to the end, and the text that they leave on a page."""
    kinds, text = [], ""
    async for frame in frames:
        kinds.append(frame.type)
        text = ("" if frame.type == "reset" else text) + orjson.loads(frame.text).get("text", "")
    return kinds, text


async def test_frames_arrive_as_they_are_written(world: World) -> None:
    attempt = await writing(world)
    frames = reading(world, attempt)
    assert await next_types(frames, 1) == ["status"]
    upcoming = asyncio.ensure_future(anext(frames))
    await attempt.write("Yes.")
    frame = await upcoming
    assert orjson.loads(frame.text) == {
        "answer_id": str(attempt.work.generation_id),
        "position": str(frame.position),
        "type": "delta",
        "text": "Yes.",
    }
    await attempt.finish()
    assert await shown(frames) == (["done"], "")


async def test_readers_of_one_answer_share_one_feed_which_ends_with_the_last(world: World) -> None:
    attempt = await writing(world)
    first, second = reading(world, attempt), reading(world, attempt)
    await next_types(first, 1)
    await next_types(second, 1)
    assert len(world.reader._feeds) == 1
    await first.aclose()
    await attempt.write("Yes.")
    assert await next_types(second, 1) == ["delta"]
    await second.aclose()
    assert world.reader._feeds == {}
    assert world.broadcast._listeners == {f"gen:{{{attempt.work.generation_id}}}": []}


async def test_an_answer_is_followed_by_its_owner_only(world: World) -> None:
    attempt = await writing(world)
    with pytest.raises(NotFoundError):
        await anext(world.reader.follow(BOB, attempt.work.generation_id, BEGINNING))


async def test_a_late_reader_gets_everything_and_one_who_has_seen_the_end_nothing(world: World) -> None:
    attempt = await writing(world)
    await attempt.write("Yes.")
    await attempt.finish()
    assert await shown(reading(world, attempt)) == (["status", "delta", "done"], "Yes.")
    assert await shown(reading(world, attempt, Position(1, 1))) == (["delta", "done"], "Yes.")
    assert await shown(reading(world, attempt, Position(1, TERMINAL_SEQUENCE))) == ([], "")


@pytest.mark.parametrize(("after", "kinds"), [(1, ["delta", "done"]), (TERMINAL_SEQUENCE, ["done"])])
async def test_who_asks_for_it_is_told_the_end_again(world: World, after: int, kinds: list[str]) -> None:
    attempt = await writing(world)
    await attempt.write("Yes.")
    await attempt.finish()
    following = world.reader.follow(ALICE, attempt.work.generation_id, Position(1, after), end_again=True)
    assert [frame.type async for frame in following] == kinds


async def test_lost_hints_cost_time_only(impatient: World) -> None:
    attempt = await writing(impatient)
    frames = reading(impatient, attempt)
    await next_types(frames, 1)
    impatient.log.broadcast = None
    await attempt.write("Yes.")
    assert await next_types(frames, 1) == ["delta"]
    await frames.aclose()


async def test_a_hint_about_what_was_read_already_is_not_followed(world: World) -> None:
    attempt = await writing(world)
    frames = reading(world, attempt)
    await next_types(frames, 1)
    world.log.reads = 0
    channel = f"gen:{{{attempt.work.generation_id}}}"
    for stale in (b"1-1", b"0-7"):
        await world.broadcast.publish(channel, stale)
    for news in (b"", b"1-2", b"\xff"):
        await world.broadcast.publish(channel, news)
    await attempt.write("Yes.")
    assert await next_types(frames, 1) == ["delta"]
    assert world.log.reads <= 4
    await frames.aclose()


async def test_while_the_log_is_away_readers_wait(impatient: World) -> None:
    attempt = await writing(impatient)
    await attempt.write("Yes.")
    impatient.log.is_away = True
    frames = reading(impatient, attempt)
    upcoming = asyncio.ensure_future(anext(frames))
    await until(lambda: impatient.log.reads > 2)
    impatient.log.is_away = False
    assert (await upcoming).type == "status"
    await frames.aclose()


async def test_what_the_log_never_told_comes_from_the_database_and_makes_up_the_whole(world: World) -> None:
    attempt = await writing(world)
    await attempt.write("one ")
    frames = reading(world, attempt)
    await next_types(frames, 2)
    world.log.logs.clear()
    attempt.content += "two"
    world.log.broadcast = None
    await attempt.finish()
    world.log.logs.clear()
    [feed] = world.reader._feeds.values()
    feed.heard_at -= 61
    await world.reader.run_once()
    assert await shown(frames) == (["reset", "delta", "done"], "one two")


async def test_one_who_has_seen_nothing_of_a_lost_log_gets_the_end_only(world: World) -> None:
    attempt = await writing(world)
    await attempt.write("Yes.")
    await attempt.finish()
    world.log.logs.clear()
    assert await shown(reading(world, attempt)) == (["done"], "")
    assert await shown(reading(world, attempt, Position(1, 1))) == (["reset", "delta", "done"], "Yes.")
    assert await shown(reading(world, attempt, Position(1, TERMINAL_SEQUENCE - 2))) == (["delta", "done"], "Yes.")


async def test_a_reader_whose_place_was_lost_is_told_nothing_until_the_text_begins_anew(world: World) -> None:
    attempt = await writing(world)
    await attempt.write("one ")
    world.log.logs.clear()
    await attempt.write("two ")
    frames = reading(world, attempt, Position(1, 2))
    waiting = asyncio.ensure_future(shown(frames))
    await attempt.write("three")
    await attempt.finish()
    assert await waiting == (["reset", "delta", "done"], "one two three")


async def test_an_attempt_whose_reset_was_lost_voids_the_last_one_all_the_same(world: World) -> None:
    first = await writing(world)
    await first.write("old ")
    frames = reading(world, first)
    await next_types(frames, 2)
    world.clock.advance(seconds=11)
    second = await world.claim(first.work.generation_id)
    world.log.broadcast = None
    await second.begin()
    world.log.logs.clear()
    world.log.broadcast = world.broadcast
    await second.write("new")
    assert await next_types(frames, 2) == ["reset", "delta"]
    await second.finish()
    assert await shown(frames) == (["done"], "")


async def test_a_failed_answer_ends_with_its_problem(world: World) -> None:
    attempt = await writing(world)
    await attempt.write("Ye")
    await attempt.finish(GenerationState.FAILED)
    assert await shown(reading(world, attempt)) == (["status", "delta", "error"], "Ye")
    world.log.logs.clear()
    assert await shown(reading(world, attempt, Position(1, 2))) == (["error"], "")


async def test_a_frame_that_can_not_be_read_is_passed_over(world: World) -> None:
    attempt = await writing(world)
    await world.log.append(attempt.work.generation_id, [LoggedFrame(Position(1, 2), b'{"type":')])
    attempt.sequence = 2
    await attempt.write("Yes.")
    await attempt.finish()
    assert await shown(reading(world, attempt)) == (["status", "delta", "done"], "Yes.")


async def test_a_removed_answer_ends_its_readers(world: World) -> None:
    attempt = await writing(world)
    frames = reading(world, attempt)
    await next_types(frames, 1)
    await world.conversations.delete(ALICE.user_id, attempt.work.conversation_id)
    [feed] = world.reader._feeds.values()
    feed.heard_at -= 61
    await world.reader.run_once()
    with pytest.raises(NotFoundError):
        await anext(frames)
    await feed.settle(0, None)


async def test_closing_lets_every_reader_go(world: World) -> None:
    attempt = await writing(world)
    frames = reading(world, attempt)
    await next_types(frames, 1)
    waiting = asyncio.ensure_future(shown(frames))
    await asyncio.sleep(0)
    world.reader.close()
    assert await waiting == ([], "")
    with pytest.raises(OverloadedError):
        await world.reader.wait(ALICE, attempt.work.generation_id, 1)


async def test_waiting_ends_with_the_answer_or_in_time(world: World) -> None:
    attempt = await writing(world)
    waiting = asyncio.ensure_future(world.reader.wait(ALICE, attempt.work.generation_id, 5))
    await until(lambda: world.reader._feeds)
    await attempt.write("Yes.")
    await attempt.finish()
    assert (await waiting).content == "Yes."
    late = await writing(world)
    with pytest.raises(OverloadedError, match=str(late.work.generation_id)):
        await world.reader.wait(ALICE, late.work.generation_id, 0.001)


async def test_the_worker_settles_silent_answers_and_outlives_a_database_that_is_away(impatient: World) -> None:
    attempt = await writing(impatient)
    worker = asyncio.create_task(impatient.reader.run())
    frames = reading(impatient, attempt)
    await next_types(frames, 1)
    impatient.database.is_away = True
    await until(lambda: impatient.database.refused > 1)
    impatient.database.is_away = False
    impatient.log.is_away = True
    await attempt.finish()
    assert await shown(frames) == (["done"], "")
    await end([worker])


async def test_a_delta_that_is_no_delta_of_ours_changes_nothing(world: World) -> None:
    attempt = await writing(world)
    other = replace(attempt, work=(await writing(world)).work)
    await other.push(DeltaFrame(text="Not yours."))
    await attempt.write("Yours.")
    await attempt.finish()
    assert await shown(reading(world, attempt)) == (["status", "delta", "done"], "Yours.")
