"""What a page refers to: other pages, files, pictures, addresses."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote, quote_plus, urlsplit

from bs4 import Tag

_SCHEMES: Final = {"http", "https", "mailto"}
_UNSAFE_IN_LINK: Final = str.maketrans({"(": "%28", ")": "%29", " ": "%20", "<": "%3C", ">": "%3E"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page is: the `site` as in a browser (`https://acme.atlassian.net/wiki`), its space's key, its id."""

    site: str
    space: str
    page: str


def reference(link: Tag, text: str, place: Place) -> tuple[str, str]:
    """Label and address of an `ac:link`; the address is "" where none can be said."""
    target = link.find(lambda tag: tag.name.startswith("ri:"))
    name, address = _target(target, place) if isinstance(target, Tag) else ("", "")
    return " ".join(text.split()) or name, address


def image(element: Tag, place: Place) -> tuple[str, str]:
    """What an `ac:image` shows, in words, and its address. Without words it says nothing."""
    alt = str(element.get("ac:alt") or element.get("alt") or _caption(element) or element.get("ac:title") or "")
    target = element.find(lambda tag: tag.name in {"ri:attachment", "ri:url"})
    if not alt.strip() or not isinstance(target, Tag):
        return " ".join(alt.split()), ""
    return " ".join(alt.split()).replace("]", "\\]"), _target(target, place)[1]


def _caption(element: Tag) -> str:
    caption = element.find("ac:caption")
    return caption.get_text(" ", strip=True) if caption else ""


def _target(target: Tag, place: Place) -> tuple[str, str]:
    """What a reference is called where its author gave no words, and its address."""
    title = str(target.get("ri:content-title", ""))
    if target.name == "ri:page" and title:
        space = str(target.get("ri:space-key") or place.space)
        return title, f"{place.site}/display/{quote(space, safe='~')}/{quote_plus(title)}"
    if target.name == "ri:attachment":
        return _attachment(target, place)
    if target.name == "ri:url":
        address = str(target.get("ri:value", "")).strip()
        safe = address.translate(_UNSAFE_IN_LINK) if _scheme(address) in _SCHEMES else ""
        return address, safe
    return title, ""


def _attachment(target: Tag, place: Place) -> tuple[str, str]:
    name = PurePosixPath(str(target.get("ri:filename", ""))).name
    elsewhere = target.find(lambda tag: tag.name.startswith("ri:"))
    if not name or elsewhere is not None:  # of a page that is known by its title alone
        return name, ""
    return name, f"{place.site}/download/attachments/{quote(place.page)}/{quote(name)}"


def _scheme(address: str) -> str:
    try:
        return urlsplit(address).scheme.lower()
    except ValueError:
        return ""
