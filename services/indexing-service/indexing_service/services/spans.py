"""Stretches of a document's text, and the simple ways to cut one.

All offsets are code points of the document's text.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from indexing_service.services.sizes import ChunkSize

CUT_AT_BLOCK: Final = 0.15
CUT_AT_SENTENCE: Final = 0.45
CUT_AT_WORD: Final = 0.9

SENTENCE_END: Final = re.compile(
    r"(?<=[.!?\u2026])[\"'\u201d\u2019)\]*_]*\s+"  # Latin scripts: white space follows, perhaps behind closing marks
    r"|(?<=[\u3002\uff01\uff1f])"  # Chinese and Japanese: none does
    r"|\n"
)
BLANK_LINE: Final = re.compile(r"\n[ \t]*\n\s*")
LINE_END: Final = re.compile(r"\n")
_SPACE: Final = re.compile(r"\s+")

Headings = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Span:
    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Piece:
    """`cut` is what cutting before this piece costs; `headings` leads from the top to the section it stands in.

    `table_head` is the header row of the table that this piece continues.
    """

    start: int
    end: int
    cut: float
    headings: Headings = ()
    opens_section: bool = False
    table_head: Span | None = None


@dataclass(frozen=True, slots=True)
class Cutting:
    """Cuts `text` for chunks of `size`; nothing it gives begins or ends with white space."""

    text: str
    size: ChunkSize

    def trimmed(self, span: Span) -> Span:
        raw = self.text[span.start : span.end]
        end = span.start + len(raw.rstrip())
        return Span(min(span.end - len(raw.lstrip()), end), end)

    def between(self, separator: re.Pattern[str], span: Span) -> list[Span]:
        """What stands between the separators, without what is empty."""
        inner = (match.end() for match in separator.finditer(self.text, span.start, span.end))
        spans = (self.trimmed(Span(start, end)) for start, end in pairwise([span.start, *inner, span.end]))
        return [one for one in spans if len(one)]

    def sentences(self, span: Span) -> list[Span]:
        """A short span stays whole."""
        span = self.trimmed(span)
        return [span] if len(span) <= self.size.sentences else self.between(SENTENCE_END, span)

    def bounded(self, span: Span) -> list[Span]:
        """In parts that fit into a chunk each, cut between words where there are any."""
        parts: list[Span] = []
        span = self.trimmed(span)
        while len(span) > self.size.largest:
            limit = span.start + self.size.largest
            spaces = [match.end() for match in _SPACE.finditer(self.text, span.start + self.size.largest // 2, limit)]
            middle = spaces[-1] if spaces else limit
            parts.append(self.trimmed(Span(span.start, middle)))
            span = self.trimmed(Span(middle, span.end))
        return [*parts, span] if len(span) else parts

    def pieces(self, spans: Sequence[Span], headings: Headings, *, first: float, other: float) -> Iterator[Piece]:
        """One piece a span, or several where it is too long; `first` and `other`: what cutting before one costs."""
        cut = first
        for span in spans:
            for part in self.bounded(span):
                yield Piece(part.start, part.end, cut, headings)
                cut = CUT_AT_WORD
            cut = other

    def prose(self, span: Span, headings: Headings) -> Iterator[Piece]:
        yield from self.pieces(self.sentences(span), headings, first=CUT_AT_BLOCK, other=CUT_AT_SENTENCE)
