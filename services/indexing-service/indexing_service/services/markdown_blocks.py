"""The blocks of Markdown as a parser sees them, a window of the text at a time: memory stays flat."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from indexing_service.services.spans import LINE_END

_WINDOW: Final = 400_000
"""Characters; a block that is longer is parsed as a whole all the same."""

Block = Sequence[Token]
"""The tokens of one block, with those of all that is in it."""


def top_blocks(text: str, *, window: int = _WINDOW) -> Iterator[Block]:
    """In order; lines count from the beginning of the text. What the last block of a window is shows the next one."""
    starts = line_starts(text)
    after_last = len(starts) - 1
    first, size = 0, window
    while first < after_last:
        end = min(max(bisect_right(starts, starts[first] + size) - 1, first + 1), after_last)
        found = [_moved(block, first) for block in blocks_of(_parser().parse(text[starts[first] : starts[end]]))]
        if end == after_last:
            yield from found
            return
        if len(found) > 1:
            yield from found[:-1]
            first, size = (found[-1][0].map or [first])[0], window
        else:
            size *= 2


def line_starts(text: str) -> list[int]:
    """And where the text ends. Lines are counted as the parser counts them: by line feeds alone."""
    return [0, *(match.end() for match in LINE_END.finditer(text)), len(text)]


def children(block: Block) -> list[Block]:
    """The blocks right inside."""
    return list(blocks_of(block[1:-1]))


def rows_of(table: Block) -> list[Token]:
    level = table[0].level + 2
    return [token for token in table if token.type == "tr_open" and token.level == level and token.map]


def blocks_of(tokens: Sequence[Token]) -> Iterator[Block]:
    """Those of the outermost level that have a place in the text."""
    begin = 0
    for at, token in enumerate(tokens):
        if token.level == tokens[0].level and token.nesting <= 0:
            if tokens[begin].map:
                yield tokens[begin : at + 1]
            begin = at + 1


def _parser() -> MarkdownIt:
    """Only blocks are wanted: the inline rules, which cost most of the time, stay off."""
    return MarkdownIt("commonmark").enable("table").disable("inline")


def _moved(block: Block, lines: int) -> Block:
    for token in block if lines else ():
        if token.map:
            token.map = [token.map[0] + lines, token.map[1] + lines]
    return block
