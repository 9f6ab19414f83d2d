"""Where a document's text may be cut: its smallest pieces, and what each cut costs.

A piece is a heading, a sentence, a list item, a table row, a run of code lines: nothing inside it should be torn apart.
All offsets are code points of the document's text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from flash_core.utils.plain import plain_text

MAX_PIECE: Final = 1_000
_WHOLE: Final = 900
"""Tables, code and list items up to this length stay in one piece; there is room for the heading above them."""
_SENTENCES_FROM: Final = 300

CUT_AT_HEADING: Final = 0.0
CUT_AT_BLOCK: Final = 0.15
CUT_AT_ITEM: Final = 0.3
CUT_AT_SENTENCE: Final = 0.45
CUT_AFTER_COLON: Final = 0.7
CUT_AT_WORD: Final = 0.9
CUT_AFTER_HEADING: Final = 3.0

_SENTENCE_END = re.compile(
    r"(?<=[.!?\u2026])[\"'\u201d\u2019)\]*_]*\s+"  # Latin scripts: white space follows, perhaps behind closing marks
    r"|(?<=[\u3002\uff01\uff1f])"  # Chinese and Japanese: none does
    r"|\n"
)
_BLANK_LINE = re.compile(r"\n[ \t]*\n\s*")
_LINE_END = re.compile(r"\n")
_SPACE = re.compile(r"\s+")
_HEADING_ID = re.compile(r"\s*\{#[^}]*\}\s*$")


@dataclass(frozen=True, slots=True)
class Span:
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Piece:
    """`cut` is what cutting before this piece costs; `headings` leads from the top to the section it stands in.

    `table_head` is the header row of the table that this piece continues.
    """

    start: int
    end: int
    cut: float
    headings: tuple[str, ...] = ()
    opens_section: bool = False
    table_head: Span | None = None


def text_pieces(text: str) -> list[Piece]:
    """Plain text: paragraphs between blank lines, long ones by sentence."""
    spans = _between(_BLANK_LINE, text, Span(0, len(text)))
    return [piece for span in spans for piece in _prose(text, span, ())]


def markdown_pieces(text: str) -> list[Piece]:
    """Markdown (CommonMark with tables), in order; together they hold everything but white space."""
    lines = _Lines(text)
    tokens = _parser().parse(text)
    pieces: list[Piece] = []
    headings: list[tuple[int, str]] = []
    reached = 0
    for at, token in enumerate(tokens):
        if token.level or token.map is None:
            continue
        pieces += _prose(text, lines.span(reached, token.map[0]), _path(headings))
        reached = token.map[1]
        if token.type == "heading_open":
            headings = [
                *_above(headings, int(token.tag[1])),
                (int(token.tag[1]), _title(tokens[at + 1])),
            ]
            pieces += _headline(text, lines.span(*token.map), _path(headings))
        else:
            pieces += _block(text, lines, tokens[at:], _path(headings))
    pieces += _prose(text, lines.span(reached, lines.count), _path(headings))
    return _glued(text, pieces)


def _parser() -> MarkdownIt:
    """Only blocks are wanted: the inline rules, which cost most of the time, stay off."""
    return MarkdownIt("commonmark").enable("table").disable("inline")


class _Lines:
    """Line numbers to offsets, as the parser counts lines: by line feeds alone."""

    def __init__(self, text: str) -> None:
        self._starts = [
            0,
            *(match.end() for match in _LINE_END.finditer(text)),
            len(text),
        ]
        self.count = len(self._starts) - 1

    def span(self, first: int, after_last: int) -> Span:
        return Span(
            self._starts[min(first, self.count)],
            self._starts[min(after_last, self.count)],
        )


def _path(headings: list[tuple[int, str]]) -> tuple[str, ...]:
    return tuple(title for _, title in headings if title)


def _above(headings: list[tuple[int, str]], level: int) -> list[tuple[int, str]]:
    return [one for one in headings if one[0] < level]


def _title(inline: Token) -> str:
    return plain_text(_HEADING_ID.sub("", inline.content))[:200].strip()


def _headline(text: str, span: Span, headings: tuple[str, ...]) -> Iterator[Piece]:
    for at, part in enumerate(_bounded(text, span)):
        cut = CUT_AT_WORD if at else CUT_AT_HEADING
        yield Piece(part.start, part.end, cut, headings, opens_section=not at)


def _block(text: str, lines: _Lines, tokens: list[Token], headings: tuple[str, ...]) -> Iterator[Piece]:
    """The pieces of the block that `tokens` begin with."""
    kind, span = tokens[0].type, lines.span(*(tokens[0].map or (0, 0)))
    if kind in {"bullet_list_open", "ordered_list_open"}:
        yield from _items(text, lines, _own(tokens, "list_item_open", level=1), headings)
    elif kind == "table_open":
        yield from _table(text, lines, tokens, headings)
    elif kind in {"fence", "code_block", "html_block"}:
        yield from _whole_or_lines(text, span, headings)
    else:
        yield from _prose(text, span, headings)


def _own(tokens: list[Token], kind: str, *, level: int) -> list[tuple[int, int]]:
    """The line ranges of the parts of the block that `tokens` begin with."""
    found: list[tuple[int, int]] = []
    for token in tokens[1:]:
        if token.level == 0:
            break
        if token.type == kind and token.level == level and token.map:
            found.append((token.map[0], token.map[1]))
    return found


def _items(text: str, lines: _Lines, ranges: list[tuple[int, int]], headings: tuple[str, ...]) -> Iterator[Piece]:
    for at, lines_of_item in enumerate(ranges):
        span = _trimmed(text, lines.span(*lines_of_item))
        cut = CUT_AT_ITEM if at else CUT_AT_BLOCK
        if span.end - span.start <= _WHOLE:
            yield Piece(span.start, span.end, cut, headings)
        else:
            yield from _pieces(text, _sentences(text, span), headings, first=cut, other=CUT_AT_SENTENCE)


def _table(text: str, lines: _Lines, tokens: list[Token], headings: tuple[str, ...]) -> Iterator[Piece]:
    whole = _trimmed(text, lines.span(*(tokens[0].map or (0, 0))))
    if whole.end - whole.start <= _WHOLE:
        yield Piece(whole.start, whole.end, CUT_AT_BLOCK, headings)
        return
    rows = [lines.span(*row) for row in _own(tokens, "tr_open", level=2)]
    head = _trimmed(text, rows[0])
    body = rows[1].start if len(rows) > 1 else whole.end
    yield from _pieces(text, [Span(head.start, body)], headings, first=CUT_AT_BLOCK, other=CUT_AT_WORD)
    for at, row in enumerate(rows[1:]):
        cut = CUT_AFTER_HEADING if at == 0 else CUT_AT_ITEM
        for piece in _pieces(text, [row], headings, first=cut, other=CUT_AT_WORD):
            yield Piece(piece.start, piece.end, piece.cut, headings, table_head=head)


def _whole_or_lines(text: str, span: Span, headings: tuple[str, ...]) -> Iterator[Piece]:
    """Code and HTML: in one piece where it fits, else line by line, best cut at a blank line."""
    span = _trimmed(text, span)
    if span.end - span.start <= _WHOLE:
        yield Piece(span.start, span.end, CUT_AT_BLOCK, headings)
        return
    first = CUT_AT_BLOCK
    for paragraph in _between(_BLANK_LINE, text, span):
        rows = _between(_LINE_END, text, paragraph)
        yield from _pieces(text, rows, headings, first=first, other=CUT_AT_SENTENCE)
        first = CUT_AT_ITEM


def _prose(text: str, span: Span, headings: tuple[str, ...]) -> Iterator[Piece]:
    yield from _pieces(
        text,
        _sentences(text, span),
        headings,
        first=CUT_AT_BLOCK,
        other=CUT_AT_SENTENCE,
    )


def _pieces(
    text: str,
    spans: list[Span],
    headings: tuple[str, ...],
    *,
    first: float,
    other: float,
) -> Iterator[Piece]:
    cut = first
    for span in spans:
        for part in _bounded(text, span):
            yield Piece(part.start, part.end, cut, headings)
            cut = CUT_AT_WORD
        cut = other


def _sentences(text: str, span: Span) -> list[Span]:
    span = _trimmed(text, span)
    if span.end - span.start <= _SENTENCES_FROM:
        return [span]
    return _between(_SENTENCE_END, text, span)


def _between(separator: re.Pattern[str], text: str, span: Span) -> list[Span]:
    """What stands between the separators, without white space around it and without what is empty."""
    inner = (match.end() for match in separator.finditer(text, span.start, span.end))
    spans = (_trimmed(text, Span(start, end)) for start, end in pairwise([span.start, *inner, span.end]))
    return [one for one in spans if one.start < one.end]


def _bounded(text: str, span: Span) -> list[Span]:
    """`span` in parts of at most `MAX_PIECE`, cut between words where there are any."""
    parts: list[Span] = []
    span = _trimmed(text, span)
    while span.end - span.start > MAX_PIECE:
        limit = span.start + MAX_PIECE
        spaces = [match.end() for match in _SPACE.finditer(text, span.start + MAX_PIECE // 2, limit)]
        middle = spaces[-1] if spaces else limit
        parts.append(_trimmed(text, Span(span.start, middle)))
        span = _trimmed(text, Span(middle, span.end))
    return [*parts, span] if span.start < span.end else parts


def _trimmed(text: str, span: Span) -> Span:
    raw = text[span.start : span.end]
    end = span.start + len(raw.rstrip())
    return Span(min(span.end - len(raw.lstrip()), end), end)


def _glued(text: str, pieces: list[Piece]) -> list[Piece]:
    """Raise the cost of cutting a heading or an introducing line ("as follows:") off from what it introduces."""
    glued = pieces[:1]
    for before, piece in pairwise(pieces):
        cut = piece.cut
        if before.opens_section and not piece.opens_section:
            cut = CUT_AFTER_HEADING
        elif text[before.end - 1] == ":" and not piece.opens_section:
            cut = max(cut, CUT_AFTER_COLON)
        glued.append(
            Piece(
                piece.start,
                piece.end,
                cut,
                piece.headings,
                piece.opens_section,
                piece.table_head,
            )
        )
    return glued
