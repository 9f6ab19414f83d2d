"""Bad input gets a clear problem document, and nothing is half-done."""

import json

import pytest
import websockets

from tests.e2e.fleet import Fleet, User

pytestmark = pytest.mark.timeout(120)
UNKNOWN = "019a0000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("GET", "/api/v1/nonsense", None, 404),
        ("GET", "/internal/documents", None, 404),
        ("GET", "/metrics", None, 404),
        ("GET", "/health/ready", None, 404),
        ("POST", "/api/v1/search", b"{", 400),
        ("POST", "/api/v1/search", b"{}", 422),
        ("POST", "/api/v1/search", b'{"query": ""}', 422),
        ("POST", "/api/v1/search", b'{"query": " \\t\\n"}', 422),
        ("POST", "/api/v1/search", b'{"query": "x", "filters": {"source_names": [""]}}', 422),
        ("POST", "/api/v1/search", b'{"query": "x", "filters": {"updated_after": "0001-01-01T00:00:00+14:00"}}', 422),
        ("POST", "/api/v1/search", b'{"query": "x", "filters": {"updated_after": "9999-12-31T23:59:59-14:00"}}', 422),
        ("POST", "/api/v1/search", b'{"query": "x", "limit": 0}', 422),
        ("POST", "/api/v1/search", b'{"query": "x", "surprise": 1}', 422),
        ("POST", "/api/v1/chat", b'{"query": "' + b"x" * 8_001 + b'"}', 422),
        ("POST", "/api/v1/conversations", b'{"title": "' + b"x" * 1_100_000 + b'"}', 413),
        ("GET", f"/api/v1/conversations/{UNKNOWN}", None, 404),
        ("GET", "/api/v1/conversations/not-an-id", None, 422),
        ("GET", "/api/v1/conversations?cursor=nonsense", None, 400),
        ("GET", "/api/v1/conversations?limit=100000", None, 422),
        ("POST", f"/api/v1/conversations/{UNKNOWN}/messages", b'{"content": "Hello?"}', 404),
        ("GET", f"/api/v1/answers/{UNKNOWN}", None, 404),
        ("GET", f"/api/v1/documents/{UNKNOWN}", None, 404),
        ("POST", "/api/v1/sources", b'{"type": "folder", "name": "x", "config": {"path": "/not/there"}}', 422),
        ("POST", "/api/v1/sources", b'{"type": "telepathy", "name": "x", "config": {}}', 422),
        ("POST", "/api/v1/documents/batch", b'{"documents": []}', 422),
        ("DELETE", f"/api/v1/sources/{UNKNOWN}", None, 404),
        ("PUT", "/api/v1/search", b"{}", 405),
    ],
)
async def test_a_bad_request_is_a_problem_document(
    admin: User, method: str, path: str, content: bytes | None, status: int
) -> None:
    headers = {"Content-Type": "application/json", "X-Request-ID": "bad-input-1"}
    response = await admin.http.request(method, path, content=content, headers=headers)
    assert response.status_code == status, response.text
    assert response.headers["content-type"].startswith("application/problem+json")
    problem = response.json()
    assert problem["type"].startswith("urn:flash:")
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert response.headers["X-Request-ID"] == "bad-input-1"
    if status == 422:
        assert problem["errors"]
    assert "Traceback" not in response.text


@pytest.mark.parametrize("token", ["-", "nonsense", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."])
async def test_a_wrong_token_is_refused(admin: User, token: str) -> None:
    response = await admin.http.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 401


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02\xff" * 100])
async def test_an_empty_or_binary_file_is_refused(admin: User, content: bytes) -> None:
    response = await admin.http.post("/api/v1/documents", files={"file": ("x.md", content, "text/markdown")})
    assert response.status_code in {415, 422}, response.text
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("frame", ["{", "[]", '{"type":"sing"}', '{"type":"ask"}', '{"type":"resume","answer_id":1}'])
async def test_a_bad_frame_closes_the_socket(admin: User, frame: str) -> None:
    async with admin.socket() as socket:
        await socket.connection.send(frame)
        assert await socket.close_code() == 4400


async def test_an_oversized_frame_closes_the_socket(admin: User) -> None:
    async with admin.socket() as socket:
        await socket.connection.send(json.dumps({"type": "ask", "client_id": "1", "content": "x" * 200_000}))
        assert await socket.close_code() == 4413


async def test_an_empty_question_is_refused_and_the_socket_stays(admin: User) -> None:
    async with admin.socket() as socket:
        await socket.ask("   ", client_id="empty")
        [refused] = await socket.until("error")
        assert refused["client_id"] == "empty"
        assert refused["problem"]["status"] == 422
        await socket.send(type="ping")
        assert (await socket.frame())["type"] == "pong"


async def test_a_socket_without_a_login_is_closed(fleet: Fleet) -> None:
    address = f"ws://127.0.0.1:{fleet.port}/ws/v1/chat"
    async with websockets.connect(
        address, subprotocols=[websockets.Subprotocol("askflash.v1")], proxy=None
    ) as connection:
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await connection.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


async def test_an_idempotency_key_is_one_creation(admin: User) -> None:
    headers = {"Idempotency-Key": "the-same"}
    first, again = [
        await admin.http.post("/api/v1/conversations", json={"title": "Once"}, headers=headers) for _ in range(2)
    ]
    assert first.json() == again.json()
    other = await admin.http.post("/api/v1/conversations", json={"title": "Twice"}, headers=headers)
    assert other.status_code == 409


async def test_no_secret_is_logged(fleet: Fleet) -> None:
    for log in (fleet.home / "logs").iterdir():
        text = log.read_text(errors="replace")
        assert fleet.password not in text, log.name
        assert "eyJ" not in text, log.name
