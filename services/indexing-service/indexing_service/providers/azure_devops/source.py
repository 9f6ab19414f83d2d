"""Wikis of one project as a source of documents."""

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from flash_core.errors import FlashError, NotFoundError, UpstreamRejectedError
from indexing_service.interfaces import Item, ItemState, Outcome, SourceDocument
from indexing_service.interfaces.providers import Changes, Check, DocumentationSourceInterface, Found, Inventory
from indexing_service.providers.azure_devops.book import Book, head_of, read
from indexing_service.providers.azure_devops.client import WikiClient
from indexing_service.providers.azure_devops.cursor import Cursor, Mark, parsed
from indexing_service.providers.azure_devops.delta import Delta, since
from indexing_service.providers.azure_devops.reading import PageReader
from indexing_service.providers.azure_devops.wiki import Wiki

_WITHOUT_GIT: Final = (
    " Their Git repositories can't be read: each sync asks for every page. With the scope Code (read) it asks for what"
    " has changed."
)
_EXTERNAL_ID = re.compile(r"(?P<wiki>[0-9A-Za-z-]{1,64})/(?P<page>[0-9]{1,10})")


@dataclass(frozen=True, slots=True)
class Choice:
    """What of a project is read. `wikis` are names or ids; empty means all, as an empty `paths` does."""

    project: str
    wikis: tuple[str, ...] = ()
    branch: str | None = None
    paths: tuple[str, ...] = ()


