"""The markers and links of an answer while it is being written: what is known passes, and nothing can come to life.

What a model writes is not trusted. A marker that names no passage is removed, an image is reduced to its description,
a link to a place that may not be followed to its words, and raw HTML to its text (OWASP LLM05:2025, improper output
handling). Markers are known as [1], [1, 2], [1-3], [^1] and 【1】; "(1)" is text, because lists are numbered like that.
"""

import re
from collections.abc import Collection

from ai_main_service.services.cleaning import visible
from ai_main_service.services.links import LinkFilter, LinkRule
from ai_main_service.services.markup import Markup
from ai_main_service.services.plain import one_line

__all__ = ["LinkRule", "MarkerFilter", "inert"]

_NUMBERS = re.compile(r"\s*\^?\d{1,3}(?:\s*[,;\u2013-]\s*\^?\d{1,3})*\s*")
_RANGE = re.compile(r"(\d+)(?:\s*[\u2013-]\s*(\d+))?")
_WIDEST_RANGE = 20


class MarkerFilter:
    """An incremental filter over the pieces of one answer.

    `feed` returns what may be shown now and holds back what may still become a marker, an image, a link or a tag;
    `close` returns the rest. Joined, the returned pieces do not depend on how the text was cut. Code keeps its text,
    but no address that may not be followed. Without `markers` there is nothing to cite, and `row[1] = 2`
    is text.
    """

    def __init__(self, markers: Collection[int], is_allowed_link: LinkRule) -> None:
        self._markers = frozenset(markers)
        self._markup = Markup(self._known, is_allowed_link, keeps_indexes=not markers)
        self._links = LinkFilter(is_allowed_link)

    def feed(self, text: str) -> str:
        return self._links.feed(self._markup.feed(text))

    def close(self) -> str:
        return self._links.feed(self._markup.close()) + self._links.close()

    def _known(self, written: str) -> str | None:
        """The markers that a bracket's content stands for, those of passages only; None when it is not of numbers."""
        if not _NUMBERS.fullmatch(written):
            return None
        listed: dict[int, None] = {}
        for first, last in _RANGE.findall(written):
            low, high = int(first), int(last or first)
            listed |= dict.fromkeys(range(low, min(high, low + _WIDEST_RANGE) + 1))
        return "".join(f"[{number}]" for number in listed if number in self._markers)


def inert(text: str) -> str:
    """A page's title or heading as words in a line of an answer: no marker, no image, no link and no address."""
    words = MarkerFilter((), lambda _: False)
    return one_line(words.feed(one_line(visible(text))) + words.close())
