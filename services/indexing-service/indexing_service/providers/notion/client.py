"""Notion's REST interface: the requests that a reader needs, with their pages followed to the end."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from flash_core.errors import NotFoundError, UpstreamUnavailableError
from indexing_service.providers.rest import RestClient

PER_SECOND: Final = 3.0
_PAGE_SIZE: Final = 100

Object = Mapping[str, Any]
Take = Callable[[Object], bool]
"""Takes one result; False: no more are wanted."""


class Notion:
    """Raises what `RestClient` raises."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest

    async def search(self, kind: str, take: Take, *, newest_first: bool = False) -> bool:
        """All pages, or data sources, that Notion finds. False: it says itself that there are more.

        Oldest changes first, what is edited meanwhile comes again at the end instead of being jumped over.
        """
        body = {
            "filter": {"property": "object", "value": kind},
            "sort": {"timestamp": "last_edited_time", "direction": "descending" if newest_first else "ascending"},
        }
        return await self._posted("/v1/search", body, take)

    async def entries(self, data_source: str, take: Take, *, since: str | None = None) -> bool:
        """The pages of a data source, and for a wiki the data sources in it. False: Notion does not give them all."""
        body: dict[str, Any] = {}
        if since:
            body["filter"] = {"timestamp": "last_edited_time", "last_edited_time": {"on_or_after": since}}
        return await self._posted(f"/v1/data_sources/{data_source}/query", body, take)

    async def children(self, block: str, take: Take) -> None:
        async def page(cursor: str | None) -> Object:
            params = {"page_size": str(_PAGE_SIZE)} | ({"start_cursor": cursor} if cursor else {})
            return await self._got(f"/v1/blocks/{block}/children", params)

        await _paged(page, take)

    async def one(self, kind: str, object_id: str) -> Object | None:
        """One of `pages`, `blocks`, `databases`, `data_sources`; None: not there, or not shared."""
        try:
            return await self._got(f"/v1/{kind}/{object_id}")
        except NotFoundError:
            return None

    async def markdown(self, page: str) -> Object:
        return await self._got(f"/v1/pages/{page}/markdown")

    async def me(self) -> Object:
        """Who the token belongs to."""
        return await self._got("/v1/users/me")

    async def _got(self, path: str, params: Mapping[str, str] | None = None) -> Object:
        return _object((await self._rest.get(path, params=params)).json())

    async def _posted(self, path: str, body: Object, take: Take) -> bool:
        async def page(cursor: str | None) -> Object:
            whole = {**body, "page_size": _PAGE_SIZE} | ({"start_cursor": cursor} if cursor else {})
            return _object((await self._rest.post(path, json=whole)).json())

        return await _paged(page, take)


async def _paged(page: Callable[[str | None], Awaitable[Object]], take: Take) -> bool:
    """A short page is not the end; the same cursor twice would be none either."""
    cursor: str | None = None
    seen: set[str] = set()
    whole = True
    while True:
        answer = await page(cursor)
        whole = whole and (answer.get("request_status") or {}).get("type") != "incomplete"
        if not all(take(result) for result in answer.get("results", [])):
            return whole
        cursor = answer.get("next_cursor")
        if not answer.get("has_more") or not cursor:
            return whole and not answer.get("has_more")
        if cursor in seen:
            raise UpstreamUnavailableError("Notion goes in circles: it gave the same cursor twice.")
        seen.add(cursor)


def _object(answer: Any) -> Object:
    if not isinstance(answer, Mapping) or not answer.get("object"):
        raise UpstreamUnavailableError("Notion's answer is not what was asked for.")
    return answer
