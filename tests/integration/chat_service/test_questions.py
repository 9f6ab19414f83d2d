"""A question over REST: accepted once, answered once, seen by its asker only."""

import asyncio
from uuid import uuid4

import httpx2

from tests.integration.chat_service.conftest import Replica, Sql, answer_of, ask, eventually
from tests.integration.chat_service.worker import Worker


async def test_a_question_is_accepted_announced_answered_and_kept(replica: Replica, worker: Worker) -> None:
    asked = await ask(replica.alice)
    await eventually(worker.announced)
    assert await worker.announced() == [asked["answer_id"]]
    assert (await answer_of(replica.alice, asked["answer_id"]))["state"] == "queued"
    attempt = await worker.answer(asked["answer_id"], "Twenty-", "five.")
    assert (attempt.work.question, attempt.work.groups) == ("How many holidays?", ["everyone", "sales"])
    answer = await answer_of(replica.alice, asked["answer_id"])
    assert (answer["state"], answer["content"], answer["message_id"]) == ("done", "Twenty-five.", asked["message_id"])
    messages = (await replica.alice.get(f"/api/v1/conversations/{asked['conversation_id']}/messages")).json()["items"]
    assert [(one["role"], one["content"]) for one in messages] == [
        ("user", "How many holidays?"),
        ("assistant", "Twenty-five."),
    ]
    assert (messages[0]["answer_id"], messages[0]["answer_state"]) == (asked["answer_id"], "done")
    assert messages[1]["answer"] == answer


async def test_the_same_key_is_the_same_question_even_in_parallel(replica: Replica, sql: Sql) -> None:
    first = await ask(replica.alice, key="once")
    conversation = first["conversation_id"]
    again = await asyncio.gather(
        *(ask(replica.alice, key=key, conversation_id=conversation) for key in ["once"] * 4 + ["twice"] * 8)
    )
    assert len({one["message_id"] for one in again[4:]}) == 1
    assert again[:4] == [first] * 4
    assert await sql("SELECT count(*) FROM message") == [(2,)]
    other = await replica.alice.post(
        f"/api/v1/conversations/{conversation}/messages",
        json={"content": "Another question"},
        headers={"Idempotency-Key": "once"},
    )
    assert (other.status_code, other.json()["type"]) == (409, "urn:flash:conflict")


async def test_of_many_concurrent_claims_one_wins(replica: Replica, worker: Worker) -> None:
    asked = await ask(replica.alice)
    claims = await asyncio.gather(*(worker.try_claim(asked["answer_id"]) for _ in range(12)))
    assert sorted(one.status_code for one in claims) == [200] + [409] * 11
    assert {one.json()["type"] for one in claims if one.status_code == 409} == {"urn:flash:fenced"}


async def test_finishing_twice_stores_one_message_and_another_attempt_is_fenced(
    replica: Replica, worker: Worker, sql: Sql
) -> None:
    asked = await ask(replica.alice)
    attempt = await worker.claim(asked["answer_id"])
    await attempt.write("Twenty-five.")
    finished = await asyncio.gather(*(attempt.finish() for _ in range(4)))
    assert {one.status_code for one in finished} == {204}
    attempt.work.attempt += 1
    assert (await attempt.finish()).status_code == 409
    assert await sql("SELECT content FROM message WHERE role = 'assistant'") == [("Twenty-five.",)]


async def test_another_users_ids_do_not_exist(replica: Replica, worker: Worker) -> None:
    asked = await ask(replica.alice)
    await worker.answer(asked["answer_id"], "Secret.")
    bob, conversation = replica.bob, f"/api/v1/conversations/{asked['conversation_id']}"
    refused = [
        await bob.get(conversation),
        await bob.patch(conversation, json={"title": "Mine"}),
        await bob.delete(conversation),
        await bob.get(f"{conversation}/messages"),
        await bob.post(f"{conversation}/messages", json={"content": "Let me in"}),
        await bob.get(f"/api/v1/answers/{asked['answer_id']}"),
        await bob.get(f"/api/v1/answers/{asked['answer_id']}/events"),
        await bob.post(f"/api/v1/answers/{asked['answer_id']}/cancel"),
        await bob.post(f"/api/v1/messages/{asked['message_id']}/regenerate"),
        await bob.put(f"/api/v1/messages/{asked['message_id']}/feedback", json={"rating": "up"}),
        await bob.post("/api/v1/chat", json={"query": "Hi", "conversation_id": asked["conversation_id"]}),
    ]
    assert {one.status_code for one in refused} == {404}
    assert all("Secret" not in one.text and one.json()["type"] == "urn:flash:not-found" for one in refused)
    assert (await bob.get("/api/v1/conversations")).json()["items"] == []


async def test_nobody_gets_in_without_proof(replica: Replica) -> None:
    async with httpx2.AsyncClient(base_url=replica.url) as stranger:
        assert (await stranger.get("/api/v1/conversations")).status_code == 401
        assert (await stranger.post(f"/internal/generations/{uuid4()}/claim", json={"worker": "w"})).status_code == 401


async def test_a_generation_that_is_not_there_is_not_found(replica: Replica, worker: Worker) -> None:
    assert (await worker.try_claim(uuid4())).status_code == 404
