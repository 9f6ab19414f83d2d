"""`askflash-gateway`: writes the configurations that are committed, or says that they are out of date."""

import argparse
from pathlib import Path

from flash_gateway.kong import render_kong
from flash_gateway.nginx import Placement, render_nginx
from flash_gateway.routes import RouteList, load_routes

FOLDER = Path(__file__).resolve().parents[1]


def generated(routes: RouteList) -> dict[Path, str]:
    """Every generated file with its content."""
    upstreams = {name: f"{name}-service:{port}" for name, port in routes.services.items()}
    container = Placement(
        listen="8080",
        upstreams=upstreams,
        page="/usr/share/nginx/html",
        temp="/tmp",  # noqa: S108 - the container's own
        pid="/tmp/nginx.pid",  # noqa: S108 - the container's own
    )
    return {
        FOLDER / "nginx.conf": render_nginx(routes, container),
        FOLDER / "kong.yml": render_kong(routes, upstreams, page="web-ui:8080"),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="askflash-gateway", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 when a file is out of date")
    check = parser.parse_args().check
    stale = {path: text for path, text in generated(load_routes()).items() if _content(path) != text}
    for path, text in stale.items():
        print(f"{'out of date' if check else 'written'}: {path.name}")  # noqa: T201 - a command's output
        if not check:
            path.write_text(text)
    return 1 if check and stale else 0


def _content(path: Path) -> str:
    return path.read_text() if path.exists() else ""
