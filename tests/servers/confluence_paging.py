"""How Confluence cuts its listings: Cloud by opaque cursors, Data Center by `start` and `limit`."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from tests.servers.confluence_world import Confluence


def by_cursor(world: Confluence, request: web.Request, rows: Sequence[Any]) -> web.Response:
    start = int(request.query.get("cursor", "at-0").removeprefix("at-"))
    size = min(int(request.query["limit"]), world.cap)
    following = size if world.circling(request.path) else start + size
    body: dict[str, Any] = {"results": rows[start : start + size], "_links": {}}
    headers = {}
    if following < len(rows) or world.circling(request.path):
        query = urlencode({**request.query, "cursor": f"at-{following}"})
        shape = world.shapes[len(world.requests) % len(world.shapes)]
        headers = _lead_on(world, body["_links"], shape, f"{request.path}?{query}")
    elif len(rows) % 2:
        body["_links"]["next"] = None
    return web.json_response(body, headers=headers)


def _lead_on(world: Confluence, links: dict[str, Any], shape: str, address: str) -> dict[str, str]:
    if shape == "header":
        return {"Link": f'<{address}>; rel="next", <{world.address}/wiki>; rel="base"'}
    links["next"] = {
        "relative": address,
        "no_wiki": address.removeprefix("/wiki"),
        "absolute": f"{world.address}{address}",
        "object": {"href": address},
        "nowhere": address.partition("?")[0],
    }[shape]
    return {}


def by_offset(world: Confluence, request: web.Request, rows: Sequence[Any]) -> web.Response:
    """The next address counts what was asked for, not what came: so does Data Center where it caps. What the account
    may not see is taken out of a part that is cut already.
    """
    asked = int(request.query["limit"])
    start = 0 if world.circling(request.path) else int(request.query.get("start", "0"))
    part = rows[start : start + min(asked, world.cap)]
    links: dict[str, Any] = {}
    if start + len(part) < len(rows) or world.circling(request.path):
        links["next"] = f"{request.path}?{urlencode({**request.query, 'start': start + asked})}"
    found = [row for row in part if (row.get("content") or row)["id"] not in world.hidden]
    body = {"results": found, "start": start, "limit": asked, "size": len(found), "_links": links}
    return web.json_response(body)
