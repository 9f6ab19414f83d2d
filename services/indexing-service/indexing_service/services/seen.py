"""Markdown without what a reader of the rendered page can't see.

It is taken out of the document as a whole, before it is cut: in a passage of its own, the middle of a hidden block no
longer looks hidden.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from string import ascii_lowercase, ascii_uppercase
from typing import Final

from markdown_it import MarkdownIt

from flash_core.utils.elements import TAG, end_of_element
from flash_core.utils.unseen import NEVER_SHOWN, is_unseen_tag

_OPENING: Final = re.compile(
    rf"(?P<comment>(?P<block>^ {{0,3}})?<!--)|\{{%-?\s{{0,9}}comment\s{{0,9}}-?%\}}|{TAG.pattern}",
    re.IGNORECASE | re.MULTILINE,
)
_LIQUID_END: Final = re.compile(r"\{%-?\s{0,9}endcomment\s{0,9}-?%\}", re.IGNORECASE)
_SPAN_OF_CODE: Final = re.compile(r"(?<![`\\])(`{1,8})(?!`)(?:[^`\n]+|[^\n]{1,1000}?)(?<!`)\1(?!`)")
_FOLDED: Final = str.maketrans(ascii_uppercase, ascii_lowercase)


def seen(markdown: str) -> str:
    """Comments and hidden elements outside code are left out; nothing else changes."""
    openings = [one for one in _OPENING.finditer(markdown) if _may_hide(one)]
    if not openings:
        return markdown
    code, ends = _Code(markdown), _Ends(markdown)
    kept: list[str] = []
    at = 0
    for opening in openings:
        if opening.start() < at or code.holds(opening.start()):
            continue
        end = ends.of(opening)
        if end is not None:
            kept.append(markdown[at : opening.start()])
            at = end
    return "".join((*kept, markdown[at:]))


def _may_hide(opening: re.Match[str]) -> bool:
    name = opening["name"]
    return not name or (not opening["end"] and is_unseen_tag(name, opening[0]))


class _Ends:
    """Where what is hidden ends. What nothing closes hides the rest of the page only where it is a block: a lone
    `<title>` in a sentence is a word.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._never_closed: set[str] = set()

    def of(self, opening: re.Match[str]) -> int | None:
        """None where nothing is hidden, after all."""
        if opening["comment"]:
            rest = len(self._text) if opening["block"] is not None else None
            return self._behind("-->", opening.end() - 2) or rest
        name = (opening["name"] or "").lower()
        if not name:
            closing = _LIQUID_END.search(self._text, opening.end())
            return closing.end() if closing else len(self._text)
        if name in NEVER_SHOWN:
            return self._behind(f"</{name}>", opening.end())
        return end_of_element(self._text, name, opening.end()) or len(self._text)

    def _behind(self, mark: str, at: int) -> int | None:
        if mark in self._never_closed:
            return None
        found = self._lower.find(mark, at)
        if found < 0:
            self._never_closed.add(mark)
            return None
        return found + len(mark)

    @cached_property
    def _lower(self) -> str:
        """Folded without a change of length."""
        return self._text.translate(_FOLDED)


class _Code:
    """Where code stands in a text: blocks as a parser of Markdown sees them, and spans between ticks."""

    def __init__(self, text: str) -> None:
        self._kinds = (list(_blocks_of_code(text)), [one.span() for one in _SPAN_OF_CODE.finditer(text)])

    def holds(self, place: int) -> bool:
        return any(_holds(spans, place) for spans in self._kinds)


def _holds(spans: Sequence[tuple[int, int]], place: int) -> bool:
    at = bisect_right(spans, (place, place)) - 1
    return at >= 0 and place < spans[at][1]


def _blocks_of_code(text: str) -> Iterator[tuple[int, int]]:
    starts = [0, *(match.end() for match in re.finditer("\n", text)), len(text)]
    last = len(starts) - 1
    for token in MarkdownIt("commonmark").disable("inline").parse(text):
        if token.type in {"fence", "code_block"} and token.map:
            yield starts[min(token.map[0], last)], starts[min(token.map[1], last)]
