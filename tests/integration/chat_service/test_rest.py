"""Conversations, event streams, feedback and ask-and-wait over HTTP."""

import asyncio
import base64
from itertools import pairwise
from uuid import uuid4

import httpx2
import pytest

from flash_core.interfaces.answer_log import BEGINNING
from flash_core.models.conversation import GenerationState
from tests.integration.chat_service.clients import Shown, events
from tests.integration.chat_service.conftest import Replica, Sql, StartReplica, answer_of, ask, eventually
from tests.integration.chat_service.worker import Worker


async def test_conversations_are_made_named_listed_found_and_removed(replica: Replica) -> None:
    alice = replica.alice
    created = await alice.post("/api/v1/conversations", json={"title": "Holidays", "mode": "general"})
    assert created.status_code == 201
    conversation = created.json()
    path = f"/api/v1/conversations/{conversation['id']}"
    assert (conversation["title"], conversation["mode"]) == ("Holidays", "general")
    assert (await alice.get(path)).json() == conversation
    renamed = (await alice.patch(path, json={"title": "Vacation"})).json()
    assert renamed == conversation | {"title": "Vacation"}
    assert (await alice.patch(path, json={"title": " "})).status_code == 422
    untitled = (await alice.post("/api/v1/conversations")).json()
    assert (untitled["title"], untitled["mode"]) == ("", "company")
    assert (await alice.delete(path)).status_code == 204
    assert (await alice.delete(path)).status_code == 404
    assert [one["id"] for one in (await alice.get("/api/v1/conversations")).json()["items"]] == [untitled["id"]]


async def test_the_first_question_names_a_conversation(replica: Replica) -> None:
    long = "How many " + "very " * 40 + "long holidays?"
    asked = await ask(replica.alice, f"  {long}\n")
    conversation = (await replica.alice.get(f"/api/v1/conversations/{asked['conversation_id']}")).json()
    assert conversation["title"] == "How many " + "very " * 13 + "very…"
    await ask(replica.alice, "And then?", conversation_id=asked["conversation_id"])
    again = (await replica.alice.get(f"/api/v1/conversations/{asked['conversation_id']}")).json()
    assert again["title"] == conversation["title"]
    assert again["updated_at"] > conversation["updated_at"]


async def test_the_list_runs_from_the_last_active_backwards_page_by_page(replica: Replica) -> None:
    made = [(await ask(replica.alice, f"Question {n}?"))["conversation_id"] for n in range(5)]
    await ask(replica.alice, "More?", conversation_id=made[0])
    seen, cursor = [], None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await replica.alice.get("/api/v1/conversations", params=query)).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        assert len(page["items"]) == 2
    assert seen == [made[0], *reversed(made[1:])]


async def test_search_looks_into_titles_and_messages_literally(replica: Replica) -> None:
    by_title = (await replica.alice.post("/api/v1/conversations", json={"title": "100% remote"})).json()["id"]
    by_message = (await ask(replica.alice, "Is a HOME_office paid?"))["conversation_id"]

    async def found(query: str) -> list[str]:
        page = (await replica.alice.get("/api/v1/conversations", params={"q": query})).json()
        return [one["id"] for one in page["items"]]

    assert await found("0% REM") == [by_title]
    assert await found("home_o") == [by_message]
    assert await found("home%office") == []
    assert await found(" ") == [by_message, by_title]
    assert await found("o") == [by_message, by_title]


_NAIVE = base64.urlsafe_b64encode(f"2026-01-01T00:00:00 {uuid4()}".encode()).decode().rstrip("=")


@pytest.mark.parametrize("cursor", ["nonsense", "MjAyNg", "MTIz", "MjAyNi0wMS0wMSBhYmM", "LTE", _NAIVE], ids=range(6))
async def test_a_cursor_that_no_list_gave_out_is_refused(replica: Replica, cursor: str) -> None:
    listed = await replica.alice.get("/api/v1/conversations", params={"cursor": cursor})
    assert (listed.status_code, listed.json()["type"]) == (400, "urn:flash:bad-request")


