"""Notion's interface on loopback: sign-in, versions, pages of results, trash and sharing, with faults to order.

Answers have the shapes of `recorded/notion/shapes.json`, which were recorded in 2026-07 with version 2025-09-03.
"""

import copy
import json
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.servers.quota import Quota

TOKEN = "ntn_secret"
SHAPES = json.loads((Path(__file__).parent / "recorded" / "notion" / "shapes.json").read_text("utf-8"))
_EPOCH = datetime(2026, 7, 4, 9, 0, tzinfo=UTC)
_OBJECTS = {"page", "data_source"}


@dataclass
class Fault:
    """What the next `times` requests to paths that end so get instead."""

    path: str
    status: int
    times: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None


def rich(text: str, **more: Any) -> dict[str, Any]:
    part: dict[str, Any] = copy.deepcopy(SHAPES["block"]["paragraph"]["rich_text"][0])
    annotations = part["annotations"] | more.pop("annotations", {})
    return {**part, "plain_text": text, "annotations": annotations, **more}


def block(
    kind: str, text: str | None = None, *, children: Sequence[dict[str, Any]] = (), **content: Any
) -> dict[str, Any]:
    made: dict[str, Any] = copy.deepcopy(SHAPES["block"])
    del made["paragraph"]
    said = {} if text is None else {"rich_text": [rich(text)]}
    made |= {"id": str(uuid.uuid4()), "type": kind, kind: {**said, **content}}
    return {**made, "has_children": bool(children), "children": list(children)}


class NotionWorld:
    """A workspace that is written while it runs. Times are whole minutes, as Notion's are."""

    def __init__(self) -> None:
        self.address = ""
        self.moment = _EPOCH
        self.objects: dict[str, dict[str, Any]] = {}
        self.markdown: dict[str, str] = {}
        self.blocks: dict[str, list[dict[str, Any]]] = {}
        self.unknown: dict[str, list[str]] = {}
        self.hidden: set[str] = set()
        self.unshared: set[str] = set()
        self.requests: list[str] = []
        self.bodies: list[Any] = []
        self.faults: list[Fault] = []
        self.page_size = 100
        self.limit = 10_000
        self.quota: Quota | None = None

    def tick(self, minutes: int = 10) -> None:
        self.moment += timedelta(minutes=minutes)

    def write(
        self,
        name: str,
        markdown: str,
        *,
        parent: Mapping[str, Any] | None = None,
        properties: Mapping[str, Any] | None = None,
    ) -> str:
        """Add a page, or change the one with this id; returns the id."""
        known = self.objects.get(name)
        if known is None:
            page = copy.deepcopy(SHAPES["page"])
            page["id"] = str(uuid.uuid4())
            page["url"] = f"https://app.notion.com/p/{page['id'].replace('-', '')}"
            page["parent"] = parent or {"type": "workspace", "workspace": True}
            page["properties"] = {"Name": {"id": "title", "type": "title", "title": [rich(name)]}, **(properties or {})}
            known = self.objects[page["id"]] = page
        self.markdown[known["id"]] = markdown
        known["last_edited_time"] = self._now()
        return str(known["id"])

    def data_source(self, name: str, *, parent: Mapping[str, Any] | None = None) -> tuple[str, str]:
        """Ids of the database and of its data source."""
        database, source = copy.deepcopy(SHAPES["database"]), copy.deepcopy(SHAPES["data_source"])
        database |= {
            "id": str(uuid.uuid4()),
            "title": [rich(name)],
            "parent": parent or {"type": "workspace", "workspace": True},
        }
        source |= {"id": str(uuid.uuid4()), "title": [rich(name)], "last_edited_time": self._now()}
        source["parent"] = {"type": "database_id", "database_id": database["id"]}
        database["data_sources"] = [{"id": source["id"], "name": name}]
        self.objects |= {database["id"]: database, source["id"]: source}
        return str(database["id"]), str(source["id"])

    def rename(self, page: str, title: str) -> None:
        self.objects[page]["properties"]["Name"]["title"] = [rich(title)]
        self.objects[page]["last_edited_time"] = self._now()

    def delete(self, page: str) -> None:
        self.objects[page] |= {"in_trash": True, "archived": True, "last_edited_time": self._now()}

    def fail(self, path: str, status: int, times: int = 1, **more: Any) -> None:
        self.faults.append(Fault(path, status, times, **more))

    def add_blocks(self, parent: str, blocks: Sequence[dict[str, Any]]) -> None:
        """The blocks of a page, which then is not given as Markdown as a whole."""
        self.unknown[parent] = [one["id"] for one in blocks]
        self._keep(parent, blocks)

    def _keep(self, parent: str, blocks: Sequence[dict[str, Any]]) -> None:
        self.blocks[parent] = [{key: value for key, value in one.items() if key != "children"} for one in blocks]
        for one in blocks:
            self.objects[one["id"]] = self.blocks[parent][blocks.index(one)]
            self._keep(one["id"], one["children"])

    def _now(self) -> str:
        return self.moment.strftime("%Y-%m-%dT%H:%M:00.000Z")


