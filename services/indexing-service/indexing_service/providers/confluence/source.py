"""One Confluence that is connected."""

import asyncio
import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from flash_core.errors import FlashError, NotFoundError, TooLargeError, UpstreamRejectedError
from flash_core.interfaces.clock import ClockInterface
from flash_core.models.document import NOBODY
from indexing_service.interfaces import Item, ItemState, Outcome, SourceDocument
from indexing_service.interfaces.providers import Changes, Check, DocumentationSourceInterface, Found, Inventory
from indexing_service.providers.confluence.cursors import Bookmark, ListingCutError
from indexing_service.providers.confluence.references import Place
from indexing_service.providers.confluence.restrictions import Restrictions
from indexing_service.providers.confluence.settings import Settings
from indexing_service.providers.confluence.site import Lineage, Page, Site, Space, local_minute, one_of
from indexing_service.providers.confluence.storage import to_markdown

OVERLAP: Final = timedelta(hours=2, minutes=5)
"""Searches are to the minute, in local time that is off by up to an hour twice a year, in an index that is behind."""
_MOST_SEEN: Final = 5_000
_MOST_TRASH: Final = 1_000
_NAMED: Final = 10
_LONGEST_ID: Final = 20
_NOT_SEEN: Final = "It is not there any more, or this account may not read it."


@dataclass(frozen=True, slots=True)
class _Listed:
    """A space as it was listed; `problem`: why there may be more in it."""

    pages: Mapping[str, Page]
    problem: str = ""


