"""Confluence as a reader's programs see it: Cloud under `/wiki`, Data Center at the root, over one tree.

The shapes are those that Atlassian's documentation shows: version 2 for what Cloud lists, version 1 for searches,
restrictions, and all of Data Center.
"""

import base64
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from aiohttp import web

from tests.servers.confluence_paging import by_cursor, by_offset
from tests.servers.confluence_world import (
    API_TOKEN,
    EMAIL,
    PASSWORD,
    PERSONAL_TOKEN,
    USER,
    Confluence,
    Content,
)

_V2 = "/wiki/api/v2"
_COLLECTIONS = {
    "pages": "page",
    "blogposts": "blogpost",
    "folders": "folder",
    "whiteboards": "whiteboard",
}
_CLAUSE = re.compile(r'(type|space|label) in \(([^)]*)\)|lastmodified >= "([^"]+)"')


@asynccontextmanager
async def running(world: Confluence | None = None) -> AsyncIterator[Confluence]:
    """On a free port of loopback; `address` says where."""
    world = world or Confluence()
    runner = web.AppRunner(_Api(world).application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        world.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield world
    finally:
        await runner.cleanup()


class _Api:
    def __init__(self, world: Confluence) -> None:
        self._world = world

    def application(self) -> web.Application:
        application = web.Application(middlewares=[self._rules])
        add = application.router.add_get
        add(f"{_V2}/spaces", self._spaces_v2)
        add(f"{_V2}/spaces/{{id}}", self._space_v2)
        add(f"{_V2}/{{collection}}", self._contents_v2)
        add(f"{_V2}/{{collection}}/{{id}}", self._content_v2)
        for api in ("/wiki/rest/api", "/rest/api"):
            add(f"{api}/user/current", self._user)
            add(f"{api}/search", self._search_of_everything)
            add(f"{api}/content/search", self._search)
            add(f"{api}/content/{{id}}/restriction/byOperation/read", self._restriction)
            add(f"{api}/content/{{id}}/restriction", self._restrictions)
        add("/rest/api/space", self._spaces)
        add("/rest/api/space/{key}", self._space)
        add("/rest/api/content", self._contents)
        add("/rest/api/content/{id}", self._content)
        add("/wiki/rest/api/content/{id}", self._content)
        return application

    @web.middleware
    async def _rules(self, request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
        world = self._world
        world.happens(request.path_qs)
        if world.quota and (wait := world.quota.take()):
            return web.json_response({"message": "Rate limit exceeded"}, status=429, headers=wait)
        if (fault := world.fault(request.path_qs)) is not None:
            return web.Response(
                status=fault.status, text=fault.body, headers=fault.headers, content_type="application/json"
            )
        if not self._known(request):
            return web.json_response({"message": "Client must be authenticated."}, status=401)
        if any(part in request.path for part in world.absent):
            raise web.HTTPNotFound
        if world.answers:
            return web.Response(text=world.answers, content_type="application/json")
        response: web.StreamResponse = await handler(request)
        if world.cut and world.cut in request.path_qs:
            return await _cut(request, response)
        return response

    def _known(self, request: web.Request) -> bool:
        given = request.headers.get("Authorization", "")
        if request.path.startswith("/wiki/"):
            return given == _basic(EMAIL, API_TOKEN)
        return given in {f"Bearer {PERSONAL_TOKEN}", _basic(USER, PASSWORD)}

    async def _user(self, request: web.Request) -> web.Response:
        if self._world.anonymous:
            return web.json_response({"type": "anonymous", "displayName": "Anonymous"})
        zone = str(self._world.zone) if request.path.startswith("/wiki/") and self._world.says_zone else None
        return web.json_response({"type": "known", "accountId": "id-1", "timeZone": zone})

    async def _spaces_v2(self, request: web.Request) -> web.Response:
        asked = "keys" in request.query and "keys" not in self._world.ignores
        keys = request.query["keys"].split(",") if asked else list(self._world.spaces)
        rows = [self._space_row(key) for key in keys if key in self._world.spaces]
        return by_cursor(self._world, request, rows)

    async def _space_v2(self, request: web.Request) -> web.Response:
        for key in self._world.spaces:
            if self._world.space_id(key) == request.match_info["id"]:
                return web.json_response(self._space_row(key))
        raise web.HTTPNotFound

    def _space_row(self, key: str) -> dict[str, Any]:
        return {"id": self._world.space_id(key), "key": key, "name": self._world.spaces[key], "type": "global"}

    async def _contents_v2(self, request: web.Request) -> web.Response:
        world = self._world
        query = {name: value for name, value in request.query.items() if name not in world.ignores}
        kind = _COLLECTIONS[request.match_info["collection"]]
        spaces = query["space-id"].split(",") if "space-id" in query else None
        ids = query["id"].split(",") if "id" in query else None
        rows = [
            self._row_v2(one)
            for one in world.visible()
            if one.kind == kind
            and one.status == query.get("status", "current")
            and (spaces is None or world.space_id(one.space) in spaces)
            and (one.id in ids if ids is not None else one.id not in world.unlisted)
        ]
        return by_cursor(self._world, request, rows)

    async def _content_v2(self, request: web.Request) -> web.Response:
        one = self._found(request)
        if one.kind != _COLLECTIONS[request.match_info["collection"]]:
            raise web.HTTPNotFound
        row = self._row_v2(one)
        row["_links"]["base"] = self._world.browsed or f"{self._world.address}/wiki"
        if request.query.get("body-format") == "storage":
            row["body"] = {"storage": {"representation": "storage", "value": one.body}}
        if request.query.get("include-labels") == "true":
            row["labels"] = _labels(one)
        return web.json_response(row)

    def _row_v2(self, one: Content) -> dict[str, Any]:
        parent = self._world.contents[one.parent] if one.parent else None
        return {
            "id": one.id,
            "status": one.status,
            "title": one.title,
            "spaceId": self._world.space_id(one.space),
            "parentId": parent.id if parent else None,
            "parentType": parent.kind if parent else None,
            "version": {"number": one.number, "createdAt": _zulu(one.modified), "minorEdit": False},
            "body": {},
            "_links": {"webui": f"/spaces/{one.space}/pages/{one.id}/{one.title.replace(' ', '+')}"},
        }

    async def _spaces(self, request: web.Request) -> web.Response:
        return by_offset(self._world, request, [self._space_row(key) for key in self._world.spaces])

    async def _space(self, request: web.Request) -> web.Response:
        if request.match_info["key"] not in self._world.spaces:
            raise web.HTTPNotFound
        return web.json_response(self._space_row(request.match_info["key"]))

    async def _contents(self, request: web.Request) -> web.Response:
        query = request.query
        rows = [
            self._row(one, query.get("expand", ""))
            for one in self._world.contents.values()
            if (one.kind, one.status) == (query["type"], query["status"])
            and one.space == query.get("spaceKey", one.space)
            and one.id not in self._world.unlisted
        ]
        return by_offset(self._world, request, rows)

    async def _content(self, request: web.Request) -> web.Response:
        one = self._found(request)
        if one.status != "current" and request.query.get("status") not in {"any", one.status}:
            raise web.HTTPNotFound
        return web.json_response(self._row(one, request.query["expand"]))

    async def _search_of_everything(self, request: web.Request) -> web.Response:
        """Contents lie inside its rows."""
        found = self._matching(request.query["cql"])
        if "expand" not in request.query:
            return web.json_response({"results": [], "totalSize": len(found)})
        expand = request.query["expand"].replace("content.", "")
        rows = [{"content": self._row(one, expand), "title": one.title} for one in found]
        return by_offset(self._world, request, rows)

    async def _search(self, request: web.Request) -> web.Response:
        rows = [self._row(one, request.query["expand"]) for one in self._matching(request.query["cql"])]
        cloud = request.path.startswith("/wiki/")
        return by_cursor(self._world, request, rows) if cloud else by_offset(self._world, request, rows)

    def _matching(self, cql: str) -> list[Content]:
        clauses: dict[str, Any] = {}
        for name, values, since in _CLAUSE.findall(cql):
            clauses[name or "since"] = since or re.findall(r'"([^"]*)"', values)
        found = [one for one in self._world.visible() if one.status == "current" and one.id not in self._world.behind]
        return [one for one in found if self._matches(one, clauses)]

    def _matches(self, one: Content, clauses: dict[str, Any]) -> bool:
        since = clauses.get("since")
        if since is not None:
            local = datetime.strptime(since, "%Y-%m-%d %H:%M").replace(tzinfo=self._world.zone)
            if one.modified < local:
                return False
        return (
            one.kind in clauses["type"]
            and one.space in clauses.get("space", [one.space])
            and ("label" not in clauses or bool(set(clauses["label"]) & set(one.labels)))
        )

    def _row(self, one: Content, expand: str) -> dict[str, Any]:
        row: dict[str, Any] = {"id": one.id, "type": one.kind, "status": one.status, "title": one.title}
        if "version" in expand:
            row["version"] = {"number": one.number, "when": one.modified.astimezone(self._world.zone).isoformat()}
        if "ancestors" in expand:
            row["ancestors"] = [{"id": up.id, "type": up.kind, "title": up.title} for up in self._world.ancestors(one)]
        if "space" in expand:
            row["space"] = {"key": one.space, "name": self._world.spaces[one.space]}
        if "body.storage" in expand:
            row["body"] = {"storage": {"value": one.body}}
        if "metadata.labels" in expand:
            row["metadata"] = {"labels": _labels(one)}
        if "restrictions.read" in expand and self._world.says_readers:
            row["restrictions"] = {"read": self._readers(one, 0, self._world.readers_cap)}
        return row

    async def _restriction(self, request: web.Request) -> web.Response:
        start, limit = int(request.query["start"]), min(int(request.query["limit"]), self._world.readers_cap)
        return web.json_response(self._readers(self._found(request), start, limit))

    async def _restrictions(self, request: web.Request) -> web.Response:
        read = self._readers(self._found(request), int(request.query["start"]), self._world.readers_cap)
        update = {"operation": "update", "restrictions": {"user": {"results": []}, "group": {"results": []}}}
        return web.json_response({"results": [update, read], "start": 0, "limit": 100, "size": 2})

    def _readers(self, one: Content, start: int, limit: int) -> dict[str, Any]:
        groups = [{"type": "group", "name": name} for name in one.groups]
        lists = {"user": one.users, "group": groups}
        return {
            "operation": "read",
            "restrictions": {
                kind: {"results": rows[start : start + limit], "start": start, "limit": limit, "size": len(rows)}
                for kind, rows in lists.items()
            },
        }

    def _found(self, request: web.Request) -> Content:
        one = self._world.contents.get(request.match_info["id"])
        if one is None or one.id in self._world.hidden:
            raise web.HTTPNotFound(text=json.dumps({"message": "No content found"}), content_type="application/json")
        return one


async def _cut(request: web.Request, whole: web.StreamResponse) -> web.StreamResponse:
    """The connection ends in the middle of the answer."""
    assert isinstance(whole, web.Response)
    assert isinstance(whole.body, bytes)
    half = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(whole.body))})
    await half.prepare(request)
    await half.write(whole.body[: len(whole.body) // 2])
    assert request.transport is not None
    request.transport.abort()
    return half


def _labels(one: Content) -> dict[str, Any]:
    return {"results": [{"id": "1", "prefix": "global", "name": name} for name in one.labels]}


def _zulu(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()
