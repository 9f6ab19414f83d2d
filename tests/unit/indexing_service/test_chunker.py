"""Chunks hold the whole text, in order, in pieces that a model can read, cut where it hurts least."""

import time
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from indexing_service.services.blocks import markdown_pieces, text_pieces
from indexing_service.services.chunker import Chunk, chunk
from indexing_service.services.markdown_blocks import top_blocks
from indexing_service.services.sizes import DEFAULT_SIZE, ChunkSize, size_for

SENTENCE = "The quick brown fox jumps over the lazy dog near the river. "
LINES = st.sampled_from(
    [
        "", "", "# Top", "## Section", "### Deep *one* {#deep}", "Setext", "===", "---", SENTENCE, SENTENCE * 9,
        "- item one", "- " + SENTENCE * 20, "  - nested", "1. first", "> quoted", "```", "~~~", "    code",
        "| a | b |", "|---|---|", "| 1 | 2 |", "| " + "x" * 300 + " | y |", "<div>", "</div>", "[ref]: http://x.y",
        "As follows:", "\t", "日本語の文。" * 40, "x" * 2500, "a\u2028b", "\x0bc\x0c", "🙂 emoji ñ",
    ]
)  # fmt: skip
DOCUMENTS = st.lists(LINES, max_size=60).map("\n".join) | st.text(max_size=3_000)
LONGEST = DEFAULT_SIZE.whole_code + DEFAULT_SIZE.largest - DEFAULT_SIZE.whole
"""Code that stays whole, and a line above it."""


def check(text: str, chunks: list[Chunk]) -> None:
    edges = [(0, 0), *((one.start, one.end) for one in chunks), (len(text), len(text))]
    for (_, end), (start, _) in pairwise(edges):
        assert end <= start
        assert not text[end:start].strip()
    for one in chunks:
        assert 0 < one.end - one.start <= LONGEST
        assert text[one.start : one.end].strip() == text[one.start : one.end]


@settings(max_examples=300, deadline=None)
@given(text=DOCUMENTS, markdown=st.booleans())
@example(text="", markdown=True)
@example(text=" \n\n\t", markdown=False)
@example(text="- \n-", markdown=True)
@example(text="[ref]: http://x.y", markdown=True)
def test_chunks_cover_the_text_in_order_and_within_bounds(text: str, markdown: bool) -> None:
    chunks = chunk(text, markdown=markdown)
    check(text, chunks)
    assert chunk(text, markdown=markdown) == chunks


@settings(max_examples=100, deadline=None)
@given(text=DOCUMENTS)
def test_pieces_are_in_order_and_small_enough(text: str) -> None:
    for pieces in (markdown_pieces(text, DEFAULT_SIZE), text_pieces(text, DEFAULT_SIZE)):
        for before, after in pairwise(pieces):
            assert before.end <= after.start
        assert all(0 < piece.end - piece.start <= DEFAULT_SIZE.whole_code for piece in pieces)


def texts(text: str, *, markdown: bool = True) -> list[str]:
    return [text[one.start : one.end] for one in chunk(text, markdown=markdown)]


def test_a_short_text_is_one_chunk() -> None:
    assert texts("# Title\n\nOne sentence.\n") == ["# Title\n\nOne sentence."]
    assert texts("Just words.", markdown=False) == ["Just words."]


def test_a_chunk_knows_the_headings_above_it() -> None:
    text = f"# Leave\n\n{SENTENCE * 12}\n\n## Sick *leave* [help](http://x.y)\n\n{SENTENCE * 12}\n"
    first, second = chunk(text)
    assert (first.headings, second.headings) == (("Leave",), ("Leave", "Sick leave help"))
    assert text[second.start :].startswith("## Sick")


def test_small_neighbouring_sections_travel_together_under_what_they_share() -> None:
    text = "# FAQ\n\n" + "\n\n".join(f"## Question {n}?\n\nAn answer of some words, number {n}." for n in range(8))
    chunks = chunk(text)
    assert len(chunks) == 1
    assert chunks[0].headings == ("FAQ",)


