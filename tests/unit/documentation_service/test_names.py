"""Names that a query asks for, and whether passages say them."""

import pytest

from documentation_service.services.names import is_said, names_in


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("When does the Blorptown parking garage close?", ["Blorptown"]),
        ("What's Berlin’s office in the Upper Street called?", ["Berlin", "Upper", "Street"]),
        ("I think that I'm late. What do I’ve to do?", []),
        ("FMLA stands for what?", ["FMLA"]),
        ("Hello! Where is the printer (Canon) now?", []),
        ("Is the canteen open on Monday in May?", []),
        ("How does AskFlash work?", []),
        ("Travel Guide Table of Contents", []),
        ("WHO IS THE OWNER OF THIS", []),
        ("when does the blorptown garage close", []),
    ],
)
def test_capitals_are_names_where_only_names_have_them(query: str, names: list[str]) -> None:
    assert names_in(query, "en") == names


def test_german_nouns_have_capitals_too() -> None:
    assert names_in("Wo steht der Drucker von Zargon?", "de") == []
    assert names_in("Où est le bureau de Zargon ?", "fr") == ["Zargon"]


def test_what_an_administrator_has_explained_is_left_out() -> None:
    assert names_in("Who works for the SRE in Berlin?", "en", [(18, 21)]) == ["Berlin"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Berlin", "The BERLIN office"),
        ("Huguenots", "Every Huguenot left."),
        ("Frensh", "The French left."),
        ("CEO", "She is the chief executive officer."),
        ("FMLA", "The Family and Medical Leave Act says so."),
        ("GitHub", "See github.com."),
    ],
)
def test_a_name_is_said_in_many_ways(name: str, text: str) -> None:
    assert is_said(name, "en", ["Something else.", text])


@pytest.mark.parametrize(("name", "text"), [("Berlin", "The Vienna office"), ("X200", "The X300"), ("CEO", "A cow.")])
def test_another_name_does_not_say_it(name: str, text: str) -> None:
    assert not is_said(name, "en", [text])
