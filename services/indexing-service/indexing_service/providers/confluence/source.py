"""One Confluence that is connected."""

import asyncio
import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import Final

from flash_core.errors import FlashError, NotFoundError, TooLargeError, UpstreamRejectedError
from flash_core.interfaces.clock import ClockInterface
from indexing_service.interfaces import Item, ItemState, Outcome, SourceDocument
from indexing_service.interfaces.providers import Changes, Check, DocumentationSourceInterface, Found, Inventory
from indexing_service.providers.confluence.cursors import Bookmark
from indexing_service.providers.confluence.listings import Listings, missing_spaces
from indexing_service.providers.confluence.references import Place
from indexing_service.providers.confluence.restrictions import Restrictions
from indexing_service.providers.confluence.settings import Settings
from indexing_service.providers.confluence.site import Lineage, Page, Site, local_minute, one_of
from indexing_service.providers.confluence.storage import to_markdown

OVERLAP: Final = timedelta(hours=2, minutes=5)
"""Searches are to the minute, in local time that is off by up to an hour twice a year, in an index that is behind."""
_MOST_SEEN: Final = 5_000
_ASKED: Final = 50
"""What a listing does not hold any more is asked for; more at once are no slip of the listing."""
_NAMED: Final = 10
_LONGEST_ID: Final = 20
_UNMAPPED: Final = (
    " Of the first pages {} are restricted to people whom `group_map` does not name: nobody sees them in AskFlash."
)
_NOT_SEEN: Final = "Confluence does not show this page: it is not there any more, or this account may not read it."


