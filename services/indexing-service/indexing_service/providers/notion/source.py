"""A Notion workspace as a source: the pages that its integration may see."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Final

from flash_core.errors import FlashError, NotFoundError, TooLargeError, UpstreamRejectedError
from indexing_service.interfaces import Item, ItemState, Outcome, SourceDocument
from indexing_service.interfaces.providers import Changes, Check, DocumentationSourceInterface, Found, Inventory
from indexing_service.providers.notion.ancestry import Ancestry
from indexing_service.providers.notion.client import Notion, Object
from indexing_service.providers.notion.configuration import Configuration, identifier
from indexing_service.providers.notion.cursor import Cursor
from indexing_service.providers.notion.reading import text_of
from indexing_service.providers.notion.rich_text import title_of
from indexing_service.providers.notion.survey import Survey
from indexing_service.providers.rest_pace import Timing

_OVERLAP: Final = timedelta(minutes=3)
"""Notion rounds times to minutes, and its search comes behind."""
_COUNTED: Final = 300
_ASKED: Final = 50
"""Pages that are asked for one by one because they are found no more; a listing looks at more."""
_NAMELESS: Final = "the integration"
_NOT_SHARED: Final = (
    "Notion does not show this page: it is not there any more, or not shared with the integration (any more)."
)


class NotionSource(DocumentationSourceInterface):
    """A page is a document by its id."""

    def __init__(self, configuration: Configuration, notion: Notion, timing: Timing) -> None:
        self._configuration = configuration
        self._notion = notion
        self._timing = timing
        self._ancestry = Ancestry(notion)

    async def check(self) -> Check:
        try:
            name = await self._name()
            found = await self._sample()
        except FlashError as error:
            return Check(ok=False, detail=str(error))
        if not any(found.values()):
            return Check(
                ok=False, detail=f"Nothing is shared with {name}: add it to pages in their menu (Connections)."
            )
        return Check(ok=True, detail=f"Notion can be read as {name}; counted up to {_COUNTED}.", found=found)

    async def list(self, found: Found, known: Collection[str] = ()) -> Inventory:
        survey = await self._surveyed(found)
        await survey.everything(self._configuration)
        pages = [page for page in survey.pages.values() if await self._wanted(page)]
        pages += await self._overlooked(set(known) - {page["id"] for page in pages})
        latest = max((edited(page) for page in pages), default="")
        cursor = Cursor.of(latest, self._chosen(), (page["id"] for page in pages))
        return Inventory(self._items(pages), complete=survey.complete, cursor=str(cursor))

    async def changes(self, cursor: str, found: Found) -> Changes | None:
        """What lies in the trash is told while the pages are few enough to be looked for each time."""
        known = Cursor.parsed(cursor)
        if known is None or known.chosen != self._chosen():
            return None
        begin = known.moment - _OVERLAP
        survey = await self._surveyed(found)
        if known.pages is None:
            await survey.since(begin, self._configuration)
        else:
            await survey.everything(self._configuration)
        pages = {page["id"]: page for page in survey.pages.values() if await self._wanted(page)}
        before = known.pages or frozenset()
        if len(missing := before - pages.keys()) > _ASKED:
            return None
        deleted = [page_id for page_id in sorted(missing) if await self._is_in_trash(page_id)]
        new = [
            page for page in pages.values() if datetime.fromisoformat(edited(page)) >= begin or page["id"] not in before
        ]
        latest = max([known.latest, *map(edited, new)])
        left = None if known.pages is None else (before | pages.keys()) - set(deleted)
        again = Cursor(latest, known.chosen, None) if left is None else Cursor.of(latest, known.chosen, left)
        return Changes(self._items(new), deleted, cursor=str(again))

    async def _overlooked(self, missing: Collection[str]) -> Sequence[Object]:
        """Of pages that are not found any more, those that are there: Notion's search does not promise all of them."""
        if len(missing) > _ASKED:
            return []
        asked = [await self._notion.one("pages", name) for name in sorted(missing) if identifier(name) == name]
        return [page for page in asked if page is not None and await self._wanted(page)]

    async def _is_in_trash(self, page_id: str) -> bool:
        """Not so when Notion does not show it: it may be shared no longer for a while, which a listing decides."""
        page = await self._notion.one("pages", page_id)
        return page is not None and gone(page)

    async def fetch(self, external_id: str) -> SourceDocument | Outcome:
        known = identifier(external_id) == external_id  # whatever else it is, it is no part of an address
        page = await self._notion.one("pages", external_id) if known else None
        if page is None:
            return Outcome(ItemState.SKIPPED, _NOT_SHARED)
        if gone(page):
            return Outcome(ItemState.WITHDRAWN, "It is in Notion's trash.")
        try:
            text = await text_of(self._notion, page)
        except TooLargeError as error:
            return Outcome(ItemState.WITHDRAWN, str(error))
        except NotFoundError:
            return Outcome(ItemState.SKIPPED, _NOT_SHARED)
        except UpstreamRejectedError as error:
            return Outcome(ItemState.FAILED, str(error))
        return await self._document(page, text)

    async def permissions(self) -> Mapping[str, frozenset[str]] | None:
        """Notion tells integrations nothing of who may read a page."""
        return None

    async def _document(self, page: Object, text: str) -> SourceDocument:
        moment = datetime.fromisoformat(edited(page))
        places = await self._ancestry.above(page)
        return SourceDocument(
            external_id=page["id"],
            content=text,
            format="markdown",
            title=title_of(page.get("properties") or {}) or "Untitled",
            url=page.get("url"),
            path=tuple(title for title, _ in groupby(place.title for place in places if place.title)),
            modified_at=moment,
            updated_at=moment,
        )

    async def _name(self) -> str:
        try:
            return (await self._notion.me()).get("name") or _NAMELESS
        except NotFoundError:
            return _NAMELESS

    async def _sample(self) -> Mapping[str, int]:
        """What there is, counted up to a number that is found soon."""
        counts: dict[str, int] = {}
        for kind, name in (("page", "documents"), ("data_source", "data_sources")):
            seen: set[str] = set()

            def take(result: Object, seen: set[str] = seen) -> bool:
                seen.add(result["id"])
                return len(seen) < _COUNTED

            await self._notion.search(kind, take)
            counts[name] = len(seen)
        return counts

    async def _surveyed(self, found: Found) -> Survey:
        return Survey(self._notion, self._ancestry, found)

    async def _wanted(self, page: Object) -> bool:
        chosen = self._configuration.chosen
        if gone(page):
            return False
        if not chosen or page["id"] in chosen:
            return True
        return any(place.id in chosen for place in await self._ancestry.above(page))

    def _items(self, pages: Iterable[Object]) -> Sequence[Item]:
        return [Item(number, page["id"], version=self._version(page)) for number, page in enumerate(pages)]

    def _version(self, page: Object) -> str:
        """Times are cut to minutes, so a fresh one may hide a second edit: until it has settled, it is no version
        that a later look could meet again.
        """
        now = self._timing.now()
        settled = now - datetime.fromisoformat(edited(page)) > _OVERLAP
        return edited(page) if settled else f"{edited(page)} as of {now.astimezone(UTC).isoformat()}"

    def _chosen(self) -> str:
        chosen = repr(sorted(self._configuration.chosen))
        return hashlib.sha256(chosen.encode()).hexdigest()[:16]


def edited(page: Object) -> str:
    return str(page["last_edited_time"])


def gone(page: Object) -> bool:
    return bool(page.get("in_trash") or page.get("archived"))
