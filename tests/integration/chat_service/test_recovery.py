"""Whatever is lost around it, an accepted question gets exactly one answer."""

import asyncio
import random
from functools import partial

import pytest

from flash_core.errors import FencedError
from flash_core.models.conversation import GenerationState
from flash_core.schemas.chat import DeltaFrame
from flash_core.schemas.common import Problem
from tests.integration.chat_service.clients import events, open_socket
from tests.integration.chat_service.conftest import Replica, Sql, StartReplica, answer_of, ask, eventually
from tests.integration.chat_service.worker import Worker


async def test_a_wiped_redis_costs_time_and_no_question(replica: Replica, worker: Worker, sql: Sql) -> None:
    asked = await ask(replica.alice)
    await eventually(worker.announced)
    await worker.redis.flushall()
    await sql.age(5)
    await eventually(worker.announced)
    assert await worker.announced() == [asked["answer_id"]]
    await worker.answer(asked["answer_id"], "Found again.")
    assert (await answer_of(replica.alice, asked["answer_id"]))["content"] == "Found again."


async def test_a_question_that_waits_is_announced_ever_more_seldom(
    replica: Replica, start_replica: StartReplica, worker: Worker, sql: Sql
) -> None:
    async with start_replica():  # two reconcilers, one announcement
        asked = await ask(replica.alice)
        for seconds, count in ((5, 2), (5, 2), (5, 3), (15, 3), (5, 4)):
            await sql.age(seconds, asked["answer_id"])
            await eventually(partial(_announced, worker, count))
            await replica.container.workers[2].run_once()  # type: ignore[attr-defined]  # the reconciler
            await eventually(lambda: _outbox_is_empty(sql))
            assert len(await worker.announced()) == count


async def _announced(worker: Worker, count: int) -> bool:
    return len(await worker.announced()) >= count


async def _outbox_is_empty(sql: Sql) -> bool:
    return await sql("SELECT count(*) FROM outbox") == [(0,)]


async def test_a_lost_worker_s_question_is_announced_and_its_zombie_fenced(
    replica: Replica, worker: Worker, sql: Sql
) -> None:
    asked = await ask(replica.alice)
    await eventually(worker.announced)
    zombie = await worker.claim(asked["answer_id"])
    await zombie.write("half an ans")
    assert (await worker.try_claim(asked["answer_id"])).status_code == 409
    await sql.age(11)
    await eventually(lambda: _announced(worker, 2))
    heir = await worker.answer(asked["answer_id"], "A whole answer.")
    assert (zombie.work.attempt, heir.work.attempt) == (1, 2)
    assert (await zombie.finish()).status_code == 409
    assert (await zombie.release()).status_code == 409
    assert (await answer_of(replica.alice, asked["answer_id"]))["content"] == "A whole answer."


async def test_a_released_question_is_begun_again_at_once(replica: Replica, worker: Worker) -> None:
    asked = await ask(replica.alice)
    attempt = await worker.claim(asked["answer_id"])
    assert (await attempt.release()).status_code == 204
    await eventually(lambda: _announced(worker, 2))
    assert (await answer_of(replica.alice, asked["answer_id"]))["state"] == "queued"
    assert (await attempt.finish()).status_code == 409
    assert (await worker.answer(asked["answer_id"], "Yes.")).work.attempt == 2


async def test_a_question_past_its_deadline_fails_honestly_and_keeps_what_was_shown(
    replica: Replica, worker: Worker, sql: Sql
) -> None:
    async with open_socket(replica.socket_url) as socket:
        accepted = await socket.ask()
        attempt = await worker.claim(accepted["answer_id"])
        await attempt.begin()
        await attempt.write("It ")
        await attempt.write("depends")
        await socket.hear_of("delta", text="depends")
        await sql.age(301)
        failed = await socket.hear_of("error")
        assert "in time" in failed["problem"]["detail"]
    answer = await answer_of(replica.alice, accepted["answer_id"])
    assert (answer["state"], answer["content"]) == ("failed", "It depends")
    assert answer["problem"] == failed["problem"]
    assert (await attempt.heartbeat()).status_code == 409
    assert (await attempt.finish()).status_code == 409


