"""kill -9 in the middle of the work: nothing is lost, nothing is doubled."""

import asyncio
import secrets
from pathlib import Path

import pytest

from tests.e2e.fleet import Fleet, User, text_of, until

pytestmark = pytest.mark.timeout(300)


async def test_the_writer_dies_in_the_middle_of_an_answer(fleet: Fleet, admin: User) -> None:
    await admin.index({"Vacation": "# Vacation\n\nFull-time employees get 27 vacation days a year."})
    async with admin.socket() as socket:
        await socket.ask("How many vacation days do full-time employees get?")
        begun = await socket.until("delta")
        fleet.kill("ai-main")
        rest = await socket.until("done", "error")
    frames = begun + rest
    answer = frames[-1]["answer"]
    assert "reset" in [frame["type"] for frame in frames]
    assert text_of(frames) == answer["content"] != ""
    assert [frame["position"] for frame in frames] == sorted({frame["position"] for frame in frames})
    messages = (await admin.get(f"/api/v1/conversations/{answer['conversation_id']}/messages"))["items"]
    assert [message["role"] for message in messages] == ["user", "assistant"]


async def test_chat_dies_in_the_middle_of_an_answer(fleet: Fleet, admin: User) -> None:
    async with admin.socket() as socket:
        await socket.ask("How many vacation days do full-time employees get?")
        begun = await socket.until("delta")
    fleet.kill("chat")

    async def resumed() -> object:
        try:
            async with admin.socket() as socket:
                await socket.send(type="resume", answer_id=begun[0]["answer_id"], after=begun[-1]["position"])
                return await socket.until("done", "error")
        except Exception:  # noqa: BLE001  # whatever the gateway says while chat starts again
            return None

    rest = await until(resumed, seconds=60)
    assert text_of(begun + rest) == rest[-1]["answer"]["content"]


@pytest.mark.long
async def test_indexing_dies_in_the_middle_of_a_job(fleet: Fleet, admin: User, tmp_path: Path) -> None:
    words = [f"w{secrets.token_hex(4)}" for _ in range(60)]
    for number, word in enumerate(words):
        (tmp_path / f"page{number:02}.md").write_text(f"# Page {number}\n\n" + f"About {word} and more. " * 60)
    source = await admin.post(
        "/api/v1/sources", {"type": "folder", "name": "Many", "config": {"path": str(tmp_path)}}, expect=201
    )
    job_id = (await admin.post(f"/api/v1/sources/{source['id']}/sync", {}, expect=202))["job_id"]

    async def begun() -> bool:
        return bool((await admin.get(f"/api/v1/indexing/jobs/{job_id}"))["counts"]["indexed"] >= 1)

    await until(begun, seconds=60)
    fleet.kill("indexing")

    async def ended() -> object:
        response = await admin.http.get(f"/api/v1/indexing/jobs/{job_id}")
        ended = response.status_code == 200 and response.json()["state"] not in {"queued", "running"}
        return response.json() if ended else None

    job = await until(ended, seconds=150)
    assert job["state"] == "succeeded", job
    assert job["counts"]["found"] == job["counts"]["indexed"] == 60
    hits = await asyncio.gather(*(admin.post("/api/v1/search", {"query": word}, expect=200) for word in words[::10]))
    for word, found in zip(words[::10], hits, strict=True):
        assert sum(word in hit["text"] for hit in found["hits"]) == 1


async def test_redis_dies_while_questions_wait(fleet: Fleet, admin: User) -> None:
    conversations = [await admin.conversation() for _ in range(5)]
    question = "How many vacation days do full-time employees get?"
    answers = [await admin.question(conversation, question) for conversation in conversations]
    fleet.kill("redis")
    for answer_id in answers:
        answer = await admin.finished_answer(answer_id)
        assert answer["state"] == "done", answer