def test_a_long_section_is_cut_into_chunks_of_good_size() -> None:
    text = f"# Long\n\n{SENTENCE * 60}"
    sizes = [one.end - one.start for one in chunk(text)]
    assert all(400 <= size <= DEFAULT_SIZE.largest for size in sizes)
    assert all(piece.endswith("river.") for piece in texts(text))


def test_a_heading_stays_with_what_it_introduces() -> None:
    text = "\n\n".join(f"## Section {n}\n\n{SENTENCE * 16}" for n in range(5))
    for piece in texts(text):
        assert not piece.splitlines()[-1].startswith("#")


def test_an_introducing_line_stays_with_its_list() -> None:
    items = "\n".join(f"- {SENTENCE}" for _ in range(9))
    text = f"{SENTENCE * 7}\n\nYou need the following:\n\n{items}\n"
    assert not any(piece.endswith(":") for piece in texts(text))


def test_code_that_fits_stays_whole() -> None:
    code = "```python\n" + "\n\n".join(f"def f{n}():\n    return {n}" for n in range(20)) + "\n```"
    text = f"# Code\n\n{SENTENCE * 9}\n\n{code}\n\n{SENTENCE * 9}"
    assert any(code in piece for piece in texts(text))


def test_long_code_is_cut_between_lines() -> None:
    lines = [f"line_{n} = compute(argument_{n})" for n in range(120)]
    text = "```\n" + "\n".join(lines) + "\n```"
    assert [line for piece in texts(text) for line in piece.splitlines()][1:-1] == lines


def test_a_table_that_is_cut_keeps_its_header_in_mind() -> None:
    rows = "\n".join(f"| name {n} | {SENTENCE.strip()} |" for n in range(40))
    text = f"# People\n\n| Name | About |\n|------|-------|\n{rows}\n"
    first, *rest = chunk(text)
    assert first.table_head is None
    assert rest
    for one in rest:
        assert one.table_head is not None
        assert text[one.table_head.start : one.table_head.end] == "| Name | About |"
        assert text[one.start : one.end].startswith("| name")


def test_a_table_that_fits_stays_whole() -> None:
    table = "| A | B |\n|---|---|\n" + "\n".join(f"| {n} | {n} |" for n in range(30))
    assert any(table in piece for piece in texts(f"# T\n\n{SENTENCE * 13}\n\n{table}\n"))


def test_scripts_without_spaces_make_smaller_chunks() -> None:
    text = "これは長い文章です。" * 300
    assert all(len(piece) <= 0.4 * DEFAULT_SIZE.largest for piece in texts(text))


@pytest.mark.parametrize("markdown", [True, False])
def test_a_very_long_text_is_taken_in_parts(markdown: bool) -> None:
    text = "\n\n".join(f"## Section {n}\n\n{SENTENCE * 5}" for n in range(3_000)) + "\n\n" + "x" * 500_000
    check(text, chunk(text, markdown=markdown))


def test_headings_inside_code_are_no_headings() -> None:
    [one] = chunk("```\n# no heading\n```\n\nText.\n")
    assert one.headings == ()


@pytest.mark.parametrize(
    ("tokens", "max_tokens", "largest"),
    [(200, 256, 1_000), (250, 256, 850), (400, 256, 550), (222, 128, 400), (222, 40, 200), (0, 256, 1_000)],
)
def test_a_chunk_is_as_long_as_the_model_reads_up_to_what_serves_readers(
    tokens: int, max_tokens: int, largest: int
) -> None:
    assert size_for("a" * 1_000, tokens, max_tokens).largest == largest


def test_a_usual_chunk_has_five_hundred_to_a_thousand_characters() -> None:
    assert (DEFAULT_SIZE.good, DEFAULT_SIZE.largest) == (500, 1_000)


@pytest.mark.parametrize("largest", [200, 400, 700])
def test_chunks_of_another_size_hold_the_same_text(largest: int) -> None:
    text = f"# Top\n\n{SENTENCE * 20}\n\n" + "\n".join(f"- {SENTENCE * 3}" for _ in range(9)) + f"\n\n{'x' * 900}"
    chunks = chunk(text, size=ChunkSize(largest))
    assert max(one.end - one.start for one in chunks) <= largest
    assert "".join(text[one.start : one.end] for one in chunks).replace(" ", "").replace("\n", "") == text.replace(
        " ", ""
    ).replace("\n", "")