@asynccontextmanager
async def running(world: NotionWorld | None = None) -> AsyncIterator[NotionWorld]:
    """On a free port of loopback; `address` says where."""
    world = world or NotionWorld()
    runner = web.AppRunner(_Api(world).application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        world.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield world
    finally:
        await runner.cleanup()


def _error(status: int, code: str, message: str) -> web.Response:
    return web.json_response({**SHAPES["error"], "status": status, "code": code, "message": message}, status=status)


class _Api:
    def __init__(self, world: NotionWorld) -> None:
        self._world = world

    def application(self) -> web.Application:
        application = web.Application(middlewares=[self._rules])
        application.router.add_get("/v1/users/me", self._me)
        application.router.add_post("/v1/search", self._search)
        application.router.add_post("/v1/data_sources/{id}/query", self._query)
        application.router.add_get("/v1/blocks/{id}/children", self._children)
        application.router.add_get("/v1/pages/{id}/markdown", self._markdown)
        application.router.add_get("/v1/{kind:pages|blocks|databases|data_sources}/{id}", self._one)
        return application

    @web.middleware
    async def _rules(self, request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
        self._world.requests.append(f"{request.method} {request.path}")
        if self._world.quota and (wait := self._world.quota.take()):
            return web.json_response(SHAPES["error"], status=429, headers=wait)
        for fault in self._world.faults:
            if fault.times and request.path.endswith(fault.path):
                fault.times -= 1
                return web.json_response(
                    fault.body or SHAPES["error"], status=fault.status, headers=dict(fault.headers)
                )
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response(SHAPES["unauthorized"], status=401)
        if request.headers.get("Notion-Version", "") < "2025-09-03":
            return _error(400, "missing_version", "Notion-Version header failed validation.")
        found: web.StreamResponse = await handler(request)
        return found

    async def _me(self, _request: web.Request) -> web.Response:
        return web.json_response(SHAPES["user"])

    async def _search(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        wanted = body.get("filter", {}).get("value")
        if wanted not in _OBJECTS:
            return _error(400, "validation_error", "body.filter.value should be `page` or `data_source`.")
        found = [one for one in self._shared() if one["object"] == wanted and one["id"] not in self._world.hidden]
        found.sort(key=lambda one: str(one["last_edited_time"]))
        if body["sort"]["direction"] == "descending":
            found.reverse()
        return self._page([one for one in found if not one.get("in_trash")], body, SHAPES["list"])

    async def _query(self, request: web.Request) -> web.Response:
        source = request.match_info["id"]
        if self._known(source) is None:
            return self._not_found(source)
        body = await self._body(request)
        since = body.get("filter", {}).get("last_edited_time", {}).get("on_or_after", "")
        moment = datetime.fromisoformat(since) if since else _EPOCH
        found = [
            one
            for one in self._shared()
            if one["parent"].get("data_source_id") == source
            and not one.get("in_trash")
            and datetime.fromisoformat(one["last_edited_time"]) >= moment
        ]
        shape = SHAPES["list"]
        if len(found) > self._world.limit:
            reason = {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}
            shape = {**shape, "request_status": reason}
        return self._page(found[: self._world.limit], body, shape)

    async def _children(self, request: web.Request) -> web.Response:
        parent = request.match_info["id"]
        if self._known(parent) is None:
            return self._not_found(parent)
        options = {"start_cursor": request.query.get("start_cursor"), "page_size": int(request.query["page_size"])}
        return self._page(self._world.blocks.get(parent, []), options, SHAPES["children"])

    async def _markdown(self, request: web.Request) -> web.Response:
        page = request.match_info["id"]
        if self._known(page) is None:
            return self._not_found(page)
        unknown = self._world.unknown.get(page, [])
        said = {"id": page, "markdown": self._world.markdown.get(page, ""), "unknown_block_ids": unknown}
        return web.json_response({**SHAPES["markdown"], **said, "truncated": bool(unknown)})

    async def _one(self, request: web.Request) -> web.Response:
        found = self._known(request.match_info["id"])
        if found is None or f"{found['object']}s" != request.match_info["kind"]:
            return self._not_found(request.match_info["id"])
        return web.json_response(found)

    async def _body(self, request: web.Request) -> Any:
        body = await request.json()
        self._world.bodies.append(body)
        return body

    def _shared(self) -> list[dict[str, Any]]:
        objects = self._world.objects.values()
        return [one for one in objects if one["id"] not in self._world.unshared and one["object"] in _OBJECTS]

    def _known(self, object_id: str) -> dict[str, Any] | None:
        return None if object_id in self._world.unshared else self._world.objects.get(object_id)

    def _not_found(self, object_id: str) -> web.Response:
        message = f"Could not find object with ID: {object_id}. Make sure it is shared with your integration."
        return _error(404, "object_not_found", message)

    def _page(self, found: list[dict[str, Any]], options: Mapping[str, Any], shape: Mapping[str, Any]) -> web.Response:
        size = min(options.get("page_size") or 100, self._world.page_size)
        if size > 100:
            return _error(400, "validation_error", "page_size should be at most 100.")
        ids = [one["id"] for one in found]
        cursor = options.get("start_cursor")
        if cursor and cursor not in ids:
            return _error(400, "validation_error", "The start_cursor provided is invalid.")
        begin = ids.index(cursor) if cursor else 0
        more = begin + size < len(found)
        after = ids[begin + size] if more else None
        return web.json_response(
            {**shape, "results": found[begin : begin + size], "has_more": more, "next_cursor": after}
        )
