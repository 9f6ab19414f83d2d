"""When a text holds a fact, against values worked out by hand."""

import pytest

from local_fleet.eval.texts import contains, is_exact, sentence_spans, share_cited, share_contained, token_f1, tokens


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("You get **27 vacation days** a year. [1]", "27 Vacation Days"),
        ("The limit is 1,000 euros.", "1000 euros"),
        ("The limit is 1.000 Euro.", "1,000 euro"),
        ("1\u202f234\u202f567 people", "1,234,567"),
        ("It costs 1,234.50 dollars", "1234.50 dollars"),
        ("Es kostet 3,5 %", "3.5 percent"),
        ("Run `ship --prod`, then wait", "ship --prod then"),
        ("See [the wiki](https://wiki.example/a/b) page", "the wiki page"),
        ("The ﬁnance team", "finance team"),
        ("_Meridian_ tool", "meridian tool"),
        ("written in C++ and C#", "C++"),
        ("年次休暇は27日です。", "27日"),
    ],
)
def test_the_same_fact_in_another_form_is_contained(text: str, fact: str) -> None:
    assert contains(text, [fact])


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("You get 270 days", "27"),
        ("It is in version 3.11", "3.1"),
        ("written in C", "C++"),
        ("two weeks and five days", "two days"),
        ("as [27] says", "27"),
        ("the market", "mark"),
    ],
)
def test_another_fact_is_not_contained(text: str, fact: str) -> None:
    assert not contains(text, [fact])


def test_any_wording_of_a_fact_will_do_and_each_fact_counts_once() -> None:
    facts = [["27", "twenty-seven"], ["two weeks"], ["Meridian"]]
    assert share_contained("Twenty seven days; ask two weeks ahead.", facts) == pytest.approx(2 / 3)


def test_f1_takes_the_nearest_wording_and_leaves_out_articles() -> None:
    # said: full-time → full time employees get 27 days = 6 words; expected: 27 days = 2 words, both shared
    assert token_f1("The full-time employees get 27 days.", [["27 days", "a month"]]) == pytest.approx(2 * 2 / (6 + 2))
    assert token_f1("27 days and five more", [["27 days"], ["five"]]) == pytest.approx(2 * 3 / (5 + 3))
    assert token_f1("nothing of it", [["27"]]) == 0.0


def test_exact_is_the_facts_in_their_order_and_nothing_else() -> None:
    assert is_exact("The 27 days. [1]", [["27 days"]])
    assert is_exact("two weeks, Meridian", [["two", "two weeks"], ["Meridian"]])
    assert not is_exact("27 days a year", [["27 days"]])
    assert not is_exact("Meridian, two weeks", [["two weeks"], ["Meridian"]])


def test_a_text_without_words_has_no_tokens() -> None:
    assert tokens("**[1]** – …") == []


CONTENT = (
    "# Vacation\n\nYou get 27 days. [1] Ask early! Really.\n\n- Carry over five [2]\n- \n\n```\na = 1\n\nb = 2\n```\n"
)


def test_sentences_end_at_points_list_items_and_blocks_of_code() -> None:
    said = [CONTENT[start:end].strip() for start, end in sentence_spans(CONTENT)]
    assert said == [
        "You get 27 days. [1]",
        "Ask early!",
        "Really.",
        "- Carry over five [2]",
        "```\na = 1\n\nb = 2\n```",
    ]


def test_a_block_of_code_that_does_not_end_is_one_sentence() -> None:
    content = "Run this.\n```\nmake up\nmake down"
    assert list(sentence_spans(content)) == [(0, 9), (10, len(content))]


def test_a_sentence_is_cited_when_half_of_it_is_covered() -> None:
    content = "One two three. Four five six."
    assert share_cited(content, [(0, 14)]) == 0.5
    assert share_cited(content, [(0, 14), (15, 24)]) == 1.0
    assert share_cited(content, [(12, 18)]) == 0.0
    assert share_cited("[1]", [(0, 3)]) is None
