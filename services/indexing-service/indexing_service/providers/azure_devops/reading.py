"""One page as a document."""

import asyncio
from datetime import UTC, datetime
from typing import Final

from flash_core.errors import FlashError, NotFoundError, TooLargeError, UpstreamRejectedError
from indexing_service.interfaces import ItemState, Outcome, SourceDocument
from indexing_service.providers.azure_devops.book import Book
from indexing_service.providers.azure_devops.client import WikiClient
from indexing_service.providers.azure_devops.content import as_markdown
from indexing_service.providers.azure_devops.links import WikiLinks
from indexing_service.providers.azure_devops.paths import file_of, steps, within
from indexing_service.providers.azure_devops.wiki import Written
from indexing_service.services.decoding import decoded

_NOT_SHOWN: Final = Outcome(
    ItemState.SKIPPED, "Its wiki is disabled or was deleted, or these credentials may not read it."
)
_DELETED: Final = Outcome(ItemState.WITHDRAWN, "The page was deleted.")
_LISTED: Final = Outcome(
    ItemState.SKIPPED,
    "Azure DevOps says that it was deleted, but its list of pages did not say so: the next sync looks.",
)
_UNREADABLE: Final = ("\x00", "\ufffd")
"""What is left of UTF-16 in an answer that was written as if the file were UTF-8."""


class PageReader:
    """`project_url` is where people find the project that the wikis are in."""

    def __init__(self, client: WikiClient, project_url: str) -> None:
        self._client = client
        self._project_url = project_url

    async def document(self, book: Book, page: int, chosen: tuple[str, ...]) -> SourceDocument | Outcome:
        """Through Git where the page's file is known, which also says when it was changed; else, or when it is not
        there any more, by its id, which says whether it moved or was deleted.
        """
        try:
            return await self._read(book, page, chosen)
        except TooLargeError as error:
            return Outcome(ItemState.WITHDRAWN, str(error))

    async def _read(self, book: Book, page: int, chosen: tuple[str, ...]) -> SourceDocument | Outcome:
        path = book.pages.get(page, "")
        written = await self._from_git(book, path)
        if written is None:
            try:
                found = await self._client.page(book.wiki, page, path)
            except NotFoundError:
                return _NOT_SHOWN
            except UpstreamRejectedError as error:
                return Outcome(ItemState.SKIPPED, str(error))
            if found is None:
                return _DELETED if book.complete and page not in book.pages else _LISTED
            if not within(found.path, chosen):
                return Outcome(ItemState.WITHDRAWN, "It is not beneath the chosen paths any more.")
            path, written = found.path, Written(found.content, None)
        content = await self._readable(book, path, written.content)
        return await asyncio.to_thread(self._document, book, page, path, content, written.changed_at)

    async def _from_git(self, book: Book, path: str) -> Written | None:
        file = book.files.get(path) if book.commit else None
        try:
            return await self._client.written(book.wiki, file.path) if file else None
        except (NotFoundError, UpstreamRejectedError):
            return None

    async def _readable(self, book: Book, path: str, content: str | None) -> str | bytes:
        """As bytes where their encoding is not known either: whoever parses them says what is wrong."""
        if content is not None and not any(sign in content for sign in _UNREADABLE):
            return content
        file = book.files.get(path)
        try:
            data = await self._client.bytes_of(book.wiki, file.path if file else file_of(path, book.wiki.root))
        except (NotFoundError, UpstreamRejectedError):  # no Git is shown
            return content or ""
        try:
            return decoded(data)
        except FlashError:
            return data

    def _document(
        self, book: Book, page: int, path: str, content: str | bytes, changed_at: datetime | None
    ) -> SourceDocument:
        links = WikiLinks(self._project_url, book.wiki, book.ids)
        if isinstance(content, str):
            content = as_markdown(content, lambda destination: links.target(destination, path))
        *ancestors, title = steps(path) or [book.wiki.name]
        return SourceDocument(
            external_id=f"{book.wiki.id}/{page}",
            content=content,
            format="markdown",
            title=title,
            path=tuple(ancestors),
            url=links.permalink(page, path),
            modified_at=changed_at or datetime.now(UTC),
            updated_at=changed_at,
        )
