"""Confluence Data Center: `/rest/api` with `start`, `limit` and `expand`
(https://developer.atlassian.com/server/confluence/expansions-in-the-rest-api/).
"""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import suppress
from typing import Final

from flash_core.errors import NotFoundError
from indexing_service.providers.confluence.cursors import Row, by_offset, member, object_of
from indexing_service.providers.confluence.site import (
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

_API: Final = "/rest/api"
_ROWS: Final = "200"
_LISTED: Final = "version,ancestors,space"
_WHOLE: Final = "body.storage,version,ancestors,space,metadata.labels"
_ALONE: Final = "body.storage,version,space,metadata.labels"
"""Pages can answer 404 when ancestors are expanded, although they are there."""


class DataCenterSite(Site):
    def __init__(self, rest: RestClient, base_url: str) -> None:
        super().__init__(rest, _API)
        self.browsed = base_url

    async def spaces(self, keys: Collection[str]) -> AsyncIterator[Space]:
        """Each by its key, or out of all of them where a single one can't be asked for."""
        found: dict[str, Space] = {}
        for key in sorted(keys):
            with suppress(NotFoundError):
                found[key] = _space(object_of((await self._rest.get(f"{_API}/space/{key}")).json()))
        if not found:
            async for row in by_offset(self._rest, f"{_API}/space", {"status": "current", "limit": _ROWS}):
                found[str(row.get("key"))] = _space(row)
        for space in found.values():
            yield space

    async def pages(self, space: Space, kind: str) -> AsyncIterator[Page]:
        params = {"spaceKey": space.key, "type": kind, "status": "current", "expand": _LISTED, "limit": _ROWS}
        async for row in by_offset(self._rest, f"{_API}/content", params):
            yield self._page(row)

    async def page(self, page_id: str, kind: str) -> Page:  # noqa: ARG002  # one address for both
        try:
            return await self._one(page_id, _WHOLE)
        except NotFoundError:
            return await self._one(page_id, _ALONE)

    async def _one(self, page_id: str, expand: str) -> Page:
        params = {"expand": expand, "status": "any"}
        return self._page(object_of((await self._rest.get(f"{_API}/content/{page_id}", params=params)).json()))

    async def lineage(self, page: Page, known: Mapping[str, Page]) -> Lineage:  # noqa: ARG002  # each page says it
        return page.lineage or Lineage(whole=False)

    async def found_by(self, cql: str) -> AsyncIterator[Page]:
        async for row in self.search(cql, _LISTED):
            yield self._page(row)

    def rows(self, path: str, params: Mapping[str, str]) -> AsyncIterator[Row]:
        return by_offset(self._rest, path, params)

    def _page(self, row: Row) -> Page:
        page_id = str(row.get("id"))
        return Page(
            id=page_id,
            kind=str(row.get("type") or PAGE),
            title=str(row.get("title") or ""),
            status=str(row.get("status") or ""),
            space=str(member(row, "space", "key") or ""),
            space_name=str(member(row, "space", "name") or ""),
            number=number_of(row.get("version")),
            modified_at=moment_of(member(row, "version", "when")),
            url=f"{self.browsed}/pages/viewpage.action?pageId={page_id}",
            lineage=_lineage(row.get("ancestors")),
            body=str(member(row, "body", "storage", "value") or ""),
            labels=labels_of(member(row, "metadata", "labels")),
        )


def _space(row: Row) -> Space:
    return Space(str(row.get("id")), str(row.get("key") or ""), str(row.get("name") or ""))


def _lineage(ancestors: object) -> Lineage:
    if not isinstance(ancestors, list):
        return Lineage(whole=False)
    return Lineage([Ancestor(str(row.get("id")), PAGE, str(row.get("title") or "")) for row in ancestors])
