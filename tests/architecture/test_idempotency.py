"""`Idempotency-Key` repeats the answers of routes that create, and of no other: those say what is so now."""

import pytest

from flash_core.cli import SERVICES, load_spec
from flash_core.web.app import create_app
from flash_core.web.idempotency import creates

SAY_WHAT_IS_SO_NOW = {
    "/api/v1/aliases/discover",
    "/api/v1/auth/login",
    "/api/v1/auth/logout",
    "/api/v1/auth/session/refresh",
    "/api/v1/auth/token",
    "/api/v1/auth/ws-ticket",
    "/api/v1/chat",  # remembers the question's key itself, and shows its answer as it may be shown today
    "/api/v1/search",
    "/api/v1/sources/{source_id}/check",
    "/v1/embeddings",
}
ROUTES = [
    (service, path, creates(load_spec(service).routes, {"type": "http", "method": "POST", "path": path}))
    for service in SERVICES
    for path, item in create_app(load_spec(service)).openapi()["paths"].items()
    if "post" in item and not path.startswith("/internal/")
]


@pytest.mark.parametrize(("service", "path", "is_remembered"), ROUTES, ids=str)
def test_a_route_creates_or_is_known_not_to(service: str, path: str, *, is_remembered: bool) -> None:
    assert is_remembered != (path in SAY_WHAT_IS_SO_NOW)


@pytest.mark.parametrize("service", SERVICES)
def test_no_route_between_services_repeats_an_answer(service: str) -> None:
    routes = load_spec(service).routes
    paths = [path for route in routes if (path := getattr(route, "path", "")).startswith("/internal/")]
    assert [path for path in paths if creates(routes, {"type": "http", "method": "POST", "path": path})] == []


def test_all_routes_were_looked_at() -> None:
    assert {path for _, path, _ in ROUTES} >= SAY_WHAT_IS_SO_NOW
