"""The chunker's promises, on a company's handbook and three long documents that nobody here wrote."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise

import pytest
from markdown_it import MarkdownIt

from flash_core.utils.plain import plain_text
from indexing_service.interfaces import SourceDocument
from indexing_service.interfaces.parsing import ParsedDocument
from indexing_service.services.chunker import Chunk, chunk
from indexing_service.services.passages import Version
from indexing_service.services.sizes import DEFAULT_SIZE, ChunkSize
from tests.quality.judged import DATA, handbook_pages

pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason="needs the data beside the project"),
    pytest.mark.timeout(120),  # two seconds of computing, on a machine that others keep busy
]

SIZES = [ChunkSize(400), DEFAULT_SIZE]
Block = tuple[str, int, int]


@cache
def texts() -> list[str]:
    corpora = sorted((DATA / "chunking_eval" / "corpora").glob("*.md"))
    return [*(str(page["text"]) for page in handbook_pages()), *(path.read_text() for path in corpora)]


@cache
def chunked(size: ChunkSize) -> list[tuple[str, list[Chunk]]]:
    return [(text, chunk(text, size=size)) for text in texts()]


def blocks(text: str, *kinds: str) -> Iterator[Block]:
    """The blocks of the outermost level of these kinds, with their first and last offset."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.level == 0 and token.type in kinds and token.map:
            raw = text[starts[token.map[0]] : starts[token.map[1]] - 1]
            end = starts[token.map[0]] + len(raw.rstrip())
            yield token.type, end - len(raw.strip()), end


def cuts_inside(chunks: list[Chunk], first: int, end: int) -> list[int]:
    return [one.start for one in chunks if first < one.start < end]


def line_of(text: str, place: int) -> str:
    begin, end = text.rfind("\n", 0, place) + 1, text.find("\n", place)
    return text[begin : end if end >= 0 else len(text)]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size.largest))
def test_chunks_hold_everything_once_and_none_is_too_long(size: ChunkSize) -> None:
    for text, chunks in chunked(size):
        for before, after in pairwise([Chunk(0, 0), *chunks, Chunk(len(text), len(text))]):
            assert before.end <= after.start
            assert not text[before.end : after.start].strip()
        assert all(one.end - one.start <= size.largest for one in chunks)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size.largest))
def test_tables_are_cut_between_rows_and_keep_their_header(size: ChunkSize) -> None:
    continued = 0
    for text, chunks in chunked(size):
        by_start = {one.start: one for one in chunks}
        for _, first, end in blocks(text, "table_open"):
            head = text[first : text.index("\n", first)].strip()
            inside = cuts_inside(chunks, first, end)
            assert not inside or end - first > size.whole
            for place in inside:
                row = line_of(text, place)
                assert text[place:].startswith(row.strip()) or len(row.strip()) > size.largest
                found = by_start[place].table_head
                if place < first + len(head):  # a header that is itself too long for one chunk
                    assert len(head) > size.largest
                else:
                    assert found is not None
                    assert text[found.start : found.end] == head
            continued += len(inside)
    assert continued > 50


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size.largest))
def test_code_is_whole_or_cut_between_lines(size: ChunkSize) -> None:
    seen = 0
    for text, chunks in chunked(size):
        for _, first, end in blocks(text, "fence", "code_block"):
            seen += 1
            inside = cuts_inside(chunks, first, end)
            assert not inside or end - first > size.whole
            for place in inside:
                row = line_of(text, place)
                assert text[place:].startswith(row.strip()) or len(row) > size.largest
    assert seen > 20


def test_most_chunks_are_of_good_size_and_small_sections_travel_together() -> None:
    lengths, alone = [], 0
    for _, chunks in chunked(DEFAULT_SIZE):
        lengths += [one.end - one.start for one in chunks]
        alone += len(chunks) == 1
    short = sum(length < 0.5 * DEFAULT_SIZE.good for length in lengths) - alone
    assert sum(length >= DEFAULT_SIZE.good for length in lengths) > 0.75 * len(lengths)
    assert short < 0.03 * len(lengths)


def test_a_cut_outside_of_tables_and_code_is_at_a_sentence_or_better() -> None:
    """What ends a chunk of running text is the end of a sentence, a line or a block."""
    torn = total = 0
    for text, chunks in chunked(DEFAULT_SIZE):
        for one in chunks[:-1]:
            total += 1
            behind = text[one.end : one.end + 9].lstrip(" \t")[:1]
            torn += behind != "\n" and text[one.end - 1] not in ".!?…\"'”’)]*_:"
    assert torn < 0.01 * total


def test_a_continued_table_is_embedded_under_its_header() -> None:
    [page] = [one for one in handbook_pages() if one["external_id"] == "pages/getting-started/classes.md"]
    text = str(page["text"])
    document = SourceDocument(
        external_id="classes.md", content=text, format="markdown", modified_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    version = Version(document, ParsedDocument("Classes", text, markdown=True), "", DEFAULT_SIZE)
    heads = [one.table_head for one in chunk(text)]
    assert sum(head is not None for head in heads) > 10
    for head, passage in zip(heads, version.passages(), strict=True):
        if head is not None:
            header = plain_text(text[head.start : head.end])
            assert header in passage.embedded
            assert header in passage.keywords
            header_row, *dashes = passage.table_head.splitlines()
            assert header_row.split() == text[head.start : head.end].split()
            assert all(set(line) <= set("|-: ") for line in dashes)
