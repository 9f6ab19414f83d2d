"""Notion's blocks, properties and own Markdown as Markdown."""

import time
from collections.abc import Mapping
from typing import Any

import pytest

from indexing_service.providers.notion.blocks import markdown
from indexing_service.providers.notion.enhanced import plain_markdown
from indexing_service.providers.notion.rich_text import listed, rich, shown, title_of
from tests.servers.notion import block
from tests.servers.notion import rich as part


def row(*cells: str) -> dict[str, Any]:
    return block("table_row", cells=[[part(cell)] for cell in cells])


@pytest.mark.parametrize(
    ("blocks", "written"),
    [
        ([block("paragraph", "One."), block("paragraph", ""), block("paragraph", "Two.")], "One.\n\nTwo."),
        ([block("paragraph", "# no heading\n1. no list\n- none")], "\\# no heading\n1\\. no list\n\\- none"),
        ([block("paragraph", "A", children=[block("paragraph", "B")])], "A\n\nB"),
        ([block("heading_1", "A"), block("heading_3", "B\nC", is_toggleable=True)], "# A\n\n### B C"),
        ([block("heading_2", "A", children=[block("paragraph", "B")])], "## A\n\nB"),
        ([block("bulleted_list_item", "A"), block("bulleted_list_item", "B")], "- A\n- B"),
        ([block("numbered_list_item", "A"), block("numbered_list_item", "B")], "1. A\n1. B"),
        ([block("to_do", "A", checked=True), block("to_do", "B", checked=False)], "- [x] A\n- [ ] B"),
        (
            [block("bulleted_list_item", "A\nmore", children=[block("numbered_list_item", "B")])],
            "- A\n    more\n    1. B",
        ),
        (
            [block("bulleted_list_item", "A", children=[block("code", "x", language="bash")])],
            "- A\n\n    ```bash\n    x\n    ```",
        ),
        ([block("toggle", "More", children=[block("paragraph", "Inside.")])], "More\n\nInside."),
        ([block("quote", "Said\nso", children=[block("paragraph", "Too.")])], "> Said\n> so\n> \n> Too."),
        ([block("callout", "Careful", icon={"emoji": "!"})], "> Careful"),
        ([block("code", "a = 1", language="plain text", caption=[part("How")])], "```\na = 1\n```\n\nHow"),
        ([block("code", "```\nx\n```", language="c++")], "````c++\n```\nx\n```\n````"),
        ([block("equation", expression="E = mc^2")], "$$\nE = mc^2\n$$"),
        (
            [block("table", has_column_header=True, children=[row("Port", "a|b"), row("22")])],
            "| Port | a\\|b |\n| --- | --- |\n| 22 |  |",
        ),
        (
            [block("table", has_column_header=False, children=[row("22", "ssh")])],
            "|  |  |\n| --- | --- |\n| 22 | ssh |",
        ),
        ([block("table", has_column_header=False)], ""),
        (
            [block("column_list", children=[block("column", children=[block("paragraph", text)]) for text in "AB"])],
            "A\n\nB",
        ),
        ([block("synced_block", synced_from=None, children=[block("paragraph", "Here.")])], "Here."),
        ([block("image", caption=[part("The rack")], file={"url": "https://s3/x?sig=1"}, type="file")], "The rack"),
        ([block("image", caption=[], external={"url": "https://x.test/a.png"})], "![](https://x.test/a.png)"),
        ([block("bookmark", url="https://x.test/", caption=[part("Guide")])], "[Guide](https://x.test/)"),
        ([block("embed", url="https://x.test/", caption=[])], "[https://x.test/](https://x.test/)"),
        ([block("file", name="plan.pdf", file={"url": "https://s3/plan"}, caption=[])], "plan.pdf"),
        ([block("divider")], "---"),
        ([block("unsupported"), block("breadcrumb"), block("table_of_contents"), block("made_up_later")], ""),
        ([block("bulleted_list_item", "")], ""),
    ],
)
def test_blocks_become_markdown(blocks: list[dict[str, Any]], written: str) -> None:
    assert markdown(blocks) == written


def test_a_page_in_a_page_is_a_link() -> None:
    child = {**block("child_database", title=""), "id": "11111111-2222-3333-4444-555555555555"}
    assert markdown([child]) == "[Untitled](https://www.notion.so/11111111222233334444555555555555)"


