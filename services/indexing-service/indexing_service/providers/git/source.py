"""A repository as a source: the documents in the tree of a branch, by their paths."""

import asyncio
import hashlib
import itertools
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import PurePosixPath
from typing import Final

from flash_core.errors import FlashError, UpstreamRejectedError
from indexing_service.interfaces import Item, ItemState, Outcome, SourceDocument
from indexing_service.interfaces.providers import (
    Changes,
    Check,
    DocumentationSourceInterface,
    Found,
    Inventory,
    SourceAwayError,
)
from indexing_service.providers.azure_devops.content import as_markdown
from indexing_service.providers.azure_devops.links import leads_elsewhere, meanings
from indexing_service.providers.azure_devops.paths import page_name
from indexing_service.providers.git.blobs import BlobReader
from indexing_service.providers.git.clone import Blob, Clone, Edit, Head
from indexing_service.providers.git.command import GitFailedError
from indexing_service.providers.git.configuration import Configuration
from indexing_service.providers.git.links import rendered
from indexing_service.services import files
from indexing_service.services.decoding import decoded
from indexing_service.services.patterns import matches

_CHECK_SECONDS: Final = 20.0
_TELL_EVERY: Final = 1_000
_MAX_FILES: Final = 1_000_000
"""A tree of trees that name each other can hold more files than there are atoms."""
_LFS: Final = b"version https://git-lfs.github.com/spec/"
_GONE: Final = Outcome(ItemState.WITHDRAWN, "It is not there any more.")


@dataclass(frozen=True)
class _Tree:
    head: Head
    committed_at: datetime
    blobs: Mapping[str, Blob]

    @cached_property
    def wiki_pages(self) -> Mapping[str, str]:
        """The documents by the paths that a wiki shows for them."""
        return {_wiki_page(blob.path): name for name, blob in self.blobs.items()}