def test_a_table_whose_header_and_dashes_fill_a_chunk_is_cut_between_them() -> None:
    wide = " " * 560
    text = f"| Name{wide} |\n| {'-' * 564} |\n" + "\n".join(f"| row {n}{wide} |" for n in range(3))
    pieces = texts(text)
    assert pieces[0].startswith("| Name")
    assert all(piece.startswith("|") and piece.endswith("|") for piece in pieces)


def code(lines: int) -> str:
    return "\n".join(["```python", *(f"value_{at} = compute({at})" for at in range(lines)), "```"])


@pytest.mark.parametrize("prefix", ["", "  ", "> "], ids=["top", "list item", "quotation"])
def test_code_stays_whole_wherever_it_stands(prefix: str) -> None:
    block = "\n".join(f"{prefix}{line}" for line in code(60).splitlines())
    opening = "- " if prefix == "  " else prefix
    text = f"{opening}{SENTENCE * 6}\n{prefix}\n{block}\n{prefix}\n{prefix}{SENTENCE * 6}"
    assert 1_000 < len(block) < DEFAULT_SIZE.whole_code
    check(text, chunk(text))
    assert sum(block.strip() in one for one in texts(text)) == 1


def test_code_that_is_far_too_long_is_cut_between_lines() -> None:
    found = texts(code(400))
    assert len(found) > 5
    assert all(len(one) <= DEFAULT_SIZE.largest for one in found)
    assert all(one.splitlines()[0].startswith(("```", "value_")) for one in found)


def test_an_introduction_stays_with_its_code() -> None:
    found = texts(f"{SENTENCE * 20}\n\nRun it as follows:\n\n{code(60)}\n\n{SENTENCE * 20}")
    assert sum("as follows:" in one and one.endswith("```") for one in found) == 1


def test_a_long_document_keeps_its_structure() -> None:
    rows = "\n".join(f"| {at} | {SENTENCE}|" for at in range(6_500))
    paragraphs = "\n\n".join(f"{at} {SENTENCE * 5}" for at in range(300))
    table = f"| Number | Words |\n| --- | --- |\n{rows}"
    text = "\n\n".join(["# Top", "## Section", paragraphs, table, paragraphs, "# Next", SENTENCE * 10])
    assert len(rows) > 400_000
    chunks = chunk(text)
    check(text, chunks)
    _, *body, last = chunks
    assert all(one.headings == ("Top", "Section") for one in body)
    assert last.headings == ("Next",)
    inside = [
        one for one in chunks if text[one.start :].startswith("| ") and "| Number" not in text[one.start : one.end]
    ]
    assert len(inside) > 400
    assert all(one.table_head is not None and text[one.table_head.start :].startswith("| Number") for one in inside)


def test_a_fence_over_the_end_of_a_window_ends_where_it_ends() -> None:
    text = "\n\n".join(["Words."] * 40) + "\n\n" + code(20) + "\n\n" + "\n\n".join(["# Words"] * 40)
    in_parts = [(block[0].type, block[0].map) for block in top_blocks(text, window=200)]
    assert in_parts == [(block[0].type, block[0].map) for block in top_blocks(text)]


@settings(max_examples=200, deadline=None)
@given(text=DOCUMENTS, window=st.integers(1, 400))
def test_windows_show_the_same_blocks(text: str, window: int) -> None:
    found = [(block[0].type, block[0].map) for block in top_blocks(text, window=window)]
    assert found == [(block[0].type, block[0].map) for block in top_blocks(text)]


@pytest.mark.parametrize(
    "piece", ["a\n\n", "# a\n", "- a\n", "> ", "[a]: x\n", "| a |\n|--|\n", "```\n", "- - - a\n", "[a\n"]
)
def test_a_text_of_tiny_pieces_takes_time_in_proportion_to_its_length(piece: str) -> None:
    """Four times as much text may take four times as long, not sixteen times."""
    short, long = (took(piece * (length // len(piece))) for length in (10_000, 40_000))
    assert long < 9 * short + 0.3


def took(text: str) -> float:
    """Processor time: the machine may be busy with other things."""
    began = time.process_time()
    chunk(text)
    return time.process_time() - began
