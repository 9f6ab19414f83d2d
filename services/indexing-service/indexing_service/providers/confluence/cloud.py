"""Confluence Cloud: pages by version 2 of its REST interface, searches and restrictions by version 1, which has no
successor for them (https://developer.atlassian.com/cloud/confluence/rest/v2/intro).
"""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Final
from urllib.parse import urlsplit

from flash_core.errors import NotFoundError, UpstreamRejectedError
from indexing_service.providers.confluence.cursors import Row, by_cursor, member, object_of
from indexing_service.providers.confluence.recent import Recent
from indexing_service.providers.confluence.site import (
    BLOG,
    PAGE,
    Ancestor,
    Lineage,
    Page,
    Site,
    Space,
    labels_of,
    moment_of,
    number_of,
)
from indexing_service.providers.rest import RestClient

_V2: Final = "/wiki/api/v2"
_V1: Final = "/wiki/rest/api"
_ROWS: Final = 250
_COLLECTIONS: Final = {
    PAGE: "pages",
    BLOG: "blogposts",
    "folder": "folders",
    "whiteboard": "whiteboards",
    "database": "databases",
    "embed": "embeds",
}
_DEEPEST: Final = 200


class CloudSite(Site):
    def __init__(self, rest: RestClient, base_url: str, nodes: Recent[Page]) -> None:
        super().__init__(rest, _V1)
        self.browsed = f"{base_url}/wiki"
        self._nodes = nodes
        self._spaces: dict[str, Space] = {}

    async def spaces(self, keys: Collection[str]) -> AsyncIterator[Space]:
        asked = {"limit": str(_ROWS)} | ({"keys": ",".join(sorted(keys))} if keys else {"status": "current"})
        async for row in by_cursor(self._rest, f"{_V2}/spaces", asked):
            yield self._space(row)

    async def pages(self, space: Space, kind: str) -> AsyncIterator[Page]:
        params = {"space-id": space.id, "status": "current", "limit": str(_ROWS)}
        try:
            async for page in self._listed(kind, params):
                if page.space in {space.key, ""}:
                    yield replace(page, space=space.key, space_name=space.name)
        except NotFoundError:
            if kind == PAGE or await self._has(kind):
                raise

    async def _has(self, kind: str) -> bool:
        """Whether this site has such contents at all."""
        try:
            await self._rest.get(f"{_V2}/{_COLLECTIONS[kind]}", params={"limit": "1"})
        except NotFoundError:
            return False
        return True

    async def page(self, page_id: str, kind: str) -> Page:
        path = f"{_V2}/{_COLLECTIONS[kind]}/{page_id}"
        params = {"body-format": "storage", "include-labels": "true"}
        row = object_of((await self._rest.get(path, params=params)).json())
        return await self._page(row, kind)

    async def lineage(self, page: Page, known: Mapping[str, Page]) -> Lineage:
        """Folders and the like are in no listing: they are asked for one by one."""
        found: list[Ancestor] = []
        above = page.parent
        while above is not None:
            if len(found) == _DEEPEST:
                return Lineage(found[::-1], whole=False)
            try:
                node = await self._node(above, known)
            except (NotFoundError, UpstreamRejectedError):
                return Lineage([above, *found[::-1]], whole=False)
            found.append(Ancestor(node.id, above.kind, node.title))
            above = node.parent
        return Lineage(found[::-1])

    async def found_by(self, cql: str) -> AsyncIterator[Page]:
        """The index of the search may be behind: what it finds is asked for again, many at once."""
        found: dict[str, list[str]] = {PAGE: [], BLOG: []}
        async for row in self.search(cql, "version"):
            found.get(str(row.get("type")), []).append(str(row.get("id")))
        for kind, ids in found.items():
            rest = iter(dict.fromkeys(ids))
            while some := list(islice(rest, _ROWS)):
                params = {"id": ",".join(some), "status": "current", "limit": str(_ROWS)}
                async for page in self._listed(kind, params):
                    if page.id in ids:
                        yield page

    def rows(self, path: str, params: Mapping[str, str]) -> AsyncIterator[Row]:
        return by_cursor(self._rest, path, params)

    async def _listed(self, kind: str, params: Mapping[str, str]) -> AsyncIterator[Page]:
        async for row in by_cursor(self._rest, f"{_V2}/{_COLLECTIONS[kind]}", params):
            yield await self._page(row, kind)

    async def _node(self, above: Ancestor, known: Mapping[str, Page]) -> Page:
        node = known.get(above.id) or self._nodes.get(above.id)
        if node is None:
            collection = _COLLECTIONS.get(above.kind)
            if collection is None:
                raise NotFoundError(f"Nothing is known of a {above.kind}.")
            row = object_of((await self._rest.get(f"{_V2}/{collection}/{above.id}")).json())
            node = await self._page(row, above.kind)
        if above.id in known or self._nodes.get(above.id) is None:
            self._nodes.put(above.id, node)
        return node

    async def _page(self, row: Row, kind: str) -> Page:
        parent = row.get("parentId")
        space = await self._space_of(row.get("spaceId"))
        return Page(
            id=str(row.get("id")),
            kind=kind,
            title=str(row.get("title") or ""),
            status=str(row.get("status") or ""),
            space=space.key,
            space_name=space.name,
            number=number_of(row.get("version")),
            modified_at=moment_of(member(row, "version", "createdAt")),
            url=self._address(row),
            parent=Ancestor(str(parent), str(row.get("parentType") or PAGE), "") if parent else None,
            body=str(member(row, "body", "storage", "value") or ""),
            labels=labels_of(row.get("labels")),
        )

    def _address(self, row: Row) -> str:
        """A token of narrow scope is used at another host than the site's own: `base` says where browsers go."""
        base = str(member(row, "_links", "base") or "")
        if base and _is_atlassian(base):
            self.browsed = base.rstrip("/")
        webui = str(member(row, "_links", "webui") or "")
        return f"{self.browsed}{webui}" if webui.startswith("/") else ""

    async def _space_of(self, space_id: object) -> Space:
        name = str(space_id)
        if name not in self._spaces and name.isdecimal():
            with suppress(NotFoundError):
                self._space(object_of((await self._rest.get(f"{_V2}/spaces/{name}")).json()))
        return self._spaces.get(name, Space("", "", ""))

    def _space(self, row: Row) -> Space:
        space = Space(str(row.get("id")), str(row.get("key") or ""), str(row.get("name") or ""))
        self._spaces[space.id] = space
        return space


def _is_atlassian(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "https" and (parts.hostname or "").endswith(".atlassian.net")
