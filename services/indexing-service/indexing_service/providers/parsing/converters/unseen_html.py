"""HTML without what its page does not show: as its elements' own styles and its style sheets say, resolved as a browser
does as far as selectors without pseudo-classes go.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import soupsieve
from bs4 import BeautifulSoup, Comment, Tag
from bs4.element import PageElement, ProcessingInstruction

from flash_core.utils.unseen import (
    Look,
    background_of,
    is_invisible,
    is_left_out,
    is_page_coloured,
    is_tiny,
    look_of,
    look_of_element,
)

_THE_PAGE_ITSELF: Final = frozenset({"html", "body", "main"})
"""What a program would show when it has run."""
_COMMENT = re.compile(r"/\*.*?\*/|<!--|-->", re.DOTALL)
_BLOCK = re.compile(r"@([\w-]+)([^{};]*)\{((?:[^{}]*\{[^{}]*\})*+[^{}]*)\}")
_RULE = re.compile(r"([^{};]+)\{([^{}]*)\}")
_NAMED = re.compile(r"[.#][\w-]+|^[a-zA-Z]\w*")
_COMBINED = re.compile(r"[\s>+~]+")
_ANOTHER_MEDIUM = re.compile(r"print|speech|width|height|prefers|orientation|hover|pointer")
_OF_LETTERS: Final = frozenset({"color", "background", "background-color", "font", "font-size", "visibility"})
_MAX_MATCHES: Final = 300_000
_MAX_SHEET: Final = 300_000
_Rule = tuple[str, Look]


@dataclass(frozen=True, slots=True)
class _Letters:
    """How text looks at a place: what an element says of it holds for those inside as well."""

    color: str = ""
    background: str = ""
    tiny: bool = False
    invisible: bool = False

    def inside(self, look: Look) -> "_Letters":
        found = replace(
            self,
            color=look.get("color", "") if look.get("color", "inherit") != "inherit" else self.color,
            background=background_of(look) or self.background,
            tiny=is_tiny(look) if look.keys() & {"font-size", "font"} else self.tiny,
        )
        return replace(found, invisible=is_invisible(look)) if "visibility" in look else found

    @property
    def unseen(self) -> bool:
        return self.tiny or self.invisible or is_page_coloured({"color": self.color}, self.background)


def drop_unseen(soup: BeautifulSoup) -> None:
    """Style sheets must still be in it. What is not shown is taken out with all that is in it; letters that can't be
    read go one by one, since an element inside may look otherwise.
    """
    rules = _looks_by_rules(soup)
    waiting: list[tuple[PageElement, _Letters]] = [(child, _Letters()) for child in soup.children]
    while waiting:
        node, letters = waiting.pop()
        if isinstance(node, Tag):
            look = look_of_element(_attributes(node), rules.get(id(node)))
            if node.name not in _THE_PAGE_ITSELF and is_left_out(node.name, _attributes(node), look):
                node.decompose()
                continue
            inner = letters.inside(look)
            waiting += [(child, inner) for child in node.children]
        elif isinstance(node, Comment | ProcessingInstruction) or letters.unseen:
            node.extract()


def _attributes(element: Tag) -> Mapping[str, str]:
    return {name.lower(): value if isinstance(value, str) else " ".join(value) for name, value in element.attrs.items()}


def _looks_by_rules(soup: BeautifulSoup) -> Mapping[int, Look]:
    """By elements' identities."""
    looks: dict[int, dict[str, str]] = {}
    sheet = "\n".join(style.get_text() for style in soup.find_all("style"))[:_MAX_SHEET]
    if not sheet:
        return looks
    elements = _by_name(soup)
    tried = 0
    for selector, look in _telling(list(_rules(sheet))):
        if not elements.keys() >= set(_NAMED.findall(selector)):
            continue
        candidates = elements.get(_last_name(selector), [])
        tried += len(candidates)
        for element in _selected(candidates, selector) if tried < _MAX_MATCHES else ():
            looks.setdefault(id(element), {}).update(look)
    return looks


def _telling(rules: Sequence[_Rule]) -> Iterator[_Rule]:
    """Without the properties by which no rule hides anything."""
    hiding = {name for _, look in rules for name, value in look.items() if is_left_out("", {}, {name: value})}
    for selector, look in rules:
        kept = {name: value for name, value in look.items() if name in hiding or name in _OF_LETTERS}
        if kept:
            yield selector, kept


def _by_name(soup: BeautifulSoup) -> Mapping[str, list[Tag]]:
    """By their classes, ids and tags as selectors name them, so that each rule is tried on few: most are for other
    pages.
    """
    found: dict[str, list[Tag]] = {}
    for element in soup.find_all(True):
        attributes = _attributes(element)
        classes = [f".{name}" for name in attributes.get("class", "").split()]
        for name in (*classes, f"#{attributes.get('id', '')}", element.name, "*"):
            found.setdefault(name, []).append(element)
    return found


def _last_name(selector: str) -> str:
    """Of what a selector selects, not of what leads there."""
    named = _NAMED.findall(_COMBINED.split(selector)[-1])
    return min(named, default="*", key=lambda name: name[0].isalpha())


def _rules(sheet: str) -> Iterator[_Rule]:
    flat = _BLOCK.sub(_unwrapped, _COMMENT.sub(" ", sheet))
    for selector, declarations in _RULE.findall(flat):
        look = look_of(declarations)
        for one in selector.split(","):
            if ":" not in one and one.strip():
                yield one.strip(), look


def _unwrapped(block: re.Match[str]) -> str:
    """Rules that hold on a screen whatever its size is."""
    name, condition, rules = block.groups()
    holds = name in {"supports", "layer"} or (name == "media" and not _ANOTHER_MEDIUM.search(condition.lower()))
    return str(rules) if holds else ""


def _selected(candidates: Sequence[Tag], selector: str) -> list[Tag]:
    if not candidates:
        return []
    try:
        compiled = soupsieve.compile(selector)
    except (soupsieve.SelectorSyntaxError, NotImplementedError):
        return []
    return [element for element in candidates if compiled.match(element)]
