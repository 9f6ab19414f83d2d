"""A text falls into units that can be quoted, and every offset is exact."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_main_service.services.sentences import UnitKind, sentences, split

MARKDOWN = """# Leave

Ask early. It helps.

Steps:

1. Open the portal.
   It is slow. Wait.
2. Choose days
   - whole ones
   - halves

| Who | Days |
| --- | :-: |
| Full-time | 25. At least |

```py
x = 1. # not a heading
```
> Quoted text. More
> of it.

Old heading
===========
~~~
open to the end
"""


def units(text: str) -> list[tuple[str, str]]:
    return [(unit.kind.value, unit.of(text)) for unit in split(text)]


def test_markdown_falls_into_headings_sentences_items_rows_and_code() -> None:
    assert units(MARKDOWN) == [
        ("heading", "Leave"),
        ("sentence", "Ask early."),
        ("sentence", "It helps."),
        ("sentence", "Steps:"),
        ("item", "Open the portal.\n   It is slow. Wait."),
        ("item", "Choose days"),
        ("item", "whole ones"),
        ("item", "halves"),
        ("row", "| Who | Days |"),
        ("row", "| Full-time | 25. At least |"),
        ("code", "```py\nx = 1. # not a heading\n```"),
        ("sentence", "Quoted text."),
        ("sentence", "More\n> of it."),
        ("heading", "Old heading"),
        ("code", "~~~\nopen to the end"),
    ]


def test_items_know_their_list_their_depth_and_whether_it_is_numbered() -> None:
    items = [unit for unit in split(MARKDOWN) if unit.kind is UnitKind.ITEM]
    assert [(item.depth, item.number) for item in items] == [(0, 1), (0, 2), (1, 0), (1, 0)]
    assert len({item.group for item in items}) == 1


def test_a_list_goes_back_to_the_depth_it_came_from() -> None:
    text = "- a\n    - b\n        - c\n    - d\n- e\n"
    assert [unit.depth for unit in split(text)] == [0, 1, 2, 1, 0]


def test_a_rule_and_a_blank_line_are_no_units() -> None:
    assert units("One.\n\n---\n\nTwo.") == [("sentence", "One."), ("sentence", "Two.")]


def test_a_table_needs_no_outer_bars() -> None:
    assert units("A | B\n--|--\n1 | 2\n") == [("row", "A | B"), ("row", "1 | 2")]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Dr. J. R. Smith came. He left.", ["Dr. J. R. Smith came.", "He left."]),
        ("It costs $3.50 in the U.S. Army shop.", ["It costs $3.50 in the U.S. Army shop."]),
        ("He lives in the U.S. The house is big.", ["He lives in the U.S.", "The house is big."]),
        ("Acme Inc. pays. See p. 4 for more.", ["Acme Inc. pays.", "See p. 4 for more."]),
        ("Is it? No. The rest follows.", ["Is it?", "No.", "The rest follows."]),
        ("Use e.g. Slack. Or mail.", ["Use e.g. Slack.", "Or mail."]),
        ("Version 2.0.1 is out. Get it at a.b/c.d now.", ["Version 2.0.1 is out.", "Get it at a.b/c.d now."]),
        ('"Why?" he asked. It rained!', ['"Why?" he asked.', "It rained!"]),
        ("Wait... What? Yes.", ["Wait...", "What?", "Yes."]),
        ("Known [1]. Also [2] known. Both. [1][3] New.", ["Known [1].", "Also [2] known.", "Both. [1][3]", "New."]),
        ("Run `a. B` twice. Done.", ["Run `a. B` twice.", "Done."]),
        ("See [the doc. Now](http://a.b/c. D) too. Ok.", ["See [the doc. Now](http://a.b/c. D) too.", "Ok."]),
        ("Am 3. Oktober war es so. Das ist z.B. Bonn.", ["Am 3. Oktober war es so.", "Das ist z.B. Bonn."]),
        ("Er wurde 25. Danach ging er.", ["Er wurde 25.", "Danach ging er."]),
        ("これは文です。次の文。", ["これは文です。", "次の文。"]),
        ("Vitamin C. The end.", ["Vitamin C.", "The end."]),
        ("no capital. but no end either", ["no capital. but no end either"]),
        (
            "It costs 3 euros. [1] ticket and more. [2][1] So.",
            ["It costs 3 euros. [1]", "ticket and more. [2][1]", "So."],
        ),
        ("Is it? [1] yes! [2] no", ["Is it? [1]", "yes! [2]", "no"]),
        ("In the U.S. [1] Employees pay. [1]", ["In the U.S. [1]", "Employees pay. [1]"]),
        ("Smith et al. [3] show it. [1]", ["Smith et al. [3] show it. [1]"]),
        ("Call them. iPhone users wait. e-mail is slow.", ["Call them.", "iPhone users wait.", "e-mail is slow."]),
        ("Use letters, memos etc. e-mail too.", ["Use letters, memos etc. e-mail too."]),
        ("Es sind 30 Mio. Der Rest folgt.", ["Es sind 30 Mio.", "Der Rest folgt."]),
    ],
)
def test_a_sentence_ends_where_a_reader_says_so(text: str, parts: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == parts


@pytest.mark.parametrize(
    "sentence",
    [
        "The Plonk tariff costs approx. 30 Mio. EUR per year.",
        "Der Umsatz mit Zargon beträgt ca. 30 Mrd. Euro im Jahr.",
        "Es gibt 30 Mio. € in Höhe von 30 Mio. GBP für die Kanäle.",
        "Es kostet ca. 30 Mio. EUR pro Jahr [1].",
        "Das gilt z. B. Für Angestellte und d. h. Alle, u. a. Firmen.",
        "Das gilt i. d. R. Mitarbeitern und o. g. Personen bzw. Gästen.",
        "Es dauert 5 Std. Arbeitszeit, 10 Min. Pause und 3 Sek. Ruhe.",
        "Die Kosten sind ggf. Tsd. Euro inkl. Steuern zzgl. Versand, evtl. Porto.",
        "Ruf an unter Tel. +49 30 und lies Art. 5 des Vertrags.",
        "It takes min. 5 and max. 10 people incl. Guests, see Fig. 2 and Eq. (3).",
        "The Dept. Head plays Smith vs. Jones with cards, dice, etc. Monday to Friday.",
        "Es wurde im Jahr 300 v. Chr. Rom genannt, gem. § 5.",
    ],
)
def test_an_abbreviation_does_not_end_a_sentence_that_goes_on(sentence: str) -> None:
    text = f"{sentence} Danach kommt mehr."
    assert [text[start:end] for start, end in sentences(text)] == [sentence, "Danach kommt mehr."]


@given(st.text(alphabet="aB .!?\n#-*|`1[]()>~=é日。\t", max_size=200))
def test_units_never_overlap_and_lose_nothing_but_markdown_signs(text: str) -> None:
    end = 0
    for unit in split(text):
        assert end <= unit.start < unit.end <= len(text)
        assert unit.of(text) == unit.of(text).strip("\n") or unit.kind is UnitKind.CODE
        end = unit.end
    kept = "".join(unit.of(text) for unit in split(text))
    assert sorted(letter for letter in text if letter in "aBé日") == sorted(
        letter for letter in kept if letter in "aBé日"
    )
