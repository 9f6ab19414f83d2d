"""What a page says that something is also called: "X, also known as Y", "X (formerly Y)", and lines such as "Also known
as Y" right below a title or a heading.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from documentation_service.services.page_text import Paragraph
from flash_core.utils.words import WORD, stop_words, tokens

_AKA: Final = (
    r"(?:also\s+(?:known|referred\s+to)\s+as|(?:also|previously|sometimes)\s+called|a\.?k\.?a\.?|"
    r"(?:formerly|previously|better)\s+known\s+as|formerly)"
)
_SAYS = re.compile(rf"(?<!\w){_AKA}(?!\w)[\s:,]*", re.IGNORECASE)
_CAPITAL: Final = r"[A-Z0-9][\w&.'\u2019/-]{0,40}"
_NAME_BEFORE = re.compile(rf"((?:{_CAPITAL} (?:(?:of the|of|for|and|in|to|&) )?){{0,6}}{_CAPITAL})[\"\u201d]?$")
_END = re.compile(r"[();:!?\n|]|[.](?:\s|$)|,\s")
_QUOTED = re.compile(r"[\"\u201c]([^\"\u201c\u201d]{2,60})[\"\u201d]")
_OR = re.compile(r"\s+or\s+|\s*,\s*", re.IGNORECASE)
_ARTICLE = re.compile(r"^(?:(?:a|an|the|our|your|its|their|as)\s+)+", re.IGNORECASE)
_LONGEST_NAME: Final = 5
_LONGEST_CLAUSE: Final = 150
_PRONOUNS: Final = frozenset(tokens("us we it they them you me this that here there"))


@dataclass(frozen=True, slots=True)
class OtherName:
    """`certain`: said of the page or a section as a whole, not of words in a sentence."""

    name: str
    other: str
    text: str
    certain: bool


def other_names(paragraph: Paragraph, title: str) -> Iterator[OtherName]:
    """Of the things that a paragraph or a heading speaks of; `title` is the page's own."""
    match = _SAYS.search(paragraph.text)
    if match is None:
        return
    before = paragraph.text[: match.start()]
    name, certain = _named(paragraph, before.rstrip(" ,(-\u2013\u2014"), title)
    clause = paragraph.text[match.end() : match.end() + _LONGEST_CLAUSE]
    for other in _names_in(clause):
        if is_name(name) and tokens(other) != tokens(name):
            yield OtherName(name, other, paragraph.text, certain)


def is_name(text: str) -> bool:
    """A few words, one of them more than a letter or a small word."""
    words = WORD.findall(text)
    telling = (len(word) > 1 and (word.isupper() or word.lower() not in stop_words()) for word in words)
    return len(words) <= _LONGEST_NAME and any(telling)


def _named(paragraph: Paragraph, before: str, title: str) -> tuple[str, bool]:
    if paragraph.is_heading:
        return before, True
    if not WORD.search(before):
        return (paragraph.heading or title, True) if paragraph.is_first else ("", False)
    found = _NAME_BEFORE.search(before)
    return (_ARTICLE.sub("", found[1]) if found else "", False)


def _names_in(clause: str) -> Iterator[str]:
    """The names that the clause begins with: all that stand in quotation marks, or else what comes before it ends."""
    quoted = _QUOTED.findall(clause)
    ends = _END.search(clause)
    plain = clause[: ends.start()] if ends else clause
    for one in quoted or _OR.split(plain):
        name = _ARTICLE.sub("", one.strip(" \"'\u201c\u201d.,*_"))
        if is_name(name) and name.lower() not in _PRONOUNS:
            yield name
