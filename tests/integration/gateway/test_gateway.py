"""What reaches a service through the gateway, and what does not."""

import json
import re
import socket
from contextlib import closing

import httpx2
import pytest

from local_fleet.probes import wait_until
from tests.integration.gateway.conftest import PAGE, Gateway

ID = "0190b5c6-0000-7000-8000-000000000000"


def raw(gateway: Gateway, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send exactly these bytes; for requests that no client library would send."""
    with closing(socket.create_connection(("127.0.0.1", gateway.port), 10)) as connection:
        connection.sendall(request)
        response = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, body = response.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), headers, body


def get(gateway: Gateway, target: str, *headers: str) -> tuple[int, dict[str, str], bytes]:
    lines = [f"GET {target} HTTP/1.1", "Host: localhost", "Connection: close", *headers, "", ""]
    return raw(gateway, "\r\n".join(lines).encode("latin-1"))


def check_problem(status: int, headers: dict[str, str], body: bytes, code: str) -> dict[str, object]:
    problem: dict[str, object] = json.loads(body)
    assert headers["content-type"] == "application/problem+json"
    assert problem["type"] == f"urn:flash:{code}"
    assert problem["status"] == status
    assert {"title", "detail", "instance", "request_id"} <= problem.keys()
    assert problem["request_id"] == headers["x-request-id"]
    return problem


@pytest.mark.parametrize(
    ("method", "path", "service"),
    [
        ("POST", "/api/v1/auth/token", "auth"),
        ("GET", "/api/v1/users", "auth"),
        ("GET", f"/api/v1/groups/{ID}", "auth"),
        ("POST", "/api/v1/api-keys", "auth"),
        ("POST", "/api/v1/service-accounts", "auth"),
        ("DELETE", f"/api/v1/sessions/{ID}", "auth"),
        ("GET", "/.well-known/jwks.json", "auth"),
        ("POST", "/api/v1/conversations", "chat"),
        ("PATCH", f"/api/v1/conversations/{ID}", "chat"),
        ("PUT", f"/api/v1/messages/{ID}/feedback", "chat"),
        ("GET", f"/api/v1/answers/{ID}", "chat"),
        ("POST", "/api/v1/chat", "chat"),
        ("POST", "/api/v1/search", "documentation"),
        ("GET", "/api/v1/aliases", "documentation"),
        ("GET", "/api/v1/documents?limit=2", "documentation"),
        ("GET", f"/api/v1/documents/{ID}", "documentation"),
        ("DELETE", f"/api/v1/documents/{ID}", "documentation"),
        ("POST", "/api/v1/documents", "indexing"),
        ("POST", "/api/v1/documents/batch", "indexing"),
        ("GET", "/api/v1/sources", "indexing"),
        ("POST", f"/api/v1/sources/{ID}/sync", "indexing"),
        ("GET", f"/api/v1/indexing/jobs/{ID}", "indexing"),
        ("POST", "/v1/embeddings", "embedding"),
    ],
)
def test_every_path_has_its_service(client: httpx2.Client, method: str, path: str, service: str) -> None:
    seen = client.request(method, path).json()
    assert (seen["service"], seen["method"], seen["path"]) == (service, method, path)


@pytest.mark.parametrize(
    "target",
    [
        "/internal",
        "/internal/search",
        "/health/ready",
        "/health/live",
        "/metrics",
        "//internal/search",
        "/./metrics",
        "/api/v1/../internal/search",
        "/api/v1/../../internal/search",
        "/api/v1/auth/../../../internal/search",
        "/internal/../api/v1/auth/me",
        "/api/v1/auth/%2e%2e/%2e%2e/%2e%2e/internal",
        "/api/v1/auth/..%2f..%2f..%2finternal",
        "/api/v1/auth%2f..%2finternal",
        "/api/v1/auth/..%5c..%5cinternal",
        "/api/v1/auth/..\\..\\internal",
        "/%69nternal/search",
        "/%2finternal",
        "/internal%00",
        "/api/v1/auth/%00/internal",
        "/metrics/",
        "/metrics?x=1",
        "/api/v1/authors",
        "/api/v2/search",
        "/api",
        "/v1/unknown",
        "/ws/v2/chat",
        "/ws/v1/chat/more",
        "/assets/missing.js",
        "http://localhost/internal/search",
        "/.problem/400",
        "/.problem/../internal",
    ],
)
def test_what_is_not_in_the_list_is_not_there(gateway: Gateway, target: str) -> None:
    status, headers, body = get(gateway, target)
    if status == 400:
        check_problem(status, headers, body, "bad-request")
    else:
        assert status == 404
        check_problem(status, headers, body, "not-found")


@pytest.mark.parametrize("path", ["/", "/conversations/1", "/login?next=/", "/favicon.ico"])
def test_every_other_path_shows_the_page(client: httpx2.Client, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.text) == (200, PAGE)
    assert response.headers["cache-control"] == "no-cache"
    assert "default-src 'self'" in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"]
    assert response.headers["x-request-id"]
    assert "nginx/" not in response.headers["server"]


def test_the_page_cannot_be_posted_to(client: httpx2.Client) -> None:
    response = client.post("/conversations/1")
    assert response.status_code == 405
    check_problem(405, dict(response.headers), response.content, "method-not-allowed")


def test_hashed_assets_are_compressed_and_kept_for_ever(client: httpx2.Client) -> None:
    response = client.get("/assets/index-8f3a.js")
    assert response.headers["content-encoding"] == "gzip"
    assert "immutable" in response.headers["cache-control"]
    assert response.headers["content-type"] == "text/javascript"
    assert response.headers["x-content-type-options"] == "nosniff"


def test_only_known_headers_of_a_client_reach_a_service(client: httpx2.Client) -> None:
    forged = {
        "X-Flash-Service-Token": "a",
        "X-Flash-Anything": "a",
        "X-User-Id": "a",
        "X-User-Roles": "admin",
        "X-Forwarded-User": "admin",
        "X-Forwarded-For": "10.0.0.1",
        "X-Forwarded-Proto": "https",
        "X-Original-Url": "/internal",
        "X_Flash_User": "a",
    }
    kept = {
        "Authorization": "Bearer t",
        "Idempotency-Key": "k",
        "X-CSRF-Token": "c",
        "Cookie": "a=b",
        "Last-Event-ID": "7",
    }
    headers = client.get("/api/v1/auth/me", headers=forged | kept).json()["headers"]
    assert not [name for name in headers if name.startswith(("x-flash", "x-user", "x-original", "x_flash"))]
    assert "x-forwarded-user" not in headers
    assert (headers["x-forwarded-for"], headers["x-forwarded-proto"]) == ("127.0.0.1", "http")
    assert {name: headers[name.lower()] for name in kept} == kept
    assert headers["host"] == client.base_url.netloc.decode()


@pytest.mark.parametrize("given", ["abc-1", "x" * 128, "a/b:c;d"])
def test_a_sensible_request_id_is_kept(client: httpx2.Client, given: str) -> None:
    for path in ("/api/v1/auth/me", "/", "/api/unknown"):
        assert client.get(path, headers={"X-Request-ID": given}).headers.get_list("x-request-id") == [given]
    assert client.get("/api/v1/auth/me", headers={"X-Request-ID": given}).json()["headers"]["x-request-id"] == given


@pytest.mark.parametrize("given", [None, "x" * 129, "with space", "t\tab", "caf\xe9"])
def test_other_request_ids_are_made_anew(gateway: Gateway, given: str | None) -> None:
    _, headers, body = get(gateway, "/api/v1/auth/me", *([f"X-Request-ID: {given}"] if given else []))
    assert re.fullmatch("[0-9a-f]{32}", headers["x-request-id"])
    assert json.loads(body)["headers"]["x-request-id"] == headers["x-request-id"]


def test_a_request_id_cannot_break_the_problem_document(gateway: Gateway) -> None:
    status, headers, body = get(gateway, '/api/unknown/"quoted"', 'X-Request-ID: a"b\\c')
    problem = json.loads(body)
    assert (status, headers["x-request-id"]) == (404, 'a"b\\c')
    assert (problem["request_id"], problem["instance"]) == ("", "")


def test_a_problem_names_the_path_without_its_query(client: httpx2.Client) -> None:
    response = client.get("/api/v1/nothing?token=secret")
    assert check_problem(404, dict(response.headers), response.content, "not-found")["instance"] == "/api/v1/nothing"


def test_a_services_own_errors_pass_unchanged(client: httpx2.Client) -> None:
    response = client.get("/api/v1/auth/teapot")
    assert (response.status_code, response.json()["service"]) == (418, "auth")


def test_a_service_that_is_down_answers_503_with_a_time_to_retry(client: httpx2.Client) -> None:
    response = client.get("/api/v1/status")
    check_problem(503, dict(response.headers), response.content, "upstream-unavailable")
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")


@pytest.mark.parametrize(
    ("path", "mebibytes"), [("/api/v1/conversations", 1), ("/api/v1/documents/batch", 32), ("/api/v1/documents", 51)]
)
def test_bodies_have_their_limits(client: httpx2.Client, path: str, mebibytes: int) -> None:
    fits = b"x" * (mebibytes << 20)
    assert client.post(path, content=fits).json()["bytes"] == len(fits)
    refused = client.post(path, content=fits + b"x")
    assert refused.status_code == 413
    check_problem(413, dict(refused.headers), refused.content, "too-large")


def test_a_body_of_unknown_length_has_the_same_limit(client: httpx2.Client) -> None:
    refused = client.post("/api/v1/search", content=(b"x" * 65_536 for _ in range(40)))
    assert refused.status_code == 413


def test_broken_requests_get_problem_documents(gateway: Gateway) -> None:
    status, headers, body = raw(gateway, b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
    assert check_problem(status, headers, body, "bad-request")
    status, headers, body = get(gateway, "/api/v1/search?q=" + "x" * 70_000)
    assert check_problem(414, headers, body, "uri-too-long")
    status, headers, body = get(gateway, "/api/v1/search", *(f"X-{n}: {'x' * 8000}" for n in range(9)))
    assert check_problem(431, headers, body, "headers-too-large")


@pytest.mark.parametrize(
    ("path", "service"), [(f"/api/v1/answers/{ID}/events", "chat"), (f"/api/v1/indexing/jobs/{ID}/events", "indexing")]
)
def test_events_are_passed_on_one_by_one(gateway: Gateway, client: httpx2.Client, path: str, service: str) -> None:
    gateway.upstreams[service].next_event.clear()
    with client.stream("GET", path) as response:
        events = response.iter_lines()
        assert next(events) == "data: first"
        gateway.upstreams[service].next_event.set()
        assert "data: second" in events


def test_the_websocket_is_let_through(gateway: Gateway) -> None:
    with closing(socket.create_connection(("127.0.0.1", gateway.port), 10)) as connection:
        connection.sendall(
            b"GET /ws/v1/chat HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n\r\n"
        )
        assert connection.recv(1024).startswith(b"HTTP/1.1 101")
        connection.sendall(b"frame")
        assert connection.recv(1024) == b"frame"


def test_no_other_path_becomes_a_websocket(gateway: Gateway) -> None:
    _, _, body = get(gateway, "/api/v1/conversations", "Upgrade: websocket")
    assert "upgrade" not in json.loads(body)["headers"]


def test_connections_to_services_are_kept_alive(gateway: Gateway, client: httpx2.Client) -> None:
    client.get("/api/v1/aliases")
    before = gateway.upstreams["documentation"].connections
    for _ in range(20):
        client.get("/api/v1/aliases")
    assert gateway.upstreams["documentation"].connections == before


def test_the_access_log_has_ids_and_no_queries(gateway: Gateway, client: httpx2.Client) -> None:
    client.get("/api/v1/auth/callback?code=very-secret", headers={"X-Request-ID": "in-the-log"})
    assert wait_until(lambda: "in-the-log" in gateway.log.read_text(), 5)
    log = gateway.log.read_text()
    assert "very-secret" not in log
    [line] = [line for line in log.splitlines() if "in-the-log" in line]
    assert json.loads(line)["path"] == "/api/v1/auth/callback"
