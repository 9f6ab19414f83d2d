"""Which document a link leads to."""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote, urlsplit
from uuid import UUID

from documentation_service.interfaces import LiveDocument

_SUFFIX = re.compile(r"(?:/?(?:index|readme|_index))?(?:\.(?:md|markdown|mdx|html?|txt|rst|adoc))?$", re.IGNORECASE)
_MOST_FOLDERS: Final = 12


class PageIndex:
    """Documents by everything that a link may call them: their address, their place in their source, its last folders
    (a site is rarely served from the root of its repository), and their title (as wikis do).
    """

    def __init__(self) -> None:
        self._by_address: dict[str, set[UUID]] = defaultdict(set)
        self._by_place: dict[tuple[UUID, str], set[UUID]] = defaultdict(set)

    def add(self, document: LiveDocument) -> None:
        if document.url:
            self._by_address[_plain_url(document.url)].add(document.id)
        for place in (_place(document.external_id), _place("/".join([*document.path, document.title]))):
            for tail in _tails(place):
                self._by_place[document.source_id, tail].add(document.id)

    def target(self, source: LiveDocument, address: str) -> UUID | None:
        """The one other document that the address means, as a whole; None for a part of a page, a page elsewhere, or
        one that might be any of several.
        """
        parts = urlsplit(address)
        if parts.fragment or parts.scheme not in {"", "http", "https"}:
            return None
        if parts.netloc:
            return self._only(self._by_address.get(_plain_url(address), set()), source)
        here = posixpath.dirname(source.external_id)
        for path in (posixpath.join(here, parts.path), parts.path.lstrip("/")):
            found = self._only(self._by_place.get((source.source_id, _place(path)), set()), source)
            if found:
                return found
        return None

    def _only(self, found: set[UUID], source: LiveDocument) -> UUID | None:
        return next(iter(found)) if len(found) == 1 and source.id not in found else None


def _plain_url(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.netloc.lower()}/{_place(parts.path)}?{parts.query}"


def _place(path: str) -> str:
    plain = posixpath.normpath("/" + unquote(path)).strip("/").casefold()
    return _SUFFIX.sub("", plain).replace(" ", "-")


def _tails(place: str) -> Iterator[str]:
    folders = place.split("/")[-_MOST_FOLDERS:]
    for at in range(len(folders)):
        yield "/".join(folders[at:])
