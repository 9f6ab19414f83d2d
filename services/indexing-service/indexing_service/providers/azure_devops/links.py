"""Where a page, and what a page links to, is found by a person."""

import re
from collections.abc import Mapping
from posixpath import dirname, normpath
from urllib.parse import quote, unquote, urlencode

from indexing_service.providers.azure_devops.paths import SUFFIX, file_of, page_name, title_in_url
from indexing_service.providers.azure_devops.wiki import Wiki

_ELSEWHERE = re.compile(r"^(?:[A-Za-z][\w+.-]*:|//|#|\?|/_)")
"""Full addresses, places on the same page, and pages of the product that are not the wiki's (`/_workitems/…`)."""
_FILE = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,7}$")


class WikiLinks:
    """Addresses of one wiki. `project`: the address of its project; `pages`: the known ids by path."""

    def __init__(self, project: str, wiki: Wiki, pages: Mapping[str, int]) -> None:
        self._project = project
        self._wiki = wiki
        self._pages = pages
        self._address = f"{project}/_wiki/wikis/{quote(wiki.id, safe='')}"

    def permalink(self, page_id: int, path: str) -> str:
        """It holds when the page is renamed: the title behind the id is only read by people."""
        return f"{self._address}/{page_id}/{title_in_url(path)}"

    def target(self, destination: str, page: str) -> str:
        """What `destination`, written on the page at this path, leads to."""
        if leads_elsewhere(destination):
            return destination
        rest, _, anchor = destination.partition("#")
        written = rest.partition("?")[0]
        meant = meanings(page, written)
        for path in meant:
            if (page_id := self._pages.get(path)) is not None:
                return self.permalink(page_id, path) + (f"?{urlencode({'anchor': anchor})}" if anchor else "")
        if _FILE.search(written) and not written.endswith(SUFFIX):
            return self._file(_from(dirname(file_of(page, "/")), unquote(written)))
        return f"{self._address}?{urlencode({'pagePath': meant[0]})}"

    def _file(self, path: str) -> str:
        path = f"{self._wiki.root.rstrip('/')}{path}"
        query = {"path": path, "versionDescriptor.version": self._wiki.branch, "$format": "octetStream"}
        return (
            f"{self._project}/_apis/git/repositories/{quote(self._wiki.repository, safe='')}/items?{urlencode(query)}"
        )


def leads_elsewhere(destination: str) -> bool:
    return not destination or _ELSEWHERE.match(destination) is not None


def meanings(page: str, written: str) -> list[str]:
    """Which pages a link on `page` may mean: links are written as files are (`/Set%2Dup`), as paths are (`/Set-up`) and
    as files, encoded once more.
    """
    folder, name = dirname(page), written.removesuffix(SUFFIX)
    return [_from(folder, one) for one in (unquote(page_name(name)), unquote(name), page_name(unquote(name)))]


def _from(folder: str, written: str) -> str:
    """`written` as a path from the wiki's root, seen from a folder; nothing leads above the root."""
    return normpath(f"/{written.lstrip('/')}" if written.startswith("/") else f"{folder.rstrip('/')}/{written}")
