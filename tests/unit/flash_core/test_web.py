"""What every service's HTTP face does by itself."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from flash_core.errors import UpstreamUnavailableError
from flash_core.interfaces.health import HealthCheckInterface
from flash_core.interfaces.worker import WorkerInterface
from flash_core.testing.fakes import FakeHealthCheck
from flash_core.testing.waiting import eventually
from flash_core.web.identity import CSRF_HEADER, SERVICE_TOKEN_HEADER, SESSION_COOKIE
from tests.unit.flash_core.web import ADMIN, AS_USER, EDITOR, USER, Options, Small, raw_call, small_service


def check_problem(response: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    problem: dict[str, Any] = response.json()
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert (problem["type"], problem["status"]) == (f"urn:flash:{code}", status)
    assert problem["request_id"] == response.headers["x-request-id"]
    assert problem["title"]
    assert problem["instance"] == response.request.url.path
    return problem


# Request ids


@pytest.mark.parametrize("given", ["abc-123", "x" * 128, "!#$%&'*+/=?^_`{|}~"])
async def test_a_clients_request_id_is_kept(small: Small, given: str) -> None:
    response = await small.client.get("/health/live", headers={"X-Request-ID": given})
    assert response.headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "x" * 129, "with space", "tab\tinside", "ümlaut"])
async def test_a_request_id_that_is_none_is_replaced(small: Small, given: str) -> None:
    response = await small.client.get("/health/live", headers={b"X-Request-ID": given.encode()})
    assert len(response.headers["x-request-id"]) == 36


# Problem documents


@pytest.mark.parametrize(
    ("kind", "status", "code", "headers"),
    [
        ("fields", 422, "invalid-input", {}),
        ("overloaded", 503, "overloaded", {"retry-after": "3"}),
        ("rate", 429, "rate-limited", {"retry-after": "1"}),
        ("away", 503, "upstream-unavailable", {"retry-after": "1"}),
        ("base", 500, "internal", {}),
        ("499", 499, "client-closed-request", {}),
        ("599", 599, "error", {}),
    ],
)
async def test_an_error_is_a_problem_document(
    small: Small, kind: str, status: int, code: str, headers: dict[str, str]
) -> None:
    response = await small.client.get(f"/raise/{kind}")
    check_problem(response, status, code)
    assert headers.items() <= dict(response.headers).items()


async def test_a_crash_tells_the_client_nothing_but_the_request_id(small: Small) -> None:
    response = await small.client.get("/raise/crash")
    check_problem(response, 500, "internal")
    assert "secret" not in response.text


async def test_a_full_disk_is_said_and_may_pass(small: Small) -> None:
    response = await small.client.get("/raise/disk")
    assert (response.status_code, response.json()["type"]) == (503, "urn:flash:upstream-unavailable")
    assert "full" in response.json()["detail"]
    assert int(response.headers["Retry-After"]) > 0


async def test_a_crash_in_the_middle_of_a_response_ends_it_without_an_end(small: Small) -> None:
    start, body = await raw_call(small.app, [], path="/late-crash")
    assert (start["status"], body["body"], body["more_body"]) == (200, b"first", True)


async def test_wrong_fields_are_named(small: Small) -> None:
    response = await small.client.get("/raise/fields")
    assert check_problem(response, 422, "invalid-input")["errors"] == [{"field": "a.b", "message": "too long"}]
    response = await small.client.get("/raise/input")
    assert check_problem(response, 422, "invalid-input")["errors"] == [
        {"field": "", "message": "This can't be stored."}
    ]
    response = await small.client.post("/things", json={"count": "many", "other": 1}, headers=AS_USER)
    fields = {error["field"] for error in check_problem(response, 422, "invalid-input")["errors"]}
    assert fields == {"name", "count", "other"}


DEEP = b'{"name":' + b"[" * 200_000 + b"]" * 200_000 + b"}"


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"name": nope}', DEEP, b'{"count": ' + b"9" * 5_000 + b"}"])
async def test_a_body_that_is_no_json_is_a_bad_request(small: Small, body: bytes) -> None:
    headers = AS_USER | {"Content-Type": "application/json"}
    response = await small.client.post("/things", content=body, headers=headers)
    check_problem(response, 400, "bad-request")


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"\\ud800": 1}', b'{"name": "\\ud800"}'])
async def test_json_of_another_shape_is_wrong_input(small: Small, body: bytes) -> None:
    headers = AS_USER | {"Content-Type": "application/json"}
    response = await small.client.post("/things", content=body, headers=headers)
    check_problem(response, 422, "invalid-input")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [("GET", "/nowhere", 404, "not-found"), ("DELETE", "/things", 405, "method-not-allowed")],
)
async def test_unknown_routes_are_problems(small: Small, method: str, path: str, status: int, code: str) -> None:
    check_problem(await small.client.request(method, path), status, code)


# Bodies


async def pieces(size: int, piece: int = 65_536) -> AsyncIterator[bytes]:
    for start in range(0, size, piece):
        yield b"x" * min(piece, size - start)


@pytest.mark.parametrize("path", ["/things", "/raw"])
@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_over_the_limit_is_refused_and_has_no_effect(small: Small, path: str, announced: bool) -> None:
    size = (1 << 20) + 1
    content: Any = b"x" * size if announced else pieces(size)
    response = await small.client.post(path, content=content, headers=AS_USER)
    check_problem(response, 413, "too-large")
    assert small.created == []


async def test_a_body_at_the_limit_passes(small: Small) -> None:
    response = await small.client.post("/raw", content=pieces(1 << 20))
    assert response.json() == {"size": 1 << 20}


async def test_some_paths_have_limits_of_their_own() -> None:
    async with small_service(Options(body_limits={"/raw": 10, "/own/*": 5})) as small:
        assert (await small.client.post("/raw", content=b"x" * 10)).status_code == 202
        assert (await small.client.post("/raw/", content=b"x" * 11)).status_code == 413
        assert (await small.client.post("/own/keys", content=b"x" * 6)).status_code == 413
        assert (await small.client.post("/everyone", content=b"x" * 11)).status_code == 202


# Who asks


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer"}, 401),
        ({"Authorization": "Basic dXNlcjp4"}, 401),
        ({"Authorization": "Bearer stranger"}, 401),
        (AS_USER, 200),
        ({"Authorization": "bearer user"}, 200),
    ],
)
async def test_a_user_proves_who_they_are(small: Small, headers: dict[str, str], status: int) -> None:
    response = await small.client.get("/who/user", headers=headers)
    assert response.status_code == status
    if status == 401:
        assert response.headers["www-authenticate"] == "Bearer"
    else:
        assert response.json() == str(USER.user_id)


@pytest.mark.parametrize(
    ("path", "token", "status"),
    [
        ("/who/editor", "user", 403),
        ("/who/editor", "editor", 200),
        ("/who/editor", "admin", 200),
        ("/who/admin", "editor", 403),
        ("/who/admin", "admin", 200),
    ],
)
async def test_roles_open_routes(small: Small, path: str, token: str, status: int) -> None:
    response = await small.client.get(path, headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == status
    if status == 200:
        assert response.json() in {str(EDITOR.user_id), str(ADMIN.user_id)}


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {}, 200),
        ("POST", {}, 403),
        ("POST", {CSRF_HEADER: "another"}, 403),
        ("POST", {CSRF_HEADER: "csrf"}, 200),
    ],
)
async def test_the_pages_cookie_needs_its_csrf_token_where_something_changes(
    small: Small, method: str, headers: dict[str, str], status: int
) -> None:
    response = await small.client.request(method, "/who/user", headers={"Cookie": f"{SESSION_COOKIE}=user", **headers})
    assert response.status_code == status


@pytest.mark.parametrize(
    ("path", "token", "status"),
    [
        ("/internal/caller", None, 401),
        ("/internal/caller", "stranger", 401),
        ("/internal/caller", "service", 200),
        ("/internal/on-behalf", "service", 401),
        ("/internal/on-behalf", "user", 200),
    ],
)
async def test_internal_routes_are_for_services(small: Small, path: str, token: str | None, status: int) -> None:
    headers = {} if token is None else {SERVICE_TOKEN_HEADER: token}
    assert (await small.client.get(path, headers=headers)).status_code == status


# Operations


class Slow(HealthCheckInterface):
    name = "slow"

    async def check(self) -> None:
        await asyncio.Event().wait()


async def test_a_healthy_service_says_so(small: Small) -> None:
    assert (await small.client.get("/health/live")).status_code == 204
    assert (await small.client.get("/health/ready")).status_code == 204
    detail = (await small.client.get("/health/detail")).json()
    assert (detail["name"], detail["status"], detail["checks"]) == ("small", "ok", [])


async def test_a_service_whose_dependency_is_away_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flash_core.web.operations._CHECK_SECONDS", 0.02)
    checks = [
        FakeHealthCheck("well"),
        FakeHealthCheck("away", UpstreamUnavailableError("It did not answer.")),
        FakeHealthCheck("odd", RuntimeError("password=secret")),
        Slow(),
    ]
    async with small_service(Options(health=checks)) as small:
        ready = await small.client.get("/health/ready")
        detail = (await small.client.get("/health/detail")).json()
    assert "away, odd, slow" in check_problem(ready, 503, "upstream-unavailable")["detail"]
    assert detail["status"] == "degraded"
    assert [(check["status"], check["detail"]) for check in detail["checks"]] == [
        ("ok", ""),
        ("down", "It did not answer."),
        ("down", "RuntimeError"),
        ("down", "No answer within 0.02 s."),
    ]


async def test_a_service_that_only_does_less_is_ready_and_says_what_is_missing() -> None:
    checks = [FakeHealthCheck("rerank-model", UpstreamUnavailableError("There is no folder /models/x."))]
    async with small_service(Options(health=[FakeHealthCheck("well")], optional_health=checks)) as small:
        assert (await small.client.get("/health/ready")).status_code == 204
        detail = (await small.client.get("/health/detail")).json()
    assert detail["status"] == "degraded"
    assert [check["status"] for check in detail["checks"]] == ["ok", "degraded"]
    assert detail["checks"][1]["detail"] == "There is no folder /models/x."


async def test_requests_are_counted_by_route_and_not_by_id(small: Small) -> None:
    await small.client.get("/raise/fields")
    await small.client.get("/somewhere/else")
    metrics = (await small.client.get("/metrics")).text
    assert 'flash_http_requests_total{method="GET",route="/raise/{kind}",status="422"}' in metrics
    assert 'route="unmatched"' in metrics
    assert 'route="/health' not in metrics


# Workers


class Worker(WorkerInterface):
    name = "worker"

    def __init__(self, *, crash: bool = False) -> None:
        self.runs = 0
        self.ended = 0
        self._crash = crash

    async def run(self) -> None:
        self.runs += 1
        if self._crash and self.runs == 1:
            raise RuntimeError("a bug")
        try:
            await asyncio.Event().wait()
        finally:
            self.ended += 1


async def test_workers_run_as_long_as_the_service_and_crashes_do_not_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flash_core.web.app._RESTART_SECONDS", 0.01)
    steady, crashing = Worker(), Worker(crash=True)
    options = Options(workers=[steady, crashing])
    async with small_service(options) as small:
        await eventually(lambda: crashing.runs == 2)
        assert (await small.client.get("/health/ready")).status_code == 204
        await small.app.state.drain()
    assert (steady.runs, steady.ended, crashing.ended) == (1, 1, 1)
    assert options.drained == [True]


async def test_the_openapi_document_is_for_siblings_and_names_no_operations(small: Small) -> None:
    document = (await small.client.get("/internal/openapi.json")).json()
    assert document["info"]["title"] == "small"
    assert "/health/live" not in document["paths"]
    assert set(document["paths"]["/raise/{kind}"]["get"]["responses"]) >= {"422", "503"}
    assert json.dumps(document)
