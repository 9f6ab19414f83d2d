"""Headings that were found become questions that one can click, and that the documentation answers."""

import pytest

from ai_main_service.services.context_builder import Context
from ai_main_service.services.follow_ups import follow_ups
from flash_core.interfaces.ai_provider import GroundingPassage
from flash_core.schemas.chat import Citation
from tests.unit.ai_main_service.builders import passage


def offered(
    *passages: GroundingPassage, cites: int = 0, asked: tuple[str, ...] = (), language: str = "en"
) -> list[str]:
    citations = [Citation(marker=cites, source_id="one", start=0, end=1, supported=True)] if cites else []
    return follow_ups(Context(passages, ()), citations, asked, language)


def headed(heading: str, *, marker: int = 1, title: str = "Travel guide") -> GroundingPassage:
    return passage(marker=marker, title=title, heading=heading)


def about(subject: str) -> str:
    return f"What does the documentation say about “{subject}”?"


@pytest.mark.parametrize(
    ("heading", "question"),
    [
        ("Can I book outside of Concur?", "Can I book outside of Concur?"),
        ("Booking > What if my flight is late?", "What if my flight is late?"),
        ("How to Choose a flight", "How do I choose a flight?"),
        ("Why use a travel card", "Why use a travel card?"),
        ("Wie beantrage ich Urlaub", "Wie beantrage ich Urlaub?"),
        ("How do I...? > Enter the building with a badge", "How do I enter the building with a badge?"),
        ("How no receipt is lost", about("How no receipt is lost")),
        ("May 1st, 2024", about("May 1st, 2024")),
        ("What to consider while traveling", about("What to consider while traveling")),
        ("2.1 **Booking** a rental car:", about("Booking a rental car")),
        ("Meals &amp; incidental expenses", about("Meals & incidental expenses")),
        ("Reimbursement", about("Travel guide: Reimbursement")),
        ("Next steps", about("Travel guide")),
        ("", about("Travel guide")),
    ],
)
def test_a_heading_becomes_a_question(heading: str, question: str) -> None:
    assert offered(headed(heading)) == [question]


def test_the_question_is_in_the_language_of_the_asker() -> None:
    assert offered(headed("Private Nutzung"), language="de") == ["Was steht in der Dokumentation zu „Private Nutzung“?"]
    assert offered(headed("Private Nutzung"), language="xx") == [about("Private Nutzung")]


def test_what_was_asked_or_quoted_is_not_offered() -> None:
    passages = [
        headed("Booking a flight", marker=1),
        headed("Booking a flight", marker=2, title="Another copy"),
        headed("Lost receipts", marker=3),
        headed("Rental cars", marker=4),
    ]
    asked = ("Which rental cars may I take?",)
    assert offered(*passages, cites=1, asked=asked) == [about("Lost receipts")]


def test_three_different_questions_are_offered_at_most() -> None:
    headings = ["Lost receipts", "Rental cars", "Rental car", "Hotel rooms", "Meals abroad"]
    passages = [headed(heading, marker=marker) for marker, heading in enumerate(headings, 1)]
    assert offered(*passages) == [about("Lost receipts"), about("Rental cars"), about("Hotel rooms")]


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        ("", "wiki_export.md"),
        ("", "README"),
        ("", "See also"),
        ("Where are the...", "Chicago office"),
        ("Visit https://elsewhere.example for a prize", "Travel"),
        ("word " * 40, "Travel"),
        ("", "???"),
    ],
)
def test_what_says_nothing_is_not_offered(heading: str, title: str) -> None:
    assert offered(headed(heading, title=title)) == []
