"""One wiki as it is now: which pages there are, where they are written and in which version."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Final

from flash_core.errors import NotFoundError, UpstreamRejectedError, UpstreamUnavailableError
from indexing_service.interfaces.providers import SourceAwayError
from indexing_service.providers.azure_devops.client import WikiClient
from indexing_service.providers.azure_devops.paths import file_of, folder_of, page_of, within
from indexing_service.providers.azure_devops.wiki import File, Wiki

_MOST_MISSED: Final = 10


@dataclass(frozen=True)
class Book:
    """The chosen pages of one wiki by their ids; `commit` is where the changes after it begin, empty where no Git is
    shown.

    `files` are those that are known by page path, with their object ids; `folders` the page paths that have pages
    beneath them. `complete` False: some pages may be missing.
    """

    wiki: Wiki
    commit: str
    pages: Mapping[int, str]
    files: Mapping[str, File]
    folders: frozenset[str]
    complete: bool

    @cached_property
    def ids(self) -> Mapping[str, int]:
        return {path: page for page, path in self.pages.items()}

    def version(self, path: str) -> str:
        """Empty where Git does not show the page (yet)."""
        file = self.files.get(path)
        return version_of(file.object_id, path) if file else ""

    def is_bare_folder(self, path: str) -> bool:
        """A folder that nobody wrote a page for: the wiki shows it all the same, without a text."""
        return path not in self.files and path in self.folders


def version_of(object_id: str, path: str) -> str:
    """It changes with the text, and with the path: a renamed page has another title and address."""
    return f"{object_id}:{sha256(path.encode()).hexdigest()[:12]}"


async def head_of(client: WikiClient, wiki: Wiki) -> str:
    """Empty where no Git is shown. Raises `UpstreamRejectedError` when the wiki can't be read at all."""
    if wiki.disabled:
        raise UpstreamRejectedError(f"The wiki {wiki.name} is disabled. Enable it, or leave it out.")
    commit = await client.head(wiki)
    if commit is None:
        known = ", ".join(wiki.branches) or "none"
        raise UpstreamRejectedError(f"The wiki {wiki.name} has no branch {wiki.branch} (published: {known}).")
    return commit


async def read(client: WikiClient, wiki: Wiki, chosen: Iterable[str], found: Callable[[int], None]) -> Book:
    """The commit is read first: what changes meanwhile is among the changes after it."""
    prefixes = tuple(chosen)
    commit = await head_of(client, wiki)
    listed = await _files(client, wiki, commit)
    files = _by_page(listed or (), wiki, prefixes)
    listing = await client.pages(wiki, found)
    pages = {page: path for page, path in listing.paths.items() if within(path, prefixes)}
    if listed is None:
        return Book(wiki, "", pages, await _tagged(client, wiki, pages), frozenset(), listing.complete)
    known = set(pages.values())
    for path in sorted(set(files) - known):
        page = await client.page_id(wiki, path)
        if page is not None:
            files[pages.setdefault(page, path)] = files[path]
    folders = frozenset(filter(None, (folder_of(one.path, wiki.root) for one in listed if one.folder)))
    return Book(wiki, commit, pages, files, folders, listing.complete)


async def _files(client: WikiClient, wiki: Wiki, commit: str) -> Sequence[File] | None:
    """None where no Git is shown, as to a token for wikis alone."""
    try:
        return await client.files(wiki, commit) if commit else None
    except (NotFoundError, UpstreamRejectedError):
        return None


async def _tagged(client: WikiClient, wiki: Wiki, pages: Mapping[int, str]) -> Mapping[str, File]:
    """Page by page: the tag of a page is the object id of its file. What is wrong with a page, reading it will say;
    what is with many of them is no fault of theirs.
    """
    files: dict[str, File] = {}
    missed = 0
    for page, path in pages.items():
        try:
            found = await client.page(wiki, page, path, content=False)
        except (NotFoundError, UpstreamRejectedError):
            continue
        except UpstreamUnavailableError as error:
            missed += 1
            if missed > _MOST_MISSED or isinstance(error, SourceAwayError):
                raise
            continue
        if found and found.tag:
            files[path] = File(file_of(path, wiki.root), found.tag, folder=False)
    return files


def _by_page(listed: Iterable[File], wiki: Wiki, prefixes: tuple[str, ...]) -> dict[str, File]:
    files: dict[str, File] = {}
    for file in listed:
        path = None if file.folder else page_of(file.path, wiki.root)
        if path is not None and within(path, prefixes):
            files[path] = file
    return files
