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
    ],
)
def test_a_sentence_ends_where_a_reader_says_so(text: str, parts: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == parts


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
