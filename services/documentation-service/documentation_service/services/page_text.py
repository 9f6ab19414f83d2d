"""What a page says, beside the words themselves: links, headings, and prose without marks and line breaks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from flash_core.utils.plain import LINK_TARGET, plain_text

# The bracket comes before what looks back at it: the engine skips to a literal, four times as fast.
_LINK = re.compile(rf"\[(?<!!\[)([^\[\]]{{1,200}})\]\(\s*({LINK_TARGET})(?:\s+\"[^\"\n]{{0,200}}\")?\s*\)")
_WIKI_LINK = re.compile(r"\[\[(?<!!\[\[)([^\[\]|\n]{1,200})(?:\|([^\[\]\n]{1,200}))?\]\]")
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$")
_LONGEST_LINE: Final = 2_000
_ANCHOR = re.compile(r"\s*\{#[^{}\n]*\}\s*$")
_FENCE = re.compile(r"^ {0,3}(?:`{3,}|~{3,})")
_BEGINS_A_LINE = re.compile(r"[ \t]*(?:[-*+>]\s|#{1,6}\s|\||\d+[.)]\s|[-=]{3,}|$)")
_WORD = re.compile(r"\w+")
_GENERATED = re.compile(r"\{[%{].*?(?:[\"']([^\"'\n]+)[\"']|(\S+/\S+)).*?[%}]\}")


@dataclass(frozen=True, slots=True)
class Link:
    text: str
    target: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph, a list item or a row in one line of plain words, under the heading that it stands below."""

    text: str
    heading: str
    is_heading: bool = False
    is_first: bool = False


def links(markdown: str) -> Iterator[Link]:
    """Links to pages, with the words that a reader clicks on."""
    for match in _LINK.finditer(markdown):
        yield Link(_words(match[1]), _address(match[2]))
    for match in _WIKI_LINK.finditer(markdown):
        yield Link(_words(match[2] or match[1]), match[1].strip())


@lru_cache(maxsize=1_024)
def link_share(markdown: str) -> float:
    """The part of the words, from 0 to 1, that a reader could click on: link density (Kohlschütter et al. 2010,
    "Boilerplate Detection using Shallow Text Features"). Remembered, because the same passages are found again and
    again.
    """
    linked = [match[1] for match in _LINK.finditer(markdown)]
    linked += [match[2] or match[1] for match in _WIKI_LINK.finditer(markdown)]
    words = _WORD.findall(_without_links(markdown)) if linked else []
    return len(_WORD.findall(" ".join(linked))) / len(words) if words else 0.0


def paragraphs(markdown: str) -> Iterator[Paragraph]:
    """In order, headings among them, without code."""
    heading, first = "", True
    for line in _joined_lines(_without_links(markdown)):
        found = _HEADING.match(line)
        text = plain_text(_ANCHOR.sub("", found[1]) if found else line)
        if not text:
            continue
        if found:
            heading = text
        yield Paragraph(text, heading, is_heading=found is not None, is_first=first and not found)
        first = found is not None


def _without_links(markdown: str) -> str:
    return _WIKI_LINK.sub(lambda match: match[2] or match[1], _LINK.sub(r"\1", markdown))


def _joined_lines(markdown: str) -> Iterator[str]:
    """Lines that a writer broke for width are one; what is longer than a paragraph is cut."""
    line, in_code = "", False
    for whole in markdown.splitlines():
        raw = whole[:_LONGEST_LINE]
        is_fence = _FENCE.match(raw) is not None
        if line and (is_fence or in_code or _BEGINS_A_LINE.match(raw) or _HEADING.match(line) or line.endswith("|")):
            yield line
            line = ""
        in_code ^= is_fence
        if not in_code and not is_fence and len(line) < _LONGEST_LINE:
            line = f"{line} {raw.strip()}" if line else raw
    yield line


def _address(target: str) -> str:
    generated = _GENERATED.match(target)
    if generated:
        return (generated[1] or generated[2]) + target[generated.end() :]
    return target.strip("<>")


def _words(text: str) -> str:
    return " ".join(plain_text(text).split())
