"""What is quoted is whole and as the page says it, and every marker that is shown belongs to a citation."""

import pytest

from flash_core.models.conversation import Mode
from flash_core.schemas.chat import WrittenAnswer
from flash_core.testing.ai_fakes import FakeGenerationLeases, FakeSearch, ScriptedProvider
from flash_core.utils.markers import MARKER
from indexing_service.providers.parsing.converters import web
from tests.unit.ai_main_service.builders import Desk, hit, settings

KWILP = (
    b"<p>The Kwilp depot opens at seven.</p><p>Entry to the Kwilp depot costs 3 euros. "
    b"<img src=x alt='ticket'> Show the Kwilp depot ticket.</p>"
)
ZWICK = "The Zwick array is declared as zwick[1] = 5 in the code."


async def answer(question: str, text: str, *written: str, strict: bool = False) -> WrittenAnswer:
    """To a question about one page; by a model where it is given what that writes."""
    return await Desk(
        leases=FakeGenerationLeases(question=question),
        search=FakeSearch([hit(text, title="Page", heading="")], {"dense_top": 0.7}),
        providers=[ScriptedProvider(written)] if written else None,
        settings=settings(ai_strict_citations=strict),
    ).answer()


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What does the Plonk tariff cost?", "The Plonk tariff costs approx. 30 Mio. EUR per year."),
        ("Wie hoch ist der Umsatz mit Zargon?", "Der Umsatz mit Zargon beträgt ca. 30 Mrd. Euro im Jahr."),
    ],
)
async def test_a_quotation_does_not_break_off_at_an_abbreviation(question: str, text: str) -> None:
    assert (await answer(question, text)).content == f"{text} [1]"


async def test_a_citation_covers_all_of_a_sentence_with_abbreviations() -> None:
    written = "Es kostet ca. 30 Mio. EUR pro Jahr [1]."
    found = await answer("Was kostet es?", written.replace(" [1]", ""), written)
    assert [found.content[one.start : one.end] for one in found.citations] == [written]
    assert found.uncited == []


async def test_each_marker_of_a_quotation_has_its_citation() -> None:
    found = await answer("Tell me about the Kwilp depot", web.convert(KWILP).markdown)
    sentences = [found.content[one.start : one.end] for one in found.citations]
    assert "Show the Kwilp depot ticket. [1]" in sentences
    assert "ticket Show" not in found.content
    assert len(sentences) == len(MARKER.findall(found.content)) > 1
    assert all(len(MARKER.findall(sentence)) == 1 for sentence in sentences)


async def test_a_picture_behind_a_sentence_is_not_quoted() -> None:
    page = b"<p>Entry to the Kwilp depot costs 3 euros. <img src=x alt='Kwilp depot ticket'></p>"
    found = await answer("Tell me about the Kwilp depot", web.convert(page).markdown)
    assert found.content == "Entry to the Kwilp depot costs 3 euros. [1]"


async def test_a_sentence_in_lower_case_behind_a_marker_has_a_citation_of_its_own() -> None:
    written = "Entry costs 3 euros. [1] ticket offices open at seven. [1]"
    found = await answer("What about the depot?", "Entry costs 3 euros. Ticket offices open at seven.", written)
    assert [found.content[one.start : one.end] for one in found.citations] == [
        "Entry costs 3 euros. [1]",
        "ticket offices open at seven. [1]",
    ]


@pytest.mark.parametrize("strict", [False, True])
async def test_an_index_in_brackets_is_quoted_and_is_no_marker(*, strict: bool) -> None:
    found = await answer("How is the Zwick array declared?", ZWICK, strict=strict)
    assert found.content == f"{ZWICK.replace('zwick[1]', '`zwick[1]`')} [1]"
    assert found.grounded
    assert [one.supported for one in found.citations] == [True]


async def test_code_alone_cites_nothing() -> None:
    found = await answer("How is the Zwick array declared?", ZWICK, "Zwick is declared as `zwick[1]` = 5.")
    assert (found.citations, len(found.uncited), found.grounded) == ([], 1, False)


async def test_a_general_answer_keeps_its_indexes() -> None:
    leases = FakeGenerationLeases(question="How?", mode=Mode.GENERAL)
    desk = Desk(leases=leases, providers=[ScriptedProvider(["Set arr", "[1]", " = 2 [1]."])])
    assert (await desk.answer()).content == desk.shown == "Set arr[1] = 2."
