"""A citation says whether its passage says it."""

import pytest

from ai_main_service.services.context_builder import Context, build_context
from ai_main_service.services.entailment import WordsAndVectors
from ai_main_service.services.quality_checker import QualityChecker, statements
from flash_core.errors import UpstreamUnavailableError
from flash_core.schemas.chat import Citation
from flash_core.testing.cross_encoders import FakeEntailment
from flash_core.testing.fakes import FakeEmbeddingProvider
from tests.unit.ai_main_service.builders import LEAVE, TRAVEL, hit


def context() -> Context:
    return build_context([hit(LEAVE), hit(TRAVEL, title="Travel")], budget_tokens=1_000, most=5)


async def checked(content: str, checker: QualityChecker | None = None) -> list[Citation]:
    return await (checker or QualityChecker(WordsAndVectors(FakeEmbeddingProvider()))).citations(content, context())


async def test_a_citation_delimits_its_sentence() -> None:
    content = "Hello. Employees get 25 days of leave. [1] Flights need approval [2]."
    first, second = await checked(content)
    assert content[first.start : first.end] == "Employees get 25 days of leave. [1]"
    assert content[second.start : second.end] == "Flights need approval [2]."
    assert first.supported
    assert second.supported


async def test_a_citation_names_its_source_by_id_not_by_place() -> None:
    found = context()
    [citation] = await QualityChecker(WordsAndVectors(FakeEmbeddingProvider())).citations(
        "Travel is booked in Concur. [2]", found
    )
    assert citation.source_id == found.sources[1].id
    assert citation.marker == 2


async def test_a_sentence_its_passage_does_not_say_is_not_supported() -> None:
    [citation] = await checked("Employees may bring their dogs to any meeting. [1]")
    assert not citation.supported


async def test_a_sentence_cited_to_the_wrong_passage_is_not_supported() -> None:
    [citation] = await checked("Employees get 25 days of leave a year. [2]")
    assert not citation.supported


async def test_a_number_that_the_passage_does_not_have_is_never_supported() -> None:
    [citation] = await checked("Employees get 30 days of leave a year. [1]")
    assert not citation.supported


async def test_nothing_is_supported_that_nobody_can_check() -> None:
    checker = QualityChecker(FakeEntailment(error=UpstreamUnavailableError("away")))
    assert [one.supported for one in await checked("Employees get 25 days of leave. [1]", checker)] == [False]


async def test_a_sign_that_is_written_as_a_reference_is_read_as_the_sign() -> None:
    entailment = FakeEntailment()
    await checked("Call &lt;NAME> &amp; wait. [1]", QualityChecker(entailment))
    [[claim]] = entailment.calls
    assert claim.statement == "Call <NAME> & wait"
    assert claim.passage.startswith("Leave Annual leave\n")


async def test_markers_in_code_and_unknown_ones_cite_nothing() -> None:
    assert await checked("Run `x[1]` now. And [7] too.") == []


async def test_two_markers_on_one_sentence_are_two_citations() -> None:
    assert [one.marker for one in await checked("Leave and travel need your manager. [1][2]")] == [1, 2]


async def test_small_words_alone_are_supported_only_as_a_quotation() -> None:
    assert [one.supported for one in await checked("It is. [1]")] == [False]
    found = build_context([hit("Do it then. Do not.")], budget_tokens=100, most=1)
    citations = await QualityChecker(WordsAndVectors(FakeEmbeddingProvider())).citations("Do not. [1]", found)
    assert [one.supported for one in citations] == [True]


def test_a_marker_alone_belongs_to_the_block_before_it() -> None:
    content = "```sh\nmake x\n```\n\n[1]"
    [statement] = statements(content)
    assert content[statement.start : statement.end] == content
    assert statements("[1] alone")[0].markers == (1,)
    assert [one.markers for one in statements("[1]")] == [(1,)]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (
            "A voucher is worth 8 euros.\n\n[1]\n\n[2]",
            [("A voucher is worth 8 euros", 32, 1), ("A voucher is worth 8 euros", 37, 2)],
        ),
        ("Yes. [1]\n\n[2]\n\nNo. [3]", [("Yes", 8, 1), ("Yes", 13, 2), ("No", 22, 3)]),
        ("```\nx\n```\n\n[1]\n\n[2]", [("```\nx\n```", 14, 1), ("```\nx\n```", 19, 2)]),
    ],
)
def test_every_marker_alone_belongs_to_the_last_that_was_said(content: str, found: list[tuple[str, int, int]]) -> None:
    assert [(one.text, one.end, *one.markers) for one in statements(content)] == found


def test_items_and_rows_are_statements() -> None:
    content = "- one [1]\n- two [2]\n\n| a [1] | b |\n| --- | --- |\n"
    assert [content[one.start : one.end] for one in statements(content)] == ["one [1]", "two [2]", "| a [1] | b |"]
