"""A real question over real documentation gets a streamed, cited answer, over every way in."""

import asyncio
import json
import secrets
from typing import Any

import httpx2
import pytest

from tests.e2e.fleet import Fleet, User, signed_in, text_of

pytestmark = pytest.mark.timeout(240)
QUESTION = "How many vacation days do full-time employees get?"


def check_cited(answer: dict[str, Any], word: str, title: str) -> None:
    """The answer says `word`, and each citation delimits a sentence and leads to a passage of a retrieved document."""
    assert answer["state"] == "done"
    assert word in answer["content"]
    assert answer["refusal"] is None
    assert answer["citations"]
    sources = {source["id"]: source for source in answer["sources"]}
    for citation in answer["citations"]:
        source = sources[citation["source_id"]]
        assert source["marker"] == citation["marker"]
        sentence = answer["content"][citation["start"] : citation["end"]]
        assert sentence.strip()
        assert f"[{citation['marker']}]" in answer["content"]
    assert any(source["title"] == title for source in sources.values())


async def test_a_question_over_the_websocket_streams_its_answer(admin: User) -> None:
    async with admin.socket() as socket:
        await socket.ask(QUESTION)
        frames = await socket.until("done", "error")
    types = [frame["type"] for frame in frames]
    assert types[0] == "accepted"
    assert types[-1] == "done"
    assert types.index("sources") < types.index("delta")
    stages = [frame["stage"] for frame in frames if frame["type"] == "status"]
    assert stages == ["understanding", "searching", "writing", "checking"]
    answer = frames[-1]["answer"]
    check_cited(answer, "27", "Vacation")
    assert text_of(frames) == answer["content"]
    positions = [frame["position"] for frame in frames]
    assert positions == sorted(set(positions))
    assert {frame["answer_id"] for frame in frames} == {answer["id"]}
    assert 0 < answer["confidence"] <= 1


async def test_a_citation_points_into_the_documents_text(admin: User) -> None:
    answer_id = await admin.question(await admin.conversation(), "How can I roll back a deployment?")
    answer = await admin.finished_answer(answer_id)
    check_cited(answer, "ship --rollback", "Deployments")
    for source in answer["sources"]:
        document = await admin.get(f"/api/v1/documents/{source['document_id']}")
        assert document["text"][source["start"] : source["end"]] == source["text"]


async def test_the_events_of_an_answer_resume_behind_any_of_them(admin: User) -> None:
    answer_id = await admin.question(await admin.conversation(), "What is the meal allowance?")
    whole = await _events(admin, answer_id)
    assert whole[-1][1]["type"] == "done"
    middle = len(whole) // 2
    rest = await _events(admin, answer_id, after=whole[middle - 1][0])
    assert [position for position, _ in rest] == [position for position, _ in whole[middle:]]
    assert rest[-1][1]["answer"] == whole[-1][1]["answer"]
    assert text_of([frame for _, frame in whole]) == whole[-1][1]["answer"]["content"]


async def _events(user: User, answer_id: str, after: str | None = None) -> list[tuple[str, dict[str, Any]]]:
    headers = {"Last-Event-ID": after} if after else {}
    events, position = [], ""
    async with user.http.stream("GET", f"/api/v1/answers/{answer_id}/events", headers=headers) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        async for line in response.aiter_lines():
            if line.startswith("id:"):
                position = line[3:].strip()
            elif line.startswith("data:"):
                events.append((position, json.loads(line[5:])))
    return events


async def test_asking_and_waiting_in_one_call(admin: User) -> None:
    answer = await admin.post("/api/v1/chat", {"query": QUESTION}, expect=200)
    assert "27" in answer["response"]
    assert answer["mode"] == "company"
    assert answer["sources"]
    messages = await admin.get(f"/api/v1/conversations/{answer['conversation_id']}/messages")
    assert [message["role"] for message in messages["items"]] == ["user", "assistant"]


async def test_a_follow_up_is_understood_in_its_conversation(admin: User) -> None:
    conversation = await admin.conversation()
    await admin.finished_answer(await admin.question(conversation, QUESTION))
    answer = await admin.finished_answer(await admin.question(conversation, "And part-time employees?"))
    check_cited(answer, "proportion", "Vacation")


async def test_what_is_not_documented_is_refused(admin: User) -> None:
    answer_id = await admin.question(await admin.conversation(), "Who won the chess world championship in 1972?")
    answer = await admin.finished_answer(answer_id)
    assert answer["refusal"] == "not_in_documentation"
    assert answer["citations"] == []
    assert answer["content"]


async def test_the_same_client_id_is_one_question(admin: User) -> None:
    client_id = secrets.token_hex(8)
    async with admin.socket() as first, admin.socket() as second:
        await asyncio.gather(first.ask(QUESTION, client_id=client_id), second.ask(QUESTION, client_id=client_id))
        one, other = await asyncio.gather(first.until("done", "error"), second.until("done", "error"))
    assert one[0]["answer_id"] == other[0]["answer_id"]
    assert one[-1]["answer"] == other[-1]["answer"]


async def test_one_socket_carries_several_conversations(admin: User) -> None:
    questions = [QUESTION, "What is the meal allowance?", "When do production deployments happen?"]
    async with admin.socket() as socket:
        for question in questions:
            await socket.ask(question)
        frames: dict[str, list[dict[str, Any]]] = {}
        while sum(one[-1]["type"] == "done" for one in frames.values()) < len(questions):
            frame = await socket.frame()
            frames.setdefault(frame["answer_id"], []).append(frame)
    for one in frames.values():
        assert text_of(one) == one[-1]["answer"]["content"]


async def test_an_answer_is_resumed_over_another_socket(admin: User) -> None:
    async with admin.socket() as socket:
        await socket.ask("How do I request vacation?")
        begun = await socket.until("status")
    async with admin.socket() as socket:
        await socket.send(type="resume", answer_id=begun[0]["answer_id"], after=begun[-1]["position"])
        rest = await socket.until("done", "error")
    assert text_of(begun + rest) == rest[-1]["answer"]["content"]
    positions = [frame["position"] for frame in begun + rest]
    assert positions == sorted(set(positions))


async def test_another_users_conversation_does_not_exist(fleet: Fleet, admin: User) -> None:
    conversation = await admin.conversation(title="Mine")
    answer_id = await admin.question(conversation, QUESTION)
    await admin.finished_answer(answer_id)
    email = f"{secrets.token_hex(4)}@example.org"
    await admin.post("/api/v1/users", {"email": email, "password": "a-long-password"}, expect=201)
    async with signed_in(fleet, email, "a-long-password") as stranger:
        for path in (
            f"/api/v1/conversations/{conversation}",
            f"/api/v1/conversations/{conversation}/messages",
            f"/api/v1/answers/{answer_id}",
            f"/api/v1/answers/{answer_id}/events",
        ):
            assert (await stranger.http.get(path)).status_code == 404
        response = await stranger.http.post(f"/api/v1/answers/{answer_id}/cancel")
        assert response.status_code == 404
        assert (await stranger.get("/api/v1/conversations"))["items"] == []
        async with stranger.socket() as socket:
            await socket.send(type="resume", answer_id=answer_id, after=None)
            [refused] = await socket.until("error")
        assert refused["problem"]["status"] == 404


async def test_nobody_asks_without_signing_in(fleet: Fleet) -> None:
    async with httpx2.AsyncClient(base_url=fleet.url, trust_env=False) as http:
        response = await http.post("/api/v1/chat", json={"query": QUESTION}, headers={"X-User-ID": "1"})
        assert response.status_code == 401
        assert response.headers["content-type"] == "application/problem+json"