async def test_after_five_attempts_a_question_fails(replica: Replica, worker: Worker, sql: Sql) -> None:
    asked = await ask(replica.alice)
    for attempt in range(1, 6):
        assert (await worker.claim(asked["answer_id"])).work.attempt == attempt
        await sql.age(11)
    assert (await worker.try_claim(asked["answer_id"])).status_code == 409

    async def failed() -> bool:
        return bool((await answer_of(replica.alice, asked["answer_id"]))["state"] == "failed")

    await eventually(failed)
    answer = await answer_of(replica.alice, asked["answer_id"])
    assert "interrupted" in answer["problem"]["detail"]
    assert await sql("SELECT count(*) FROM message WHERE role = 'assistant'") == [(1,)]


async def test_a_cancelled_answer_whose_worker_is_lost_ends_cancelled(
    replica: Replica, worker: Worker, sql: Sql
) -> None:
    async with open_socket(replica.socket_url) as socket:
        accepted = await socket.ask()
        await (await worker.claim(accepted["answer_id"])).write("So far")
        await socket.hear_of("delta")
        assert (await replica.alice.post(f"/api/v1/answers/{accepted['answer_id']}/cancel")).status_code == 202
        await sql.age(11)
        done = await socket.hear_of("done")
        assert (done["answer"]["state"], done["answer"]["content"]) == ("cancelled", "So far")


async def test_a_worker_s_failure_reaches_the_reader(replica: Replica, worker: Worker) -> None:
    problem = Problem(type="urn:flash:overloaded", title="Service Unavailable", status=503, detail="The model is busy.")
    async with open_socket(replica.socket_url) as socket:
        accepted = await socket.ask()
        attempt = await worker.claim(accepted["answer_id"])
        await attempt.finish(GenerationState.FAILED, problem)
        assert (await socket.hear_of("error"))["problem"]["detail"] == "The model is busy."
        again = await socket.ask(client_id="q2")
        attempt = await worker.claim(again["answer_id"])
        assert (await attempt.finish(GenerationState.RUNNING)).status_code == 422
        await attempt.finish(GenerationState.FAILED)
        assert (await socket.hear_of("error", answer_id=again["answer_id"]))["problem"]["status"] == 503


async def test_one_conversation_s_questions_are_answered_in_order(replica: Replica, worker: Worker) -> None:
    first = await ask(replica.alice, "First?")
    conversation = first["conversation_id"]
    second = await ask(replica.alice, "Second?", conversation_id=conversation)
    third = await ask(replica.alice, "Third?", conversation_id=conversation)
    assert (await worker.try_claim(second["answer_id"])).status_code == 409
    attempt = await worker.claim(first["answer_id"])
    assert (await worker.try_claim(second["answer_id"])).status_code == 409
    await attempt.write("One.")
    await attempt.finish()
    await eventually(lambda: _announced(worker, 2))
    assert await worker.announced() == [first["answer_id"], second["answer_id"]]
    await replica.alice.post(f"/api/v1/answers/{second['answer_id']}/cancel")
    await eventually(lambda: _announced(worker, 3))
    last = await worker.claim(third["answer_id"])
    assert [(turn.role, turn.content) for turn in last.work.history] == [
        ("user", "First?"),
        ("user", "Second?"),
    ]


async def test_a_reader_who_lost_part_of_the_log_is_shown_the_whole_text(
    replica: Replica, start_replica: StartReplica, worker: Worker
) -> None:
    async with open_socket(replica.socket_url) as socket, start_replica() as other:
        accepted = await socket.ask()
        attempt = await worker.claim(accepted["answer_id"])
        await attempt.begin()
        await attempt.write("one ")
        await socket.hear_of("delta", text="one ")
        await worker.redis.flushall()
        attempt.written += "two "  # written while the log was away
        await attempt.write("three")
        await attempt.finish()
        done = await socket.hear_of("done")
        assert socket.shown[accepted["answer_id"]].text == done["answer"]["content"] == "one two three"
        async with open_socket(other.socket_url) as late:
            await late.say(type="resume", answer_id=accepted["answer_id"], after=None)
            await late.hear_of("done")
            assert late.shown[accepted["answer_id"]].text == "one two three"


