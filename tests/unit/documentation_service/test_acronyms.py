"""Acronyms and the words that they stand for, as texts explain them."""

import pytest

from documentation_service.services.acronyms import definitions, explains, is_short_form

SRE = ("SRE", "site reliability engineering")


@pytest.mark.parametrize(
    "text",
    [
        "Ask site reliability engineering (SRE) for help.",
        "All of site reliability engineering (the SRE team) helps. SRE (site reliability engineering)",
        "SRE (site reliability engineering) helps.",
        "SRE (site reliability engineering, our fire brigade)",
        "We call site reliability engineering (SREs) first.",
        'We call site reliability engineering ("SRE") first.',
        "site reliability engineering (SRE; since 2003)",
        "SRE - site reliability engineering. The people on call.",
        "SRE: site reliability engineering",
        "Ask the people of site reliability engineering of 2003 (SRE)",
    ],
)
def test_a_text_explains_an_acronym(text: str) -> None:
    [found] = definitions(text)
    assert (found.short, found.long) == SRE
    assert text[found.start : found.end].count("SRE") == 1


@pytest.mark.parametrize(
    ("text", "long"),
    [
        ("the Freedom of Information Act (FOIA)", "Freedom of Information Act"),
        ("our Office of General Counsel (OGC)", "Office of General Counsel"),
        ("Human-Centered Design (HCD)", "Human-Centered Design"),
        ("Meals and Incidental Expenses (M&IE)", "Meals and Incidental Expenses"),
        ("offers Software as a Service (SaaS)", "Software as a Service"),
        ("the GSA Acquisition and Enterprise Reporting tool (GAER)", "GSA Acquisition and Enterprise Reporting"),
        ("Centers for Medicare & Medicaid Services (CMS)", "Centers for Medicare & Medicaid Services"),
        ("the Office's System Security Plan's (SSP)", "System Security Plan"),
        ("an interagency agreement (IAA)", "interagency agreement"),
        ("include an Interagency Agreement (IAA)", "Interagency Agreement"),
        ("Leave Without Pay (LWOP)", "Leave Without Pay"),
        ("IAA: interagency agreement, signed by two", "interagency agreement"),
    ],
)
def test_the_words_are_those_that_the_letters_stand_for(text: str, long: str) -> None:
    assert [found.long for found in definitions(text)] == [long]


@pytest.mark.parametrize(
    "text",
    [
        "Read it first (see below).",
        "Read the manual (PDF).",
        "It ends today (EOD).",
        "Nobody (ABC) knows.",
        "Call us (US).",
        "Meet at noon (UTC+1)",
        "(SRE)",
        "SRE ()",
        "SRE (site)",
        "the SRE team (SRE)",
        "Wikis, pages (WP-123456789012)",
        "see site. Reliability, engineering (SRE)",
        "NOTE: not every word of this line is meant by the letters",
        "A - B",
    ],
)
def test_other_brackets_and_lines_explain_nothing(text: str) -> None:
    assert [(found.short, found.long) for found in definitions(text)] == []


def test_initials_fit_better_than_letters_anywhere() -> None:
    [initials] = definitions("the Contracting Officer (CO)")
    [one_more] = definitions("General Services Administration Acquisition Manual (GSAM)")
    [anywhere] = definitions("an interagency agreement (IAA)")
    assert 1 == initials.fit > one_more.fit > anywhere.fit >= 0.5


def test_a_phrase_as_a_whole_may_explain_letters() -> None:
    assert explains("AWS", "Amazon Web Services") == 1 == explains("AWS", "Alternate Work Schedule")
    assert explains("AWS", "our Amazon Web Services") == 0 == explains("cloud", "Amazon Web Services")
    assert explains("DB", "Datenbank") == 0


@pytest.mark.parametrize("text", ["SRE", "M&IE", "CI/CD", "SaaS", "18F-A"])
def test_short_forms_have_capitals(text: str) -> None:
    assert is_short_form(text)


@pytest.mark.parametrize("text", ["sre", "Sre", "S", "", "A B", "ABCDEFGHIJK", "-AB"])
def test_other_words_are_no_short_forms(text: str) -> None:
    assert not is_short_form(text)


def test_a_hostile_text_takes_no_time() -> None:
    assert list(definitions("(" * 20_000 + "A" * 20_000 + " a" * 20_000 + "(AAAAAAAAAA)")) is not None
