"""A document's text as passages of a size that the model reads, cut where it hurts least.

What stands behind a model's last token in a longer passage is lost to the dense half of a search. Passages that are
too short lose their context. Among all ways to cut, the cheapest one is found exactly, by dynamic programming
over the places where a cut is possible.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from indexing_service.services.blocks import markdown_pieces, text_pieces
from indexing_service.services.sizes import DEFAULT_SIZE, ChunkSize
from indexing_service.services.spans import Piece, Span

CHUNKER_VERSION: Final = "2"
"""Part of every collection's description: with another version the index is rebuilt beside the one that there is."""

_A_CHUNK: Final = 0.05
_TOO_SHORT: Final = 1.0
_MIXED_SECTIONS: Final = 0.25
_WINDOW: Final = 400_000
_WINDOW_ENDS: Final = ("\n\n", "\n")
_DENSE_SCRIPT_WEIGHT: Final = 2
"""A Chinese, Japanese or Korean character is a token or more, as three or four Latin ones are."""
_DENSE_SCRIPT = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


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
    """Chunks in order, without overlap, holding all of `text` but white space; the same for the same text.

    Texts of more than `_WINDOW` characters are taken in parts, so that memory stays flat; a part does not know the
    headings of the one before.
    """
    return [
        _shifted(found, start)
        for start, end in _windows(text)
        for found in _chunks_of(text[start:end], size, markdown=markdown)
    ]


def _windows(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while len(text) - start > _WINDOW:
        limit = start + _WINDOW
        places = (text.rfind(mark, start + _WINDOW // 2, limit) for mark in _WINDOW_ENDS)
        end = next((place + 1 for place in places if place >= 0), limit)
        yield start, end
        start = end
    yield start, len(text)


def _chunks_of(text: str, size: ChunkSize, *, markdown: bool) -> list[Chunk]:
    pieces = markdown_pieces(text, size) if markdown else text_pieces(text, size)
    return [_chunk(pieces[first:after_last]) for first, after_last in _cheapest(text, pieces, size)]


def _chunk(pieces: Sequence[Piece]) -> Chunk:
    return Chunk(pieces[0].start, pieces[-1].end, _common([piece.headings for piece in pieces]), pieces[0].table_head)


def _shifted(found: Chunk, by: int) -> Chunk:
    head = found.table_head and Span(found.table_head.start + by, found.table_head.end + by)
    return Chunk(found.start + by, found.end + by, found.headings, head)


def _common(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    shortest, longest = min(paths), max(paths)
    same = [left == right for left, right in zip(shortest, longest, strict=False)]
    return shortest[: same.index(False) if False in same else len(same)]


def _cheapest(text: str, pieces: Sequence[Piece], limits: ChunkSize) -> list[tuple[int, int]]:
    """The ranges of pieces that become one chunk each; every piece alone fits into one."""
    extra = [0, *accumulate(_surplus(text, piece) for piece in pieces)]
    sections = [0, *accumulate(_opened(pieces))]
    cost = [0.0]
    cut_before = [0]
    for after_last in range(1, len(pieces) + 1):
        best, begin = float("inf"), after_last - 1
        for first in range(after_last - 1, -1, -1):
            size = pieces[after_last - 1].end - pieces[first].start + extra[after_last] - extra[first]
            if size > limits.largest and first < after_last - 1:
                break
            mixed = sections[after_last] - sections[first + 1]
            total = cost[first] + (pieces[first].cut if first else 0.0) + _cost(size / limits.good, mixed)
            if total < best:
                best, begin = total, first
        cost.append(best)
        cut_before.append(begin)
    return _walk_back(cut_before)


def _opened(pieces: Sequence[Piece]) -> list[int]:
    """1 where a section begins; a heading right under another one begins none of its own."""
    openings = [piece.opens_section for piece in pieces]
    return [int(opens and not before) for before, opens in zip([False, *openings], openings, strict=False)]


def _cost(share: float, mixed: int) -> float:
    """Of one chunk with `share` of a good size, from so many sections beside its first."""
    shortfall = max(0.0, 1 - share)
    return _A_CHUNK + _TOO_SHORT * shortfall * shortfall + _MIXED_SECTIONS * mixed


def _surplus(text: str, piece: Piece) -> int:
    return _DENSE_SCRIPT_WEIGHT * len(_DENSE_SCRIPT.findall(text, piece.start, piece.end))


def _walk_back(cut_before: Sequence[int]) -> list[tuple[int, int]]:
    ranges: list[tuple[int, int]] = []
    after_last = len(cut_before) - 1
    while after_last:
        ranges.append((cut_before[after_last], after_last))
        after_last = cut_before[after_last]
    return ranges[::-1]