async def test_what_finished_while_redis_was_wiped_comes_from_the_database(
    replica: Replica, worker: Worker, sql: Sql
) -> None:
    async with open_socket(replica.socket_url) as socket:
        accepted = await socket.ask()
        attempt = await worker.claim(accepted["answer_id"])
        await attempt.write("one ")
        await socket.hear_of("delta")
        await sql(
            "INSERT INTO message (id, conversation_id, role, generation_id, content, written)"
            " SELECT id, conversation_id, 'assistant', id, 'one two', '{}' FROM generation"
        )
        await sql("UPDATE generation SET state = 'done'")  # stored by a replica that died before it could tell
        done = await socket.hear_of("done")
        assert socket.shown[accepted["answer_id"]].text == done["answer"]["content"] == "one two"
        await worker.redis.flushall()
        await socket.say(type="resume", answer_id=accepted["answer_id"], after=None)
        frame = await socket.connection.recv()
        assert '"type":"done"' in str(frame), "one who has seen nothing gets the end, and only that"


async def test_deleting_a_conversation_stops_its_answers_and_removes_it_all(
    replica: Replica, worker: Worker, sql: Sql
) -> None:
    async with open_socket(replica.socket_url) as socket, worker.redis.pubsub() as hints:
        accepted = await socket.ask()
        attempt = await worker.claim(accepted["answer_id"])
        await hints.subscribe(f"cancel:{{{accepted['answer_id']}}}")
        await socket.ask("And then?", "q2", conversation_id=accepted["conversation_id"])
        path = f"/api/v1/conversations/{accepted['conversation_id']}"
        await replica.alice.put(f"/api/v1/messages/{accepted['message_id']}/feedback", json={"rating": "up"})
        assert (await replica.alice.delete(path)).status_code == 204
        gone = await socket.hear_of("error", answer_id=accepted["answer_id"])
        assert gone["problem"]["type"] == "urn:flash:not-found"
        assert (await attempt.heartbeat()).status_code == 404
        assert (await attempt.finish()).status_code == 404
        assert (await attempt.release()).status_code == 404
        assert (await replica.alice.get(path)).status_code == 404

        async def was_told() -> bool:
            return await hints.get_message(ignore_subscribe_messages=True, timeout=0.05) is not None

        await eventually(was_told)
        for table in ("conversation", "message", "generation", "feedback"):
            assert await sql(f"SELECT count(*) FROM {table}") == [(0,)]  # noqa: S608  # the names above


async def test_a_zombie_that_writes_after_the_end_is_not_heard(replica: Replica, worker: Worker, sql: Sql) -> None:
    asked = await ask(replica.alice)
    zombie = await worker.claim(asked["answer_id"])
    await zombie.write("half")
    await sql.age(301)

    async def is_over() -> bool:
        return bool((await answer_of(replica.alice, asked["answer_id"]))["state"] == "failed")

    await eventually(is_over)
    await eventually(lambda: worker.redis.xlen(f"genlog:{{{asked['answer_id']}}}"))
    seen = [frame["type"] async for frame in events(replica.alice, asked["answer_id"])]
    seen = [kind for kind in seen if kind != "comment"]
    with pytest.raises(FencedError):
        await zombie.push(DeltaFrame(text="too late"))
    assert seen == ["delta", "error"]


async def test_questions_under_dying_workers_are_answered_once_each(
    replica: Replica, start_replica: StartReplica, worker: Worker, sql: Sql
) -> None:
    """A small storm: every claim dies at some point with chance one half, on two replicas that both reconcile."""
    async with start_replica():
        asked = await asyncio.gather(*(ask(replica.alice, f"Question {n}?") for n in range(8)))
        left = {one["answer_id"] for one in asked}
        chance = random.Random(7)
        while left:
            for answer_id in sorted(left):
                response = await worker.try_claim(answer_id)
                if response.status_code != 200:
                    continue
                attempt = await worker.claim_of(response)
                await attempt.begin()
                await attempt.write(f"{attempt.work.question} ")
                if attempt.work.attempt < 4 and chance.random() < 0.5:
                    continue  # this worker dies here
                await attempt.write(f"by {attempt.work.attempt}")
                assert (await attempt.finish()).status_code == 204
                left.discard(answer_id)
            await sql.age(11)
        rows = await sql(
            "SELECT g.attempt, m.content, (SELECT count(*) FROM message a WHERE a.generation_id = g.id)"
            " FROM generation g JOIN message m ON m.id = g.id"
        )
        assert len(rows) == 8
        assert all(count == 1 and content.endswith(f"by {attempt}") for attempt, content, count in rows)