class AzureWikiSource(DocumentationSourceInterface):
    """`project_url` is where people find the project. A document's id is `<wiki id>/<page id>`."""

    def __init__(self, client: WikiClient, choice: Choice, project_url: str) -> None:
        self._client = client
        self._choice = choice
        self._reader = PageReader(client, project_url)
        self._chosen: dict[str, Wiki] | None = None
        self._books: dict[str, Book] = {}
        self._closed: dict[str, Outcome] = {}
        self._opening = asyncio.Lock()

    async def check(self) -> Check:
        try:
            wikis = (await self._wikis()).values()
            commits = [await head_of(self._client, wiki) for wiki in wikis]
            pages = {wiki.name: len((await self._client.pages(wiki, _uncounted)).paths) for wiki in wikis}
        except FlashError as error:
            return Check(ok=False, detail=str(error))
        named = ", ".join(f"{name} ({count} pages)" for name, count in pages.items())
        detail = f"Can be read: {named}.{'' if all(commits) else _WITHOUT_GIT}"
        return Check(ok=True, detail=detail, found={"wikis": len(pages), "pages": sum(pages.values())})

    async def list(self, found: Found, known: Collection[str] = ()) -> Inventory:  # noqa: ARG002  # its listings leave nothing out
        wikis = await self._wikis()
        items: list[Item] = []
        problems: list[FlashError] = []
        self._books = {}
        for wiki in wikis.values():
            try:
                items += await self._listed(wiki, len(items), found)
            except (NotFoundError, UpstreamRejectedError) as error:
                problems.append(error)
                items.append(Item(len(items), f"{wiki.id}/", ItemState.FAILED, str(error)))
        if not self._books:
            raise UpstreamRejectedError(str(problems[0])) from problems[0]
        found(len(items))
        complete = not problems and all(book.complete for book in self._books.values())
        told = complete and all(book.commit for book in self._books.values())
        return Inventory(items, complete, str(self._cursor()) if told else None)

    async def _listed(self, wiki: Wiki, first: int, found: Found) -> Sequence[Item]:
        book = await read(self._client, wiki, self._choice.paths, lambda count: found(first + count))
        self._books[wiki.id] = book
        pages = enumerate(sorted(book.pages.items()), start=first)
        return [_item(book, ordinal, page, path) for ordinal, (page, path) in pages]

    async def changes(self, cursor: str, found: Found) -> Changes | None:
        known = parsed(cursor)
        wikis = await self._wikis()
        if known is None or known.chosen != self._choice.paths or not _same(known, wikis):
            return None
        items: list[Item] = []
        deleted: list[str] = []
        marks: dict[str, Mark] = {}
        for wiki in wikis.values():
            delta = await self._delta(wiki, known, lambda count: found(len(items) + count))
            if delta is None:
                return None
            marks[wiki.id] = delta.mark
            for page, version in sorted(delta.versions.items()):
                items.append(Item(len(items), f"{wiki.id}/{page}", version=version))
            deleted += [f"{wiki.id}/{page}" for page in sorted(delta.deleted)]
        return Changes(items, deleted, str(Cursor(known.chosen, marks)))

    async def fetch(self, external_id: str) -> SourceDocument | Outcome:
        named = _EXTERNAL_ID.fullmatch(external_id)
        if named is None:
            return Outcome(ItemState.WITHDRAWN, "There is no such page.")
        wiki = (await self._wikis()).get(named["wiki"])
        if wiki is None:
            return Outcome(ItemState.SKIPPED, "Its wiki is not there any more, or is not among those of this source.")
        book = await self._book(wiki)
        if isinstance(book, Outcome):
            return book
        return await self._reader.document(book, int(named["page"]), self._choice.paths)

    async def permissions(self) -> Mapping[str, frozenset[str]] | None:
        """Who may read a wiki's repository may read all of it."""
        return None

    async def _wikis(self) -> dict[str, Wiki]:
        """Those that were chosen, by their ids. Raises `UpstreamRejectedError` if one of them is not there."""
        if self._chosen is None:
            self._chosen = await self._chosen_wikis()
        return self._chosen

    async def _chosen_wikis(self) -> dict[str, Wiki]:
        try:
            known = await self._client.wikis(self._choice.branch)
        except NotFoundError as error:
            raise UpstreamRejectedError(
                f"There is no project {self._choice.project}, or these credentials may not see it."
            ) from error
        chosen = [wiki for wiki in known if not self._choice.wikis or {wiki.id, wiki.name} & set(self._choice.wikis)]
        missing = [name for name in self._choice.wikis if not any(name in {wiki.id, wiki.name} for wiki in chosen)]
        if missing:
            raise UpstreamRejectedError(f"The project has no wiki {missing[0]}, or these credentials may not see it.")
        if not chosen:
            raise UpstreamRejectedError("The project has no wiki that these credentials may see.")
        return {wiki.id: wiki for wiki in sorted(chosen, key=lambda wiki: wiki.id)}

    async def _book(self, wiki: Wiki) -> Book | Outcome:
        """Links between pages need all of them, so a job that goes on without its listing lists once more."""
        async with self._opening:
            if wiki.id not in self._books and wiki.id not in self._closed:
                try:
                    self._books[wiki.id] = await read(self._client, wiki, self._choice.paths, _uncounted)
                except (NotFoundError, UpstreamRejectedError) as error:
                    self._closed[wiki.id] = Outcome(ItemState.SKIPPED, str(error))
            return self._books.get(wiki.id) or self._closed[wiki.id]

    async def _delta(self, wiki: Wiki, known: Cursor, found: Found) -> Delta | None:
        try:
            head = await head_of(self._client, wiki)
            if not head:
                return None
            delta = await since(self._client, wiki, known.wikis[wiki.id], head, known.chosen, found)
        except (NotFoundError, UpstreamRejectedError):
            return None  # a listing says which wiki it is, and goes on with the others
        if delta and delta.book:
            self._books[wiki.id] = delta.book
        return delta

    def _cursor(self) -> Cursor:
        marks = {name: Mark(book.wiki.branch, book.commit, frozenset(book.pages)) for name, book in self._books.items()}
        return Cursor(self._choice.paths, marks)


def _same(known: Cursor, wikis: Mapping[str, Wiki]) -> bool:
    return {name: mark.branch for name, mark in known.wikis.items()} == {
        name: wiki.branch for name, wiki in wikis.items()
    }


def _item(book: Book, ordinal: int, page: int, path: str) -> Item:
    external_id = f"{book.wiki.id}/{page}"
    if book.is_bare_folder(path):
        return Item(ordinal, external_id, ItemState.WITHDRAWN, "It is a folder that no page is written for.")
    return Item(ordinal, external_id, version=book.version(path))


def _uncounted(_: int) -> None: ...
