"""The best passages within the budget, each once."""

from datetime import UTC, datetime

from ai_main_service.services.context_builder import build_context
from flash_core.utils.ids import new_id
from flash_core.utils.token_count import tokens_of
from tests.unit.ai_main_service.builders import LEAVE, TRAVEL, hit

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_markers_count_from_one_and_sources_are_the_passages() -> None:
    context = build_context([hit(), hit(TRAVEL, title="Travel")], budget_tokens=1_000, most=5)
    assert [one.marker for one in context.passages] == [1, 2] == [one.marker for one in context.sources]
    assert context.sources[1].title == context.passages[1].title == "Travel"
    assert context.sources[0].text == LEAVE
    found = hit(version="v7", source_version="page 3", checked_at=NOON)
    [source] = build_context([found], budget_tokens=1_000, most=5).sources
    assert (source.version, source.source_version, source.checked_at) == ("v7", "page 3", NOON)


def test_the_budget_skips_what_bursts_it_but_never_the_best() -> None:
    long, short = hit("word " * 4_000), hit(TRAVEL)
    assert len(build_context([long, short], budget_tokens=100, most=5).passages) == 1
    context = build_context([short, long, hit(LEAVE)], budget_tokens=200, most=5)
    assert [one.text for one in context.sources] == [TRAVEL, LEAVE]


def test_a_dense_script_and_a_long_place_take_their_room() -> None:
    japanese = [hit("休暇は二十五日です。" * 20, title=f"{number}") for number in range(8)]
    kept = build_context(japanese, budget_tokens=500, most=8).passages
    assert sum(len(one.text) for one in kept) <= 500
    deep = [hit(f"Number {number}.", path=["a long way to go"] * 50) for number in range(8)]
    assert len(build_context(deep, budget_tokens=600, most=8).passages) == 2


def test_rows_are_read_under_the_header_of_their_table() -> None:
    head, rows = "| Who | Days |\n| --- | --- |", "| Interns | 20 |\n| Staff | 25 |"
    context = build_context([hit(rows, table_head=head)], budget_tokens=1_000, most=5)
    assert context.passages[0].text == f"{head}\n{rows}"
    assert context.sources[0].text == rows


def test_no_more_passages_than_asked_for() -> None:
    hits = [hit(f"Passage number {number} about topic {number * 7}.") for number in range(9)]
    assert len(build_context(hits, budget_tokens=10_000, most=3).passages) == 3


def test_the_same_is_not_said_twice() -> None:
    first = hit(LEAVE)
    same_chunk = hit("Other words entirely.", chunk_id=first.chunk_id)
    overlapping = hit("Nothing alike here.", document_id=first.document_id, start=10, end=60)
    neighbour = hit("The next section of it.", document_id=first.document_id, start=first.end, end=first.end + 50)
    copy = hit(LEAVE.replace("25", "26"), title="Copy")
    context = build_context([first, same_chunk, overlapping, neighbour, copy], budget_tokens=10_000, most=9)
    assert [one.text for one in context.sources] == [LEAVE, neighbour.text]


def test_a_passage_without_anything_visible_is_left_out() -> None:
    assert build_context([hit("<!-- nothing -->")], budget_tokens=100, most=3).passages == ()


def test_a_source_is_found_by_its_marker() -> None:
    context = build_context([hit()], budget_tokens=1_000, most=5)
    assert context.source_of(1) is context.sources[0]
    assert context.source_of(2) is None


def test_tokens_are_counted_roughly_and_never_zero() -> None:
    assert tokens_of("") == 1
    assert tokens_of("word " * 100) == 126


def test_ids_of_sources_are_those_of_chunks() -> None:
    chunk = new_id()
    assert build_context([hit(chunk_id=chunk)], budget_tokens=100, most=1).sources[0].id == str(chunk)