def test_marks_and_links_stay_and_spaces_stay_outside() -> None:
    parts = [
        part("Run "),
        part("ls -l", annotations={"code": True}),
        part(" very ", annotations={"bold": True, "italic": True}),
        part("often", href="https://x.test/"),
        part(" "),
        part("x^2", type="equation"),
        part("gone", annotations={"strikethrough": True}, href="/relative"),
    ]
    assert rich(parts) == "Run `ls -l` ***very*** [often](https://x.test/) $x^2$~~gone~~"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"type": "rich_text", "rich_text": [part("Two\nlines")]}, "Two lines"),
        ({"type": "number", "number": 0}, "0"),
        ({"type": "number", "number": None}, ""),
        ({"type": "select", "select": {"name": "High"}}, "High"),
        ({"type": "multi_select", "multi_select": [{"name": "a"}, {"name": "b"}]}, "a, b"),
        ({"type": "people", "people": [{"id": "1"}, {"name": "On call"}]}, "On call"),
        ({"type": "date", "date": {"start": "2026-01-01", "end": "2026-02-01"}}, "2026-01-01 to 2026-02-01"),
        ({"type": "date", "date": {"start": "2026-01-01", "end": None}}, "2026-01-01"),
        ({"type": "checkbox", "checkbox": True}, "yes"),
        ({"type": "checkbox", "checkbox": False}, "no"),
        ({"type": "url", "url": "https://x.test/"}, "https://x.test/"),
        ({"type": "formula", "formula": {"type": "string", "string": "late"}}, "late"),
        ({"type": "formula", "formula": {"type": "date", "date": {"start": "2026-01-01"}}}, "2026-01-01"),
        ({"type": "formula", "formula": {"type": "number", "number": None}}, ""),
        ({"type": "rollup", "rollup": {"type": "array", "array": [{"type": "number", "number": 3}]}}, "3"),
        ({"type": "rollup", "rollup": {"type": "number", "number": 7}}, "7"),
        ({"type": "unique_id", "unique_id": {"prefix": "RUN", "number": 12}}, "RUN-12"),
        ({"type": "unique_id", "unique_id": {"prefix": None, "number": 12}}, "12"),
        ({"type": "relation", "relation": [{"id": "1"}]}, ""),
        ({"type": "button", "button": {}}, ""),
    ],
)
def test_properties_are_shown(value: Mapping[str, Any], text: str) -> None:
    assert shown(value) == text


def test_properties_are_listed_without_title_and_empty_ones() -> None:
    properties = {
        "Name": {"type": "title", "title": [part("Restart")]},
        "Owner": {"type": "select", "select": None},
        "Level": {"type": "number", "number": 2},
    }
    assert listed(properties) == "- Level: 2"
    assert title_of(properties) == "Restart"
    assert title_of({}) == ""


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ('# Title {color="red"}\nText {toggle="true" color="blue"}', "# Title\n\nText"),
        ("One.\nTwo.", "One.\n\nTwo."),
        ("- a\n\t- b\n- c\n1. d", "- a\n\t- b\n- c\n1. d"),
        ('<callout icon="!" color="gray_bg">\n\tCareful.\n\t- a\n</callout>\nEnd.', "Careful.\n- a\n\nEnd."),
        ("<details>\n<summary>More</summary>\n\tInside.\n</details>", "More\n\nInside."),
        (
            "<columns>\n\t<column>\n\t\tLeft.\n\t</column>\n\t<column>\n\t\tRight.\n\t</column>\n</columns>",
            "Left.\n\nRight.",
        ),
        ('<page url="https://n.test/1">Other</page>', "[Other](https://n.test/1)"),
        ('See <mention-page url="{{https://n.test/1}}"></mention-page>.', "See [Untitled](https://n.test/1)."),
        (
            'By <mention-user url="u">On call</mention-user> on <mention-date start="2026-01-01"/>.',
            "By On call on 2026-01-01.",
        ),
        ('<mention-date start="2026-01-01" end="2026-01-05"/>', "2026-01-01 to 2026-01-05"),
        ('A <span color="red">red</span> line<br>break', "A red line break"),
        ('<file src="https://s3/x">Plan</file>', "Plan"),
        ("![The rack](https://s3.test/a.png?X-Amz-Signature=1&X-Amz-Expires=3600) here", "The rack here"),
        ("![](https://file.n.test/a?table=b&exp=1&signature=2)", ""),
        ("[Plan](<https://s3.test/p.pdf?X-Amz-Signature=1>)", "Plan"),
        ("![Logo](https://x.test/a.png?size=3)", "![Logo](https://x.test/a.png?size=3)"),
        ('<empty-block/>\n<table_of_contents color="gray"/>\n<unknown url="u" alt="button"/>\nText', "Text"),
        ('```bash\n<callout>\n\techo {a="b"}\n```', '```bash\n<callout>\n\techo {a="b"}\n```'),
        ("<callout>\n\t```\n\t<page>\n\t\tx\n\t```\n</callout>", "```\n<page>\n\tx\n```"),
        ("```\nopen", "```\nopen"),
        (
            (
                '<table header-row="true">\n<tr>\n<td>Port</td>\n<td>a|b</td>\n</tr>\n'
                "<tr>\n<td>**22**</td>\n</tr>\n</table>\nEnd."
            ),
            "| Port | a\\|b |\n| --- | --- |\n| **22** |  |\n\nEnd.",
        ),
        ("<table>\n<tr><td>22</td></tr>\n</table>", "|  |\n| --- |\n| 22 |"),
        ("<table>\n</table>", ""),
        ("<table>\n<tr><td>cut", ""),
    ],
)
def test_notions_own_markdown_becomes_plain(written: str, plain: str) -> None:
    assert plain_markdown(written) == plain


@pytest.mark.parametrize(
    "begun",
    [
        '<page url="a">',
        '\\<page url="a"\\>',
        '<file src="a">',
        '<mention-date start="',
        "<summary>",
        "<table>\n<tr>",
        "<table>\n<td>",
        "<page ",
        '{a="',
        "x" + " " * 20,
        "<table>\nabcdef\n",
    ],
)
def test_what_is_begun_and_never_ended_costs_no_more_than_its_length(begun: str) -> None:
    """Minutes, where each beginning looks for its end through all the others."""
    times = 400_000 // len(begun)
    began = time.process_time()
    plain_markdown(begun * times)
    plain_markdown(begun + begun.rpartition("\n")[2] * times)
    assert time.process_time() - began < 5
