"""Markdown as the words that a reader sees: what a model embeds and keywords are taken from."""

import re
from collections.abc import Iterable
from typing import Final

from flash_core.utils.elements import TAG, attributes_of

LINK_TARGET: Final = r"(?:\{[%{].{0,200}?[%}]\}[^()\s]*|<[^<>\n]{0,500}>|[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)"
"""An address, or what a site generator makes one of: `{% link guides/leave.md %}`."""

_CODE: Final = re.compile(
    r"^ {0,3}(?P<fence>`{3,}|~{3,})[^\n]*(?:\n(?P<block>.*?))?(?:^[ \t>]*(?P=fence)[`~]*[ \t]*$|\Z)"
    r"|(?<!`)(?P<ticks>`{1,8})(?!`)(?P<span>[^`\n]+|[^\n]{1,1000}?)(?<!`)(?P=ticks)(?!`)",
    re.DOTALL | re.MULTILINE,
)
_PLACE: Final = "\ue000"
"""Where code stood, of which nothing is taken away; a character that nobody writes."""
_BEFORE_TAGS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"^[ \t]*\[([^\]\n]+)\]:[ \t]*\S+.*$", re.MULTILINE), r"\1"),
    (re.compile(rf"!?\[([^\[\]]*)\]\({LINK_TARGET}(?:\s+\"[^\"\n]*\")?\)"), r"\1"),
    (re.compile(r"\[([^\[\]\n]+)\]\[[^\[\]\n]*\]"), r"\1"),
)
_BEHIND_TAGS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (
        re.compile(r"^[ \t]*+\|?(?:[ \t]*+:?-++:?[ \t]*+\|)++(?:[ \t]*+:?-++:?[ \t]*+)?$", re.MULTILINE),
        " ",
    ),
    (re.compile(r"^\s{0,3}(?:#{1,6}|>+|[-*+])\s+", re.MULTILINE), ""),
    (re.compile(r"^[ \t]*(?:`{3,}|~{3,}).*$", re.MULTILINE), " "),
    (re.compile(r"(?<![\w*])[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}(?![\w*])"), ""),
    (re.compile(r"\|"), " "),
    (re.compile(r"`+"), ""),
)
_SPACES: Final = re.compile(r"[ \t]{2,}")


def plain_text(markdown: str) -> str:
    """Without the marks and the addresses of links, which cost a model's few tokens and say little. Code stays as it
    is, and so does what stands in angle brackets and is no element of HTML.
    """
    code: list[str] = []

    def kept(found: re.Match[str]) -> str:
        code.append((found["block"] or "") if found["fence"] else found["span"])
        return f"\n{_PLACE}\n" if found["fence"] else _PLACE

    text = _CODE.sub(kept, markdown.replace(_PLACE, " "))
    text = _replaced(_BEFORE_TAGS, _without_comments(text))
    text = _replaced(_BEHIND_TAGS, TAG.sub(_words_of, text))
    rest = iter(code)
    text = re.sub(_PLACE, lambda _: next(rest, ""), text)
    lines = (line.strip() for line in _SPACES.sub(" ", text).split("\n"))
    return "\n".join(line for line in lines if line)


def _replaced(steps: Iterable[tuple[re.Pattern[str], str]], text: str) -> str:
    for pattern, replacement in steps:
        text = pattern.sub(replacement, text)
    return text


def _without_comments(text: str) -> str:
    kept: list[str] = []
    at = 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        kept += (text[at:start], " ")
        at = end + 3
    return "".join((*kept, text[at:]))


def _words_of(tag: re.Match[str]) -> str:
    """A picture is what its description says."""
    alt = attributes_of(tag[0]).get("alt", "") if tag[0][:4].lower() == "<img" else ""
    return f" {alt} "
