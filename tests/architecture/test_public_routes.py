"""Every public route of a service is reached through the gateway, and nothing internal is."""

import re
from collections import Counter

import pytest

from flash_core.cli import SERVICES, load_spec
from flash_core.web.app import create_app
from flash_gateway.routes import load_routes

PUBLIC = re.compile(r"/(api|v1|\.well-known)/")
ROUTES = [
    (service, method.upper(), path)
    for service in SERVICES
    for path, item in create_app(load_spec(service)).openapi()["paths"].items()
    for method in item
]


def routed(method: str, path: str) -> str | None:
    """The service that the gateway sends it to."""
    for route in load_routes().routes:
        if (not route.methods or method in route.methods) and any(re.match(one, path) for one in route.patterns):
            return route.service
    return None


@pytest.mark.parametrize(("service", "method", "path"), [one for one in ROUTES if PUBLIC.match(one[2])], ids=str)
def test_the_gateway_sends_a_public_route_to_its_service(service: str, method: str, path: str) -> None:
    assert routed(method, re.sub(r"\{\w+\}", "0190b5c6-0000-7000-8000-000000000000", path)) == service


def test_the_gateway_sends_nothing_internal_anywhere() -> None:
    inside = [path for _, _, path in ROUTES if not PUBLIC.match(path)]
    assert [
        path for path in (*inside, "/health/ready", "/metrics", "/internal/openapi.json") if routed("GET", path)
    ] == []


def test_no_two_services_answer_the_same_request() -> None:
    counted = Counter((method, path) for _, method, path in ROUTES if PUBLIC.match(path))
    assert [route for route, times in counted.items() if times > 1] == []