class GitSource(DocumentationSourceInterface):
    """Links, other repositories within it and hidden files are left out. A cursor is a commit, with what was chosen."""

    def __init__(self, configuration: Configuration, clone: Clone, reader: BlobReader) -> None:
        self._configuration = configuration
        self._clone = clone
        self._reader = reader
        self._head: Head | None = None
        self._tree: _Tree | None = None
        self._reading = asyncio.Lock()

    async def check(self) -> Check:
        try:
            head = await self._clone.remote_head(self._configuration.branch)
            return await self._counted(head)
        except FlashError as error:
            return Check(ok=False, detail=str(error))

    async def list(self, found: Found, known: Collection[str] = ()) -> Inventory:  # noqa: ARG002  # its listings leave nothing out
        head = await self._clone.update(self._configuration.branch)
        try:
            tree = await self._read(head, found)
        except GitFailedError as error:
            if await self._clone.readable(head):
                detail = f"There is no folder `{self._configuration.subfolder}` in the repository."
                raise UpstreamRejectedError(detail) from error
            await self._reader.close()
            await self._clone.discard()
            raise SourceAwayError("The copy of the repository was damaged; it is made anew.") from error
        self._tree = tree
        items = [self._item(number, blob) for number, blob in enumerate(tree.blobs.values())]
        return Inventory(items, complete=True, cursor=self._cursor(tree.head), tells_renames=True)

    async def changes(self, cursor: str, found: Found) -> Changes | None:
        commit, _, chosen = cursor.partition(" ")
        if chosen != self._chosen():
            return None
        head = await self._clone.update(self._configuration.branch)
        if head.commit == commit:
            return Changes([], [], cursor)
        self._head, self._tree = head, None
        try:
            edits = await self._clone.edits(commit, head, self._configuration.subfolder)
        except GitFailedError:
            return None
        changes = self._changes([self._chosen_of(edit) for edit in edits], self._cursor(head))
        found(len(changes.items))
        return changes

    async def fetch(self, external_id: str) -> SourceDocument | Outcome:
        try:
            tree = await self._current()
            blob = tree.blobs.get(external_id)
            if blob is None:
                return _GONE
            if refusal := files.refusal(external_id, blob.size):
                return Outcome(ItemState.WITHDRAWN, refusal)
            content = await self._reader.read(blob.sha)
        except GitFailedError as error:
            return Outcome(ItemState.FAILED, f"It can't be read from the copy of the repository ({error}).")
        if content.startswith(_LFS):
            return Outcome(ItemState.WITHDRAWN, "It lies in Git LFS, which is not read.")
        return await asyncio.to_thread(self._document, external_id, content, tree)

    async def permissions(self) -> Mapping[str, frozenset[str]] | None:
        """A repository is read as a whole or not at all."""
        return None

    async def _counted(self, head: Head) -> Check:
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                inventory = await self.list(lambda _: None)
        except TimeoutError:
            return Check(ok=True, detail=f"Branch `{head.branch}` can be read; a sync will count its documents.")
        documents = sum(item.state is ItemState.PENDING for item in inventory.items)
        found = {"documents": documents, "skipped": len(inventory.items) - documents}
        return Check(ok=True, detail=f"Branch `{head.branch}` can be read.", found=found)

    async def _current(self) -> _Tree:
        """As listed by this worker, or else as the repository is now: it is asked whether these credentials may read
        it, since others may have filled the copy.
        """
        async with self._reading:
            if self._tree is None:
                head = self._head or await self._clone.update(self._configuration.branch)
                self._tree = await self._read(head, lambda _: None)
            return self._tree

    async def _read(self, head: Head, found: Found) -> _Tree:
        blobs: dict[str, Blob] = {}
        seen = itertools.count(1)

        def take(blob: Blob) -> None:
            if next(seen) > _MAX_FILES:
                raise UpstreamRejectedError(f"The repository holds more than {_MAX_FILES:,} files. Name a `subfolder`.")
            if blob.regular and self._wants(blob.path):
                blobs[self._id(blob.path)] = blob
                if len(blobs) % _TELL_EVERY == 0:
                    found(len(blobs))

        await self._clone.blobs(head, self._configuration.subfolder, take)
        found(len(blobs))
        return _Tree(head, await self._clone.committed_at(head), dict(sorted(blobs.items())))

    def _wants(self, path: str) -> bool:
        hidden = any(part.startswith(".") for part in path.split("/"))
        chosen = matches(path, self._configuration.include) and not matches(path, self._configuration.exclude)
        return chosen and not hidden

    def _id(self, path: str) -> str:
        folder = self._configuration.subfolder
        return f"{folder}/{path}" if folder else path

    def _item(self, ordinal: int, blob: Blob) -> Item:
        name = self._id(blob.path)
        refusal = files.refusal(name, blob.size)
        state = ItemState.WITHDRAWN if refusal else ItemState.PENDING
        return Item(ordinal, files.storable(name), state, refusal, version=blob.sha)

    def _chosen_of(self, edit: Edit) -> Edit:
        """With None for what is none of the documents that were chosen."""
        before, after = (path if path and self._wants(path) else None for path in (edit.before, edit.after))
        return Edit(before, after, edit.sha)

    def _changes(self, edits: Sequence[Edit], cursor: str) -> Changes:
        blobs = [Blob(edit.after, edit.sha, 0, regular=True) for edit in edits if edit.after]
        renamed = {
            self._id(edit.before): self._id(edit.after)
            for edit in edits
            if edit.before and edit.after and edit.before != edit.after and self._keepable(edit.before, edit.after)
        }
        gone = [self._id(edit.before) for edit in edits if edit.before and edit.before != edit.after]
        return Changes(
            items=[self._item(number, blob) for number, blob in enumerate(blobs)],
            deleted=[name for name in map(files.storable, gone) if name not in renamed],
            cursor=cursor,
            renamed=renamed,
        )

    def _keepable(self, *paths: str) -> bool:
        return all(files.storable(self._id(path)) == self._id(path) for path in paths)

    def _cursor(self, head: Head) -> str:
        return f"{head.commit} {self._chosen()}"

    def _chosen(self) -> str:
        """Another choice of files sees other differences between the same commits."""
        config = self._configuration
        chosen = repr((config.branch, config.subfolder, tuple(config.include), tuple(config.exclude)))
        return hashlib.sha256(chosen.encode()).hexdigest()[:16]

    def _document(self, external_id: str, content: bytes, tree: _Tree) -> SourceDocument:
        *folders, _ = tree.blobs[external_id].path.split("/")
        document = SourceDocument(
            external_id=external_id,
            content=content,
            format=files.format_of(external_id),
            path=tuple(folders),
            url=self._address(external_id, tree),
            modified_at=tree.committed_at,
        )
        return self._as_wiki(document, tree) if self._configuration.azure_wiki else document

    def _as_wiki(self, document: SourceDocument, tree: _Tree) -> SourceDocument:
        """With names as the wiki shows them, and its own syntax as any reader understands it."""
        page = _wiki_page(tree.blobs[document.external_id].path)
        content = document.content
        if document.format == "markdown" and isinstance(content, bytes):
            with suppress(FlashError):  # whoever parses it says what is wrong
                content = as_markdown(decoded(content), lambda to: self._target(to, page, tree))
        *folders, title = page.strip("/").split("/")
        return replace(document, content=content, title=title, path=tuple(folders))

    def _target(self, destination: str, page: str, tree: _Tree) -> str:
        """What a link on a page of the wiki leads to, where that is another page that has an address."""
        if leads_elsewhere(destination):
            return destination
        written, _, anchor = destination.partition("#")
        for meant in meanings(page, written.partition("?")[0]):
            name = tree.wiki_pages.get(meant)
            if name and (address := self._address(name, tree)):
                return address + (f"#{anchor}" if anchor else "")
        return destination

    def _address(self, external_id: str, tree: _Tree) -> str | None:
        page = page_name(str(PurePosixPath(external_id).with_suffix("")))
        template = self._configuration.web_url
        places = {"branch": tree.head.branch, "path": external_id, "page": page}
        return rendered(template, places) if template else None


def _wiki_page(file: str) -> str:
    return f"/{page_name(str(PurePosixPath(file).with_suffix('')))}"
