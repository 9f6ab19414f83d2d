"""`GET /api/v1/usage`: what was used, for oneself and for administrators."""

import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from flash_core.models.conversation import GenerationState
from flash_core.schemas.chat import Usage
from tests.integration.chat_service.conftest import Replica, ask
from tests.integration.chat_service.worker import Worker
from tests.unit.chat_service.people import ALICE, BOB

PATH = "/api/v1/usage"


async def items(client: Any, **query: str) -> list[dict[str, Any]]:
    response = await client.get(PATH, params=query)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["items"]
    return found


async def test_answers_are_on_the_bill_of_those_who_asked(replica: Replica, worker: Worker) -> None:
    today = datetime.now(UTC).date().isoformat()
    for state, cost in ((GenerationState.DONE, 0.25), (GenerationState.CANCELLED, 0.5)):
        asked = await ask(replica.alice)
        attempt = await worker.claim(asked["answer_id"])
        used = Usage(prompt_tokens=100, completion_tokens=10, cost=cost, estimated=cost > 0.3)
        assert (await attempt.finish(state, usage=used)).status_code == 204
        assert (await replica.alice.delete(f"/api/v1/conversations/{asked['conversation_id']}")).status_code == 204
    line = {
        "day": today,
        "user_id": str(ALICE.user_id),
        "model": "scripted",
        "answers": 2,
        "prompt_tokens": 200,
        "completion_tokens": 20,
        "estimated": True,
        "cost": 0.75,
    }
    assert await items(replica.alice) == [line]
    assert await items(replica.alice, **{"from": today, "to": today}) == [line]
    assert await items(replica.alice, to="2026-01-01") == []
    assert await items(replica.bob) == []
    assert await items(replica.bob, user_id=str(ALICE.user_id)) == [line]
    assert await items(replica.bob, by="user") == [line | {"day": None}]
    assert await items(replica.bob, by="user", user_id=str(BOB.user_id)) == []


async def test_pages_follow_each_other(replica: Replica, worker: Worker) -> None:
    for client in (replica.alice, replica.bob):
        await worker.answer((await ask(client))["answer_id"], "Yes.")
    first = (await replica.bob.get(PATH, params={"by": "user", "limit": 1})).json()
    rest = (await replica.bob.get(PATH, params={"by": "user", "cursor": first["next_cursor"]})).json()
    users = [one["user_id"] for one in (*first["items"], *rest["items"])]
    assert users == sorted([str(ALICE.user_id), str(BOB.user_id)])
    assert rest["next_cursor"] is None
    whole = (await replica.alice.get(PATH, params={"limit": 1})).json()
    assert (len(whole["items"]), whole["next_cursor"]) == (1, None)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"by": "user"}, 403),
        ({"user_id": str(BOB.user_id)}, 403),
        ({"by": "moon"}, 422),
        ({"from": "yesterday"}, 422),
        ({"from": "2026-03-02", "to": "2026-03-01"}, 422),
        ({"cursor": base64.urlsafe_b64encode(b"1 2 3").decode().rstrip("=")}, 400),
        ({"cursor": "MTIz"}, 400),
    ],
)
async def test_what_is_not_allowed_or_understood_says_so(replica: Replica, query: dict[str, str], status: int) -> None:
    refused = await replica.alice.get(PATH, params=query)
    assert refused.status_code == status
    assert refused.headers["content-type"] == "application/problem+json"