class ConfluenceSource(DocumentationSourceInterface):
    def __init__(self, site: Site, settings: Settings, restrictions: Restrictions, clock: ClockInterface) -> None:
        self._site = site
        self._settings = settings
        self._restrictions = restrictions
        self._clock = clock

    async def check(self) -> Check:
        try:
            await self._site.time_zone()
            spaces, missing = await self._spaces()
            found = {"spaces": len(spaces), "documents": await self._site.count(self._settings.cql)}
        except NotFoundError:
            return Check(ok=False, detail="There is no Confluence of this kind at the address that was given.")
        except FlashError as error:
            return Check(ok=False, detail=str(error))
        if missing:
            return Check(ok=False, detail=_missing(missing), found=found)
        names = ", ".join(f"{space.key} ({space.name})" for space in spaces[:_NAMED])
        others = f" and {len(spaces) - _NAMED} others" if len(spaces) > _NAMED else ""
        return Check(ok=True, detail=f"This account reads {names}{others}.", found=found)

    async def list(self, found: Found) -> Inventory:
        """What can't be read of a space is an item that failed, and the inventory is not complete."""
        since = self._clock.now()
        await self._site.time_zone()
        spaces, missing = await self._spaces()
        trash = await self._trash(spaces)  # first: what is thrown away meanwhile is told by the next changes
        takes = await self._taken_by_labels(self._settings.cql)
        items = [_failed(key, _missing([key])) for key in missing]
        recent: dict[str, int] = {}
        for space in spaces:
            listed = await self._listed(space)
            for page in filter(takes, listed.pages.values()):
                items.append(await self._item(page, listed.pages))
                if page.modified_at >= since - OVERLAP:
                    recent[page.id] = page.number
            items += [_failed(space.key, listed.problem)] if listed.problem else []
            found(len(items))
        complete = all(item.state is not ItemState.FAILED for item in items)
        mark = Bookmark(self._settings.scope, since, _bounded(recent), trash)
        return Inventory(_numbered(items), complete, mark.text())

    async def changes(self, cursor: str, found: Found) -> Changes | None:
        """Confluence does not tell what is gone for good, or left a space: a listing finds it. What lies in the trash
        is told.
        """
        mark = Bookmark.read(cursor)
        if mark is None or mark.scope != self._settings.scope:
            return None
        now = self._clock.now()
        zone = await self._site.time_zone()
        spaces, missing = await self._spaces()
        if missing:
            return None
        trash = await self._trash(spaces)
        since = mark.since - OVERLAP
        cql = f'{self._settings.cql} and lastmodified >= "{local_minute(since, zone)}"'
        window = {page.id: page async for page in self._site.found_by(cql) if page.modified_at >= since}
        takes = await self._taken_by_labels(cql)
        new = [page for page in window.values() if mark.seen.get(page.id) != page.number and takes(page)]
        items = [await self._item(page, {}) for page in new]
        found(len(items))
        seen = {page.id: page.number for page in window.values() if page.modified_at >= now - OVERLAP}
        again = Bookmark(mark.scope, now, _bounded(seen), trash)
        return Changes(_numbered(items), sorted(trash - mark.trash), again.text())

    async def fetch(self, external_id: str) -> SourceDocument | Outcome:
        if not (external_id.isascii() and external_id.isdecimal() and len(external_id) <= _LONGEST_ID):
            return Outcome(ItemState.WITHDRAWN, "This is not the id of a page.")
        try:
            page = await self._page(external_id)
            refusal = self._settings.refusal(page)
            return Outcome(ItemState.WITHDRAWN, refusal) if refusal else await self._document(page)
        except NotFoundError:
            return Outcome(ItemState.WITHDRAWN, _NOT_SEEN)
        except (UpstreamRejectedError, TooLargeError) as error:
            return Outcome(ItemState.SKIPPED, str(error))

    async def permissions(self) -> Mapping[str, frozenset[str]] | None:
        """Raises rather than leave pages out that can't be listed now: who is not named may be read by everyone."""
        await self._site.time_zone()
        spaces, missing = await self._spaces()
        if missing:
            raise UpstreamRejectedError(_missing(missing))
        pages: dict[str, Lineage] = {}
        for space in spaces:
            listed = await self._listed(space)
            if listed.problem:
                raise UpstreamRejectedError(listed.problem)
            for page in listed.pages.values():
                pages[page.id] = await self._site.lineage(page, listed.pages)
        thrown_away = dict.fromkeys(await self._trash(spaces), frozenset({NOBODY}))
        return {**thrown_away, **await self._restrictions.of_all(pages, self._settings.cql)}

    async def _spaces(self) -> tuple[Sequence[Space], Sequence[str]]:
        """What the account sees of the chosen spaces, and the keys of those that it does not see."""
        spaces = [space async for space in self._site.spaces(self._settings.spaces)]
        if not spaces:
            raise UpstreamRejectedError("This account sees no space, or none of those that were chosen.")
        return spaces, sorted(self._settings.spaces - {space.key for space in spaces})

    async def _listed(self, space: Space) -> _Listed:
        pages: dict[str, Page] = {}
        try:
            for kind in self._settings.kinds:
                async for page in self._site.pages(space, kind):
                    pages[page.id] = page
        except (ListingCutError, NotFoundError, UpstreamRejectedError) as error:
            return _Listed(pages, f"The space {space.key} can't be read to its end: {error}")
        return _Listed(pages)

    async def _trash(self, spaces: Sequence[Space]) -> frozenset[str]:
        """What was thrown away last; nothing where this account may not see it."""
        found: set[str] = set()
        for kind in self._settings.kinds:
            try:
                async for page_id in self._site.trashed(spaces, kind):
                    found.add(page_id)
                    if len(found) >= _MOST_TRASH:
                        break
            except (ListingCutError, NotFoundError, UpstreamRejectedError):
                continue
        return frozenset(found)

    async def _taken_by_labels(self, cql: str) -> Callable[[Page], bool]:
        """Whether the labels of a page, of those that `cql` finds, let it be one of this source."""
        wanted = await self._labelled(cql, self._settings.labels)
        unwanted = await self._labelled(cql, self._settings.exclude_labels)
        return lambda page: page.id not in unwanted and (not self._settings.labels or page.id in wanted)

    async def _labelled(self, cql: str, labels: Collection[str]) -> set[str]:
        if not labels:
            return set()
        return {str(row.get("id")) async for row in self._site.search(f"{cql} and {one_of('label', labels)}", "")}

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


def _missing(keys: Sequence[str]) -> str:
    return f"This account does not see the space {', '.join(keys)}: let it read there, or take the key out of `spaces`."


def _failed(space: str, reason: str) -> Item:
    return Item(0, f"space:{space}", ItemState.FAILED, reason)


def _numbered(items: Iterable[Item]) -> Sequence[Item]:
    return [replace(item, ordinal=ordinal) for ordinal, item in enumerate(items)]


def _bounded(seen: Mapping[str, int]) -> Mapping[str, int]:
    """Those that are left out are told once more, with the version that they had."""
    return dict(list(seen.items())[-_MOST_SEEN:])
