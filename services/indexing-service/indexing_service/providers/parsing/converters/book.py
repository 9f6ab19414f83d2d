"""EPUB: a package of web pages, in the order in which they are read (https://www.w3.org/TR/epub-33/)."""

import posixpath
import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final
from urllib.parse import unquote

from lxml import etree

from flash_core.errors import UnsupportedMediaError
from indexing_service.interfaces.parsing import Converted
from indexing_service.providers.parsing.converters.web import convert as of_page
from indexing_service.providers.parsing.markdown import joined, one_line, paragraph
from indexing_service.providers.parsing.packages import check_package
from indexing_service.services.decoding import decoded

_CONTAINER: Final = "META-INF/container.xml"
_LOCKS: Final = "META-INF/encryption.xml"
_PAGES: Final = frozenset({"application/xhtml+xml", "text/html", "text/x-oeb1-document"})
_DAMAGED: Final = "It is damaged, or not of the type that its name says."


def convert(data: bytes) -> Converted:
    check_package(data)
    with zipfile.ZipFile(BytesIO(data)) as archive:
        try:
            [root, *_] = _named(_tree(archive, _CONTAINER), "rootfile")
            place = root.get("full-path", "")
            package = _tree(archive, place)
            pages = list(_pages(package, posixpath.dirname(place)))
        except (KeyError, ValueError) as error:
            raise UnsupportedMediaError(_DAMAGED) from error
        _check_open(archive, pages)
        held = set(archive.namelist())
        chapters = [_chapter(archive.read(one)) for one in pages if one in held]
    authors = ", ".join(_words(package, "creator"))
    about = [f"**Authors:** {authors}" if authors else "", *map(paragraph, _words(package, "description"))]
    return Converted(next(iter(_words(package, "title")), ""), joined([*about, *chapters]))


def _pages(package: Any, folder: str) -> Iterator[str]:
    """As the spine orders them, without the table of contents, which says everything twice."""
    items = {item.get("id"): item for item in _named(package, "item")}
    for reference in _named(package, "itemref"):
        item = items.get(reference.get("idref"))
        if item is not None and item.get("media-type") in _PAGES and "nav" not in item.get("properties", "").split():
            yield posixpath.normpath(posixpath.join(folder, unquote(item.get("href", ""))))


def _chapter(data: bytes) -> str:
    return of_page(decoded(data).encode()).markdown if data.strip() else ""


def _check_open(archive: zipfile.ZipFile, pages: list[str]) -> None:
    """Fonts are often locked, pages are when the book is sold to one reader."""
    if _LOCKS not in archive.namelist():
        return
    locked = {unquote(one.get("URI", "")) for one in _named(_tree(archive, _LOCKS), "CipherReference")}
    if locked.intersection(pages):
        raise UnsupportedMediaError("It is protected by its publisher.")


def _tree(archive: zipfile.ZipFile, name: str) -> Any:
    return etree.fromstring(archive.read(name), etree.XMLParser(resolve_entities=False, no_network=True))


def _named(tree: Any, name: str) -> list[Any]:
    """Elements of this name, whatever their namespace: real books leave it out or have an older one."""
    return list(tree.iter(f"{{*}}{name}"))


def _words(tree: Any, name: str) -> list[str]:
    found = [one_line("".join(one.itertext())) for one in _named(tree, name)]
    return [one for one in found if one]
