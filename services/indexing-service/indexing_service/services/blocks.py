"""Where a document's text may be cut: its smallest pieces, and what each cut costs.

A piece is a heading, a sentence, a list item, a table row, a run of code lines: nothing inside it should be torn apart.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from markdown_it.token import Token

from flash_core.utils.plain import plain_text
from indexing_service.services.markdown_blocks import Block, children, line_starts, rows_of, top_blocks
from indexing_service.services.sizes import ChunkSize
from indexing_service.services.spans import (
    BLANK_LINE,
    CUT_AT_BLOCK,
    CUT_AT_SENTENCE,
    CUT_AT_WORD,
    LINE_END,
    Cutting,
    Headings,
    Piece,
    Span,
)

_CUT_AT_HEADING: Final = 0.0
_CUT_AT_ITEM: Final = 0.3
_CUT_AFTER_COLON: Final = 0.7
_CUT_AFTER_HEADING: Final = 3.0

_LONGEST_TITLE: Final = 1_000
_HEADING_ID = re.compile(r"\s*\{#[^}]*\}\s*$")


def text_pieces(text: str, size: ChunkSize) -> list[Piece]:
    """Plain text: paragraphs between blank lines, long ones by sentence."""
    cutting = Cutting(text, size)
    spans = cutting.between(BLANK_LINE, Span(0, len(text)))
    return [piece for span in spans for piece in cutting.prose(span, ())]


def markdown_pieces(text: str, size: ChunkSize) -> list[Piece]:
    """Markdown (CommonMark with tables), in order; together they hold everything but white space."""
    blocks = _Blocks(text, size)
    pieces: list[Piece] = []
    headings: list[tuple[int, str]] = []
    reached = 0
    for tokens in top_blocks(text):
        opening = tokens[0]
        first, after_last = opening.map or (reached, reached)
        pieces += blocks.between_blocks(reached, first, _path(headings))
        reached = after_last
        if opening.type == "heading_open":
            level = int(opening.tag[1])
            headings = [*(one for one in headings if one[0] < level), (level, _title(tokens[1]))]
            pieces += blocks.headline(opening, _path(headings))
        else:
            pieces += blocks.block(tokens, _path(headings))
    pieces += blocks.between_blocks(reached, None, _path(headings))
    return _glued(text, pieces)


def _path(headings: list[tuple[int, str]]) -> Headings:
    return tuple(title for _, title in headings if title)


def _title(inline: Token) -> str:
    return plain_text(_HEADING_ID.sub("", inline.content[:_LONGEST_TITLE]))[:200].strip()


class _Blocks:
    """The pieces of each kind of block."""

    def __init__(self, text: str, size: ChunkSize) -> None:
        self._cutting = Cutting(text, size)
        self._whole = size.whole
        self._starts = line_starts(text)

    def between_blocks(self, first_line: int, after_last: int | None, headings: Headings) -> Iterator[Piece]:
        """What the parser took for no block, link definitions for example; `None`: up to the end."""
        yield from self._cutting.prose(self._lines(first_line, after_last), headings)

    def headline(self, token: Token, headings: Headings) -> Iterator[Piece]:
        for at, part in enumerate(self._cutting.bounded(self._span(token))):
            cut = CUT_AT_WORD if at else _CUT_AT_HEADING
            yield Piece(part.start, part.end, cut, headings, opens_section=not at)

    def block(self, tokens: Block, headings: Headings) -> Iterator[Piece]:
        """The pieces of a block of any level."""
        kind = tokens[0].type
        if kind in {"bullet_list_open", "ordered_list_open"}:
            yield from self._items(children(tokens), headings)
        elif kind == "table_open":
            yield from self._table(tokens, headings)
        elif kind in {"fence", "code_block"}:
            yield from self._whole_or_lines(self._span(tokens[0]), headings, whole=self._cutting.size.whole_code)
        elif kind == "html_block":
            yield from self._whole_or_lines(self._span(tokens[0]), headings, whole=self._whole)
        elif kind == "blockquote_open" and len(self._trimmed(tokens[0])) > self._whole:
            yield from self._inside(tokens, headings, CUT_AT_BLOCK)
        else:
            yield from self._cutting.prose(self._span(tokens[0]), headings)

    def _items(self, items: Sequence[Block], headings: Headings) -> Iterator[Piece]:
        for at, item in enumerate(items):
            span = self._trimmed(item[0])
            cut = _CUT_AT_ITEM if at else CUT_AT_BLOCK
            if len(span) > self._whole:
                yield from self._inside(item, headings, cut)
            elif len(span):
                yield Piece(span.start, span.end, cut, headings)

    def _inside(self, tokens: Block, headings: Headings, first: float) -> Iterator[Piece]:
        """The blocks that a long list item or quotation holds, each by its own rules."""
        for at, piece in enumerate(self._nested(tokens, headings)):
            yield replace(piece, cut=max(piece.cut, CUT_AT_SENTENCE) if at else first)

    def _nested(self, tokens: Block, headings: Headings) -> Iterator[Piece]:
        reached, end = tokens[0].map or (0, 0)
        for child in children(tokens):
            first, after_last = child[0].map or (reached, reached)
            yield from self.between_blocks(reached, first, headings)
            yield from self.block(child, headings)
            reached = after_last
        yield from self.between_blocks(reached, end, headings)

    def _table(self, tokens: Block, headings: Headings) -> Iterator[Piece]:
        whole = self._trimmed(tokens[0])
        if len(whole) <= self._whole:
            yield Piece(whole.start, whole.end, CUT_AT_BLOCK, headings)
            return
        first, *rows = (self._span(row) for row in rows_of(tokens))
        head = self._cutting.trimmed(first)
        yield from self._table_opening(head, rows[0].start if rows else whole.end, headings)
        for at, row in enumerate(rows):
            cut = _CUT_AT_ITEM if at else _CUT_AFTER_HEADING
            for piece in self._cutting.pieces([row], headings, first=cut, other=CUT_AT_WORD):
                yield replace(piece, table_head=head)

    def _table_opening(self, head: Span, end: int, headings: Headings) -> Iterator[Piece]:
        """The header row and the line of dashes under it; editors pad them until both no longer fit into one chunk."""
        opening = self._cutting.trimmed(Span(head.start, end))
        if len(opening) <= self._cutting.size.largest:
            yield Piece(opening.start, opening.end, CUT_AT_BLOCK, headings)
            return
        yield from self._cutting.pieces([head], headings, first=CUT_AT_BLOCK, other=CUT_AT_WORD)
        for piece in self._cutting.pieces([Span(head.end, end)], headings, first=_CUT_AFTER_HEADING, other=CUT_AT_WORD):
            yield replace(piece, table_head=head)

    def _whole_or_lines(self, span: Span, headings: Headings, *, whole: int) -> Iterator[Piece]:
        """Code and HTML: in one piece up to `whole` characters, else line by line, best cut at a blank line."""
        span = self._cutting.trimmed(span)
        if len(span) <= whole:
            yield Piece(span.start, span.end, CUT_AT_BLOCK, headings)
            return
        first = CUT_AT_BLOCK
        for paragraph in self._cutting.between(BLANK_LINE, span):
            rows = self._cutting.between(LINE_END, paragraph)
            yield from self._cutting.pieces(rows, headings, first=first, other=CUT_AT_SENTENCE)
            first = _CUT_AT_ITEM

    def _trimmed(self, token: Token) -> Span:
        return self._cutting.trimmed(self._span(token))

    def _span(self, token: Token) -> Span:
        first, after_last = token.map or (0, 0)
        return self._lines(first, after_last)

    def _lines(self, first: int, after_last: int | None) -> Span:
        last = len(self._starts) - 1
        return Span(self._starts[min(first, last)], self._starts[last if after_last is None else min(after_last, last)])


def _glued(text: str, pieces: list[Piece]) -> list[Piece]:
    """Raise the cost of cutting a heading or an introducing line ("as follows:") off from what it introduces."""
    glued = pieces[:1]
    for before, piece in pairwise(pieces):
        cut = piece.cut
        if before.opens_section and not piece.opens_section:
            cut = _CUT_AFTER_HEADING
        elif text[before.end - 1] == ":" and not piece.opens_section:
            cut = max(cut, _CUT_AFTER_COLON)
        glued.append(replace(piece, cut=cut))
    return glued