async def test_messages_come_oldest_first_page_by_page(replica: Replica, worker: Worker) -> None:
    asked = await ask(replica.alice, "One?")
    await worker.answer(asked["answer_id"], "Uno.")
    await ask(replica.alice, "Two?", conversation_id=asked["conversation_id"])
    path = f"/api/v1/conversations/{asked['conversation_id']}/messages"
    first = (await replica.alice.get(path, params={"limit": 2})).json()
    rest = (await replica.alice.get(path, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [one["content"] for one in first["items"] + rest["items"]] == ["One?", "Uno.", "Two?"]
    assert rest["next_cursor"] is None
    assert rest["items"][0]["answer_state"] == "queued"
    assert rest["items"][0]["answer"] is None
    for cursor in ("bm8", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5"):
        assert (await replica.alice.get(path, params={"cursor": cursor})).status_code == 400


async def test_the_event_stream_tells_everything_resumes_and_ends(replica: Replica, worker: Worker) -> None:
    asked = await ask(replica.alice)
    shown, kinds = Shown(), []
    attempt = await worker.claim(asked["answer_id"])
    async for frame in events(replica.alice, asked["answer_id"]):
        kinds.append(frame["type"])
        if frame["type"] == "comment":
            if kinds.count("comment") == 1:
                await attempt.begin()
                await attempt.write("Twenty", "-five.")
                await attempt.finish()
            continue
        shown.take(frame)
    assert kinds[0] == "comment"
    assert [kind for kind in kinds if kind != "comment"] == ["status", "delta", "delta", "done"]
    assert shown.answer is not None
    assert shown.text == shown.answer["content"] == "Twenty-five."
    resumed = events(replica.alice, asked["answer_id"], shown.positions[1])
    assert [frame["position"] async for frame in resumed if frame["type"] != "comment"] == shown.positions[2:]
    path = f"/api/v1/answers/{asked['answer_id']}/events"
    over = await replica.alice.get(path, headers={"Last-Event-ID": shown.positions[-1]})
    assert (over.status_code, over.text) == (204, "")
    by_query = await replica.alice.get(path, params={"after": shown.positions[-2]})
    assert [line for line in by_query.text.splitlines() if line.startswith("id: ")] == [f"id: {shown.positions[-1]}"]
    assert (await replica.alice.get(path, headers={"Last-Event-ID": "x"})).status_code == 400
    assert all(earlier < later for earlier, later in pairwise([str(BEGINNING), *shown.positions]))


async def test_a_restart_ends_event_streams_and_waiting_requests(replica: Replica) -> None:
    asked = await ask(replica.alice)
    waiting = asyncio.create_task(replica.alice.post("/api/v1/chat", json={"query": "Well?"}))
    stream = events(replica.alice, asked["answer_id"])
    assert (await anext(stream))["type"] == "comment"
    await eventually(lambda: len(replica.container.reader._feeds) == 2)
    replica.container.reader.close()
    assert [frame async for frame in stream if frame["type"] != "comment"] == []
    assert (await waiting).status_code == 503


async def test_the_event_stream_of_a_removed_answer_ends(replica: Replica) -> None:
    asked = await ask(replica.alice)
    stream = events(replica.alice, asked["answer_id"])
    assert (await anext(stream))["type"] == "comment"
    await replica.alice.delete(f"/api/v1/conversations/{asked['conversation_id']}")
    assert [frame async for frame in stream if frame["type"] != "comment"] == []


async def test_ask_and_wait(replica: Replica, worker: Worker) -> None:
    waiting = asyncio.create_task(
        replica.alice.post(
            "/api/v1/chat", json={"query": "How many holidays?", "mode": "general"}, headers={"Idempotency-Key": "k"}
        )
    )
    await eventually(worker.announced)
    again = asyncio.create_task(
        replica.alice.post(
            "/api/v1/chat", json={"query": "How many holidays?", "mode": "general"}, headers={"Idempotency-Key": "k"}
        )
    )
    [answer_id] = await worker.announced()
    await worker.answer(answer_id, "Twenty-five.")
    response = (await waiting).json()
    assert (response["response"], response["mode"], response["sources"]) == ("Twenty-five.", "general", [])
    assert response == (await again).json()
    follow_up = asyncio.create_task(
        replica.alice.post("/api/v1/chat", json={"query": "Paid?", "conversation_id": response["conversation_id"]})
    )

    async def second() -> list[str]:
        return (await worker.announced())[1:]

    await eventually(second)
    claimed = await worker.claim((await second())[0])
    assert [turn.content for turn in claimed.work.history] == ["How many holidays?", "Twenty-five."]
    await claimed.finish(GenerationState.FAILED)
    failed = await follow_up
    assert (failed.status_code, failed.json()["type"]) == (503, "urn:flash:upstream-unavailable")
    assert str(claimed.work.generation_id) in failed.json()["detail"]


async def test_waiting_ends_in_time_and_says_where_the_answer_will_be(
    environment: pytest.MonkeyPatch, start_replica: StartReplica, redis_url: str
) -> None:
    environment.setenv("CHAT_ASK_SECONDS", "0.2")
    async with start_replica() as replica:
        late = await replica.alice.post("/api/v1/chat", json={"query": "Anyone there?"})
        assert (late.status_code, late.headers["retry-after"]) == (503, "2")
        answer_id = late.json()["detail"].rstrip(".").rpartition("/")[2]
        assert (await answer_of(replica.alice, answer_id))["state"] == "queued"


async def test_regenerating_adds_an_answer_beside_the_old_one(replica: Replica, worker: Worker) -> None:
    asked = await ask(replica.alice)
    await worker.answer(asked["answer_id"], "Twenty-four.")
    path = f"/api/v1/messages/{asked['message_id']}/regenerate"
    again = await replica.alice.post(path, headers={"Idempotency-Key": "r1"})
    assert again.status_code == 202
    assert again.json()["message_id"] == asked["message_id"]
    assert (await replica.alice.post(path, headers={"Idempotency-Key": "r1"})).json() == again.json()
    await worker.answer(again.json()["answer_id"], "Twenty-five.")
    by_answer = await replica.alice.post(f"/api/v1/messages/{asked['answer_id']}/regenerate")
    assert by_answer.json()["message_id"] == asked["message_id"]
    messages = (await replica.alice.get(f"/api/v1/conversations/{asked['conversation_id']}/messages")).json()["items"]
    assert [one["content"] for one in messages] == ["How many holidays?", "Twenty-four.", "Twenty-five."]
    assert (messages[0]["answer_id"], messages[0]["answer_state"]) == (by_answer.json()["answer_id"], "queued")
    assert (await replica.alice.post(f"/api/v1/messages/{uuid4()}/regenerate")).status_code == 404


async def test_the_latest_feedback_counts(replica: Replica, worker: Worker, sql: Sql) -> None:
    asked = await ask(replica.alice)
    await worker.answer(asked["answer_id"], "Twenty-five.")
    path = f"/api/v1/messages/{asked['answer_id']}/feedback"
    assert (await replica.alice.put(path, json={"rating": "up"})).status_code == 204
    rated = {"rating": "down", "reason": "wrong", "comment": "It is thirty."}
    assert (await replica.alice.put(path, json=rated)).status_code == 204
    assert await sql("SELECT rating, reason, comment FROM feedback") == [("down", "wrong", "It is thirty.")]
    assert (await replica.alice.put(path, json={"rating": "sideways"})).status_code == 422


async def test_a_conversation_holds_only_so_many_waiting_questions(
    environment: pytest.MonkeyPatch, start_replica: StartReplica
) -> None:
    environment.setenv("CHAT_MAX_WAITING", "2")
    async with start_replica() as replica:
        asked = await ask(replica.alice)
        await ask(replica.alice, "Two?", conversation_id=asked["conversation_id"])
        path = f"/api/v1/conversations/{asked['conversation_id']}/messages"
        third = await replica.alice.post(path, json={"content": "Three?"})
        assert (third.status_code, third.headers["retry-after"]) == (429, "5")


async def test_what_is_no_question_is_a_problem_that_names_the_field(replica: Replica) -> None:
    path = f"/api/v1/conversations/{(await ask(replica.alice))['conversation_id']}/messages"
    for body in (
        {},
        {"content": " "},
        {"content": "x" * 8_001},
        {"content": "nul \x00"},
        {"content": "?", "mood": "x"},
    ):
        refused = await replica.alice.post(path, json=body)
        assert (refused.status_code, refused.json()["type"]) == (422, "urn:flash:invalid-input"), body
        assert {one["field"] for one in refused.json()["errors"]} <= {"content", "mood"}, body
    for path_of, body, field in (
        ("/api/v1/conversations", {"title": "nul \x00"}, "title"),
        ("/api/v1/chat", {"query": "nul \x00"}, "query"),
    ):
        refused = await replica.alice.post(path_of, json=body)
        assert (refused.status_code, [one["field"] for one in refused.json()["errors"]]) == (422, [field])
    refused = await replica.alice.get("/api/v1/conversations", params={"q": "\x00"})
    assert (refused.status_code, [one["field"] for one in refused.json()["errors"]]) == (422, ["q"])
    assert (await replica.alice.post(path, content=b"{")).status_code in {400, 422}
    headers = {"Idempotency-Key": "k" * 300}
    assert (await replica.alice.post(path, json={"content": "?"}, headers=headers)).status_code == 422


async def test_the_page_s_cookie_needs_its_proof_to_change_anything(replica: Replica) -> None:
    async with httpx2.AsyncClient(base_url=replica.url, cookies={"askflash_session": "alice"}) as page:
        assert (await page.get("/api/v1/conversations")).status_code == 200
        assert (await page.post("/api/v1/conversations", json={})).status_code == 403
        proof = {"X-CSRF-Token": "csrf"}
        assert (await page.post("/api/v1/conversations", json={}, headers=proof)).status_code == 201
