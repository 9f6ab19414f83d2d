"""What became of one wiki since a commit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from indexing_service.providers.azure_devops.book import Book, version_of
from indexing_service.providers.azure_devops.client import WikiClient
from indexing_service.providers.azure_devops.cursor import Mark
from indexing_service.providers.azure_devops.paths import page_of, within
from indexing_service.providers.azure_devops.wiki import Difference, File, Wiki


@dataclass(frozen=True, slots=True)
class Delta:
    """`versions` of the pages that were added, changed or renamed, by id; `deleted` ids are gone for sure.

    `book`: the pages as they are now, with the files of those that changed; None if no page did.
    """

    mark: Mark
    book: Book | None = None
    versions: Mapping[int, str] = field(default_factory=dict)
    deleted: frozenset[int] = frozenset()


async def since(
    client: WikiClient, wiki: Wiki, mark: Mark, head: str, chosen: tuple[str, ...], found: Callable[[int], None]
) -> Delta | None:
    """None when only a listing can say it."""
    if mark.commit == head:
        return Delta(mark)
    difference = await client.difference(wiki, mark.commit, head)
    if difference is None:
        return None
    there, gone = _pages_of(difference, wiki, chosen)
    if not there and not gone:
        return Delta(Mark(mark.branch, head, mark.pages))
    listing = await client.pages(wiki, lambda _: None)
    pages = {page: path for page, path in listing.paths.items() if within(path, chosen)}
    versions = await _versions(client, wiki, there, pages)
    found(len(versions))
    deleted = mark.pages - set(pages)
    if not listing.complete or len(deleted) > gone:
        return None  # more pages are missing than files: the listing is not to be trusted
    book = Book(wiki, head, pages, there, frozenset(), complete=True)
    return Delta(Mark(mark.branch, head, frozenset(pages)), book, versions, deleted)


def _pages_of(difference: Difference, wiki: Wiki, chosen: tuple[str, ...]) -> tuple[dict[str, File], int]:
    """The files of pages by path, and how many are not any more where they were."""
    there: dict[str, File] = {}
    for file, object_id in difference.there.items():
        path = page_of(file, wiki.root)
        if path is not None and within(path, chosen):
            there[path] = File(file, object_id, folder=False)
    left = {page_of(file, wiki.root) for file in difference.gone} - {None}
    return there, sum(path is not None and within(path, chosen) for path in left)


async def _versions(client: WikiClient, wiki: Wiki, there: Mapping[str, File], pages: dict[int, str]) -> dict[int, str]:
    """A page that the listing does not have (yet) is asked for; one that was deleted since is left to the next time."""
    ids = {path: page for page, path in pages.items()}
    versions: dict[int, str] = {}
    for path, file in there.items():
        page = ids.get(path)
        if page is None:
            page = await client.page_id(wiki, path)
        if page is not None:
            name = pages.setdefault(page, path)
            versions[page] = version_of(file.object_id, name)
    return versions
