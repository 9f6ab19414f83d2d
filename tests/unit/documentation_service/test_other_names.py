"""What pages say that something is also called."""

import pytest

from documentation_service.services.other_names import other_names
from documentation_service.services.page_text import Paragraph

TITLE = "PIV card"


def names(text: str, **options: object) -> list[tuple[str, str]]:
    paragraph = Paragraph(text, "", **options)  # type: ignore[arg-type]  # as there
    return [(found.name, found.other) for found in other_names(paragraph, TITLE)]


@pytest.mark.parametrize(
    ("text", "name", "other"),
    [
        ("The Digital Council, formerly the Office of Programs, meets.", "Digital Council", "Office of Programs"),
        ("cloud.gov Pages (previously called Federalist).", "Pages", "Federalist"),
        ("Ask the Office of General Counsel, aka Legal, first.", "Office of General Counsel", "Legal"),
        ("Our Bargaining Unit (a.k.a. the union) helps", "Bargaining Unit", "union"),
        ('Concur is also known as "the travel tool" here.', "", ""),
        ('Your Employee ID, also called "Traveler ID" on Concur', "Employee ID", "Traveler ID"),
    ],
)
def test_words_in_a_sentence_have_other_names(text: str, name: str, other: str) -> None:
    assert names(text) == ([(name, other)] if name else [])


def test_a_heading_names_what_it_stands_for() -> None:
    assert names("delivery assurance (also known as TLC crew)", is_heading=True) == [("delivery assurance", "TLC crew")]


def test_the_first_line_names_the_page_or_the_section() -> None:
    line = 'a.k.a. your "Smart Card" or "GSA badge".'
    assert names(line, is_first=True) == [(TITLE, "Smart Card"), (TITLE, "GSA badge")]
    assert names("Also known as the Help Desk or Service Now.", is_first=True) == [
        (TITLE, "Help Desk"),
        (TITLE, "Service Now"),
    ]
    section = Paragraph(line, "Badges", is_first=True)
    assert [found.name for found in other_names(section, TITLE)] == ["Badges", "Badges"]
    assert all(found.certain for found in other_names(section, TITLE))


@pytest.mark.parametrize(
    "text",
    [
        "a.k.a. nothing before it",
        "something small, aka other",
        "Innovative Technologies (aka us)",
        "Google Drive, formerly google drive",
        "Pages, formerly a name that has far too many words to be one",
        "The Aka Tribe",
        "Concur, also known as",
        "",
    ],
)
def test_other_sentences_name_nothing(text: str) -> None:
    assert names(text) == []
