"""A document's text as passages of a size that the model reads, cut where it hurts least.

What stands behind a model's last token in a longer passage is lost to the dense half of a search. Passages that are
too short lose their context. Among all ways to cut, the cheapest one is found exactly, by dynamic programming
over the places where a cut is possible.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from indexing_service.services.blocks import markdown_pieces, text_pieces
from indexing_service.services.sizes import DEFAULT_SIZE, ChunkSize, extra_weight
from indexing_service.services.spans import Piece, Span

CHUNKER_VERSION: Final = "5"
"""Part of every collection's description: with another version the index is rebuilt beside the one that there is."""

_A_CHUNK: Final = 0.05
_TOO_SHORT: Final = 1.0
_MIXED_SECTIONS: Final = 0.25
_MOST_PIECES: Final = 64
"""Of a chunk; a text of many tiny pieces is made for nobody to read."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """`text[start:end]` of the document. `headings` is the path of the sections that all of it stands in.

    `table_head` is where the header row of the table stands that this chunk continues.
    """

    start: int
    end: int
    headings: tuple[str, ...] = ()
    table_head: Span | None = None


def chunk(text: str, *, markdown: bool = True, size: ChunkSize = DEFAULT_SIZE) -> list[Chunk]:
    """Chunks in order, without overlap, holding all of `text` but white space; the same for the same text."""
    pieces = markdown_pieces(text, size) if markdown else text_pieces(text, size)
    return [_chunk(pieces[first:after_last]) for first, after_last in _cheapest(text, pieces, size)]


def _chunk(pieces: Sequence[Piece]) -> Chunk:
    return Chunk(pieces[0].start, pieces[-1].end, _common([piece.headings for piece in pieces]), pieces[0].table_head)


def _common(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    shortest, longest = min(paths), max(paths)
    same = [left == right for left, right in zip(shortest, longest, strict=False)]
    return shortest[: same.index(False) if False in same else len(same)]


def _cheapest(text: str, pieces: Sequence[Piece], limits: ChunkSize) -> list[tuple[int, int]]:
    """The ranges of pieces that become one chunk each; every piece alone fits into one."""
    extra = [0, *accumulate(_surplus(text, piece, limits) for piece in pieces)]
    sections = [0, *accumulate(_opened(pieces))]
    starts = [piece.start - surplus for piece, surplus in zip(pieces, extra, strict=False)]
    before = [0.0]  # the cost of all chunks before a piece, and of the cut there
    cut_before = [0]
    good, largest = limits.good, limits.largest
    for last, piece in enumerate(pieces):
        end = piece.end + extra[last + 1]
        best, begin = before[last] + _cost((end - starts[last]) / good, 0), last
        for first in range(last - 1, max(last - _MOST_PIECES, -1), -1):
            size = end - starts[first]
            if size > largest:
                break
            total = before[first] + _cost(size / good, sections[last + 1] - sections[first + 1])
            if total < best:
                best, begin = total, first
        before.append(best + (pieces[last + 1].cut if last + 1 < len(pieces) else 0.0))
        cut_before.append(begin)
    return _walk_back(cut_before)


def _opened(pieces: Sequence[Piece]) -> list[int]:
    """1 where a section begins; a heading right under another one begins none of its own."""
    openings = [piece.opens_section for piece in pieces]
    return [int(opens and not before) for before, opens in zip([False, *openings], openings, strict=False)]


def _cost(share: float, mixed: int) -> float:
    """Of one chunk with `share` of a good size, from so many sections beside its first."""
    shortfall = 1 - share if share < 1 else 0.0
    return _A_CHUNK + _TOO_SHORT * shortfall * shortfall + _MIXED_SECTIONS * mixed


def _surplus(text: str, piece: Piece, limits: ChunkSize) -> int:
    """What a piece counts more than its characters; code that is too long but stays whole counts as if it fitted."""
    length = piece.end - piece.start
    return limits.whole - length if length > limits.largest else extra_weight(text, piece.start, piece.end)


def _walk_back(cut_before: Sequence[int]) -> list[tuple[int, int]]:
    ranges: list[tuple[int, int]] = []
    after_last = len(cut_before) - 1
    while after_last:
        ranges.append((cut_before[after_last], after_last))
        after_last = cut_before[after_last]
    return ranges[::-1]
