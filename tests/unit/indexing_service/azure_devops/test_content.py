from time import thread_time

import pytest

from indexing_service.providers.azure_devops.content import as_markdown

GUID = "6ff7777e-8ca5-4f04-a7f6-9e63737dddf7"


def converted(text: str) -> str:
    return as_markdown(text, lambda destination: f"to:{destination}")


@pytest.mark.parametrize(
    ("wiki", "markdown"),
    [
        ("[[_TOC_]]\n\n# Title", "\n# Title"),
        ("Pages: [[_TOSP_]] below", "Pages:  below"),
        (
            "Ask @<6FF7777E-8CA5-4F04-A7F6-9E63737DDDF7> or @<6ff7777e-8ca5-4f04-a7f6-9e63737dddf7>.",
            "Ask @user or @user.",
        ),
        ("Mail a@<b.example>", "Mail a@<b.example>"),
        ("See #123 and !456", "See #123 and !456"),
        ("---\ntitle: X\n---\n# Y", "---\ntitle: X\n---\n# Y"),
        ("<b>bold</b><br/>", "<b>bold</b><br/>"),
        ("a\r\nb", "a\nb"),
    ],
)
def test_the_wikis_own_words_become_plain_ones(wiki: str, markdown: str) -> None:
    assert converted(wiki) == markdown


@pytest.mark.parametrize(
    ("wiki", "markdown"),
    [
        ("![A map](/.attachments/map.png =300x)", "![A map](to:/.attachments/map.png)"),
        ("![A map](/.attachments/map.png =300x200)", "![A map](to:/.attachments/map.png)"),
        ("![A map](/.attachments/map.png =x200)", "![A map](to:/.attachments/map.png)"),
        ("![](/x.png =50%x)", "![](to:/x.png)"),
        ('[Page](/A/B "hint")', '[Page](to:/A/B "hint")'),
        ("[![alt](/x.png =10x)](/A)", "[![alt](to:/x.png)](to:/A)"),
        ("[a](/B_(c).md)", "[a](<to:/B_(c).md>)"),
        ("[a](</B c>)", "[a](<to:/B c>)"),
        ("[`code`](/A)", "[`code`](to:/A)"),
        ("| [a](/A) | [b](/B) |", "| [a](to:/A) | [b](to:/B) |"),
        ("- [ ] (not a link)", "- [ ] (not a link)"),
    ],
)
def test_links_and_images_lead_to_full_addresses(wiki: str, markdown: str) -> None:
    assert converted(wiki) == markdown


@pytest.mark.parametrize(
    "code",
    [
        "```\n[[_TOC_]]\n[a](/A)\n::: mermaid\n:::\n```",
        "~~~ md\n[a](/A)\n```\n~~~",
        "````\n```\n[a](/A)\n```\n````",
        "Write `[[_TOC_]]` or ``[a](/A) ` x``",
        "```\nnobody closed [a](/A)",
    ],
)
def test_code_stays_as_it_is(code: str) -> None:
    assert converted(code) == code


@pytest.mark.parametrize("opening", ["::: mermaid", ":::mermaid", "::: Mermaid "])
def test_a_diagram_becomes_a_block_of_code(opening: str) -> None:
    text = f"before\n{opening}\ngraph TD;\n A[[_TOC_]]-->B;\n:::\nafter"
    assert converted(text) == "before\n```mermaid\ngraph TD;\n A[[_TOC_]]-->B;\n```\nafter"


def test_a_diagram_with_a_fence_in_it_gets_a_longer_one() -> None:
    assert converted("::: mermaid\nA[```x```]\n:::") == "````mermaid\nA[```x```]\n````"


def test_a_diagram_on_one_line_is_one_too() -> None:
    assert converted("::: mermaid graph TD; :::") == "```mermaid\ngraph TD; \n```"


def test_a_table_of_work_items_leaves_nothing() -> None:
    assert converted(f"a\n::: query-table {GUID}\n:::\nb\n::: query-table {GUID} :::\nc") == "a\nb\nc"


def test_a_video_becomes_a_link() -> None:
    frame = '<iframe width="560" src="https://video.example/v/1" allowfullscreen></iframe>'
    assert converted(f"::: video\n{frame}\n:::") == "[Video](https://video.example/v/1)"
    assert converted("::: video\nnothing\n:::") == ""


@pytest.mark.parametrize("text", ["::: mermaid\ngraph TD;\nno end", "::: note\nText\n:::", ":::"])
def test_what_is_no_block_stays(text: str) -> None:
    assert converted(text) == text


def test_a_line_that_only_held_a_word_of_the_wiki_goes_with_it() -> None:
    assert converted("a\n[[_TOC_]]\nb\n\nc") == "a\nb\n\nc"


def test_a_page_of_a_hundred_thousand_brackets_is_read_in_time() -> None:
    assert converted("[](" * 100_000) == "[](" * 100_000
    assert converted("`" * 100_000)


def test_blocks_that_nobody_closed_cost_no_more_than_their_lines() -> None:
    unclosed = "::: mermaid\n" * 100_000
    began = thread_time()
    assert converted(unclosed) == unclosed
    assert converted("`a ``b ```c " * 20_000)
    assert thread_time() - began < 5


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("`[[_TOC_]]` [[_TOC_]]", "`[[_TOC_]]` "),
        ("``a ` [[_TOC_]]`` [[_TOC_]]", "``a ` [[_TOC_]]`` "),
        ("a ` b [[_TOC_]]", "a ` b "),
        ("``a` [[_TOC_]] b`", "``a` [[_TOC_]] b`"),
        ("`" + "x" * 3_000 + "[[_TOC_]]`", "`" + "x" * 3_000 + "[[_TOC_]]`"),
    ],
)
def test_code_within_a_line_goes_from_backticks_to_as_many(line: str, kept: str) -> None:
    assert converted(line) == kept
