"""`Idempotency-Key`: the same request twice is one request."""

import re
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from flash_core.errors import UpstreamUnavailableError
from flash_core.testing.fakes import FakeAuthenticator
from flash_core.testing.waiting import eventually
from flash_core.web.idempotency import HEADER, Idempotency
from flash_core.web.temporary_body import TemporaryBody
from tests.unit.flash_core.web import AS_USER, USER, Options, Small, raw_call, small_service

KEY = AS_USER | {HEADER: "one"}


async def create(small: Small, name: str, headers: dict[str, str] | None = None) -> httpx2.Response:
    return await small.client.post("/things", json={"name": name}, headers=KEY if headers is None else headers)


async def test_the_same_key_with_the_same_body_gives_the_first_response_again(small: Small) -> None:
    first, second = await create(small, "a"), await create(small, "a")
    assert (first.status_code, first.json()) == (201, {"name": "a", "number": 1})
    assert (second.status_code, second.json()) == (201, {"name": "a", "number": 1})
    assert second.headers["content-type"] == first.headers["content-type"]
    assert second.headers["idempotency-replayed"] == "true"
    assert small.created == ["a"]


async def test_what_only_reads_reads_again(small: Small) -> None:
    for name in ("a", "b"):
        await create(small, name, AS_USER)
        found = await small.client.post("/found", headers=KEY)
        assert found.json() == small.created
    assert small.store.entries == {}


async def test_another_body_is_a_conflict(small: Small) -> None:
    await create(small, "a")
    response = await create(small, "b")
    assert (response.status_code, response.json()["type"]) == (409, "urn:flash:conflict")
    assert response.json()["request_id"] == response.headers["x-request-id"]


async def test_keys_belong_to_a_user_and_a_path(small: Small) -> None:
    await create(small, "a")
    await create(small, "a", {"Authorization": "Bearer editor", HEADER: "one"})
    await small.client.post("/raw", content=b"{}", headers=KEY)
    assert small.created == ["a", "a", 2]


async def test_a_request_still_being_answered_is_a_conflict(small: Small) -> None:
    await create(small, "a")
    [key] = small.store.entries
    small.store.entries[key] = (small.store.entries[key][0], None)
    assert (await create(small, "a")).status_code == 409


async def test_a_key_is_held_for_as_long_as_its_request_is_being_answered(small: Small) -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await eventually(lambda: len(small.store.held) > 1)
        await Response(status_code=204)(scope, receive, send)

    container = SimpleNamespace(authenticator=FakeAuthenticator(users={"user": USER}), idempotency=small.store)
    headers = [(b"authorization", b"Bearer user"), (b"idempotency-key", b"one")]
    route = APIRoute("/slow", lambda: None, methods=["POST"], status_code=202)
    app = Idempotency(slow, [route], hold_every_seconds=0.001)
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": b"{}"}]
    await raw_call(app, messages, method="POST", path="/slow", headers=headers, state={"container": container})
    assert set(small.store.held) == set(small.store.entries)


async def test_every_try_of_a_request_has_the_same_name_and_no_other_request_has_it(small: Small) -> None:
    async def name(body: bytes, **headers: str) -> str:
        return (await small.client.post("/named", content=body, headers=headers)).text

    first, again = await name(b"a", **KEY), await name(b"a", **KEY)
    others = [
        await name(b"b", **KEY),
        await name(b"a", **KEY | {HEADER: "two"}),
        await name(b"a", **KEY | {"Authorization": "Bearer editor"}),
    ]
    assert first == again
    assert len({first, *others, ""}) == 5
    assert await name(b"a", **AS_USER) == ""


@pytest.mark.parametrize("name", ["crash", ""])
async def test_a_failure_leaves_the_key_free(small: Small, name: str) -> None:
    body = {"name": name} if name else {}
    for _ in range(2):
        response = await small.client.post("/things", json=body, headers=KEY)
        assert response.status_code in {422, 500}
    assert small.store.entries == {}


async def test_without_a_key_every_request_counts(small: Small) -> None:
    await create(small, "a", AS_USER)
    await create(small, "a", AS_USER)
    assert small.created == ["a", "a"]


async def test_a_key_on_a_route_for_everyone_is_ignored(small: Small) -> None:
    for _ in range(2):
        assert (await small.client.post("/everyone", headers={HEADER: "one"})).status_code == 202
    assert (await create(small, "a", {HEADER: "one"})).status_code == 401


async def test_a_route_may_keep_its_keys_itself() -> None:
    async with small_service(Options(own_idempotency=re.compile("/own/.*"))) as small:
        for _ in range(2):
            await small.client.post("/own/keys", headers=KEY)
        assert small.created == ["own", "own"]


@pytest.mark.parametrize("key", ["", "x" * 256])
async def test_a_key_has_a_length(small: Small, key: str) -> None:
    response = await create(small, "a", AS_USER | {HEADER: key})
    assert (response.status_code, response.json()["type"]) == (422, "urn:flash:invalid-input")
    assert [one["field"] for one in response.json()["errors"]] == [HEADER]


async def test_nobody_can_be_asked_who_it_is_is_a_problem(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(_: object, __: str) -> None:
        raise UpstreamUnavailableError("auth is away")

    monkeypatch.setattr(FakeAuthenticator, "bearer", away)
    assert (await create(small, "a")).status_code == 503


async def test_a_large_form_sent_twice_is_one_though_clients_draw_a_new_boundary(small: Small) -> None:
    content = b"\r\n--x\r\n" * 150_000
    async with small_service(Options(body_limits={"/uploads": 1 << 24})) as large:
        for _ in range(2):
            response = await large.client.post("/uploads", files={"file": ("a.md", content)}, headers=KEY)
            assert response.json() == {"size": len(content)}
        assert large.created == [len(content)]
        other = await large.client.post("/uploads", files={"file": ("a.md", content + b"!")}, headers=KEY)
        assert other.status_code == 409


async def test_a_body_cut_short_has_no_effect(small: Small) -> None:
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": b'{"name"', "more_body": True},
        {"type": "http.disconnect"},
    ]
    headers = [(b"authorization", b"Bearer user"), (b"idempotency-key", b"one")]
    container = SimpleNamespace(authenticator=FakeAuthenticator(users={"user": USER}), idempotency=small.store)
    state = {"container": container}
    sent = await raw_call(small.app, messages, method="POST", path="/raw", headers=headers, state=state)
    assert (small.created, sent, small.store.entries) == ([], [], {})


async def test_a_body_that_is_too_large_is_refused_and_leaves_the_key_free(small: Small) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield b"x" * 65_536

    response = await small.client.post("/raw", content=pieces(), headers=KEY)
    assert (response.status_code, small.created, small.store.entries) == (413, [], {})


@pytest.mark.parametrize("piece", [1, 3, 7, 1_000])
async def test_a_forms_boundary_does_not_count_however_it_arrives(piece: int) -> None:
    def form(boundary: str) -> bytes:
        return f"--{boundary}\r\n\r\nsome --bou text\r\n--{boundary}--\r\n".encode()

    prints = {await _fingerprint(form(one), one, size) for one, size in (("boundary-a", piece), ("bo-unda", 4))}
    assert len(prints) == 1
    assert await _fingerprint(form("x") + b"more", "x", piece) not in prints


async def _fingerprint(content: bytes, boundary: str, piece: int) -> str:
    pieces = [content[start : start + piece] for start in range(0, len(content), piece)]

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    header = f'multipart/form-data; boundary="{boundary}"'.encode()
    with TemporaryBody({"query_string": b"", "headers": [(b"content-type", header)]}) as body:
        assert await body.read(receive)
        return body.fingerprint()
