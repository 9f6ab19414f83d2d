"""The list of routes and what is made from it."""

import re
from pathlib import Path

import pytest
import yaml

from flash_core.cli import SERVICES
from flash_gateway.cli import generated
from flash_gateway.kong import render_kong
from flash_gateway.nginx import Placement, quoted, render_nginx
from flash_gateway.routes import Route, load_routes

UPSTREAMS = {name: f"{name}-service:{port}" for name, port in load_routes().services.items()}


def test_the_committed_files_are_made_from_the_list() -> None:
    for path, text in generated(load_routes()).items():
        assert path.read_text() == text, f"{path.name} is out of date: run `askflash-gateway`"


def test_services_have_the_ports_that_they_listen_on_in_their_containers() -> None:
    assert load_routes().services.items() <= SERVICES.items()


@pytest.mark.parametrize(
    ("path", "matches"),
    [("/a/b", True), ("/a/b/", True), ("/a/b/c", True), ("/a/bc", False), ("/a", False), ("/x/a/b", False)],
)
def test_a_route_covers_what_lies_below_it(path: str, matches: bool) -> None:
    [pattern] = Route(["/a/b"], "auth").patterns
    assert (re.match(pattern, path) is not None) == matches


@pytest.mark.parametrize(
    ("path", "matches"), [("/a/1/events", True), ("/a/1/2/events", False), ("/a/1/events/x", False)]
)
def test_a_placeholder_stands_for_one_segment(path: str, matches: bool) -> None:
    [pattern] = Route(["/a/{id}/events"], "chat", exact=True).patterns
    assert (re.match(pattern, path) is not None) == matches


def test_a_route_to_nowhere_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "routes.toml"
    file.write_text('forwarded_headers=[]\nreserved=[]\n[[routes]]\npaths=["/a"]\nservice="moon"\n[services]\n')
    with pytest.raises(ValueError, match="moon"):
        load_routes(file)


def test_paths_with_spaces_and_quotes_are_quoted_for_nginx() -> None:
    assert quoted('/a "b"/c') == '"/a \\"b\\"/c"'
    with pytest.raises(ValueError, match="dollar"):
        quoted("/a$b")


def test_no_placeholder_is_left_in_nginx_configuration() -> None:
    placement = Placement("127.0.0.1:1", UPSTREAMS, "/page", "/run", "/run/pid")
    assert "@@" not in render_nginx(load_routes(), placement)


def test_kong_has_every_path_of_the_list_and_the_same_limits() -> None:
    routes = load_routes()
    document = yaml.safe_load(render_kong(routes, UPSTREAMS, "web-ui:8080"))
    described = {
        (service["name"], path, route["regex_priority"], route["plugins"][0]["config"]["allowed_payload_size"])
        for service in document["services"]
        if service["name"] != "page"
        for route in service["routes"]
        for path in route["paths"]
    }
    assert described == {
        (route.service, f"~{pattern}", len(routes.routes) - position, route.body_mib)
        for position, route in enumerate(routes.routes)
        for pattern in route.patterns
    }
    assert all(path.startswith("~/") for _, path, _, _ in described)
    names = [route["name"] for service in document["services"] for route in service["routes"]]
    assert len(names) == len(set(names))


def test_kong_drops_the_headers_that_nginx_drops() -> None:
    [script] = yaml.safe_load(render_kong(load_routes(), UPSTREAMS, "web-ui:8080"))["plugins"][1]["config"]["access"]
    assert '["authorization"] = true' in script
    assert "x-flash" not in script