class ConfluenceSource(DocumentationSourceInterface):
    def __init__(self, site: Site, settings: Settings, restrictions: Restrictions, clock: ClockInterface) -> None:
        self._site = site
        self._settings = settings
        self._restrictions = restrictions
        self._clock = clock
        self._listings = Listings(site, settings)

    async def check(self) -> Check:
        try:
            await self._site.time_zone()
            spaces, missing = await self._listings.spaces()
            found = {"spaces": len(spaces), **await self._counted()}
        except NotFoundError:
            return Check(ok=False, detail="There is no Confluence of this kind at the address that was given.")
        except FlashError as error:
            return Check(ok=False, detail=str(error))
        if missing:
            return Check(ok=False, detail=missing_spaces(missing), found=found)
        names = ", ".join(f"{space.key} ({space.name})" for space in spaces[:_NAMED])
        others = f" and {len(spaces) - _NAMED} others" if len(spaces) > _NAMED else ""
        hidden = _UNMAPPED.format(found["seen_by_nobody"]) if found.get("seen_by_nobody") else ""
        return Check(ok=True, detail=f"This account reads {names}{others}.{hidden}", found=found)

    async def list(self, found: Found, known: Collection[str] = ()) -> Inventory:
        """What can't be read of a space is an item that failed, and the inventory is not complete."""
        since = self._clock.now()
        listing = await self._listings.new(found)
        takes = await self._taken_by_labels()
        pages = list(filter(takes, listing.pages.values()))
        pages += await self._overlooked(set(known) - {page.id for page in pages})
        items = [await self._item(page, listing.pages) for page in pages]
        items += [_failed(f"space:{key}", problem) for key, problem in listing.problems.items()]
        if unsaid := await self._restrictions.problem(listing.pages):
            items.append(_failed("restrictions", unsaid))
        found(len(items))
        mark = Bookmark(self._settings.scope, since, _recent(pages, since), frozenset(page.id for page in pages))
        complete = all(item.state is not ItemState.FAILED for item in items)
        return Inventory(_numbered(items), complete, mark.text())

    async def changes(self, cursor: str, found: Found) -> Changes | None:
        """A search tells what was edited; what came into view, and what left it, no search does, but a listing."""
        mark = Bookmark.read(cursor)
        if mark is None or mark.scope != self._settings.scope:
            return None
        now = self._clock.now()
        listing = await self._listings.new(_uncounted)
        if listing.problems or await self._restrictions.problem(listing.pages):
            return None
        takes = await self._taken_by_labels()
        pages = {page.id: page for page in listing.pages.values() if takes(page)}
        edited = await self._edited(pages, mark.since - OVERLAP, listing.zone)
        new = [page for page in edited if mark.seen.get(page.id) != page.number]
        told = {page.id for page in new}
        new += [page for name, page in pages.items() if name not in mark.pages and name not in told]
        items = [await self._item(page, listing.pages) for page in new]
        found(len(items))
        missing = mark.pages - pages.keys()
        deleted = missing - {page.id for page in await self._overlooked(missing)}
        left = (mark.pages | pages.keys()) - deleted
        again = Bookmark(mark.scope, now, _recent(edited, now), left)
        return Changes(_numbered(items), sorted(deleted), again.text())

    async def fetch(self, external_id: str) -> SourceDocument | Outcome:
        if not _is_id(external_id):
            return Outcome(ItemState.WITHDRAWN, "This is not the id of a page.")
        try:
            page = await self._page(external_id)
            refusal = self._settings.refusal(page)
            return Outcome(ItemState.WITHDRAWN, refusal) if refusal else await self._document(page)
        except NotFoundError:  # no proof that it was deleted: what a complete listing does not hold is
            return Outcome(ItemState.SKIPPED, _NOT_SEEN)
        except (UpstreamRejectedError, TooLargeError) as error:
            return Outcome(ItemState.SKIPPED, str(error))

    async def permissions(self) -> Mapping[str, frozenset[str]] | None:
        """Raises rather than leave out pages that can't be listed now."""
        listing = (await self._listings.last()).whole()
        pages = {page.id: await self._site.lineage(page, listing.pages) for page in listing.pages.values()}
        return await self._restrictions.of_all(pages, self._settings.cql)

    async def _counted(self) -> Mapping[str, int]:
        """What is not told is left out."""
        documents = await self._site.count(self._settings.cql)
        counts = {} if documents is None else {"documents": documents}
        try:
            return counts | dict(await self._restrictions.sample(self._settings.cql))
        except NotFoundError:
            return counts

    async def _edited(self, pages: Mapping[str, Page], since: datetime, zone: tzinfo | None) -> Sequence[Page]:
        """Those of `pages` that were, as they are now. What the listing does not hold yet, the next one will."""
        cql = f'{self._settings.cql} and lastmodified >= "{local_minute(since, zone)}"'
        try:
            found = {page.id: page async for page in self._site.found_by(cql)}
        except NotFoundError:  # nothing can be searched: the listing says when each was edited
            found = dict(pages)
        return [page for name, page in found.items() if page.modified_at >= since and name in pages]

    async def _overlooked(self, missing: Collection[str]) -> Sequence[Page]:
        """Of pages that are not listed any more, those that are of this source all the same: a listing can slip."""
        if len(missing) > _ASKED:
            return []
        asked = [await self._asked_for(name) for name in sorted(missing) if _is_id(name)]
        return [page for page in asked if page is not None and not self._settings.refusal(page)]

    async def _asked_for(self, page_id: str) -> Page | None:
        try:
            return await self._page(page_id)
        except (NotFoundError, UpstreamRejectedError):
            return None

    async def _taken_by_labels(self) -> Callable[[Page], bool]:
        """Whether the labels of a page let it be one of this source."""
        wanted = await self._labelled(self._settings.labels)
        unwanted = await self._labelled(self._settings.exclude_labels)
        return lambda page: page.id not in unwanted and (not self._settings.labels or page.id in wanted)

    async def _labelled(self, labels: Collection[str]) -> set[str]:
        if not labels:
            return set()
        cql = f"{self._settings.cql} and {one_of('label', labels)}"
        return {str(row.get("id")) async for row in self._site.search(cql, "")}

    async def _item(self, page: Page, known: Mapping[str, Page]) -> Item:
        """A page that was moved, or what it lies in renamed, has no new number, but another path."""
        path = _path(page, await self._site.lineage(page, known))
        digest = hashlib.sha256("\0".join(path).encode("utf-8", "replace")).hexdigest()[:8]
        return Item(0, page.id, version=f"{page.number}.{digest}")

    async def _page(self, page_id: str) -> Page:
        first, *others = self._settings.kinds
        for kind in others:
            try:
                return await self._site.page(page_id, first)
            except NotFoundError:
                first = kind
        return await self._site.page(page_id, first)

    async def _document(self, page: Page) -> SourceDocument:
        lineage = await self._site.lineage(page, {})
        place = Place(self._site.browsed, page.space, page.id)
        return SourceDocument(
            external_id=page.id,
            content=await asyncio.to_thread(to_markdown, page.body, place),
            format="markdown",
            modified_at=page.modified_at,
            updated_at=page.modified_at,
            title=page.title or None,
            url=page.url or None,
            path=_path(page, lineage),
            groups=await self._restrictions.groups_of(page, lineage),
        )


def _path(page: Page, lineage: Lineage) -> tuple[str, ...]:
    """The space, and what the page lies in; a space's front page is often called like the space."""
    titles = [above.title for above in lineage.ancestors if above.title]
    return tuple(titles if titles[:1] == [page.space_name] else [page.space_name or page.space, *titles])


def _is_id(name: str) -> bool:
    return name.isascii() and name.isdecimal() and len(name) <= _LONGEST_ID


def _failed(name: str, reason: str) -> Item:
    return Item(0, name, ItemState.FAILED, reason)


def _numbered(items: Iterable[Item]) -> Sequence[Item]:
    return [replace(item, ordinal=ordinal) for ordinal, item in enumerate(items)]


def _recent(pages: Iterable[Page], now: datetime) -> Mapping[str, int]:
    """The versions of those that the next search will find again. What is left out of them is told once more."""
    seen = {page.id: page.number for page in pages if page.modified_at >= now - OVERLAP}
    return dict(list(seen.items())[-_MOST_SEEN:])


def _uncounted(_: int) -> None: ...
